"""The error codes that travel on the wire, and the exception of a peer that breaks the protocol.

A code means the same in `Refused` (this request did nothing, the connection goes on) and in `Closing` (this
connection ends). The text beside a code is for people; programs look at the code only. Read next:
`packets.py`.
"""

from enum import IntEnum


class ErrorCode(IntEnum):
    """What went wrong. 1xx: the peer broke the protocol. 2xx: the door. 3xx: the request. 4xx: the server."""

    BAD_FRAME = 100  # length, flags or checksum of a header is wrong
    BAD_PACKET = 101  # the payload is not what the frame type says
    BAD_ORDER = 102  # a packet that is not allowed at this stage, or of the wrong direction
    BAD_VERSION = 103  # no protocol version in common
    TOO_SLOW = 104  # login took too long, a ping stayed unanswered, or no byte was taken in time

    BAD_SIGNATURE = 200  # the login signature does not verify
    HANDLE_TAKEN = 201  # another key owns this handle
    BAD_HANDLE = 202  # the handle breaks the rules, is reserved, or looks like another
    NOT_ADMITTED = 203  # registration is closed, or the password or invite is missing or wrong
    BANNED = 204  # this account or address is banned
    TOO_MANY = 205  # too many connections, rooms, members or attempts
    SUPERSEDED = 206  # a newer connection of the same client process took over

    UNKNOWN_REQUEST = 300  # the server does not know this request
    NO_SUCH_ROOM = 301  # the room does not exist, or the account may not know of it
    NOT_A_MEMBER = 302  # join the room first
    NOT_ALLOWED = 303  # the role or the room's kind forbids it
    NO_SUCH_ACCOUNT = 304
    BAD_NAME = 305  # a room name breaks the rules
    NAME_TAKEN = 306  # a room of that name exists
    BAD_TEXT = 307  # text is empty, too long, or holds characters that must not travel
    NONCE_REUSED = 308  # the nonce stands for a post with other content
    BAD_QUERY = 309  # nothing to search for, or the search took too long
    BAD_RANGE = 310  # a seq or a limit out of range

    STORAGE = 400  # the server cannot store at the moment: keep the message and try again
    SHUTDOWN = 401  # the server stops; come back after `retry_ms`
    INTERNAL = 402  # a fault of the server: this connection only


class ProtocolError(Exception):
    """The peer sent what no correct peer sends.

    The connection answers with `Closing(code, text)` and ends; one log line, no traceback.
    """

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
