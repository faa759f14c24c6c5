import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.net.pins import ALPHABET, PIN_CHARS, normalise_pin, pin_of


def test_a_pin_is_24_characters_of_the_first_15_bytes() -> None:
    assert pin_of(bytes(32)) == "0" * 24
    assert pin_of(b"\xff" * 32) == "z" * 24
    assert pin_of(bytes(14) + b"\x01" + b"\xff" * 17) == "0" * 23 + "1"
    # Worked by hand: 0x00443214c7 is 00000 00001 00010 00011 00100 00101 00110 00111 in groups of five.
    assert pin_of(bytes.fromhex("00443214c7") * 3 + bytes(17)) == "01234567" * 3


@pytest.mark.parametrize(
    "typed",
    [
        "01ab-cdef-ghjk-mnpq-rstv-wxyz",
        "01ABCDEFGHJKMNPQRSTVWXYZ",
        "oiab cdef ghjk mnpq rstv wxyz",
        "OLABCDEFGHJKMNPQRSTVWXYZ",
        "  0Iabcdefghjkmnpqrstvwxyz ",
    ],
)
def test_a_pin_is_recognised_however_it_is_dictated(typed: str) -> None:
    assert normalise_pin(typed) == "01abcdefghjkmnpqrstvwxyz"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "0" * 23,
        "0" * 25,
        "u" + "0" * 23,
        "ä" + "0" * 23,
        "٠" * 24,
        "0" * 23 + "\n",
        "0" * 12 + "_" + "0" * 11,
    ],
)
def test_what_cannot_be_a_pin_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="24 letters and digits"):
        normalise_pin(typed)


@given(st.binary(max_size=64))
def test_every_pin_is_its_own_normal_form(seed: bytes) -> None:
    pin = pin_of(hashlib.sha256(seed).digest())
    assert len(pin) == PIN_CHARS
    assert set(pin) <= set(ALPHABET)
    assert normalise_pin(pin) == pin
    assert normalise_pin("-".join(pin.upper())) == pin


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_keys_whose_hashes_differ_in_the_first_15_bytes_have_different_pins(one: bytes, other: bytes) -> None:
    assert (pin_of(one) == pin_of(other)) is (one[:15] == other[:15])
