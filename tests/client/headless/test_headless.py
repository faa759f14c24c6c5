import io
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatroom.client.connection.trust import KnownServers, TrustQuestion
from chatroom.client.headless.headless import Exit, Headless, Target, World
from chatroom.client.headless.output import Output
from chatroom.client.headless.sending import Sender
from chatroom.client.headless.tailing import NoOutbox, Since, Tail, TailOptions
from chatroom.client.session.ports import Waiting
from chatroom.net.address import JoinAddress
from chatroom.net.keys import ServerKey, load_or_create_server_key
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Closing,
    Follow,
    Followed,
    Following,
    HistoryPage,
    Packet,
    Post,
    Refused,
)
from support.patience import PATIENCE_S
from support.session_world import KeptMark, ListOutbox
from support.tiny_host import TinyHost, in_host, tiny_host_in_thread
from support.tiny_server import FakeSigner, TinyConnection, TinyServer


@pytest.fixture
def server() -> TinyServer:
    return TinyServer("lobby", "dev")


@pytest.fixture
def host(server: TinyServer) -> Iterator[TinyHost]:
    with tiny_host_in_thread(server) as host:
        yield host


def once_followed(host: TinyHost, action: Callable[[], object]) -> None:
    """Do something in the thread of the host as soon as somebody follows a room there."""

    def look() -> None:
        if any(connection.cursors for connection in host.server.connections):
            action()
        else:
            host.loop.call_later(0.01, look)

    in_host(host, look)


class Script:
    """A command of a script, and what it wrote."""

    def __init__(self, host: TinyHost, tmp_path: Path, *, tls: bool = False, trusts: bool = False) -> None:
        self.join = JoinAddress("127.0.0.1", host.port, tls=tls)
        self.known = KnownServers(tmp_path / "known_servers.toml")
        self.trusts = trusts
        self.asked: list[TrustQuestion] = []
        self.errors = io.StringIO()
        self.out = io.BytesIO()
        self.outbox = ListOutbox()
        self.mark = KeptMark()

    def headless(self, room: str = "lobby", timeout_s: float = PATIENCE_S, **options: object) -> Headless:
        target = Target(self.join, "alice", room, timeout_s)
        world = World(FakeSigner("alice"), self.known, self.errors, self._ask, "desk")
        outbox = options.pop("outbox", self.outbox)
        return Headless(target, world, outbox, log_mark=self.mark, **options)  # type: ignore[arg-type]

    def _ask(self, question: TrustQuestion) -> bool:
        self.asked.append(question)
        return self.trusts

    def send(self, *texts: str, room: str = "lobby", timeout_s: float = PATIENCE_S) -> Exit:
        headless = self.headless(room, timeout_s)
        return headless.run(Sender(headless, Output(self.out), texts, None))

    def send_lines(self, path: Path, timeout_s: float = PATIENCE_S) -> Exit:
        headless = self.headless(timeout_s=timeout_s)
        with path.open("rb") as source:
            return headless.run(Sender(headless, Output(self.out), [], source))

    def tail(
        self,
        room: str = "lobby",
        *,
        since: int | Since | None = None,
        limit: int | None = None,
        follows: bool = False,
        as_json: bool = False,
        timeout_s: float = PATIENCE_S,
    ) -> Exit:
        headless = self.headless(room, timeout_s, outbox=NoOutbox(), backlog=10, show_unknown=True)
        place = Since(since) if isinstance(since, int) else since
        options = TailOptions(place, limit, follows=follows, as_json=as_json)
        return headless.run(Tail(headless, Output(self.out), options))

    def lines(self) -> list[str]:
        return self.out.getvalue().decode().splitlines()

    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines()]

    def said(self) -> str:
        return self.errors.getvalue()


@pytest.fixture
def script(host: TinyHost, tmp_path: Path) -> Script:
    return Script(host, tmp_path)


# -- send -------------------------------------------------------------------------------------------------


def test_a_message_is_sent_and_its_place_printed(server: TinyServer, script: Script) -> None:
    assert script.send("hello") is Exit.DONE
    assert server.texts() == ["hello"]
    assert script.lines() == [f"lobby {server.room('lobby').head}"]
    assert script.outbox.kept == {}
    assert script.said() == ""


def test_a_public_room_is_joined_to_send_to_it(server: TinyServer, script: Script) -> None:
    assert script.send("hi", room="#dev") is Exit.DONE
    assert "alice" in server.room("dev").members
    assert script.lines() == [f"dev {server.room('dev').head}"]


def test_a_message_goes_to_a_person(server: TinyServer, script: Script) -> None:
    assert script.send("psst", room="@bob") is Exit.DONE
    assert server.texts("") == ["psst"]
    assert script.lines() == ["@bob 4"]


def test_a_room_that_does_not_exist_is_refused(script: Script) -> None:
    assert script.send("hi", room="nowhere") is Exit.REFUSED
    assert script.said() == "chatroom: nowhere: there is no such room\n"
    assert script.lines() == []


def test_a_refused_message_is_an_error(server: TinyServer, script: Script) -> None:
    server.refuse = lambda post: Refused(post.id, ErrorCode.NOT_ALLOWED, "you are muted")
    assert script.send("hi") is Exit.REFUSED
    assert script.said() == "chatroom: refused: you are muted\n"


def test_lines_are_sent_in_order_and_empty_ones_passed_over(
    server: TinyServer, script: Script, tmp_path: Path
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\r\n\n  two\t\n \xe2\x80\x8b \nthree")
    assert script.send_lines(path) is Exit.DONE
    assert server.texts() == ["one", "  two", "three"]
    assert len(script.lines()) == 3


def test_many_lines_pass_through_a_window(server: TinyServer, script: Script, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("".join(f"{number}\n" for number in range(6_000)))
    assert script.send_lines(path) is Exit.DONE
    assert server.texts() == [str(number) for number in range(6_000)]
    first = server.room("lobby").head - 6_000
    assert script.lines() == [f"lobby {first + number}" for number in range(1, 6_001)]


@pytest.mark.parametrize(
    ("bad", "words"),
    [(b"\xff\xfe", "line 2 is not UTF-8"), (b"x" * 20_000, "line 2 is longer than 16384 bytes")],
)
def test_a_bad_line_ends_the_command_after_those_before_it(
    server: TinyServer, script: Script, tmp_path: Path, bad: bytes, words: str
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"good\n" + bad + b"\nnever sent\n")
    assert script.send_lines(path) is Exit.USAGE
    assert server.texts() == ["good"]
    assert script.said() == f"chatroom: {words}\n"


def test_no_lines_are_no_error(script: Script, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"")
    assert script.send_lines(path) is Exit.DONE
    assert script.lines() == []


def test_what_a_killed_command_left_is_sent_first(server: TinyServer, script: Script) -> None:
    script.outbox.add([Waiting(b"n" * 16, 1, "left", 0, 0, "#lobby")])
    assert script.send("new") is Exit.DONE
    assert server.texts() == ["left", "new"]
    assert len(script.lines()) == 1


def test_a_cut_on_the_way_stores_everything_once(
    server: TinyServer, host: TinyHost, script: Script, tmp_path: Path
) -> None:
    path = tmp_path / "lines"
    path.write_text("".join(f"{number}\n" for number in range(2_000)))
    cuts = 0

    def cut_sometimes(post: Post) -> None:
        nonlocal cuts
        if len(server.stored) % 400 == 399 and cuts < 4:
            cuts += 1
            host.loop.call_later(0, host.cut)

    server.refuse = cut_sometimes
    assert script.send_lines(path) is Exit.DONE
    assert cuts == 4
    assert server.texts() == [str(number) for number in range(2_000)]
    assert len(script.lines()) == 2_000


def test_a_message_that_is_not_stored_in_time_waits_and_is_said(server: TinyServer, script: Script) -> None:
    server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, "disk full", 100)
    assert script.send("patience", timeout_s=1.0) is Exit.UNREACHABLE
    assert "disk full" in script.said()
    assert "1 message waits in the outbox" in script.said()
    assert [post.text for post in script.outbox.kept.values()] == ["patience"]


def test_a_local_disk_that_is_full_is_a_failure_here(script: Script) -> None:
    script.outbox.fault = "no space for the outbox"
    assert script.send("hi") is Exit.FAILED
    assert script.said() == "chatroom: no space for the outbox\n"


# -- the way there ----------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_unreachable(host: TinyHost, script: Script) -> None:
    in_host(host, host.kill)
    assert script.send("hi", timeout_s=0.5) is Exit.UNREACHABLE
    assert "refused: nothing listens there" in script.said()
    assert script.said().count("\n") == 1


def test_a_server_that_comes_back_in_time_is_waited_for(
    server: TinyServer, host: TinyHost, script: Script
) -> None:
    in_host(host, host.kill)
    in_host(host, lambda: host.loop.call_later(0.5, host.listen))
    assert script.send("hi") is Exit.DONE
    assert server.texts() == ["hi"]


def test_a_login_that_is_refused_is_said(server: TinyServer, host: TinyHost, script: Script) -> None:
    server.verify = lambda public_key, signed, message: False
    assert script.send("hi") is Exit.REFUSED
    assert script.said() == "chatroom: the server does not let alice in: bad signature\n"


def test_ctrl_c_ends_it(host: TinyHost, script: Script) -> None:
    in_host(host, host.kill)
    headless = script.headless(timeout_s=PATIENCE_S)
    headless.loop.call_later(0.1, lambda: signal.raise_signal(signal.SIGINT))
    assert headless.run(Sender(headless, Output(script.out), ["hi"], None)) is Exit.INTERRUPTED


# -- trust ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ServerKey:
    return load_or_create_server_key(tmp_path_factory.mktemp("key"), ["localhost"])


def test_an_unknown_server_nobody_vouches_for_is_refused(
    server: TinyServer, key: ServerKey, tmp_path: Path
) -> None:
    with tiny_host_in_thread(server, key) as host:
        script = Script(host, tmp_path, tls=True)
        assert script.send("hi") is Exit.NOT_TRUSTED
        assert len(script.asked) == 1
        assert f"#{key.pin}" in script.said()
        assert server.texts() == []


def test_a_server_the_user_trusts_is_used_and_remembered(
    server: TinyServer, key: ServerKey, tmp_path: Path
) -> None:
    with tiny_host_in_thread(server, key) as host:
        script = Script(host, tmp_path, tls=True, trusts=True)
        assert script.send("hi") is Exit.DONE
        assert script.send("again") is Exit.DONE
        assert len(script.asked) == 1
        assert server.texts() == ["hi", "again"]


def test_a_changed_key_is_refused_with_both_pins(server: TinyServer, key: ServerKey, tmp_path: Path) -> None:
    with tiny_host_in_thread(server, key) as host:
        script = Script(host, tmp_path, tls=True, trusts=True)
        assert script.send("hi") is Exit.DONE
    other = load_or_create_server_key(tmp_path / "other", ["localhost"])
    with tiny_host_in_thread(server, other) as host:
        (tmp_path / "known_servers.toml").write_text(
            (tmp_path / "known_servers.toml").read_text().replace(str(script.join.port), str(host.port))
        )
        script = Script(host, tmp_path, tls=True, trusts=True)
        assert script.send("again") is Exit.NOT_TRUSTED
        assert key.pin in script.said()
        assert other.pin in script.said()
        assert script.asked == []


# -- tail -------------------------------------------------------------------------------------------------


def test_tail_shows_the_last_entries_and_ends_at_the_head(server: TinyServer, script: Script) -> None:
    for number in range(30):
        server.say("bob", f"m{number}")
    assert script.tail() is Exit.DONE
    shown = script.lines()
    assert len(shown) == 10
    assert shown[-1].endswith("alice joined")
    assert [line.split("> ")[1] for line in shown[:-1]] == [f"m{number}" for number in range(21, 30)]


def test_tail_since_shows_all_after_a_seq(server: TinyServer, script: Script) -> None:
    for number in range(700):
        server.say("bob", f"m{number}")
    assert script.tail(since=0) is Exit.DONE
    assert len(script.lines()) == 702
    script.out = io.BytesIO()
    assert script.tail(since=700) is Exit.DONE
    assert [line.split(" ", 2)[2] for line in script.lines()] == ["<bob> m699", "-- alice joined"]


def test_tail_ends_after_its_limit(server: TinyServer, script: Script) -> None:
    for number in range(30):
        server.say("bob", f"m{number}")
    assert script.tail(since=5, limit=3, follows=True) is Exit.DONE
    assert [line.split("> ")[1] for line in script.lines()] == ["m4", "m5", "m6"]


def test_tail_of_an_empty_rest_ends_at_once(server: TinyServer, script: Script) -> None:
    assert script.tail() is Exit.DONE
    head = server.room("lobby").head
    script.out = io.BytesIO()
    assert script.tail(since=head) is Exit.DONE
    assert script.lines() == []


def test_tail_since_more_than_there_is_says_so(script: Script) -> None:
    assert script.tail(since=99) is Exit.REFUSED
    assert "the last entry of #lobby is 2" in script.said()


def test_tail_follows_over_a_cut_and_shows_everything_once(
    server: TinyServer, host: TinyHost, script: Script
) -> None:
    def later() -> None:
        for number in range(40):
            if number % 10 == 5:
                host.cut()
            host.say("bob", f"m{number}")

    once_followed(host, later)
    assert script.tail(since=2, limit=40, follows=True) is Exit.DONE
    assert [line.split("> ")[1] for line in script.lines()] == [f"m{number}" for number in range(40)]
    assert "offline" in script.said()
    assert "online again" in script.said()


def test_tail_that_follows_waits_for_ever_but_not_for_the_first_connection(
    host: TinyHost, script: Script
) -> None:
    once_followed(host, lambda: host.loop.call_later(1.5, lambda: host.say("bob", "late")))
    assert script.tail(since=2, limit=1, follows=True, timeout_s=1.0) is Exit.DONE
    in_host(host, host.kill)
    assert script.tail(since=2, follows=True, timeout_s=0.5) is Exit.UNREACHABLE


class LyingConnection(TinyConnection):
    """Never gives what it says there is: the lie is a gap with nothing in it, a damaged entry, or half of
    one.
    """

    lie = ""

    def send(self, packet: Packet) -> None:
        if self.lie == "gap" and isinstance(packet, Following):
            packet = Following(packet.id, [Followed(row.room, row.head, row.head) for row in packet.rooms])
        elif self.lie == "gap" and isinstance(packet, HistoryPage):
            packet = HistoryPage(packet.id, packet.room, [], more=True)
        super().send(packet)

    def feed(self) -> None:
        if self.lie in ("", "gap"):
            super().feed()
        elif self.cursors:
            frame = self.server.rooms[1].frames[0]
            self.out += frame[:30] if self.lie == "half" else frame[:-1] + b"?"
            self.cursors.clear()


class LyingServer(TinyServer):
    """`ever` are all connections there were."""

    def __init__(self, lie: str = "") -> None:
        super().__init__("lobby")
        self.lie = lie
        self.ever: list[TinyConnection] = []

    def connect(self) -> TinyConnection:
        connection = LyingConnection(self)
        connection.lie = self.lie
        self.connections.append(connection)
        self.ever.append(connection)
        return connection


@pytest.mark.parametrize(
    ("lie", "words"),
    [("gap", "history page with nothing"), ("damaged", "checksum"), ("half", "offline")],
)
def test_tail_that_does_not_follow_gives_up_on_a_server_that_never_gives_what_it_has(
    tmp_path: Path, lie: str, words: str
) -> None:
    server = LyingServer(lie)
    with tiny_host_in_thread(server) as host:

        def cut_halves() -> None:
            if lie == "half":
                host.cut()
            host.loop.call_later(0.05, cut_halves)

        in_host(host, cut_halves)
        script = Script(host, tmp_path)
        assert script.tail(since=0, timeout_s=1.0) is Exit.UNREACHABLE
        assert words in script.said()
        assert script.said().endswith("gave up after 1 s\n")
        assert host.accepted < 20


def test_send_and_tail_ask_only_for_what_they_need_however_many_direct_rooms_there_are(
    tmp_path: Path,
) -> None:
    server = LyingServer()
    for number in range(1_000):
        server.make_room("", RoomKind.DIRECT, ("alice", f"sock{number}"))
    with tiny_host_in_thread(server) as host:
        script = Script(host, tmp_path)
        assert script.send("hello") is Exit.DONE
        assert script.tail() is Exit.DONE
    asked = [[type(packet) for packet in connection.requests[1:]] for connection in server.ever]
    assert asked == [[Post], [Follow]]


def test_tail_ends_when_the_history_was_restored(server: TinyServer, host: TinyHost, script: Script) -> None:
    for number in range(5):
        server.say("bob", f"m{number}")

    def restore() -> None:
        server.log_id = b"restored".ljust(16)
        host.cut()

    once_followed(host, restore)
    assert script.tail(since=2, follows=True, as_json=True) is Exit.REFUSED
    assert script.said().count("was restored") == 1
    assert [record["seq"] for record in script.records()] == [3, 4, 5, 6, 7, 0]
    assert script.records()[-1]["log"] == server.log_id.hex()


RESTORED = b"restored".ljust(16)


@pytest.fixture
def restored(server: TinyServer, script: Script) -> Script:
    """A script that was here before the server was restored."""
    for number in range(5):
        server.say("bob", f"m{number}")
    assert script.tail(since=0, as_json=True) is Exit.DONE
    assert {record["log"] for record in script.records()} == {server.log_id.hex()}
    assert script.said() == ""
    server.log_id = RESTORED
    script.out = io.BytesIO()
    return script


def test_a_message_to_a_restored_server_is_sent_and_the_restore_is_said_once(
    server: TinyServer, restored: Script
) -> None:
    assert restored.send("hello") is Exit.DONE
    assert restored.send("again") is Exit.DONE
    assert server.texts()[-2:] == ["hello", "again"]
    assert restored.said().count("the history of this server was restored") == 1


def test_tail_without_a_seq_says_that_the_history_was_restored_and_goes_on(restored: Script) -> None:
    assert restored.tail(as_json=True) is Exit.DONE
    first, *entries = restored.records()
    assert (first["kind"], first["seq"], first["log"]) == ("restored", 0, RESTORED.hex())
    assert [record["seq"] for record in entries] == [1, 2, 3, 4, 5, 6, 7]
    assert {record["log"] for record in entries} == {RESTORED.hex()}
    assert "was restored" in restored.said()


def test_a_seq_of_before_the_restore_is_refused_where_the_restore_is_news(restored: Script) -> None:
    assert restored.tail(since=3, as_json=True) is Exit.REFUSED
    assert [record["kind"] for record in restored.records()] == ["restored"]
    assert "was restored" in restored.said()
    assert "--since 0 begins anew" in restored.said()


def test_a_seq_with_its_log_is_never_taken_for_one_of_a_restored_history(
    server: TinyServer, restored: Script
) -> None:
    assert restored.send("the restore is no news any more") is Exit.DONE
    for _ in range(2):
        restored.out, restored.errors = io.BytesIO(), io.StringIO()
        assert restored.tail(since=Since(3, bytes(16)), as_json=True) is Exit.REFUSED
        (record,) = restored.records()
        assert (record["kind"], record["seq"], record["log"]) == ("restored", 0, RESTORED.hex())
        assert "was restored" in restored.said()
    restored.out = io.BytesIO()
    assert restored.tail(since=Since(0, RESTORED), as_json=True) is Exit.DONE
    assert [record["seq"] for record in restored.records()] == list(range(1, server.room("lobby").head + 1))


def test_a_seq_of_the_restored_history_goes_on_there(server: TinyServer, restored: Script) -> None:
    head = server.room("lobby").head
    assert restored.tail(since=Since(head - 1, RESTORED), as_json=True) is Exit.DONE
    assert [record["seq"] for record in restored.records()] == [head]


def test_tail_shows_nothing_hostile(server: TinyServer, script: Script) -> None:
    server.say("bob", "red \x1b[31m\x07\u202e alert")
    assert script.tail() is Exit.DONE
    shown = script.out.getvalue().decode()
    assert "red [31m alert" in shown
    assert shown.replace("\n", "").isprintable()


def test_a_newer_connection_that_takes_over_ends_it(host: TinyHost, script: Script) -> None:
    closing = encode(Closing(ErrorCode.SUPERSEDED, "a newer connection took over"))
    once_followed(host, lambda: host.links[0].stream.send(closing))
    assert script.tail(since=0, follows=True) is Exit.REFUSED
