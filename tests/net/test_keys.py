import contextlib
import datetime as dt
import hashlib
import os
import ssl
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from chatroom.net import keys
from chatroom.net.keys import (
    IdentityKey,
    KeyFileError,
    load_or_create_identity,
    load_or_create_server_key,
    load_server_key,
    pin_of,
    spki_hash,
    verify,
)

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
AnyKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def _pem(private: AnyKey, password: bytes | None = None) -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def _certificate(
    private: AnyKey,
    first: dt.datetime = NOW - DAY,
    last: dt.datetime = NOW + DAY,
    common_name: str = "chat.example.org",
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(first).not_valid_after(last)
    algorithm = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(private, algorithm).public_bytes(serialization.Encoding.PEM)


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@pytest.fixture
def write_pair(tmp_path: Path) -> Callable[[bytes, bytes], tuple[Path, Path]]:
    """Write a certificate and a key; their paths."""

    def write(certificate: bytes, key: bytes) -> tuple[Path, Path]:
        return _put(tmp_path / "cert.pem", certificate), _put(tmp_path / "key.pem", key)

    return write


WritePair = Callable[[bytes, bytes], tuple[Path, Path]]


def test_an_identity_is_made_once_and_then_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "identity.pem"
    made = load_or_create_identity(path)
    found = load_or_create_identity(path)
    assert len(made.public_bytes) == 32
    assert found.public_bytes == made.public_bytes
    assert verify(made.public_bytes, found.sign(b"message"), b"message")
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_two_identities_differ(tmp_path: Path) -> None:
    one, other = load_or_create_identity(tmp_path / "one"), load_or_create_identity(tmp_path / "other")
    assert one.public_bytes != other.public_bytes
    assert not verify(other.public_bytes, one.sign(b"m"), b"m")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "private key in PEM"),
        (b"\0" * 100, "private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key in PEM"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "not an Ed25519 key"),
        (_pem(ed25519.Ed25519PrivateKey.generate(), b"secret"), "passphrase"),
    ],
    ids=["empty", "zeros", "broken", "other-kind", "locked"],
)
def test_an_unusable_identity_is_named_and_left_alone(content: bytes, complaint: str, tmp_path: Path) -> None:
    path = _put(tmp_path / "identity.pem", content)
    with pytest.raises(KeyFileError, match=complaint) as caught:
        load_or_create_identity(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


@given(st.binary(max_size=70), st.binary(max_size=70), st.binary(max_size=70))
def test_bytes_from_the_network_never_verify_and_never_raise(
    public: bytes, signature: bytes, message: bytes
) -> None:
    assert verify(public, signature, message) is False


P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]


def _add(one: Point, other: Point) -> Point:
    """The sum of two points of edwards25519 (RFC 8032 §5.1.4, in affine coordinates)."""
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P)
    return x % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def _points() -> Iterator[Point]:
    """Points of the curve, by rising y (RFC 8032 §5.1.3)."""
    for y in range(2, 100):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        for root in (x, x * pow(2, (P - 1) // 4, P) % P):
            if root * root % P == square:
                yield root, y


def _points_of_small_order() -> set[Point]:
    """What is left of points when they are multiplied by the order of the base point."""
    found = set()
    for point in _points():
        total, power, left = (0, 1), point, ORDER
        while left:
            total = _add(total, power) if left & 1 else total
            power, left = _add(power, power), left >> 1
        found |= {total, (-total[0] % P, total[1])}
    return found


def _encodings() -> set[bytes]:
    """All 32 bytes that are read as a point of small order."""
    ys = {y + more for _, y in _points_of_small_order() for more in (0, P) if y + more < 2**255}
    return {(y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1)}


def test_a_key_of_small_order_signs_nothing() -> None:
    assert len(_points_of_small_order()) == 8
    encodings = sorted(_encodings())
    assert len(encodings) == 14
    forged = 0
    for public, first in product(encodings, encodings):
        for number in range(8):
            signature, message = first + bytes(32), b"%d" % number
            assert not verify(public, signature, message)
            with contextlib.suppress(InvalidSignature, ValueError):
                ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
                forged += 1
    assert forged > 100, "the library refuses them by itself"


@given(st.binary(max_size=200), st.integers(0, 511), st.data())
def test_a_signature_holds_for_its_own_message_and_breaks_with_any_bit(
    message: bytes, bit: int, data: st.DataObject
) -> None:
    identity = IdentityKey(ed25519.Ed25519PrivateKey.generate())
    signature = identity.sign(message)
    assert len(signature) == 64
    assert verify(identity.public_bytes, signature, message)
    assert not verify(identity.public_bytes, signature, message + b"\0")
    spoiled = bytearray(signature)
    spoiled[bit // 8] ^= 1 << bit % 8
    assert not verify(identity.public_bytes, bytes(spoiled), message)


def test_a_server_key_is_made_once_and_keeps_its_pin(tmp_path: Path) -> None:
    made = load_or_create_server_key(tmp_path / "tls", ["localhost", "127.0.0.1", "::1"])
    files = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    found = load_or_create_server_key(tmp_path / "tls", ["other"])
    assert found == made
    assert {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == files
    assert made.pin == pin_of(made.spki_hash)
    certificate = x509.load_pem_x509_certificate(made.cert_path.read_bytes())
    assert made.spki_hash == spki_hash(certificate.public_bytes(serialization.Encoding.DER))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    if os.name == "posix":
        assert made.key_path.stat().st_mode & 0o777 == 0o600


def test_the_hash_is_over_the_subject_public_key_info(tmp_path: Path) -> None:
    made = load_or_create_server_key(tmp_path, [])
    spki = x509.load_pem_x509_certificate(made.cert_path.read_bytes()).public_key()
    der = spki.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert made.spki_hash == hashlib.sha256(der).digest()
    assert len(der) == 91  # the fixed head of a P-256 key and its 65-byte point


@pytest.mark.parametrize("loss", ["certificate missing", "certificate over", "certificate not begun"])
def test_a_fresh_certificate_of_the_same_key_keeps_the_pin(loss: str, tmp_path: Path) -> None:
    made = load_or_create_server_key(tmp_path, ["localhost"])
    key_before = made.key_path.read_bytes()
    private = serialization.load_pem_private_key(key_before, None)
    if loss == "certificate missing":
        made.cert_path.unlink()
    elif loss == "certificate over":
        _put(made.cert_path, _certificate(private, NOW - 3 * DAY, NOW - DAY, "chatroom server"))
    else:
        _put(made.cert_path, _certificate(private, NOW + DAY, NOW + 3 * DAY, "chatroom server"))
    stale = made.cert_path.read_bytes() if made.cert_path.exists() else b""
    renewed = load_or_create_server_key(tmp_path, ["localhost"])
    assert renewed.pin == made.pin
    assert renewed.cert_path.read_bytes() != stale
    assert renewed.key_path.read_bytes() == key_before


def test_an_expired_certificate_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    made = load_or_create_server_key(tmp_path, ["localhost"])
    private = serialization.load_pem_private_key(made.key_path.read_bytes(), None)
    foreign = _certificate(private, NOW - 3 * DAY, NOW - DAY, "chat.example.org")
    _put(made.cert_path, foreign)
    with pytest.raises(KeyFileError, match="expired"):
        load_or_create_server_key(tmp_path, ["localhost"])
    assert made.cert_path.read_bytes() == foreign


def test_our_expired_certificate_of_another_key_is_not_replaced(tmp_path: Path) -> None:
    made = load_or_create_server_key(tmp_path, ["localhost"])
    other = _certificate(ec.generate_private_key(ec.SECP256R1()), NOW - 3 * DAY, NOW - DAY, "chatroom server")
    _put(made.cert_path, other)
    with pytest.raises(KeyFileError, match="not the certificate of the key"):
        load_or_create_server_key(tmp_path, ["localhost"])
    assert made.cert_path.read_bytes() == other


def test_a_lost_key_is_not_silently_replaced_while_its_certificate_is_there(tmp_path: Path) -> None:
    made = load_or_create_server_key(tmp_path, ["localhost"])
    made.key_path.unlink()
    with pytest.raises(KeyFileError, match="missing") as caught:
        load_or_create_server_key(tmp_path, ["localhost"])
    assert caught.value.path == made.key_path
    assert not made.key_path.exists()


def test_a_configured_pair_is_taken_with_its_chain(write_pair: WritePair) -> None:
    private, other = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    cert_path, key_path = write_pair(_certificate(private) + _certificate(other), _pem(private))
    taken = load_server_key(cert_path, key_path)
    assert taken.spki_hash == spki_hash(ssl.PEM_cert_to_DER_cert(_certificate(private).decode()))


EC = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
WEAK = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("certificate", "key", "complaint", "culprit"),
    [
        (_certificate(OTHER_EC), _pem(EC), "not the certificate of the key", "cert.pem"),
        (_certificate(EC, NOW - 3 * DAY, NOW - DAY), _pem(EC), "has expired on", "cert.pem"),
        (_certificate(EC, NOW + DAY, NOW + 3 * DAY), _pem(EC), "not valid before", "cert.pem"),
        (_certificate(WEAK), _pem(WEAK), "1024 bits", "key.pem"),
        (_certificate(EC), _pem(EC, b"secret"), "passphrase", "key.pem"),
        (_certificate(EC), b"nonsense", "private key in PEM", "key.pem"),
        (b"nonsense", _pem(EC), "certificate in PEM", "cert.pem"),
        (_pem(EC), _certificate(EC), "private key in PEM", "key.pem"),
    ],
    ids=["mismatch", "expired", "not-yet", "weak", "locked", "no-key", "no-certificate", "swapped"],
)
def test_a_bad_pair_is_refused_naming_the_file(
    certificate: bytes, key: bytes, complaint: str, culprit: str, write_pair: WritePair
) -> None:
    cert_path, key_path = write_pair(certificate, key)
    with pytest.raises(KeyFileError, match=complaint) as caught:
        load_server_key(cert_path, key_path)
    assert caught.value.path.name == culprit
    assert "\n" not in str(caught.value)


def test_a_missing_file_of_a_pair_is_named(write_pair: WritePair) -> None:
    cert_path, key_path = write_pair(_certificate(EC), _pem(EC))
    cert_path.unlink()
    with pytest.raises(KeyFileError, match=r"cert\.pem: does not exist"):
        load_server_key(cert_path, key_path)
    key_path.unlink()
    with pytest.raises(KeyFileError, match=r"key\.pem: does not exist"):
        load_server_key(cert_path, key_path)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")
def test_a_server_key_readable_by_others_is_refused(write_pair: WritePair) -> None:
    cert_path, key_path = write_pair(_certificate(EC), _pem(EC))
    key_path.chmod(0o644)
    with pytest.raises(KeyFileError, match="others may read"):
        load_server_key(cert_path, key_path)


@given(st.binary(max_size=300))
def test_a_hash_of_something_else_than_a_certificate_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        spki_hash(data)


def test_what_belongs_to_pins_can_be_had_from_keys() -> None:
    assert keys.normalise_pin("O" * 24) == "0" * 24
