"""Posting: the way of one's own messages from the outbox over the wire, and what the server answers.

A post is answered by the entry that carries its nonce, by `Stored`, or by `Refused`: for good, and then its
text goes back to the author, or for now, and then it is sent again, before anything newer. What is not
answered may be stored or not, and only the server can say: it is asked again after a lost connection, also
where the room is no longer ours.

A message waits for its room by title, not only by number. After the server was restored from a backup, what
waits is sent to it all the same, for a nonce that it knows is stored once; but only to the room the author
saw, and the author is told. Read next: `outbox.py`.
"""

from typing import Final

from chatroom.client.session.events import Noticed, PostRefused, PostStored
from chatroom.client.session.news import News
from chatroom.client.session.outbox import Outbox, Waiting
from chatroom.client.session.rooms import Rooms
from chatroom.client.session.wire import Wire
from chatroom.protocol.errors import ErrorCode, ProtocolError
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
        raise TextRefused(f"the message {fault}")
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
                text = "the server was restored, and you are not in this room there"
                self._refuse(post.nonce, ErrorCode.NOT_A_MEMBER, text)
                continue
            number = self._numbers[post.nonce] = self._wire.next_id()
            self._wire.ask(Post(number, room, post.nonce, post.text, post.manner))

    @property
    def waiting_count(self) -> int:
        """How many messages are not stored yet."""
        return len(self._outbox)

    def next_pump(self) -> float:
        """Return when posts that were put off are to be sent; infinity when none was."""
        return self._outbox.held_until if self._outbox.is_held else float("inf")

    def _destination(self, post: Waiting) -> int | None:
        """Return the number of the room that has the title the author saw.

        A room that is not ours keeps its number: the server knows whether the message came there before it
        was lost to us. None where the number has become another room of ours: then the log is another one,
        in which the message cannot be, and would end where its author did not write it.
        """
        view = self._rooms.by_number.get(post.room)
        if not post.title or (view is not None and view.title == post.title):
            return post.room
        named = self._rooms.named(post.title)
        if named is None:
            return post.room if view is None else None
        self._outbox.move(post.nonce, named.number)
        return named.number

    # -- answers ---------------------------------------------------------------------------------------------

    def take_stored(self, packet: Stored) -> None:
        """The server has the message, perhaps since long ago. Raises ProtocolError if it has it elsewhere."""
        post = self._wire.asked.get(self._numbers.get(packet.nonce, -1))
        if isinstance(post, Post) and post.room != packet.room:
            raise ProtocolError(ErrorCode.BAD_PACKET, "a message was stored in another room")
        self.stored(packet.nonce, packet.room, packet.seq)

    def stored(self, nonce: bytes, room: int, seq: int) -> None:
        """An entry of ours is on the server's disk; if it is a message that waited, it waits no more."""
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
            if post.room not in self._rooms.by_number and post.title:  # nothing else says which room it was
                reason = f"{post.title}: {reason}"
            self._news.add(PostRefused(post.room, nonce, post.text, code, reason))
            self._news.timeline_changed(post.room)

    def connection_lost(self) -> None:
        """What was in flight is unknown and will be sent again."""
        self._numbers.clear()
        self._outbox.connection_lost()
