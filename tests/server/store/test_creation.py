"""How accounts and rooms come to be, in memory and on disk."""

import pytest

from chatroom.protocol.entries import Created, EntryKind, Joined, RoomKind, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import ROOM_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddRoom, Committed, Failed, Outcome
from chatroom.server.hub.records import AccountRecord
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story, entry_in, new_account


def code(outcome: Outcome) -> ErrorCode:
    assert isinstance(outcome, Failed), outcome
    return outcome.code


def test_accounts_are_numbered_and_loaded_with_role_and_key(story: Story) -> None:
    assert story.one(AddAccount("ana", b"a" * 32, Role.OWNER, "laptop")) == Committed(1, ())
    assert story.one(AddAccount("bob", b"b" * 32, Role.MEMBER, "phone")) == Committed(2, ())
    assert story.log.load().accounts == (
        AccountRecord(1, "ana", Role.OWNER, (b"a" * 32,)),
        AccountRecord(2, "bob", Role.MEMBER, (b"b" * 32,)),
    )


def test_a_handle_belongs_to_the_first(story: Story) -> None:
    story.account("ana")
    assert code(story.one(new_account("ana", b"x" * 32))) is ErrorCode.HANDLE_TAKEN
    assert [account.handle for account in story.log.load().accounts] == ["ana"]


@pytest.mark.parametrize("alike", ["a1ice", "al-ice", "alice_"])
def test_a_handle_that_looks_like_another_is_refused(story: Story, alike: str) -> None:
    story.account("alice")
    assert code(story.one(new_account(alike))) is ErrorCode.BAD_HANDLE


def test_a_key_belongs_to_one_account(story: Story) -> None:
    story.account("ana")
    same = new_account("ana").public_key
    assert code(story.one(new_account("eve", same))) is ErrorCode.HANDLE_TAKEN
    assert story.account("eve") == 2


def test_of_two_accounts_in_one_pass_the_first_gets_the_handle(story: Story) -> None:
    first, second, third = story.submit(new_account("ana"), new_account("ana", b"x" * 32), new_account("bob"))
    assert first == Committed(1, ())
    assert code(second) is ErrorCode.HANDLE_TAKEN
    assert third == Committed(2, ())


def test_a_room_begins_with_its_creation_and_its_members(story: Story) -> None:
    ana, bob = story.account("ana"), story.account("bob")
    outcome = story.one(AddRoom("garden", RoomKind.PRIVATE, (bob, ana)))
    assert isinstance(outcome, Committed)
    assert [logged.frame for logged in outcome.entries] == story.log.after(outcome.number, 0, 10, 10_000)
    entries = [entry_in(logged.frame) for logged in outcome.entries]
    assert [(entry.seq, entry.author, read_body(entry)) for entry in entries] == [
        (1, "bob", Created("garden", RoomKind.PRIVATE)),
        (2, "bob", Joined()),
        (3, "ana", Joined()),
    ]
    assert {entry.at for entry in entries} == {story.now_ms}
    record = story.record(outcome.number)
    assert (record.name, record.kind, record.first, record.head) == ("garden", RoomKind.PRIVATE, 1, 3)
    assert record.members == (ana, bob)


def test_a_room_of_nobody_is_made_by_the_server(story: Story) -> None:
    room = story.room("lobby")
    (entry,) = story.entries(room)
    assert (entry.author, entry.kind) == ("server", EntryKind.CREATED)
    assert story.record(room).members == ()


def test_a_room_name_belongs_to_the_first(story: Story) -> None:
    ana = story.account("ana")
    first, second = story.submit(
        AddRoom("garden", RoomKind.PUBLIC, (ana,)), AddRoom("garden", RoomKind.PRIVATE, (ana,))
    )
    assert isinstance(first, Committed)
    assert code(second) is ErrorCode.NAME_TAKEN
    assert code(story.one(AddRoom("garden", RoomKind.PUBLIC, ()))) is ErrorCode.NAME_TAKEN
    assert len(story.log.load().rooms) == 1
    assert len(story.entries(first.number)) == 2


def test_a_pair_has_one_direct_room_whoever_asks(story: Story) -> None:
    ana, bob = story.account("ana"), story.account("bob")
    first, second = story.submit(
        AddRoom("", RoomKind.DIRECT, (bob, ana)), AddRoom("", RoomKind.DIRECT, (ana, bob))
    )
    assert isinstance(first, Committed)
    assert second == Committed(first.number, ())
    assert story.one(AddRoom("", RoomKind.DIRECT, (bob, ana))) == Committed(first.number, ())
    record = story.record(first.number)
    assert (record.name, record.kind, record.members) == ("", RoomKind.DIRECT, (ana, bob))


def test_direct_rooms_of_other_pairs_are_other_rooms(story: Story) -> None:
    ana, bob, eve = (story.account(handle) for handle in ("ana", "bob", "eve"))
    rooms = {story.room("", *pair, kind=RoomKind.DIRECT) for pair in ((ana, bob), (ana, eve), (eve, bob))}
    assert len(rooms) == 3


@pytest.mark.parametrize("members", [(), (1,), (1, 2, 3)])
def test_a_direct_room_has_two_members(story: Story, members: tuple[int, ...]) -> None:
    for handle in ("ana", "bob", "eve"):
        story.account(handle)
    assert code(story.one(AddRoom("", RoomKind.DIRECT, members))) is ErrorCode.NOT_ALLOWED
    assert story.log.load().rooms == ()


def test_a_room_with_one_member_twice_is_refused(story: Story) -> None:
    ana = story.account("ana")
    assert code(story.one(AddRoom("garden", RoomKind.PUBLIC, (ana, ana)))) is ErrorCode.NOT_ALLOWED


@pytest.mark.parametrize("number", [0, 7, -1])
def test_a_room_of_somebody_unknown_is_refused(story: Story, number: int) -> None:
    ana = story.account("ana")
    outcome = story.one(AddRoom("garden", RoomKind.PUBLIC, (ana, number)))
    assert code(outcome) is ErrorCode.NO_SUCH_ACCOUNT
    assert story.room("garden", ana) == 1


def test_an_account_and_its_rooms_come_to_be_together(story: Story) -> None:
    lobby, garden = story.room("lobby"), story.room("garden")
    outcome = story.one(AddAccount("ana", b"a" * 32, Role.MEMBER, "", rooms=(garden, lobby, garden)))
    assert isinstance(outcome, Committed)
    places = [(entry.room, entry.seq, entry.author, entry.kind) for entry in outcome.entries]
    assert places == [(garden, 2, 1, EntryKind.JOINED), (lobby, 2, 1, EntryKind.JOINED)]
    assert story.entries(lobby)[-1].author == "ana"
    assert [story.record(room).members for room in (lobby, garden)] == [(1,), (1,)]


def test_an_account_that_is_to_enter_a_room_that_is_not_there_is_not_made(story: Story) -> None:
    lobby = story.room("lobby")
    outcome = story.one(AddAccount("ana", b"a" * 32, Role.MEMBER, "", rooms=(lobby, lobby + 1)))
    assert code(outcome) is ErrorCode.NO_SUCH_ROOM
    assert story.log.load().accounts == ()
    assert story.record(lobby).head == 1


def test_of_an_account_whose_rooms_cannot_be_stored_nothing_is_there(disk: Story) -> None:
    log = disk.log
    assert isinstance(log, SqliteLog)
    lobby = disk.room("lobby")
    change = AddAccount("ana", b"a" * 32, Role.MEMBER, "", rooms=(lobby,))
    log._connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT raise(ABORT, 'no space'); END"
    )
    assert isinstance(disk.one(change), Failed)
    assert log.load().accounts == ()
    assert disk.record(lobby).members == ()
    log._connection.execute("DROP TRIGGER refuse")
    assert isinstance(disk.one(change), Committed)
    assert disk.record(lobby).members == (1,)


def test_a_room_and_its_first_message_may_be_asked_for_in_one_pass(story: Story) -> None:
    story.account("ana")
    made, posted = story.submit(AddRoom("garden", RoomKind.PUBLIC, (1,)), story.message(1, 1, "first!"))
    assert isinstance(made, Committed)
    assert isinstance(posted, Committed)
    assert posted.entries[0].seq == 3


def test_there_are_no_more_rooms_than_numbers(disk: Story) -> None:
    log = disk.log
    assert isinstance(log, SqliteLog)
    log._connection.execute("INSERT INTO rooms (id, name, kind) VALUES (?, 'last', 0)", (ROOM_MAX,))
    assert code(disk.one(AddRoom("one-more", RoomKind.PUBLIC, ()))) is ErrorCode.TOO_MANY
