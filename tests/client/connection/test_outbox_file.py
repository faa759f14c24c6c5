import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.connection import outbox_file
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.session.ports import OutboxError, Waiting
from chatroom.config.paths import client_paths
from chatroom.net.address import parse

if sys.platform != "win32":
    import resource

posix_only = pytest.mark.skipif(os.name != "posix", reason="uses what only POSIX has")


def post(number: int, text: str = "") -> Waiting:
    return Waiting(number.to_bytes(16, "big"), 1, text or f"text {number}", 0, 5, "#lobby")


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


class Place:
    """A directory of outboxes, and the processes that use them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.opened: list[DiskOutbox] = []

    def process(self) -> DiskOutbox:
        """A new process; it has not looked at the others' outboxes yet."""
        outbox = DiskOutbox(self.directory)
        self.opened.append(outbox)
        return outbox

    def die(self, outbox: DiskOutbox) -> None:
        """The process is killed: its lock goes, its file stays as it is."""
        if outbox._lock is not None:
            outbox._lock.release()
            outbox._lock = None
        if outbox._file is not None:
            outbox._file.close()
            outbox._file = None

    def files(self) -> list[Path]:
        return sorted(self.directory.glob("*/posts"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "outbox")
    yield place
    for outbox in place.opened:
        place.die(outbox)


def left_by_killed(place: Place, *posts: Waiting) -> Path:
    outbox = place.process()
    outbox.add(posts)
    place.die(outbox)
    return place.files()[-1]


def test_nothing_is_made_before_the_first_post(place: Place) -> None:
    outbox = place.process()
    assert outbox.load() == []
    outbox.remove([nonce(1)])
    outbox.close()
    assert not place.directory.exists()


def test_the_next_process_gets_what_a_killed_one_left(place: Place) -> None:
    first = place.process()
    first.add([post(1), post(2, 'umlauts ü, "quotes"\nand \u2603')])
    first.add([post(3)])
    first.remove([nonce(1)])
    place.die(first)
    second = place.process()
    assert second.load() == [post(2, 'umlauts ü, "quotes"\nand \u2603'), post(3)]
    assert len(place.files()) == 1  # the old file is gone, its posts are in the new one
    place.die(second)
    assert place.process().load() == [post(2, 'umlauts ü, "quotes"\nand \u2603'), post(3)]


def test_a_process_that_lives_keeps_its_posts_to_itself(place: Place) -> None:
    first = place.process()
    first.add([post(1)])
    second = place.process()
    assert second.load() == []
    second.add([post(2)])
    first.remove([nonce(1)])
    first.close()
    place.die(second)
    assert place.process().load() == [post(2)]


def test_several_killed_processes_leave_their_posts_in_the_order_of_time(place: Place) -> None:
    late = place.process()
    late.add([post(50), post(51)])
    early = place.process()
    early.add([post(7), post(60)])
    place.die(late)
    place.die(early)
    assert place.process().load() == [post(7), post(60), post(50), post(51)]


def test_a_process_killed_while_taking_over_loses_nothing_and_doubles_nothing(place: Place) -> None:
    left_by_killed(place, post(1), post(2))
    copy = place.process()
    copy.add([post(1), post(2)])  # taken over, and the old file not deleted yet
    place.die(copy)
    assert place.process().load() == [post(1), post(2)]


def test_a_closed_outbox_in_which_nothing_waits_leaves_nothing_behind(place: Place) -> None:
    outbox = place.process()
    outbox.add([post(1)])
    outbox.remove([nonce(1)])
    outbox.close()
    assert [path.name for path in place.directory.iterdir()] == ["lock"]


def test_a_closed_outbox_in_which_something_waits_is_there_for_the_next(place: Place) -> None:
    outbox = place.process()
    outbox.add([post(1)])
    outbox.close()
    assert place.process().load() == [post(1)]


def test_a_torn_end_is_ignored(place: Place) -> None:
    path = left_by_killed(place, post(1), post(2))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert place.process().load() == [post(1)]


@given(cut=st.integers(0, 400), junk=st.binary(max_size=20))
def test_any_torn_end_leaves_the_posts_before_it(cut: int, junk: bytes) -> None:
    posts = [post(1), post(2), post(3)]
    records = [outbox_file._record(outbox_file._fields(one)) for one in posts]
    data = b"".join(records)[:cut]
    path = Path(tempfile.gettempdir()) / f"outbox-test-{os.getpid()}"
    try:
        path.write_bytes(data + junk)
        found = outbox_file._read(path)
    finally:
        path.unlink()
    whole = sum(1 for count in range(1, 4) if len(b"".join(records[:count])) <= len(data))
    assert found[:whole] == posts[:whole]
    assert found in (posts[:whole], posts[: whole + 1])  # junk may happen to be the newline that was cut off


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stored": 7},
        {"stored": "xyz"},
        {"nonce": "00", "room": 1, "title": "", "manner": 0, "at": 0, "text": "x"},
        {"nonce": "00" * 16, "room": "1", "title": "", "manner": 0, "at": 0, "text": "x"},
        {"nonce": "00" * 16, "room": 1, "title": None, "manner": 0, "at": 0, "text": "x"},
    ],
)
def test_a_record_of_another_program_is_passed_over(place: Place, fields: dict[str, str | int]) -> None:
    path = left_by_killed(place, post(1))
    path.write_bytes(outbox_file._record(fields) + path.read_bytes())
    assert place.process().load() == [post(1)]


def test_an_empty_outbox_is_a_short_file(place: Place) -> None:
    outbox = place.process()
    for number in range(1, 50):
        outbox.add([post(number)])
        outbox.remove([nonce(number)])
    assert place.files()[0].stat().st_size == 0


def test_the_file_is_written_anew_when_most_of_it_is_stored(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_file, "DEAD_BYTES", 2_000)
    outbox = place.process()
    outbox.add([post(1)])
    for number in range(2, 200):
        outbox.add([post(number)])
        outbox.remove([nonce(number)])
    assert place.files()[0].stat().st_size < 3_000
    outbox.add([post(500)])
    place.die(outbox)
    assert place.process().load() == [post(1), post(500)]


@posix_only
def test_the_outbox_is_for_its_owner_only(place: Place) -> None:
    outbox = place.process()
    outbox.add([post(1)])
    (path,) = place.files()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@posix_only
def test_a_full_disk_is_said_and_leaves_the_file_as_it_was(place: Place) -> None:
    outbox = place.process()
    outbox.add([post(1)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (place.files()[0].stat().st_size + 60, hard))
    try:
        with pytest.raises(OutboxError, match="cannot be kept"):
            outbox.add([post(2), post(3)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    outbox.add([post(4)])
    place.die(outbox)
    assert place.process().load() == [post(1), post(4)]


@posix_only
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_said(place: Place) -> None:
    place.directory.mkdir(mode=0o500)
    with pytest.raises(OutboxError, match="cannot be kept"):
        place.process().add([post(1)])


def test_what_cannot_be_taken_over_stays_and_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    left_by_killed(place, post(1))
    outbox = place.process()
    monkeypatch.setattr(os, "fsync", _no_space)
    assert outbox.load() == []
    assert "cannot be taken over" in outbox.fault
    monkeypatch.undo()
    place.die(outbox)
    assert place.process().load() == [post(1)]


def _no_space(fd: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("join", "name"),
    [
        ("tcp://127.0.0.1:99", "alice@127.0.0.1_99"),
        ("[::1]:4567", "alice@--1_4567"),
        ("h.org", "alice@h.org_4567"),
    ],
)
def test_every_server_and_handle_has_its_own_outbox(tmp_path: Path, join: str, name: str) -> None:
    outbox = DiskOutbox.open(client_paths(None, tmp_path), "alice", parse(join))
    outbox.add([post(1)])
    assert [path.name for path in (tmp_path / "outbox").iterdir()] == [name]
    outbox.close()


KILLED = """
import sys
from pathlib import Path
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.session.ports import Waiting
outbox = DiskOutbox(Path(sys.argv[1]))
for number in range(1, 100_000):
    outbox.add([Waiting(number.to_bytes(16, "big"), 1, "x" * (number % 700), 0, 0, "#lobby")])
    print(number, flush=True)
"""


@posix_only
def test_a_process_killed_at_any_moment_leaves_everything_it_had_taken(place: Place) -> None:
    for kill_after in (1, 7, 40):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(place.directory)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = 0
        for line in process.stdout:
            said = int(line)
            if said >= kill_after:
                process.kill()
                break
        said = max([said, *map(int, process.stdout)])
        process.wait()
        process.stdout.close()
        outbox = place.process()
        found = [int.from_bytes(one.nonce, "big") for one in outbox.load()]
        assert found[:said] == list(range(1, said + 1))
        outbox.remove([one.to_bytes(16, "big") for one in found])
        outbox.close()


BUSY = """
import sys
from pathlib import Path
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.session.ports import OutboxError, Waiting
first = int(sys.argv[2])
for number in range(first, first + int(sys.argv[3])):
    outbox = DiskOutbox(Path(sys.argv[1]))
    found = outbox.load()
    if outbox.fault:
        print("fault", outbox.fault)
    try:
        outbox.add([Waiting(number.to_bytes(16, "big"), 1, "x", 0, 0, "#lobby")])
        print("kept", number)
    except OutboxError as error:
        print("refused", error)
    stored = [post.nonce for post in found][:3]
    outbox.remove(stored)
    for nonce in stored:
        print("stored", int.from_bytes(nonce, "big"))
    outbox.close()
"""


def test_processes_that_start_at_once_neither_refuse_nor_lose_a_post(place: Place) -> None:
    runs = 40
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, str(place.directory), str(1_000 * number), str(runs)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(1, 6)
    ]
    said = [line.split(" ", 1) for process in processes for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0] * 5
    assert [words for words in said if words[0] in ("refused", "fault")] == []
    kept = {int(words[1]) for words in said if words[0] == "kept"}
    stored = {int(words[1]) for words in said if words[0] == "stored"}
    left = {int.from_bytes(one.nonce, "big") for one in place.process().load()}
    assert len(kept) == 5 * runs
    assert kept - stored == left
