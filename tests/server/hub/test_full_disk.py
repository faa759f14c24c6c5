"""A disk that is full: nothing is relayed that is not stored, nobody is cut off, and order is kept."""

from pathlib import Path

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing, History, HistoryPage, Post, Refused, RoomState, Welcome
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.hub_world import Guest, World


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def fill_disk(log: SqliteLog) -> None:
    """Let the database grow by twenty pages and no further."""
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count = {pages + 20}")


def free_disk(log: SqliteLog) -> None:
    log._connection.execute("PRAGMA max_page_count = 1000000000")


def post_until_refused(guest: Guest, lobby: int) -> int:
    """Post long messages until one is refused; return its number."""
    for number in range(1, 500):
        guest.post(lobby, f"{number} " + "x" * 4_000, nonce(number))
        if guest.got(Refused):
            return number
    raise AssertionError("the disk does not get full")


def test_what_cannot_be_stored_is_refused_and_shown_to_nobody(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "chatroom.db")
    world = World(log)
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    fill_disk(log)
    refused_number = post_until_refused(ana, lobby)
    refused = ana.last(Refused)
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.STORAGE
    assert refused.retry_ms > 0
    assert [text.split()[0] for text in bob.texts(lobby)] == [str(n) for n in range(1, refused_number)]
    page = bob.ask(History(9, lobby))[-1]
    assert isinstance(page, HistoryPage)
    assert page.entries, "history works all the same"
    assert not ana.got(Closing)
    assert not bob.got(Closing)
    log.close()


def test_a_later_message_does_not_overtake_one_that_waits_to_be_stored(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "chatroom.db")
    world = World(log)
    ana = world.member("ana")
    lobby = world.lobby(ana)
    fill_disk(log)
    waiting = post_until_refused(ana, lobby)
    free_disk(log)
    ana.post(lobby, "short and late", nonce(1_000))
    assert "short and late" not in ana.texts(lobby)
    ana.say(Post(1, lobby, nonce(waiting), f"{waiting} " + "x" * 4_000))
    ana.say(Post(2, lobby, nonce(1_000), "short and late"))
    world.settle()
    assert [text.split()[0] for text in ana.texts(lobby)[-2:]] == [str(waiting), "short"]
    log.close()


def test_a_disk_that_cannot_be_read_keeps_nobody_out() -> None:
    log = MemoryLog()
    world = World(log)
    ana = world.member("ana")
    ana.hang_up()
    log.fault = "the disk cannot be read"
    back = world.guest(ana.key)
    back.login("ana")
    assert back.got(Welcome)
    state = back.last(RoomState)
    assert isinstance(state, RoomState)
    assert state.info.unread == 0


def test_a_first_login_that_cannot_be_stored_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "chatroom.db")
    world = World(log)
    ana = world.guest()
    log._connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT raise(ABORT, 'no space'); END"
    )
    ana.login("ana")
    closing = ana.closing()
    log._connection.execute("DROP TRIGGER refuse")
    assert closing.code in (ErrorCode.STORAGE, ErrorCode.INTERNAL)
    assert not ana.got(Welcome)
    assert world.hub.state.accounts == {}
    assert log.load().accounts == ()
    again = world.guest(ana.key)
    again.login("ana")
    welcome = again.last(Welcome)
    assert isinstance(welcome, Welcome)
    assert (welcome.is_new, welcome.room_count) == (True, 1)
    log.close()


def test_while_the_disk_refuses_nobody_new_comes_in(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "chatroom.db")
    world = World(log)
    log._connection.execute("PRAGMA query_only = ON")
    ana = world.guest()
    ana.login("ana")
    assert ana.closing().code == ErrorCode.STORAGE
    assert world.hub.state.accounts == {}
    log.close()


def test_a_server_that_dies_right_after_a_first_login_has_the_account_in_its_rooms() -> None:
    log = MemoryLog()
    world = World(log, rooms=("lobby", "lab"))
    ana = world.guest()
    ana.say(ana.login_packet("ana"))
    world.hub.begin_pass(world.now, world.now_ms)
    world.hub.commit()
    back = World(log).guest(ana.key)
    back.login("ana")
    assert len(back.got(RoomState)) == 2
