"""Error codes: their numbers stay, and their hundreds tell whose fault it was."""

from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.limits import CODE_MAX


def test_a_code_never_changes_its_number() -> None:
    assert {code.name: code.value for code in ErrorCode} == {
        "BAD_FRAME": 100,
        "BAD_PACKET": 101,
        "BAD_ORDER": 102,
        "BAD_VERSION": 103,
        "TOO_SLOW": 104,
        "BAD_SIGNATURE": 200,
        "HANDLE_TAKEN": 201,
        "BAD_HANDLE": 202,
        "NOT_ADMITTED": 203,
        "BANNED": 204,
        "TOO_MANY": 205,
        "SUPERSEDED": 206,
        "UNKNOWN_REQUEST": 300,
        "NO_SUCH_ROOM": 301,
        "NOT_A_MEMBER": 302,
        "NOT_ALLOWED": 303,
        "NO_SUCH_ACCOUNT": 304,
        "BAD_NAME": 305,
        "NAME_TAKEN": 306,
        "BAD_TEXT": 307,
        "NONCE_REUSED": 308,
        "BAD_QUERY": 309,
        "BAD_RANGE": 310,
        "STORAGE": 400,
        "SHUTDOWN": 401,
        "INTERNAL": 402,
    }


def test_every_code_fits_in_its_field() -> None:
    assert all(0 < code <= CODE_MAX for code in ErrorCode)


def test_the_exception_carries_code_and_text() -> None:
    error = ProtocolError(ErrorCode.BAD_FRAME, "why")
    assert (error.code, error.text, str(error)) == (ErrorCode.BAD_FRAME, "why", "why")
