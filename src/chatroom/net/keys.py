"""Keys on disk: a client's Ed25519 identity, the server's P-256 key with its certificate.

A key file is never overwritten; a certificate of our own only by a fresh one of the same key. What is wrong
with a file is a `KeyFileError` that names it. Who may do what with a key is decided elsewhere. Next:
`pins.py`, a key's short name; `tls.py`, its use.
"""

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.x509.oid import NameOID

from chatroom.net.keyfiles import KeyFileError, read_file, replace, write_new
from chatroom.net.pins import normalise_pin, pin_of

__all__ = [
    "IdentityKey",
    "KeyFileError",
    "ServerKey",
    "load_or_create_identity",
    "load_or_create_server_key",
    "load_server_key",
    "normalise_pin",
    "pin_of",
    "spki_hash",
    "verify",
]

SERVER_KEY_FILE = "server-key.pem"
SERVER_CERT_FILE = "server-cert.pem"

# Clients recognise the key, not the certificate, so its end is only a formality. It starts a day early for
# clients whose clock is behind.
CERT_LIFE = dt.timedelta(days=20 * 365)
CERT_HEAD_START = dt.timedelta(days=1)

# The y of all points whose order divides 8, and p and p + 1, which are read as 0 and 1. With the bit of the
# sign these are eight encodings and six more that are not canonical: Chalkias, Garillot and Nikolaenko,
# "Taming the many EdDSAs" (eprint.iacr.org/2020/1244); vectors in C2SP/CCTV, ed25519. For such a key anybody
# finds, in a few tries, signatures that verify.
_P = 2**255 - 19
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = frozenset({0, 1, _P - 1, _P, _P + 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})

MIN_RSA_BITS = 2048  # NIST SP 800-57: less is no longer acceptable


class IdentityKey:
    """A client's key pair. The private half never leaves this object."""

    __slots__ = ("_private", "public_bytes")

    def __init__(self, private: ed25519.Ed25519PrivateKey) -> None:
        self._private = private
        self.public_bytes = private.public_key().public_bytes_raw()  # 32 bytes, RFC 8032

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class ServerKey:
    """Where the server's certificate and key are, and by what clients recognise the key."""

    cert_path: Path
    key_path: Path
    spki_hash: bytes
    pin: str


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """True when `signature` (64 bytes) over `message` was made with the key of `public` (32 bytes).

    Anything else is False, whatever its length or form: the bytes come from the network. So is a key of small
    order, which belongs to everybody.
    """
    if int.from_bytes(public, "little") & (2**255 - 1) in _SMALL_ORDER:
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def spki_hash(cert_der: bytes) -> bytes:
    """SHA-256 (32 bytes) of the SubjectPublicKeyInfo in a certificate; ValueError when it cannot be read."""
    try:
        return _key_hash(x509.load_der_x509_certificate(cert_der).public_key())
    except UnsupportedAlgorithm as error:
        raise ValueError(f"a kind of key that is not known here: {error}") from error


def load_or_create_identity(path: Path) -> IdentityKey:
    """The Ed25519 key in `path`; made there, with its folder, when the file does not exist yet."""
    private = _load_private(path)
    if private is None:
        write_new(path, _pem_of(ed25519.Ed25519PrivateKey.generate()))
        private = _load_private(path)  # read back: another process may have been first
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise KeyFileError(path, "is not an Ed25519 key")
    return IdentityKey(private)


def load_or_create_server_key(directory: Path, host_names: Iterable[str]) -> ServerKey:
    """The server's own key in `directory`, made at the first start together with a self-signed certificate.

    A certificate that is missing, or that we signed and whose time is over, is made anew for `host_names` (IP
    addresses too) with the same key: the pin stays. A pair that does not belong together is an error, and
    nothing is changed.
    """
    key_path, cert_path = directory / SERVER_KEY_FILE, directory / SERVER_CERT_FILE
    private = _load_private(key_path)
    certificate = _load_certificate(cert_path)
    if private is None:
        if certificate is not None:
            raise KeyFileError(key_path, f"is missing, but its certificate {SERVER_CERT_FILE} is there")
        write_new(key_path, _pem_of(ec.generate_private_key(ec.SECP256R1())))
        private = _load_private(key_path)
    if certificate is None or _is_ours_and_over(certificate):
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyFileError(key_path, "is not an elliptic curve key: no certificate is made for it")
        if certificate is None or certificate.public_key() == private.public_key():
            replace(cert_path, _self_signed(private, host_names))
    return load_server_key(cert_path, key_path)


def load_server_key(cert_path: Path, key_path: Path) -> ServerKey:
    """Check a certificate (its chain may follow in the file) and its key, as an operator configured them.

    KeyFileError names the file when one is missing or cannot be read, they do not belong together, the
    certificate is not valid now, the key is weak, has a passphrase, or others than its owner may read it.
    """
    private = _load_private(key_path)
    if private is None:
        raise KeyFileError(key_path, "does not exist")
    certificate = _load_certificate(cert_path)
    if certificate is None:
        raise KeyFileError(cert_path, "does not exist")
    try:
        digest = _key_hash(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(cert_path, f"has a key that cannot be used: {error}") from error
    if digest != _key_hash(private.public_key()):
        raise KeyFileError(cert_path, f"is not the certificate of the key {key_path}")
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < MIN_RSA_BITS:
        raise KeyFileError(key_path, f"is an RSA key of {private.key_size} bits; {MIN_RSA_BITS} are needed")
    _check_dates(cert_path, certificate)
    return ServerKey(cert_path, key_path, digest, pin_of(digest))


def _check_dates(path: Path, certificate: x509.Certificate) -> None:
    now = dt.datetime.now(dt.UTC)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < first:
        raise KeyFileError(path, f"is not valid before {first:%Y-%m-%d %H:%M} UTC (is the clock right?)")
    if now > last:
        raise KeyFileError(path, f"has expired on {last:%Y-%m-%d %H:%M} UTC")


def _is_ours_and_over(certificate: x509.Certificate) -> bool:
    """True for a self-signed certificate of `_self_signed` that is not valid now."""
    now = dt.datetime.now(dt.UTC)
    is_ours = certificate.issuer == certificate.subject == _NAME
    return is_ours and not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chatroom server")])


def _self_signed(private: ec.EllipticCurvePrivateKey, host_names: Iterable[str]) -> bytes:
    """A certificate for these names, PEM."""
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CERT_HEAD_START)
        .not_valid_after(now + CERT_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    names = [_general_name(name) for name in host_names]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _load_private(path: Path) -> PrivateKeyTypes | None:
    data = read_file(path, is_secret=True)
    if data is None:
        return None
    try:
        return serialization.load_pem_private_key(data, password=None)
    except TypeError as error:
        raise KeyFileError(path, "has a passphrase; store the key without one, with mode 0600") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(path, "does not hold a private key in PEM form") from error


def _load_certificate(path: Path) -> x509.Certificate | None:
    data = read_file(path, is_secret=False)
    if data is None:
        return None
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise KeyFileError(path, "does not hold a certificate in PEM form") from error


def _pem_of(private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_hash(public: PublicKeyTypes) -> bytes:
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()
