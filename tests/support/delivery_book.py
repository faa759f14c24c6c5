"""What was promised and seen in a run of the delivery machine, and whether it still holds.

The book is kept by the test, from what the clients were told and from the database as another program sees
it; it asks neither hub nor session what they believe. The invariants have the numbers of docs/guarantees.md.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chatroom.client.connection.outbox_file import POSTS_FILE, DiskOutbox
from chatroom.client.connection.outbox_file import _read as read_posts
from chatroom.client.session.events import PostRefused, PostStored, Restored
from chatroom.client.session.timeline import Gap
from chatroom.protocol.codec import decode_from_server
from chatroom.protocol.entries import Entry, EntryKind, Moderated, decode_entry, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import HEADER_BYTES, FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.packets import Following, RoomGone
from chatroom.server.hub.delivery import BUFFER_BYTES
from support.hub_server import HubLink, HubServer
from support.session_world import Desk

Logs = dict[int, list[Entry]]
"""The entries of each room."""

FOR_GOOD = (ErrorCode.NOT_A_MEMBER, ErrorCode.NOT_ALLOWED)
"""Why a message may be refused for good here: its author is not in the room, or muted."""


class FileDesk(Desk):
    """A desk whose outbox is a file: a new process takes over what the one before has left."""

    def __init__(self, place: Path, *arguments: object, **options: object) -> None:
        self.place = place
        self.outbox: DiskOutbox | None = None
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    def start(self) -> None:
        """A new process; the lock of the old one ended with it."""
        self.end()
        self.outbox = DiskOutbox(self.place)
        self.file = self.outbox  # type: ignore[assignment]
        super().start()

    def end(self) -> None:
        """Let go of the files."""
        if self.outbox is not None:
            self.outbox.close()


class Wire:
    """What travels to one client: of each room it follows one entry after the other, from where it begins."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder(FRAME_BYTES)
        self._last: dict[int, int] = {}

    def take(self, data: bytes) -> None:
        """Look at the next bytes."""
        for packet_type, payload in self._decoder.feed(data):
            packet = decode_from_server(packet_type, payload)
            if isinstance(packet, Following):
                self._last.update((followed.room, followed.start) for followed in packet.rooms)
            elif isinstance(packet, RoomGone):
                self._last.pop(packet.room, None)
            elif isinstance(packet, Entry):
                assert packet.seq == self._last[packet.room] + 1
                self._last[packet.room] = packet.seq


class Book:
    """One run: three people, the rooms `rooms`, and the logs that were there, one after another."""

    def __init__(self, server: HubServer, path: Path, desks: Sequence[Desk], rooms: Sequence[int]) -> None:
        self.server = server
        self.path = path
        self.desks = desks
        self.rooms = rooms
        self.posted: dict[str, list[tuple[int, bytes]]] = {desk.handle: [] for desk in desks}
        """By author (room, nonce), in the order written."""
        self.told: dict[bytes, tuple[int, int]] = {}
        """Where the author was told that a message stands, in the log of now."""
        self.refused: set[bytes] = set()
        self.lost: set[bytes] = set()
        """Acknowledged in a log that was then replaced by an older copy."""
        self.former: dict[bytes, Logs] = {}
        """Logs that were replaced, as they were then."""
        self.seen: dict[tuple[bytes, int, int], bytes] = {}
        """What each (log, room, seq) ever was."""
        self.known_log = [desk.session.log_id for desk in desks]
        self.kept = [dict(waiting_on_disk(desk)) for desk in desks]
        self.kept_before = self.kept
        self.wires: dict[HubLink, Wire] = {}
        self.open()

    def open(self) -> None:
        """Look at the database that lies there now."""
        self._disk = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)

    def close(self) -> None:
        """Let go of the database."""
        self._disk.close()

    def log(self) -> Logs:
        """Return what another program finds committed."""
        logs: Logs = {room: [] for room in self.rooms}
        for room, frame in self._disk.execute("SELECT id >> 40, frame FROM entries ORDER BY id"):
            logs[room].append(decode_entry(frame[HEADER_BYTES:]))
        return logs

    # -- what the test does ----------------------------------------------------------------------------------

    def wrote(self, desk: Desk, room: int, nonce: bytes) -> None:
        """Somebody wrote a message."""
        self.posted[desk.handle].append((room, nonce))

    def killed(self, desk: Desk) -> None:
        """A client died: what is still in its file is sent again, whatever was answered."""
        self.refused -= set(waiting_on_disk(desk))

    def replaced(self, former_id: bytes, former: Logs) -> None:
        """The log is an older copy now, under another id."""
        self.former[former_id] = former
        there = {(room, entry.seq): entry.nonce for room, log in self.log().items() for entry in log}
        still = {nonce: place for nonce, place in self.told.items() if there.get(place) == nonce}
        self.lost |= self.told.keys() - still.keys()
        self.told = still
        self.refused -= set(there.values())

    # -- what must hold --------------------------------------------------------------------------------------

    def check(self) -> None:
        """Hear what the clients were told, and look at everything."""
        logs = self.log()
        self.i8_another_log_is_said()
        self.i1_what_is_acknowledged_is_on_disk(logs)
        self.i2_what_is_not_answered_waits_on_disk()
        self.i3_nothing_is_shown_that_is_not_stored(logs)
        self.i4_a_message_is_stored_once(logs)
        self.i5_there_is_one_order_and_each_author_keeps_its_own(logs)
        self.i6_nothing_is_missing_unnoticed(logs)
        self.i7_every_reader_is_a_cursor(logs)
        self.nobody_writes_or_reads_where_it_may_not(logs)

    def i8_another_log_is_said(self) -> None:
        """Whoever comes to another log than before says so, once, and nobody else does; takes the events."""
        for number, desk in enumerate(self.desks):
            events = [*desk.events, *desk.session.take_events()]
            desk.events.clear()
            known, now = self.known_log[number], desk.session.log_id
            is_other = now not in (b"", known)
            assert sum(isinstance(event, Restored) for event in events) == is_other
            assert now in (b"", self.server.log.log_id) or now in self.former
            self.known_log[number] = now or known  # a new process knows it from a file
            for event in events:
                if isinstance(event, PostStored):
                    if now == self.server.log.log_id:
                        self.told[event.nonce] = event.room, event.seq
                        self.lost.discard(event.nonce)
                elif isinstance(event, PostRefused):
                    assert event.code in FOR_GOOD, event
                    self.refused.add(event.nonce)

    def i1_what_is_acknowledged_is_on_disk(self, logs: Logs) -> None:
        """Each acknowledged message stands where its author was told, and each entry is what it was."""
        for nonce, (room, seq) in self.told.items():
            assert logs[room][seq - 1].nonce == nonce
        log_id = self.server.log.log_id
        for room, log in logs.items():
            assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
            assert [entry.at for entry in log] == sorted(entry.at for entry in log)
            for entry in log:
                body = bytes(entry.body)
                assert self.seen.setdefault((log_id, room, entry.seq), body) == body

    def i2_what_is_not_answered_waits_on_disk(self) -> None:
        """Every message is in its author's outbox file until it was answered."""
        self.kept_before = self.kept
        self.kept = [dict(waiting_on_disk(desk)) for desk in self.desks]
        answered = self.told.keys() | self.refused | self.lost
        for desk, kept in zip(self.desks, self.kept, strict=True):
            assert {nonce for _, nonce in self.posted[desk.handle]} <= kept.keys() | answered

    def i3_nothing_is_shown_that_is_not_stored(self, logs: Logs) -> None:
        """Each line on a screen is an entry of the log that its client knows."""
        for desk in self.desks:
            for room in self.rooms:
                log = self.known_to(desk, logs)[room]
                for item in desk.session.timeline(room).items:
                    if not isinstance(item, Gap):
                        entry = log[item.seq - 1]
                        assert (item.author, item.nonce) == (entry.author, entry.nonce)
                        assert item.body == read_body(entry)

    def i4_a_message_is_stored_once(self, logs: Logs) -> None:
        """No nonce of an author stands twice, none stands that was not written, or was refused."""
        found = Counter((entry.author, entry.nonce) for log in logs.values() for entry in log if entry.nonce)
        assert max(found.values(), default=1) == 1
        written = {(author, nonce) for author, posts in self.posted.items() for _, nonce in posts}
        assert found.keys() <= written
        assert not {nonce for _, nonce in found} & self.refused

    def i5_there_is_one_order_and_each_author_keeps_its_own(self, logs: Logs) -> None:
        """In each room the messages of one author stand as written, and none is passed over."""
        for author, posts in self.posted.items():
            for room, log in logs.items():
                wrote = [nonce for place, nonce in posts if place == room]
                stored = [entry.nonce for entry in log if entry.author == author and entry.nonce]
                places = {nonce: place for place, nonce in enumerate(wrote)}
                assert [places[nonce] for nonce in stored] == sorted(places[nonce] for nonce in stored)
                passed = wrote[: places[stored[-1]]] if stored else []
                assert set(passed) <= {*stored} | self.refused | self.lost

    def i6_nothing_is_missing_unnoticed(self, logs: Logs) -> None:
        """From its beginning to its cursor each timeline has every entry, or shows a gap."""
        for desk in self.desks:
            for room in self.rooms:
                timeline = desk.session.timeline(room)
                seq = timeline.floor
                for item in timeline.items:
                    assert (item.after if isinstance(item, Gap) else item.seq - 1) == seq
                    seq = item.before - 1 if isinstance(item, Gap) else item.seq
                assert seq == timeline.cursor <= len(self.known_to(desk, logs)[room])

    def i7_every_reader_is_a_cursor(self, logs: Logs) -> None:
        """What comes to a reader has no hole, however slowly it takes it. Who takes all of it is at the head;
        who does not costs no more than one buffer.
        """
        self.wires = {link: self.wires.get(link) or Wire() for link in self.server.links}
        for link, wire in self.wires.items():
            wire.take(link.taken)
            link.taken = b""
            peer = link.peer
            assert len(link.kept) <= BUFFER_BYTES
            assert not (peer.live and link.kept)
            for room in peer.live:
                assert room.sent == len(logs[room.number])
            for room, cursor in peer.cursors.items():
                assert link.kept, "nobody lags who takes everything"
                assert cursor <= len(logs[room.number])

    def nobody_writes_or_reads_where_it_may_not(self, logs: Logs) -> None:
        """Every message stands between the joining and the leaving of its author, and outside its mutes; what
        is new comes to members only.
        """
        for room, log in logs.items():
            members: set[str] = set()
            muted: set[str] = set()
            for entry in log:
                body = read_body(entry)
                match entry.kind:
                    case EntryKind.JOINED:
                        assert entry.author not in members
                        members.add(entry.author)
                    case EntryKind.POSTED:
                        assert entry.author in members
                        assert entry.author not in muted
                    case EntryKind.LEFT:
                        members.remove(entry.author)
                    case EntryKind.KICKED if isinstance(body, Moderated):
                        members.remove(body.handle)
                    case EntryKind.MUTED if isinstance(body, Moderated):
                        muted.add(body.handle)
                    case EntryKind.UNMUTED if isinstance(body, Moderated):
                        muted.discard(body.handle)
                    case _:
                        pass
            for link in self.server.links:
                if any(live.number == room for live in link.peer.live):
                    assert link.peer.account is not None
                    assert link.peer.account.handle in members

    def known_to(self, desk: Desk, logs: Logs) -> Logs:
        """Return the log whose entries a client shows."""
        return self.former.get(desk.session.log_id, logs)


def waiting_on_disk(desk: Desk) -> dict[bytes, object]:
    """Return what a client would find if it started now."""
    if not isinstance(desk, FileDesk):
        return dict(desk.file.kept)
    found: dict[bytes, object] = {}
    for file in desk.place.glob(f"*/{POSTS_FILE}"):
        found.update((post.nonce, post) for post in read_posts(file))
    return found
