"""Addresses as people write them: the join string, and `host:port` with its brackets.

Text only: nothing is resolved or connected here. A join string is what a server prints and a person types:
`tcp://host:port` without TLS; `host:port#pin`, `host:port` or `host` with it. Next: `pins.py`, what a pin is.
"""

import ipaddress
import re
from dataclasses import dataclass

from chatroom.net.pins import normalise_pin

DEFAULT_PORT = 4567

MAX_HOST_CHARS = 253  # RFC 1035 §2.3.4, as text
PLAIN_SCHEME = "tcp://"

# Labels of RFC 1123 and the underscore that internal names use. A name in another script is written in its
# xn-- form: there only one text means one name.
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_ZONE = re.compile(r"[a-zA-Z0-9_.-]+")
_BRACKETED = re.compile(r"\[([^\[\]]*)\](.*)", re.DOTALL)


def format_address(host: str, port: int) -> str:
    """`host:port`, with brackets about an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def plain_host(host: str) -> str:
    """The IPv4 address in an IPv4-mapped IPv6 one, as dual-stack sockets report it; any other unchanged."""
    return host[7:] if host.startswith("::ffff:") and "." in host else host


@dataclass(frozen=True, slots=True)
class JoinAddress:
    """Where a server is and how to know it again. `host` has no brackets; ValueError when a field is
    impossible.

    `pin` is in the form of `normalise_pin`, and only with `tls`. Host names are kept in lower case and IPv6
    addresses in their shortest form, so equal addresses compare equal.
    """

    host: str
    port: int = DEFAULT_PORT
    tls: bool = True
    pin: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", _checked_host(self.host))
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not between 1 and 65535")
        if self.pin is not None:
            if not self.tls:
                raise ValueError("a pin needs TLS: there is no key to compare it with on plain TCP")
            object.__setattr__(self, "pin", normalise_pin(self.pin))

    def __str__(self) -> str:
        where = format_address(self.host, self.port)
        if not self.tls:
            return PLAIN_SCHEME + where
        return where if self.pin is None else f"{where}#{self.pin}"


def parse(text: str) -> JoinAddress:
    """The address a person typed. Blanks about it are ignored; ValueError says in one line what is wrong."""
    rest = text.strip()
    is_plain = rest.lower().startswith(PLAIN_SCHEME)
    if is_plain:
        rest = rest[len(PLAIN_SCHEME) :]
    elif scheme := _SCHEME.match(rest):
        raise ValueError(
            f"unknown scheme {scheme[0]}; write host:port, or {PLAIN_SCHEME}host:port without TLS"
        )
    where, hash_mark, pin = rest.partition("#")
    if hash_mark and not pin:
        raise ValueError("the pin after # is missing")
    host, port = _split_port(where)
    return JoinAddress(host, port, tls=not is_plain, pin=pin if hash_mark else None)


def _split_port(where: str) -> tuple[str, int]:
    bracketed = _BRACKETED.fullmatch(where)
    if bracketed:
        host, rest = bracketed.groups()
        if ":" not in host:
            raise ValueError(f"only IPv6 addresses stand in brackets, not {_shown(host)}")
        if rest and not rest.startswith(":"):
            raise ValueError("after the bracket only :port may follow")
    elif where.count(":") > 1:
        raise ValueError("an IPv6 address needs brackets: [address]:port")
    else:
        host, colon, port = where.partition(":")
        rest = colon + port
    return host, _parse_port(rest[1:]) if rest else DEFAULT_PORT


def _parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise ValueError(f"the port must be a number from 1 to 65535, not {_shown(text)}")
    return int(text)


def _checked_host(host: str) -> str:
    """The one spelling of a host; ValueError when it cannot be one."""
    if not host:
        raise ValueError("the host is missing")
    if ":" in host:
        address, percent, zone = host.partition("%")
        try:
            shortest = str(ipaddress.IPv6Address(address))
        except ValueError:
            raise ValueError(f"{_shown(host)} is not an IPv6 address") from None
        if percent and not _ZONE.fullmatch(zone):
            raise ValueError(f"{_shown(zone)} is not the name of a network interface")
        return shortest + percent + zone
    lowered = host.lower()
    if len(host) > MAX_HOST_CHARS or not _HOST_NAME.fullmatch(lowered):
        hint = "" if host.isascii() else "; write it in its xn-- form"
        raise ValueError(f"{_shown(host)} is not a host name or address{hint}")
    return lowered


def _shown(text: str) -> str:
    """What was typed, fit for one line of an error: escaped and cut."""
    return ascii(text if len(text) <= 40 else text[:40] + "...")
