"""The types of the fields of packets and entries: a number or a string, with the least and the most it may
be.

Every field that comes from outside has a bound here, so that no value reaches a database, a calendar or an
allocation that cannot hold it. Rules beyond size and range are elsewhere: `names.py`, `text.py`. Read next:
`packets.py`.
"""

from typing import Annotated

from msgspec import Meta

from chatroom.protocol import limits

RequestId = Annotated[int, Meta(ge=0, le=limits.ID_MAX)]
RoomNumber = Annotated[int, Meta(ge=1, le=limits.ROOM_MAX)]
Seq = Annotated[int, Meta(ge=0, le=limits.SEQ_MAX)]
Time = Annotated[int, Meta(ge=0, le=limits.TIME_MAX)]
"""Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted."""
Count = Annotated[int, Meta(ge=0, le=limits.COUNT_MAX)]
"""A number of things or of milliseconds."""
Code = Annotated[int, Meta(ge=0, le=limits.CODE_MAX)]
"""One of a closed set of numbers that may grow: not the set but the range is checked."""

Handle = Annotated[str, Meta(max_length=limits.HANDLE_CHARS)]
RoomName = Annotated[str, Meta(max_length=limits.ROOM_NAME_CHARS)]
Topic = Annotated[str, Meta(max_length=limits.TOPIC_CHARS)]
Text = Annotated[str, Meta(max_length=limits.TEXT_BYTES)]
Word = Annotated[str, Meta(max_length=limits.WORD_CHARS)]
ActReason = Annotated[str, Meta(max_length=limits.ACT_REASON_CHARS)]
Reason = Annotated[str, Meta(max_length=limits.REASON_CHARS)]

Challenge = Annotated[bytes, Meta(min_length=limits.CHALLENGE_BYTES, max_length=limits.CHALLENGE_BYTES)]
Nonce = Annotated[bytes, Meta(min_length=limits.NONCE_BYTES, max_length=limits.NONCE_BYTES)]
PublicKey = Annotated[bytes, Meta(min_length=limits.CHALLENGE_BYTES, max_length=limits.CHALLENGE_BYTES)]
Signature = Annotated[bytes, Meta(min_length=limits.SIGNATURE_BYTES, max_length=limits.SIGNATURE_BYTES)]
SessionId = Annotated[bytes, Meta(min_length=limits.SESSION_BYTES, max_length=limits.SESSION_BYTES)]
LogId = Annotated[bytes, Meta(min_length=limits.LOG_ID_BYTES, max_length=limits.LOG_ID_BYTES)]

Features = Annotated[list[Word], Meta(max_length=limits.FEATURES)]
