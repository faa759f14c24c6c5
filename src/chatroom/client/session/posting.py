"""Posting: the way of one's own messages from the outbox over the wire, and what the server answers.

A post is answered by the entry that carries its nonce, by `Stored`, or by `Refused`: for good, and then its
text goes back to the author, or for now, and then all that is not stored waits and is sent again, oldest
first. Posts that are in flight behind a refused one may still be stored before it; nothing else changes their
order.

A message waits for its room by title, not only by number. After the server was restored from a backup, what
waits is sent to it all the same (it cannot know these nonces, so nothing is stored twice), but only to the
room the author saw. Read next: `outbox.py`.
"""

from typing import Final

from chatroom.client.session.events import Noticed, PostRefused, PostStored
from chatroom.client.session.news import News
from chatroom.client.session.outbox import Outbox, Waiting
from chatroom.client.session.rooms import Rooms
from chatroom.client.session.timeline import Line
from chatroom.client.session.wire import Wire
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Post, Stored
from chatroom.protocol.text import clean_text, text_fault

RETRY_S: Final = 1.0
"""How long a post is put off by a server that cannot store it and does not say for how long."""

MAX_RETRY_S: Final = 30.0
"""Longest time a server may put off a post: as long as the longest wait between two connections."""

_FOR_NOW: Final = frozenset({ErrorCode.STORAGE, ErrorCode.SHUTDOWN})


class TextRefused(Exception):  # noqa: N818 - nothing failed: the author is asked to change something
    """The text cannot be posted, for a reason its author can do something about; it was kept nowhere."""


def postable(text: str) -> str:
    """Return a text as it may be posted. Raises TextRefused."""
    text = clean_text(text)
    fault = text_fault(text)
    if fault is not None:
        raise TextRefused(f"the message {'' if fault.startswith('contains') else 'is '}{fault}")
    return text


class Posting:
    """Sends what the outbox holds and takes the answers."""

    def __init__(self, outbox: Outbox, wire: Wire, rooms: Rooms, news: News) -> None:
        self._outbox = outbox
        self._wire = wire
        self._rooms = rooms
        self._news = news
        self._numbers: dict[bytes, int] = {}
        self._was_told = False
        self.stored_count = 0

    def pump(self, now: float) -> None:
        """Send what may be sent now, oldest first."""
        while (post := self._outbox.next_to_send(now)) is not None:
            room = self._destination(post)
            if room is None:
                self._refuse(
                    post.nonce, ErrorCode.NOT_A_MEMBER, f"you are not in {post.title or 'that room'}"
                )
                continue
            number = self._numbers[post.nonce] = self._wire.next_id()
            self._wire.ask(Post(number, room, post.nonce, post.text, post.style))

    def next_pump(self) -> float:
        """Return when posts that were put off are to be sent; infinity when none was."""
        return self._outbox.held_until if self._outbox.is_held else float("inf")

    def _destination(self, post: Waiting) -> int | None:
        """Return the number of the room that has the title the author saw; None where we are not in it."""
        view = self._rooms.by_number.get(post.room)
        if post.title and (view is None or view.title != post.title):
            view = self._rooms.named(post.title)
        if view is None or not view.is_member:
            return None
        if view.number != post.room:
            self._outbox.move(post.nonce, view.number)
        return view.number

    # -- answers ---------------------------------------------------------------------------------------------

    def take_line(self, line: Line) -> None:
        """An entry is here: if it is a message that waited, it is stored."""
        if line.nonce and line.is_own:
            self._stored(line.nonce, line.room, line.seq)

    def take_stored(self, packet: Stored) -> None:
        """The server has the message, perhaps since long ago."""
        self._stored(packet.nonce, packet.room, packet.seq)

    def _stored(self, nonce: bytes, room: int, seq: int) -> None:
        if self._outbox.settle(nonce) is None:
            return
        self._was_told = False
        self.stored_count += 1
        self._wire.answered(self._numbers.pop(nonce, -1))
        self._news.add(PostStored(room, seq, nonce))
        self._news.timeline_changed(room)

    def take_refused(self, request: Post, code: ErrorCode, text: str, retry_ms: int, now: float) -> None:
        """The server did not store it: for now, where trying again can help, else for good."""
        self._numbers.pop(request.nonce, None)
        if not retry_ms and code not in _FOR_NOW:
            self._refuse(request.nonce, code, text)
            return
        if not self._was_told:
            self._was_told = True
            self._news.add(Noticed(f"the server cannot store messages now ({text}); they wait here"))
        delay_s = retry_ms / 1000 if retry_ms else RETRY_S
        self._outbox.put_off(request.nonce, now + min(delay_s, MAX_RETRY_S))
        self._news.timeline_changed(request.room)

    def _refuse(self, nonce: bytes, code: ErrorCode, reason: str) -> None:
        post = self._outbox.settle(nonce)
        if post is not None:
            self._news.add(PostRefused(post.room, nonce, post.text, code, reason))
            self._news.timeline_changed(post.room)

    def connection_lost(self) -> None:
        """What was in flight is unknown and will be sent again."""
        self._numbers.clear()
        self._outbox.connection_lost()
