"""The server as a process: how it starts and stops, and what hostile and slow peers can do to it."""

import contextlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.net.tls import client_context
from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import HEADER, encode_frame
from chatroom.protocol.packets import (
    Closing,
    Cursor,
    Follow,
    History,
    HistoryPage,
    ListMembers,
    ListRooms,
    MemberList,
    Ping,
    Pong,
    Post,
    Presence,
    PresenceChanged,
    PresenceOf,
    Search,
    ServerPacket,
    Stored,
)
from support.patience import PATIENCE_S
from support.raw_client import Ended, RawClient, raw_client
from support.server_process import ServerProcess, running_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as server:
        yield server


def run_server(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chatroom.cli.server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


# -- starting and stopping --------------------------------------------------------------------------------


def test_it_says_where_it_listens_what_it_keeps_and_how_to_join(server: ServerProcess) -> None:
    assert server.output == [
        f"listening 127.0.0.1:{server.port}",
        f"data {server.data_dir}",
        f"join tcp://127.0.0.1:{server.port}",
    ]


def test_messages_are_there_after_a_restart(server: ServerProcess) -> None:
    with raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        ana.post(lobby, "remember me")
        stored = ana.wait_for_text("remember me")
    server.kill()
    server.start()
    with raw_client(server.port) as bob:
        bob.enter("bob", follow=False)
        bob.send(Follow(9, [Cursor(lobby, 0)]))
        assert bob.wait_for_text("remember me") == stored


def test_a_stopping_server_tells_its_clients_and_exits_with_zero(server: ServerProcess) -> None:
    with raw_client(server.port) as ana, raw_client(server.port) as stranger:
        ana.enter("ana")
        assert server.stop() == 0
        for client in (ana, stranger):
            closing = client.wait_for(Closing)
            assert isinstance(closing, Closing)
            assert closing.code == ErrorCode.SHUTDOWN
            assert closing.retry_ms > 0


def test_a_reader_that_takes_nothing_does_not_hold_up_the_stop(server: ServerProcess) -> None:
    with raw_client(server.port) as ana, raw_client(server.port) as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lobby = ana.enter("ana")
        slow.enter("slow")
        for number in range(100):
            ana.post(lobby, f"{number} " + "x" * 16_000)
            if number % 20 == 0:
                ana.wait_for_text(f"{number} " + "x" * 16_000)
        assert server.stop() == 0


def test_two_servers_on_one_data_directory_the_second_refuses(server: ServerProcess) -> None:
    second = run_server("--no-tls", "--port", "0", "--host", "127.0.0.1", "--data-dir", str(server.data_dir))
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.count("\n") == 1
    assert str(server.data_dir) in second.stderr


def test_a_port_in_use_is_one_clear_line(server: ServerProcess, tmp_path: Path) -> None:
    other = run_server(
        "--no-tls", "--port", str(server.port), "--host", "127.0.0.1", "--data-dir", str(tmp_path / "other")
    )
    assert (other.returncode, other.stdout, other.stderr.count("\n")) == (1, "", 1)
    assert str(server.port) in other.stderr
    assert not (tmp_path / "other").exists(), "nothing is made where the server cannot start"


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_data_directory_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    result = run_server("--no-tls", "--port", "0", "--data-dir", str(file))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert str(file) in result.stderr
    assert file.read_text() == "not a directory"


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_database_that_is_none_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "chatroom.db"
    database.write_bytes(content)
    result = run_server("--no-tls", "--port", "0", "--data-dir", str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert str(database) in result.stderr
    assert database.read_bytes() == content


def test_a_wrong_setting_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text("[limits]\npost_brust = 3\n")
    result = run_server("-c", str(config))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    for part in ("server.toml", "2", "post_brust", "post_burst"):
        assert part in result.stderr


@pytest.mark.parametrize(
    ("text", "name"),
    [('[rooms]\nlist = ["lab", "Bad Name"]', "Bad Name"), ('[access]\nreserved = ["a b"]', "a b")],
)
def test_names_in_the_settings_that_can_never_be_are_one_line(tmp_path: Path, text: str, name: str) -> None:
    config = tmp_path / "server.toml"
    config.write_text(text)
    result = run_server("-c", str(config), "--data-dir", str(tmp_path / "data"))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "server.toml:2: " in result.stderr
    assert name in result.stderr


# -- bytes of all kinds -----------------------------------------------------------------------------------


def header(length: int, packet_type: int = 1, flags: int = 0, checksum: int = 0) -> bytes:
    return HEADER.pack(length, packet_type, flags, checksum)


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        bytes(100_000),
        header(0xFFFFFFFF),
        header(4097),
        header(4, flags=1) + b"abcd",
        header(4, checksum=1) + b"abcd",
        encode_frame(0x0001, b"\xc1\xc1"),
        encode_frame(0x0001, b"\x91" * 2000),
        encode_frame(0x4001, b"\x90"),
        encode(ListRooms(1)),
    ],
    ids=[
        "http",
        "ssh",
        "tls",
        "zeros",
        "huge",
        "over",
        "flags",
        "crc",
        "junk",
        "nested",
        "direction",
        "early",
    ],
)
def test_junk_is_answered_with_an_error_and_harms_nobody(server: ServerProcess, junk: bytes) -> None:
    with raw_client(server.port) as ana, raw_client(server.port) as hostile:
        lobby = ana.enter("ana")
        hostile.socket.sendall(junk)
        closing = hostile.wait_for(Closing)
        assert isinstance(closing, Closing)
        assert 100 <= closing.code < 200
        with pytest.raises(Ended):
            hostile.wait_for(Pong)
        ana.post(lobby, "still here")
        ana.wait_for_text("still here")
    assert "Traceback" not in server.log()
    assert len(server.log().splitlines()) <= 4


def test_a_frame_cut_off_by_the_end_is_not_carried_out(server: ServerProcess) -> None:
    with raw_client(server.port) as ana, raw_client(server.port) as bob:
        lobby = ana.enter("ana")
        bob.enter("bob")
        frame = encode(Post(9, lobby, bytes(16), "never complete"))
        bob.socket.sendall(frame[:-1])
        bob.close()
        ana.post(lobby, "afterwards")
        ana.wait_for_text("afterwards")
        assert "never complete" not in ana.texts()


def test_one_byte_at_a_time_is_as_good_as_all_at_once(server: ServerProcess) -> None:
    with raw_client(server.port) as ana:
        ana.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lobby = ana.enter("ana")
        for byte in encode(Post(9, lobby, bytes(16), "drop by drop")):
            ana.socket.sendall(bytes([byte]))
        ana.wait_for_text("drop by drop")


ROOMY = {"limits": {"posts_per_s": 100_000.0, "post_burst": 100_000}}


def read_to_the_end(client: RawClient) -> None:
    with contextlib.suppress(Ended):
        while True:
            client.read_more()


def count(client: RawClient, kind: type[ServerPacket]) -> int:
    return sum(isinstance(packet, kind) for packet in client.received)


@pytest.mark.parametrize("tls", [False, True])
def test_requests_sent_before_half_closing_are_still_answered(tmp_path: Path, *, tls: bool) -> None:
    with running_server(tmp_path, ROOMY, tls=tls) as server, raw_client(server.port, tls=tls) as ana:
        lobby = ana.enter("ana")
        for number in range(60):
            ana.post(lobby, f"{number} " + "x" * 8_000)
        ana.wait_for_text("59 " + "x" * 8_000)
        for handle, request, answer in (
            ("pat", Ping, Pong),
            ("mona", lambda number: ListMembers(number, lobby), MemberList),
            ("hilda", lambda number: History(number, lobby), HistoryPage),
        ):
            with raw_client(server.port, tls=tls) as client:
                client.enter(handle, follow=False)
                client.socket.sendall(b"".join(encode(request(1_000 + number)) for number in range(40)))
                client.end_output()
                read_to_the_end(client)
                assert count(client, answer) == 40


def test_posts_beyond_the_burst_are_acknowledged_after_half_closing(tmp_path: Path) -> None:
    settings = {"limits": {"posts_per_s": 100.0, "post_burst": 50}}
    with running_server(tmp_path, settings) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana", follow=False)
        for number in range(120):
            ana.post(lobby, f"m{number}")
        ana.end_output()
        read_to_the_end(ana)
        assert count(ana, Stored) == 120


def test_who_follows_and_half_closes_gets_what_there_is_and_is_let_go(tmp_path: Path) -> None:
    with running_server(tmp_path, ROOMY) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        expected = [f"{number} " + "x" * 8_000 for number in range(100)]
        for text in expected:
            ana.post(lobby, text)
        ana.wait_for_text(expected[-1])
        with raw_client(server.port) as bob:
            bob.enter("bob", follow=False)
            bob.send(Follow(9, [Cursor(lobby, 0)]))
            bob.end_output()
            read_to_the_end(bob)
            assert bob.texts() == expected


def hears_of(client: RawClient, handle: str, presence: Presence) -> None:
    def tells(packet: ServerPacket) -> bool:
        return isinstance(packet, PresenceChanged) and PresenceOf(handle, presence) in packet.changes

    client.wait_for(tells)


def test_who_leaves_without_a_word_is_gone_at_once(server: ServerProcess) -> None:
    with raw_client(server.port) as ana:
        ana.enter("ana")
        with raw_client(server.port) as bob:
            bob.enter("bob")
            hears_of(ana, "bob", Presence.ONLINE)
        hears_of(ana, "bob", Presence.OFFLINE)


def test_a_connection_that_resets_harms_nobody(server: ServerProcess) -> None:
    with raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        for _ in range(20):
            hostile = RawClient(server.port)
            hostile.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            hostile.close()
        ana.post(lobby, "still here")
        ana.wait_for_text("still here")
    assert "Traceback" not in server.log()


# -- floods and slow readers ------------------------------------------------------------------------------


def test_a_flooder_is_slowed_down_and_loses_nothing(tmp_path: Path) -> None:
    settings = {"limits": {"posts_per_s": 200.0, "post_burst": 100}}
    with running_server(tmp_path, settings) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        started = time.monotonic()
        expected = [f"flood {number}" for number in range(400)]
        for text in expected:
            ana.post(lobby, text)
        ana.wait_for_text(expected[-1])
        took_s = time.monotonic() - started
        assert ana.texts() == expected
        assert took_s > 1.0, "300 messages beyond the burst at 200 a second"


def client_hello() -> bytes:
    """The first message of a handshake."""
    outgoing = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def test_many_handshakes_at_once_delay_nobody(tmp_path: Path) -> None:
    hello = client_hello()
    with running_server(tmp_path, tls=True) as host, raw_client(host.port, tls=True) as ana:
        lobby = ana.enter("ana")
        strangers = [socket.create_connection(("127.0.0.1", host.port)) for _ in range(800)]
        try:
            time.sleep(0.5)  # all of them are accepted
            for stranger in strangers:
                stranger.send(hello)
            waits = []
            for number in range(10):
                started = host.fair_s()
                ana.post(lobby, f"calm {number}")
                ana.wait_for_text(f"calm {number}")
                waits.append(host.fair_s() - started)
            assert max(waits) < 0.1, "each takes 0.7 ms"
            for stranger in strangers:
                stranger.settimeout(PATIENCE_S)
                assert stranger.recv(1), "every one is answered in the end"
        finally:
            for stranger in strangers:
                stranger.close()


def test_a_reader_that_stops_delays_nobody_and_catches_up(tmp_path: Path) -> None:
    settings = {"limits": {"posts_per_s": 100_000.0, "post_burst": 100_000}}
    with (
        running_server(tmp_path, settings) as server,
        raw_client(server.port) as ana,
        raw_client(server.port) as slow,
    ):
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        lobby = ana.enter("ana")
        slow.enter("slow")
        expected = [f"{number} " + "x" * 8_000 for number in range(1_500)]
        for text in expected:
            ana.post(lobby, text)
            ana.wait_for_text(text)
        slow.wait_for_text(expected[-1])
        assert slow.texts() == expected


def test_who_asks_for_much_and_reads_nothing_holds_nobody_up(server: ServerProcess) -> None:
    with raw_client(server.port) as ana, raw_client(server.port) as greedy:
        lobby = ana.enter("ana")
        for number in range(100):
            ana.post(lobby, f"{number} " + "x" * 8_000)
        ana.wait_for_text("99 " + "x" * 8_000)
        greedy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.enter("greedy", follow=False)
        greedy.socket.sendall(b"".join(encode(History(number, lobby)) for number in range(150)))
        greedy.socket.sendall(b"".join(encode(Search(number, "x y z")) for number in range(20)))
        waits = []
        for number in range(20):
            started = server.fair_s()
            ana.post(lobby, f"calm {number}")
            ana.wait_for_text(f"calm {number}")
            waits.append(server.fair_s() - started)
        assert sorted(waits)[-2] < 0.1
        status = Path(f"/proc/{server.pid}/status")
        if status.exists():
            peak_kib = int(status.read_text().split("VmHWM:")[1].split()[0])
            assert peak_kib < 120_000
