"""What the log stored and did not tell: the hub takes its state from the log anew, and nobody lacks it."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from itertools import count
from types import FrameType
from typing import NoReturn

import pytest

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Closing,
    CreateLink,
    Done,
    History,
    HistoryPage,
    Invite,
    Join,
    Leave,
    LinkCode,
    MarkRead,
    Moderate,
    ModerationAct,
    OpenDirect,
    Opened,
    Packet,
    Post,
    Refused,
    RevokeDevice,
    Role,
    RoomGone,
    RoomState,
    SetTopic,
    Stored,
    Welcome,
)
from chatroom.server.hub.context import RETRY_MS
from chatroom.server.hub.fold import fold
from chatroom.server.hub.ports import Failed, Logged, Outcome, StorageError
from chatroom.server.hub.records import Snapshot
from chatroom.server.hub.requests import rooms
from chatroom.server.hub.state import Room, Stage, State
from chatroom.server.store.memory import MemoryLog
from support.hub_world import Guest, World

TraceFunction = Callable[[FrameType, str, object], object]


class Silent(MemoryLog):
    """A log that says nothing of what it stored, or the wrong thing, and cannot be loaded so often."""

    is_silent = False
    is_wrong = False
    unreadable = 0

    def outcomes(self) -> list[Outcome]:
        """As `Log.outcomes`; or raise MemoryError and forget them, or say that nothing was stored."""
        outcomes = super().outcomes()
        if self.is_wrong:
            return [Failed(ErrorCode.STORAGE, "the disk reports an error")] * len(outcomes)
        if self.is_silent:
            raise MemoryError
        return outcomes

    def load(self) -> Snapshot:
        """As `Log.load`."""
        if self.unreadable:
            self.unreadable -= 1
            raise StorageError("damaged")
        return super().load()


class Raising(dict[int, Room]):
    """Rooms for the look at which memory is lacking."""

    def get(self, *_: object) -> NoReturn:
        raise MemoryError


@pytest.fixture
def log() -> Silent:
    return Silent()


@pytest.fixture
def world(log: Silent) -> World:
    return World(log, rooms=("lobby", "lab"))


@pytest.fixture
def untold(log: Silent, world: World) -> Callable[..., Guest]:
    """Have packets carried out of which the hub hears nothing; give who asked, back again."""

    def carry_out(guest: Guest, handle: str, *packets: Packet) -> Guest:
        log.is_silent = True
        guest.say_all(packets)
        with pytest.raises(MemoryError):
            world.settle()
        log.is_silent = False
        world.give_up()
        world.settle()
        back = world.guest(guest.key)
        back.login(handle)
        return back

    return carry_out


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def seqs(guest: Guest, room: int) -> list[int]:
    return [entry.seq for entry in guest.entries(room)]


@pytest.mark.parametrize("unreadable", [0, 1, 3])
def test_entries_reach_everybody_at_once_or_when_the_log_can_be_read(
    log: Silent, world: World, untold: Callable[..., Guest], unreadable: int
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.post(lobby, "one", nonce(1))
    log.unreadable = unreadable
    back = untold(ana, "ana", Post(5, lobby, nonce(2), "two"))
    world.wait(2 * unreadable)
    assert bob.texts(lobby) == ["one", "two"]
    newcomer = world.member("cara")
    back.follow(lobby)
    for guest in (bob, newcomer, back):
        guest.follow(lobby, seqs(guest, lobby)[-1])
        assert guest.texts(lobby) == ["one", "two"]
        assert seqs(guest, lobby) == list(range(1, world.hub.state.rooms[lobby].head + 1))


def test_nothing_is_stored_before_the_state_is_as_the_log_has_it(
    log: Silent, world: World, untold: Callable[..., Guest]
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    log.unreadable = 2
    untold(ana, "ana", Post(5, lobby, nonce(1), "one"))
    refused = bob.post(lobby, "two", nonce(2))[-1]
    assert isinstance(refused, Refused)
    assert (refused.code, refused.retry_ms) == (ErrorCode.STORAGE, RETRY_MS)
    world.wait(5)
    bob.post(lobby, "two", nonce(2))
    assert bob.texts(lobby) == ["one", "two"]


def test_who_was_refused_and_then_sent_the_entry_writes_on(
    log: Silent, world: World, untold: Callable[..., Guest]
) -> None:
    """What was sent again while the log could not be read came by itself: a client sends it no more."""
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    log.unreadable = 2
    back = untold(ana, "ana", Post(5, lobby, nonce(1), "one"))
    back.follow(lobby)
    assert isinstance(back.post(lobby, "one", nonce(1))[-1], Refused)
    world.wait(3)
    assert back.texts(lobby) == ["one"]
    back.post(lobby, "two", nonce(2))
    assert back.texts(lobby) == bob.texts(lobby) == ["one", "two"]


@pytest.mark.parametrize("unreadable", [0, 1])
def test_of_one_pass_a_later_outcome_alone_is_enough(log: Silent, world: World, unreadable: int) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    for number, guest in enumerate((ana, bob, ana), 1):
        guest.say(Post(number, lobby, nonce(number), f"{number}"))
    world.hub.begin_pass(world.now, world.now_ms)
    first, _, last = world.hub.commit()
    world.hub.decide(*first)
    log.unreadable = unreadable
    world.hub.decide(*last)
    world.wait(2)
    room = world.hub.state.rooms[lobby]
    assert room.sent == room.head
    for guest in (ana, bob):
        assert guest.texts(lobby) == ["1", "2", "3"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_outcome_that_cannot_be_applied_keeps_nobody_from_the_entry(world: World, place: int) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    for number, guest in enumerate((ana, bob, ana), 1):
        guest.say(Post(number, lobby, nonce(number), f"{number}"))
    world.hub.begin_pass(world.now, world.now_ms)
    decided = world.hub.commit()
    for number, (proposal, outcome) in enumerate(decided):
        if number == place:
            room = world.hub.state.rooms.pop(lobby)
            world.hub.state.rooms = Raising(world.hub.state.rooms)
            with pytest.raises(MemoryError):
                world.hub.decide(proposal, outcome)
            world.hub.state.rooms = dict(world.hub.state.rooms) | {lobby: room}
        else:
            world.hub.decide(proposal, outcome)
    world.end_pass()
    for guest in (ana, bob):
        assert guest.texts(lobby) == ["1", "2", "3"]


def settle_with(world: World, error: Callable[[], None]) -> None:
    """Let the world settle; what is decided first fails behind what it changes, and who asked is closed."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.hub._context, "say", lambda *_: error())
        patched.setattr(world.hub._context, "end_room", lambda *_: error())
        world.hub.begin_pass(world.now, world.now_ms)
        (proposal, outcome), *others = world.hub.commit()
        with pytest.raises(MemoryError):
            world.hub.decide(proposal, outcome)
    world.hub.close(proposal.peer, ErrorCode.INTERNAL, "the server made a mistake")
    for other in others:
        world.hub.decide(*other)
    world.end_pass()
    world.settle()


def want_memory() -> None:
    raise MemoryError


@pytest.mark.parametrize("act", [ModerationAct.KICK, ModerationAct.BAN])
@pytest.mark.parametrize("unreadable", [0, 1])
def test_who_could_not_be_shown_out_reads_and_writes_nothing_more(
    log: Silent, world: World, act: ModerationAct, unreadable: int
) -> None:
    ana, bob, cara = world.member("ana", role=Role.OWNER), world.member("bob"), world.member("cara")
    lobby = world.lobby(ana)
    ana.say(Moderate(5, lobby, act, "bob", 3600, ""))
    cara.say(Post(6, lobby, nonce(1), "secret"))
    log.unreadable = unreadable
    settle_with(world, want_memory)
    assert bob.peer.stage is Stage.CLOSING
    world.wait(3)
    assert cara.texts(lobby)[-1] == "secret"
    assert bob.peer.stage is Stage.CLOSING
    assert "secret" not in bob.texts(lobby)


def test_who_is_closed_is_let_in_when_it_is_known_what_he_may_read(log: Silent, world: World) -> None:
    ana, bob, cara = world.member("ana", role=Role.OWNER), world.member("bob"), world.member("cara")
    lobby = world.lobby(ana)
    ana.say(Moderate(5, lobby, ModerationAct.KICK, "bob", 3600, ""))
    cara.say(Post(6, lobby, nonce(1), "secret"))
    log.unreadable = 3
    settle_with(world, want_memory)
    for handle, invite in (("bob", ""), ("", "ABCD")):  # with any code, whose key is known is found by that
        back = world.guest(bob.key)
        told = back.login(handle, invite=invite)[-1]
        assert isinstance(told, Closing)
        assert (told.code, told.retry_ms) == (ErrorCode.STORAGE, RETRY_MS)
        assert back.peer.stage is Stage.CLOSING
    world.wait(6)
    again = world.guest(bob.key)
    again.login("", invite="ABCD")
    assert again.peer.stage is Stage.READY
    assert lobby not in again.peer.account.rooms  # type: ignore[union-attr]
    assert cara.texts(lobby)[-1] == "secret"


def test_who_cannot_be_told_why_the_connection_ends_is_sent_no_more_entries(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.hub._context, "say", lambda *_: want_memory())
        with pytest.raises(MemoryError):
            world.hub.close(bob.peer, ErrorCode.INTERNAL, "the server made a mistake")
    ana.say(Post(5, lobby, nonce(1), "secret"))
    world.settle()
    assert bob.peer in world.closed
    assert "secret" not in bob.texts(lobby)


def test_other_devices_that_could_not_be_told_are_closed(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    phone = world.guest(ana.key)
    phone.login("ana")
    phone.follow(world.lobby(ana))
    ana.say(Leave(5, world.lobby(ana)))
    settle_with(world, want_memory)
    bob.post(world.lobby(bob), "secret", nonce(1))
    assert phone.peer.stage is Stage.CLOSING
    assert "secret" not in phone.texts(world.lobby(bob))


def test_a_device_that_could_not_be_ended_is_ended(world: World) -> None:
    ana, phone = world.member("ana"), world.guest()
    link = ana.ask(CreateLink(5))[-1]
    assert isinstance(link, LinkCode)
    phone.login("", invite=link.code)
    ana.say(RevokeDevice(6, phone.public_key))
    settle_with(world, want_memory)
    assert phone.peer.stage is Stage.CLOSING


@pytest.mark.parametrize("is_invited", [False, True])
def test_who_could_not_be_told_of_a_room_comes_back(world: World, is_invited: bool) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(Invite(5, world.lobby(ana), "bob") if is_invited else OpenDirect(5, "bob"))
    if is_invited:
        bob.ask(Leave(6, world.lobby(bob)))
        ana.say(Invite(7, world.lobby(ana), "bob"))
    settle_with(world, want_memory)
    assert bob.peer.stage is Stage.CLOSING


def test_a_room_whose_head_stayed_behind_is_put_right_when_the_log_can_be_read(
    log: Silent, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.say(Post(5, lobby, nonce(1), "hello"))
    world.hub.begin_pass(world.now, world.now_ms)
    (decided,) = world.hub.commit()
    with monkeypatch.context() as patched:
        patched.setattr("chatroom.server.hub.hub.fold_posts", lambda *_: want_memory())
        with pytest.raises(MemoryError):
            world.hub.decide(*decided)
    log.unreadable = 1
    world.end_pass()
    world.wait(3)
    assert bob.texts(lobby) == ["hello"]
    stored = seqs(bob, lobby)[-1]
    assert isinstance(bob.ask(MarkRead(6, lobby, stored))[-1], Done)


@pytest.mark.parametrize("folded", [0, 1])
def test_a_new_room_that_was_folded_in_part_is_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, folded: int
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(Join(5, "den", create=True))
    left = [None] * folded

    def fold_some(state: State, room: Room, logged: Logged) -> None:
        if not left:
            room.head = logged.seq
            raise MemoryError
        left.pop()
        fold(state, room, logged)

    world.hub.begin_pass(world.now, world.now_ms)
    (decided,) = world.hub.commit()
    with monkeypatch.context() as patched:
        patched.setattr(rooms, "fold", fold_some)
        with pytest.raises(MemoryError):
            world.hub.decide(*decided)
    world.hub.close(ana.peer, ErrorCode.INTERNAL, "the server made a mistake")
    world.end_pass()
    back = world.guest(ana.key)
    back.login("ana")
    den = world.hub.state.by_name["den"]
    bob.ask(Join(6, "den"))
    for guest in (back, bob):
        guest.follow(den.number)
    bob.post(den.number, "hello", nonce(1))
    assert seqs(back, den.number) == seqs(bob, den.number) == [1, 2, 3, 4]


def test_what_was_judged_by_an_older_state_is_refused(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(SetTopic(5, world.lobby(ana), "news"))
    world.hub._lose_track()
    world.end_pass()
    assert world.hub.wait_s(world.now) == 0
    world.settle()
    refused = ana.last(Refused)
    assert isinstance(refused, Refused)
    assert (refused.id, refused.code) == (5, ErrorCode.STORAGE)
    bob.say(SetTopic(6, world.lobby(bob), "news"))
    world.hub._lose_track()
    world.end_pass()
    assert set(world.hub.give_up_proposals()) == {bob.peer}
    assert not bob.peer.awaits


def test_a_reload_that_failed_is_not_due_again_at_once(log: Silent, world: World) -> None:
    log.unreadable = 2
    world.hub._lose_track()
    world.settle()
    world.hub._lose_track()
    world.settle()
    assert log.unreadable == 1
    world.wait(2)
    assert log.unreadable == 0


def test_who_was_closed_by_a_reload_stays_when_there_is_another(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(OpenDirect(5, "bob"))
    settle_with(world, want_memory)
    back = world.guest(bob.key)
    back.login("bob")
    world.hub._lose_track()
    world.settle()
    assert back.peer.stage is Stage.READY


class Late(MemoryLog):
    """A log that answers in a later pass."""

    holds_back = False

    def outcomes(self) -> list[Outcome]:
        """As `Log.outcomes`."""
        return [] if self.holds_back else super().outcomes()


def test_an_outcome_that_comes_behind_a_reload_adds_nothing_twice() -> None:
    log = Late()
    world = World(log)
    ana, bob, dan = world.member("ana"), world.member("bob"), world.guest()
    lobby = world.lobby(ana)
    log.holds_back = True
    ana.say_all([Post(5, lobby, nonce(1), "plain"), Post(6, lobby, nonce(2), "not\nplain")])
    dan.say(dan.login_packet("dan"))
    world.settle()
    world.hub._lose_track()
    world.settle()
    dans = world.hub.state.by_handle["dan"]
    log.holds_back = False
    world.settle()
    assert world.hub.state.by_handle["dan"] is dans
    bob.post(lobby, "next", nonce(3))
    assert ana.texts(lobby) == bob.texts(lobby) == ["plain", "not\nplain", "next"]
    room = world.hub.state.rooms[lobby]
    assert (room.head, room.sent) == (seqs(bob, lobby)[-1],) * 2


@contextlib.contextmanager
def failing_at(place: int, *files: str) -> Iterator[list[str]]:
    """Let memory be lacking once, at the line of these files that is run as number `place`; give which."""
    fired: list[str] = []
    lines = count()

    def at_line(frame: FrameType, event: str, _argument: object) -> "TraceFunction":
        if event == "line" and next(lines) == place:
            fired.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
            raise MemoryError
        return at_line

    def at_call(frame: FrameType, _event: str, _argument: object) -> "TraceFunction | None":
        return at_line if frame.f_code.co_filename.endswith(files) else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        yield fired
    finally:
        sys.settrace(before)


def reload_failing_at(place: int) -> bool:
    """Let a reload fail at one place: in the end everything is as the log has it. False: it has fewer."""
    log = Silent()
    world = World(log)
    ana, bob, cara, dan = world.member("ana"), world.member("bob"), world.member("cara"), world.guest()
    lobby = world.lobby(ana)
    log.is_silent = True
    dan.say(dan.login_packet("dan"))
    ana.say_all([Post(5, lobby, nonce(1), "hello"), OpenDirect(6, "bob")])
    with pytest.raises(MemoryError):
        world.settle()
    log.is_silent = False
    with failing_at(place, "reloading.py", "state.py") as fired, contextlib.suppress(MemoryError):
        world.give_up()
    world.wait(4)
    assert cara.texts(lobby) == ["hello"], fired
    heads = {room.number: room.head for room in log.load().rooms}
    assert heads == {room.number: room.sent for room in world.hub.state.rooms.values()}, fired
    assert bob.peer.stage is Stage.CLOSING, fired
    assert frozenset({ana.peer.account.number, bob.peer.account.number}) in world.hub.state.direct, fired
    back = world.guest(dan.key)
    back.login("dan")
    assert {packet.info.name for packet in back.got(RoomState)} == {"lobby"}, fired
    return bool(fired)


def test_a_reload_may_fail_anywhere_and_is_done_again() -> None:
    assert next(place for place in count() if not reload_failing_at(place)) > 50


def test_a_new_account_that_was_not_told_is_let_in(world: World, untold: Callable[..., Guest]) -> None:
    bob = world.member("bob")
    ana = world.guest()
    back = untold(ana, "ana", ana.login_packet("ana"))
    assert back.got(Welcome)
    back.follow(world.lobby(back))
    back.post(world.lobby(back), "hello", nonce(1))
    assert bob.texts(world.lobby(bob)) == ["hello"]


def test_a_new_room_that_was_not_told_is_there(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    untold(ana, "ana", Join(5, "den", create=True))
    assert isinstance(bob.ask(Join(6, "den"))[-1], Opened)
    den = world.hub.state.by_name["den"]
    bob.follow(den.number)
    assert seqs(bob, den.number) == [1, 2, 3]
    assert [account.handle for account in den.members.values()] == ["ana", "bob"]


def test_a_direct_room_that_was_not_told_is_the_only_one(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    untold(ana, "ana", OpenDirect(5, "bob"))
    assert bob.peer.stage is Stage.CLOSING
    back = world.guest(bob.key)
    back.login("bob")
    (there,) = [packet.info.room for packet in back.got(RoomState) if packet.info.partner == "ana"]
    opened = back.ask(OpenDirect(6, "ana"))[-1]
    assert isinstance(opened, Opened)
    assert opened.info.room == there


def test_an_invitation_that_was_not_told_is_good(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.ask(Join(5, "den", create=True, kind=RoomKind.PRIVATE))
    untold(ana, "ana", Invite(6, world.hub.state.by_name["den"].number, "bob"))
    assert bob.peer.stage is Stage.CLOSING
    back = world.guest(bob.key)
    back.login("bob")
    assert "ana" in [packet.info.invited_by for packet in back.got(RoomState)]
    assert isinstance(back.ask(Join(7, "den"))[-1], Opened)


def test_a_topic_that_seemed_not_to_be_set_is_known_when_something_follows(log: Silent, world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    log.is_wrong = True
    ana.ask(SetTopic(5, lobby, "news"))
    log.is_wrong = False
    assert world.hub.state.rooms[lobby].topic == ""
    bob.post(lobby, "one", nonce(1))
    assert world.hub.state.rooms[lobby].topic == "news"


def test_a_device_that_was_taken_away_untold_is_out(world: World, untold: Callable[..., Guest]) -> None:
    ana = world.member("ana")
    link = ana.ask(CreateLink(5))[-1]
    assert isinstance(link, LinkCode)
    second = world.guest()
    back = untold(second, "ana", second.login_packet("", invite=link.code))
    assert back.got(Welcome)
    assert ana.peer.stage is Stage.CLOSING
    assert second.key is back.key
    linked_before = world.guest(second.key)
    linked_before.login("", invite=link.code)
    assert linked_before.got(Welcome)
    untold(back, "ana", RevokeDevice(6, ana.public_key))
    again = world.guest(ana.key)
    again.login("ana")
    assert again.closing().code == ErrorCode.HANDLE_TAKEN


@pytest.mark.parametrize("is_sent_again", [True, False])
def test_what_was_stored_though_it_seemed_not_is_found_by_a_repeat_or_what_follows(
    log: Silent, world: World, is_sent_again: bool
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    log.is_wrong = True
    assert isinstance(ana.post(lobby, "one", nonce(1))[-1], Refused)
    log.is_wrong = False
    if is_sent_again:
        ana.post(lobby, "one", nonce(1))
        assert ana.texts(lobby) == bob.texts(lobby) == ["one"]
    bob.post(lobby, "two", nonce(2))
    assert ana.texts(lobby) == bob.texts(lobby) == ["one", "two"]


def test_a_message_that_is_sent_again_reaches_everybody(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    back = untold(ana, "ana", Post(5, lobby, nonce(1), "hello"))
    back.follow(lobby)
    back.post(lobby, "hello", nonce(1))
    assert back.texts(lobby) == bob.texts(lobby) == ["hello"]
    stored = back.last(Stored)
    assert isinstance(stored, Stored)
    assert isinstance(bob.ask(MarkRead(9, lobby, stored.seq))[-1], Done)
    page = bob.ask(History(10, lobby))[-1]
    assert isinstance(page, HistoryPage)
    assert page.entries[-1].seq == stored.seq


@pytest.mark.parametrize("is_message", [True, False])
def test_who_joined_is_a_member_when_something_follows(
    world: World, untold: Callable[..., Guest], is_message: bool
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.ask(Join(5, "den", create=True))
    den = world.hub.state.by_name["den"].number
    back = untold(bob, "bob", Join(6, "den"))
    ana.follow(den)
    ana.ask(Post(7, den, nonce(1), "welcome") if is_message else SetTopic(7, den, "welcome"))
    assert isinstance(back.ask(Join(8, "den"))[-1], Opened)
    back.follow(den)
    assert back.texts(den) == ["welcome"]


@pytest.mark.parametrize("act", [ModerationAct.KICK, ModerationAct.BAN])
def test_who_was_kicked_or_banned_reads_nothing_that_follows(
    world: World, untold: Callable[..., Guest], act: ModerationAct
) -> None:
    ana, bob = world.member("ana", role=Role.OWNER), world.member("bob")
    lobby = world.lobby(ana)
    back = untold(ana, "ana", Moderate(5, lobby, act, "bob", 0, ""))
    back.post(lobby, "secret", nonce(1))
    assert bob.peer.stage is Stage.CLOSING
    assert "secret" not in bob.texts(lobby)


def test_who_is_still_sent_the_end_of_a_room_gets_it(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 0
    ana.post(lobby, "the last he sees", nonce(1))
    bob.ask(Leave(5, lobby))
    back = untold(ana, "ana", Post(6, lobby, nonce(2), "untold"))
    back.post(lobby, "next", nonce(3))
    bob.drain()
    assert bob.texts(lobby) == ["the last he sees"]
    assert bob.got(RoomGone)
    assert bob.peer.stage is Stage.READY
