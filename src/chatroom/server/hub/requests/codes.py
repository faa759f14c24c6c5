"""Looking at the codes that people present, before anything is proposed for them.

A code is used up when what it buys is committed, so the log has the last word. Read next: `newcomers.py`,
`devices.py`.
"""

from dataclasses import dataclass

from chatroom.protocol.codes import hash_code
from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.context import Context
from chatroom.server.hub.ports import Failed, StorageError
from chatroom.server.hub.records import CodeKind, CodeRecord


@dataclass(frozen=True, slots=True)
class GoodCode:
    """A code that can be used now: its SHA-256, and what it says."""

    hash: bytes
    record: CodeRecord


def look_at_code(context: Context, typed: str, kind: CodeKind) -> GoodCode | Failed:
    """Return the code of this kind that somebody typed, or why it is not good (NOT_ADMITTED: a wrong
    guess).
    """
    try:
        code = hash_code(typed)
        record = context.log.find_code(code)
    except ValueError as error:
        return Failed(ErrorCode.NOT_ADMITTED, str(error))
    except StorageError as error:
        return Failed(ErrorCode.STORAGE, str(error))
    if record is None or record.kind is not kind:
        return Failed(ErrorCode.NOT_ADMITTED, "this code is not known here")
    if record.is_used:
        return Failed(ErrorCode.NOT_ADMITTED, "this code was used already")
    if record.expires_at <= context.now_ms:
        return Failed(ErrorCode.NOT_ADMITTED, "this code has expired")
    return GoodCode(code, record)
