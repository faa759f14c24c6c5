"""An older log in the place of the log is said, by server and client, however it came there; a crash is not.

The worst case each time: the older log has grown beyond what a client knows before the client is back, so
that no seq looks wrong and only the log's id can tell.
"""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.headless.headless import Exit
from chatroom.client.session.events import Restored
from chatroom.client.session.ports import Waiting
from chatroom.config.paths import ClientPaths
from chatroom.net.address import parse
from chatroom.protocol.packets import Hello
from chatroom.server.sealing import SEAL, Sealing, read_seal, write_seal
from chatroom.server.store.copies import back_up, restore
from chatroom.server.store.sqlite import SqliteLog
from support.hub_server import HubServer
from support.patience import PATIENCE_S, wait_until
from support.raw_client import Ended, raw_client
from support.server_process import ServerProcess, running_server
from support.session_world import Desk

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the server is killed by SIGKILL")

KILLS = 20
NO_LIMITS = {"limits": {"posts_per_s": 100_000, "post_burst": 100_000}}

SEALS_OFTEN = "from chatroom.server import sealing; sealing.EVERY_S = 0.02"


# -- sessions on the real hub and the real log -------------------------------------------------------------


class SealedServer(HubServer):
    """A hub on a log in a file with its seal; `put_back` is what an operator does while it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "chatroom.db"
        super().__init__(self.open)

    def open(self) -> SqliteLog:
        log = SqliteLog(self.path)
        self.sealing = Sealing(log, self.path.with_name(SEAL))
        self.sealing.begin()
        return log

    def stop(self) -> None:
        self.flush()
        self.sealing.stop()
        self.links.clear()
        self.log.close()

    def again(self) -> None:
        self._start()


def by_command(server: SealedServer, backup: Path) -> None:
    restored = restore(backup, server.path, "kept.db")
    write_seal(server.path.with_name(SEAL), restored.standing)


def by_hand(server: SealedServer, backup: Path) -> None:
    shutil.copy(backup, server.path)


def on_a_new_machine(server: SealedServer, backup: Path) -> None:
    server.path.with_name(SEAL).unlink()
    shutil.copy(backup, server.path)


@pytest.mark.parametrize("put_back", [by_command, by_hand, on_a_new_machine])
def test_a_client_says_it_and_fetches_anew_what_stands_under_seqs_it_knew(
    tmp_path: Path, put_back: Callable[[SealedServer, Path], None]
) -> None:
    server = SealedServer(tmp_path)
    alice, bob = Desk(server, "alice").online(), Desk(server, "bob").online()
    alice.post("both have this")
    alice.settle()
    bob.settle()
    back_up(server.path, tmp_path / "backup.db")
    for number in range(5):
        alice.post(f"lost {number}")
    alice.settle()
    bob.settle()
    known = bob.seqs()
    bob.drop()
    alice.drop()
    server.stop()
    put_back(server, tmp_path / "backup.db")
    server.again()
    alice.start()  # another process, which knows nothing of the former log
    alice.online()
    for number in range(9):
        alice.post(f"new {number}")
    alice.settle()
    bob.forget_events()
    bob.online()
    assert ["restored" in notice.text for notice in bob.got(Restored)] == [True]
    assert bob.texts() == ["both have this", *(f"new {number}" for number in range(9))]
    assert bob.seqs()[-1] == alice.seqs()[-1]
    assert bob.seqs()[-1] > known[-1], "the older log has not grown beyond what was known: nothing is proved"
    server.stop()


# -- processes ---------------------------------------------------------------------------------------------


class Person:
    """Somebody who runs commands against the server."""

    def __init__(self, directory: Path, server: ServerProcess, handle: str) -> None:
        self.directory, self.server, self.handle = directory / handle, server, handle

    def command(self, name: str, *arguments: str) -> list[str]:
        places = ["--data-dir", str(self.directory), "--config", str(self.directory / "client.toml")]
        who = ["--to", self.server.join, "--handle", self.handle]
        return [sys.executable, "-m", "chatroom.cli.client", name, *places, *who, *arguments]

    def run(self, name: str, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(name, *arguments),
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def leave_in_the_outbox(self, text: str) -> None:
        """As a program does that is killed before the server has answered."""
        paths = ClientPaths(self.directory / "client.toml", self.directory)
        outbox = DiskOutbox.open(paths, self.handle, parse(self.server.join))
        outbox.add([Waiting(os.urandom(16), 1, text, 0, 0, "#lobby")])
        outbox.close()

    def send(self, *lines: str) -> None:
        done = self.run("send", "--lines", "lobby", given="\n".join(lines))
        assert done.returncode == Exit.DONE, done.stderr


def upkeep(server: ServerProcess, *arguments: str) -> str:
    command = [sys.executable, "-m", "chatroom.cli.server", *arguments, "--data-dir", str(server.data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def sealed_entries(server: ServerProcess) -> int:
    seal = read_seal(server.data_dir / SEAL)
    return 0 if seal is None else seal.entries


@pytest.mark.parametrize("way", ["restored", "backup put back by hand", "files put back by hand"])
def test_a_tail_that_follows_ends_and_says_why(tmp_path: Path, way: str) -> None:
    """The server is killed right before. A backup tells by itself; of copied files the seal tells, once it
    was written.
    """
    backup = tmp_path / "backup.db"
    server = ServerProcess(tmp_path, NO_LIMITS, altered=SEALS_OFTEN)
    server.start()
    try:
        ann, bob = Person(tmp_path, server, "ann"), Person(tmp_path, server, "bob")
        ann.send("first")
        if way.startswith("files"):
            files = {file: file.read_bytes() for file in server.data_dir.glob("chatroom.db*")}
        else:
            upkeep(server, "backup", str(backup))
            files = {server.data_dir / "chatroom.db": backup.read_bytes()}
        command = bob.command("tail", "lobby", "--since", "0")
        tail = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert tail.stdout is not None
        ann.send(*(f"lost {number}" for number in range(20)))
        while "lost 19" not in tail.stdout.readline():
            assert tail.poll() is None
        if way.startswith("files"):
            wait_until(lambda: sealed_entries(server) > 20)
        server.kill()
        if way == "restored":
            assert "with a new log id" in upkeep(server, "restore", str(backup))
        else:
            for file in server.data_dir.glob("chatroom.db*"):
                file.unlink()
            for file, data in files.items():
                file.write_bytes(data)
        server.start()
        ann.send(*(f"new {number}" for number in range(40)))
        _, errors = tail.communicate(timeout=PATIENCE_S)
        assert tail.returncode == Exit.REFUSED
        assert "restored" in errors
        assert server.log().count("older copy") == (way != "restored")
        server.stop()
        assert "no fault" in upkeep(server, "check")
    finally:
        server.kill()


def test_programs_that_start_after_a_restore_say_it_and_send_what_waits(tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    server = ServerProcess(tmp_path, NO_LIMITS)
    server.start()
    try:
        ann = Person(tmp_path, server, "ann")
        ann.send("first")
        upkeep(server, "backup", str(backup))
        ann.send("second")
        before = ann.run("tail", "lobby", "--json", "--no-follow")
        last = json.loads(before.stdout.splitlines()[-1])
        assert (last["text"], before.stderr) == ("second", "")
        server.stop()
        ann.leave_in_the_outbox("waits")
        upkeep(server, "restore", str(backup))
        server.start()
        sent = ann.run("send", "lobby", "third")
        assert sent.returncode == Exit.DONE
        assert "the history of this server was restored" in sent.stderr
        assert "1 message that was not stored is sent again" in sent.stderr
        refused = ann.run("tail", "lobby", "--json", "--since", str(last["seq"]))
        assert (refused.returncode, json.loads(refused.stdout)["kind"]) == (Exit.REFUSED, "restored")
        assert "the history of this server was restored" in refused.stderr
        refused = ann.run("tail", "lobby", "--json", "--since", f"{last['log']}:{last['seq']}")
        assert refused.returncode == Exit.REFUSED
        fresh = json.loads(refused.stdout)
        again = ann.run("tail", "lobby", "--no-follow", "--since", f"{fresh['log']}:{fresh['seq']}")
        assert (again.returncode, again.stderr) == (Exit.DONE, "")
        texts = [line.partition("<ann> ")[2] for line in again.stdout.splitlines()]
        assert [text for text in texts if text] == ["first", "waits", "third"]
    finally:
        server.kill()


def test_a_backup_beside_a_running_server_is_the_log_and_is_not_felt(tmp_path: Path) -> None:
    with running_server(tmp_path, NO_LIMITS) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        command = [sys.executable, "-m", "chatroom.cli.server", "backup", str(tmp_path / "backup.db")]
        command += ["--data-dir", str(server.data_dir)]
        backup = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        count = 0
        while backup.poll() is None:
            ana.post(lobby, f"beside {count}")
            ana.wait_for_text(f"beside {count}")
            count += 1
        assert backup.wait() == 0
        assert backup.communicate()[0].endswith(" entries\n")
        ana.post(lobby, "after it")
        ana.wait_for_text("after it")
        assert "no fault" in upkeep(server, "check", str(tmp_path / "backup.db"))
        assert (server.data_dir / "chatroom.db-wal").exists()
        assert server.log() == ""


def log_id_seen(server: ServerProcess, chance: random.Random) -> bytes:
    """Return the id that a client is shown, who then posts until the server is killed under it."""
    with raw_client(server.port) as ana, contextlib.suppress(Ended):
        lobby = ana.enter(f"ana{chance.randrange(10**6)}")
        for number in range(chance.randrange(1, 80)):
            ana.post(lobby, f"message {number}")
            if number % 3 == 0:
                ana.wait_for_text(f"message {number}")
        server.kill()
    (hello,) = [packet for packet in ana.received if isinstance(packet, Hello)]
    return hello.log_id


def test_a_server_killed_again_and_again_raises_no_alarm(tmp_path: Path) -> None:
    """The seal is written fifty times a second, so that kills fall before, into and after it."""
    chance = random.Random(8)
    server = ServerProcess(tmp_path, NO_LIMITS, altered=SEALS_OFTEN)
    try:
        ids = set()
        for _ in range(KILLS):
            server.start()
            ids.add(log_id_seen(server, chance))
        server.start()
        assert server.stop() == 0
        assert len(ids) == 1
        assert "older copy" not in server.log()
        assert f"starts = {KILLS + 1}\n" in (server.data_dir / SEAL).read_text()
        assert "no fault" in upkeep(server, "check")
    finally:
        server.kill()
