"""Why the store refuses a change: every code and text, once, for both implementations.

The hub has checked what it can check by itself; here is what only the data can say. Read next: `memory.py`
for the rules in plain Python, `writer.py` for the same rules in SQL.
"""

from typing import Final

from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.ports import Failed

HANDLE_TAKEN: Final = Failed(ErrorCode.HANDLE_TAKEN, "somebody else has this handle")
LOOKS_ALIKE: Final = Failed(ErrorCode.BAD_HANDLE, "this handle looks like one that is taken")
KEY_TAKEN: Final = Failed(ErrorCode.HANDLE_TAKEN, "this key belongs to another account here")
KEY_IS_THERE: Final = Failed(ErrorCode.NOT_ALLOWED, "this key belongs to the account already")
NO_SUCH_KEY: Final = Failed(ErrorCode.NOT_ALLOWED, "the account has no such key")
LAST_KEY: Final = Failed(ErrorCode.NOT_ALLOWED, "the last key of an account cannot be taken away")
NO_SUCH_CODE: Final = Failed(ErrorCode.NOT_ADMITTED, "there is no such code")
CODE_USED: Final = Failed(ErrorCode.NOT_ADMITTED, "this code was used already")
CODE_EXPIRED: Final = Failed(ErrorCode.NOT_ADMITTED, "this code has expired")
CODE_KNOWN: Final = Failed(ErrorCode.INTERNAL, "this code exists already")
AUTHOR_BANNED: Final = Failed(ErrorCode.BANNED, "the account is banned")
NOT_LOWER: Final = Failed(ErrorCode.NOT_ALLOWED, "this can be done only to an account of a lower role")
NOT_AN_OWNER: Final = Failed(ErrorCode.NOT_ALLOWED, "only an owner gives roles")
LAST_OWNER: Final = Failed(ErrorCode.NOT_ALLOWED, "you are the only owner: make somebody else one first")
NO_SUCH_ROLE: Final = Failed(ErrorCode.BAD_RANGE, "there is no such role")
NO_BANNED_OWNER: Final = Failed(ErrorCode.NOT_ALLOWED, "a banned account cannot become an owner")
NOTHING_STANDS: Final = Failed(ErrorCode.NOT_ALLOWED, "nothing stands against the account")
TOO_MANY_PLACES: Final = Failed(ErrorCode.TOO_MANY, "the account is barred in many places already")
STILL_KICKED: Final = Failed(ErrorCode.NOT_ALLOWED, "kicked from this room, and may not come back yet")
NAME_TAKEN: Final = Failed(ErrorCode.NAME_TAKEN, "a room of this name exists")
NO_SUCH_ROOM: Final = Failed(ErrorCode.NO_SUCH_ROOM, "there is no such room")
NO_SUCH_ACCOUNT: Final = Failed(ErrorCode.NO_SUCH_ACCOUNT, "there is no such account")
NOT_A_PAIR: Final = Failed(ErrorCode.NOT_ALLOWED, "a direct room has two members")
TOO_MANY_ROOMS: Final = Failed(ErrorCode.TOO_MANY, "there are as many rooms as there can be")
MEMBER_ALREADY: Final = Failed(ErrorCode.NOT_ALLOWED, "a member of this room already")
NOT_A_MEMBER: Final = Failed(ErrorCode.NOT_A_MEMBER, "you are not a member of this room")
NOBODY_TO_KICK: Final = Failed(ErrorCode.NOT_ALLOWED, "the account is not a member of this room")
AUTHOR_MUTED: Final = Failed(ErrorCode.NOT_ALLOWED, "you are muted")
NONCE_REUSED: Final = Failed(ErrorCode.NONCE_REUSED, "this nonce stands for another message")
NO_SUCH_ENTRY: Final = Failed(ErrorCode.BAD_RANGE, "there is no such entry yet")
NO_TIME: Final = Failed(ErrorCode.STORAGE, "the server cannot store this now: it takes too long")
LOG_IS_LOST: Final = Failed(ErrorCode.STORAGE, "the server cannot store: its log was removed or replaced")
LOG_IS_HELD: Final = Failed(
    ErrorCode.STORAGE,
    "the server cannot store: a file beside its log was removed, and the log cannot be opened anew yet",
)

SERVER: Final = 0
"""The account number of the server itself, the author of rooms that belong to nobody."""

SERVER_HANDLE: Final = "server"
"""What such entries show as their author: a reserved handle."""
