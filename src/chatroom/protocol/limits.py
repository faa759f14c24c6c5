"""Every size and count that both ends must know, each with its reason.

Nothing here is a setting: a limit of this module is part of the protocol (docs/protocol.md quotes it), and a
server may only be stricter. Limits that an operator tunes live in `chatroom.config`. Read next: `frames.py`.
"""

from typing import Final

VERSION: Final = 1
"""The protocol version spoken here; sent in `Hello` and `Login`."""

FRAME_BYTES: Final = 65_536
"""Longest payload of one frame. Four longest messages fit; a peer's buffer is bounded by twice this."""

LOGIN_FRAME_BYTES: Final = 4_096
"""Longest payload before login: a stranger may make the server hold this much and no more."""

TEXT_BYTES: Final = 16_384
"""Longest message text in UTF-8. Laying out 16 KB costs a terminal client tens of milliseconds; more would
stall it.
"""

TEXT_LINES: Final = 400
"""Most lines in one message: a pasted file fits, a terminal client stays quick."""

TOPIC_CHARS: Final = 300
"""Longest topic, in characters: about what fits on one wide terminal line and its tooltip."""

HANDLE_CHARS: Final = 24
"""Longest handle: the handle column of a terminal client stays narrow."""

ROOM_NAME_CHARS: Final = 32
"""Longest room name."""

NONCE_BYTES: Final = 16
"""Length of the nonce that makes a post safe to repeat: 128 bits never collide by chance."""

CHALLENGE_BYTES: Final = 32
"""Length of each of the two login challenges, of an Ed25519 public key and of a SHA-256 hash."""

SIGNATURE_BYTES: Final = 64
"""Length of an Ed25519 signature (RFC 8032)."""

SESSION_BYTES: Final = 16
"""Length of the id a client process gives itself, so that its new connection replaces its old one."""

LOG_ID_BYTES: Final = 16
"""Length of the id of a server's log."""

WORD_CHARS: Final = 64
"""Longest name of a server, a program, a feature or an invite."""

FEATURES: Final = 64
"""Most features that one side names."""

REASON_CHARS: Final = 1_000
"""Longest text beside an error code."""

PASSWORD_CHARS: Final = 200
"""Longest server password: the login frame stays under `LOGIN_FRAME_BYTES`."""

ACT_REASON_CHARS: Final = 200
"""Longest reason of a kick, a ban or the like: it is shown in one line, with who, whom and until when."""

DEVICES: Final = 100
"""Most devices (keys) of one account: their list fits in a frame."""

PAGE_ENTRIES: Final = 200
"""Most entries in one history page: a screenful several times over, read in about a millisecond."""

PAGE_BYTES: Final = 57_344
"""Most bytes of entries in one page, so that a page and its frame stay below `FRAME_BYTES`."""

MEMBERS_PAGE: Final = 500
"""Most members in one page: 500 longest handles stay well below `FRAME_BYTES`."""

ROOMS_PAGE: Final = 40
"""Most rooms in one page of the room list: 40 longest topics in four-byte characters fit in a frame."""

QUERY_CHARS: Final = 200
"""Longest search query."""

SEARCH_HITS: Final = 50
"""Most hits in one search page; `PAGE_BYTES` bounds it too."""

CURSORS: Final = 200
"""Most rooms in one `Follow`."""

PRESENCE_CHANGES: Final = 1_000
"""Most accounts in one `PresenceChanged`: 1,000 longest handles stay well below `FRAME_BYTES`."""

UNREAD_COUNT: Final = 99
"""Unread counts stop here: a screen shows `99+`, and counting stays cheap."""

ID_MAX: Final = 2**32 - 1
"""Largest request id: an unsigned 32-bit number, echoed in the response."""

SEQ_MAX: Final = 2**40 - 1
"""Largest seq of a room: a thousand entries a second for 34 years."""

ROOM_MAX: Final = 2**22 - 1
"""Largest room number: room and seq together fit in the 63 bits of a database row id."""

TIME_MAX: Final = 253_402_300_799_999
"""Latest time, in milliseconds since 1970: the last one of the year 9999, beyond which calendars fail."""

COUNT_MAX: Final = 2**32 - 1
"""Largest count, and longest wait in milliseconds (49 days)."""

CODE_MAX: Final = 2**16 - 1
"""Largest number that stands for one of a set: an error code, a kind, a role, a presence, a version."""

SEARCH_MARK_MAX: Final = 2**62
"""Largest mark that continues a search: room and seq in one number."""
