"""What a login signs: one layout, no two logins alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.auth import CONTEXT, PLAIN_SERVER_KEY, login_message
from chatroom.protocol.limits import CHALLENGE_BYTES

parts = st.binary(min_size=CHALLENGE_BYTES, max_size=CHALLENGE_BYTES)
handles = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", max_size=24)
logins = st.tuples(parts, parts, parts, handles)


def test_the_message_is_the_context_two_challenges_the_key_hash_and_the_handle() -> None:
    message = login_message(b"s" * 32, b"c" * 32, b"k" * 32, "alice")
    assert message == b"chatroom-login-v1\0" + b"s" * 32 + b"c" * 32 + b"k" * 32 + b"alice"


def test_without_tls_the_key_hash_is_zero() -> None:
    assert bytes(32) == PLAIN_SERVER_KEY


@given(logins)
def test_all_before_the_handle_has_a_fixed_length(login: tuple[bytes, bytes, bytes, str]) -> None:
    message = login_message(*login)
    assert len(message) == len(CONTEXT) + 3 * CHALLENGE_BYTES + len(login[3])
    assert message[len(CONTEXT) + 3 * CHALLENGE_BYTES :].decode() == login[3]


@given(logins, logins)
def test_two_logins_never_sign_the_same_bytes(
    one: tuple[bytes, bytes, bytes, str], other: tuple[bytes, bytes, bytes, str]
) -> None:
    assert (login_message(*one) == login_message(*other)) == (one == other)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_part_of_another_length_is_refused(place: int, length: int) -> None:
    """Else a byte could move from one part into the next, and one signature would serve for two logins."""
    given_parts = [bytes(32)] * 3
    given_parts[place] = bytes(length)
    with pytest.raises(ValueError, match="32 bytes"):
        login_message(given_parts[0], given_parts[1], given_parts[2], "alice")


def test_a_handle_that_is_not_ascii_is_refused() -> None:
    with pytest.raises(ValueError, match="ascii"):
        login_message(bytes(32), bytes(32), bytes(32), "аlice")  # the first letter is Cyrillic
