"""Origins: where a connection comes from, as bans and the counting of tries see it.

Of IPv4 that is the address. Of IPv6 it is the first 64 bits, because one machine has all the rest to choose
from (RFC 8981); of the addresses that reach the own link only, which begin alike on every machine, it is the
whole. Pure text. Read next: `throttle.py`.
"""

import ipaddress
from typing import Final

PREFIX_BITS: Final = 64


def origin_of(address: str) -> str:
    """Return the origin of a connection from `host:port` or `[host]:port`; what names no IP address stays as
    it is.
    """
    host = (address.rpartition(":")[0] or address).strip("[]")
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if found.is_loopback or found.is_link_local:
        return str(found)
    return str(ipaddress.IPv6Network((int(found), PREFIX_BITS), strict=False))


def is_loopback(origin: str) -> bool:
    """Whether the connection comes from the machine of the server."""
    return origin.startswith("127.") or origin == "::1"
