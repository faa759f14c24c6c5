"""What has no entries is told as it stands, whatever is raised in front of a commit or behind it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, encode_body
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import (
    AddCode,
    AddDevice,
    AddEntry,
    BarAddress,
    Change,
    Committed,
    RevokeDevice,
    SetRead,
    StorageError,
)
from chatroom.server.hub.records import CodeKind
from chatroom.server.store import drafts
from chatroom.server.store.sqlite import SqliteLog
from support.failing_cursor import FailingCursor
from support.story import BOB, EVE, INA, MIA, Story, new_account

DORA = 5
PHONE, TABLET, OLD = b"p" * 32, b"t" * 32, b"o" * 32

TABLES = ("accounts", "devices", "codes", "barred", "reads", "entries")


def link(number: int) -> AddCode:
    return AddCode(bytes([number]) * 32, CodeKind.LINK, Role.MEMBER, BOB, TIME_MAX)


def device(number: int, key: bytes) -> AddDevice:
    return AddDevice(BOB, key, "device", bytes([number]) * 32)


CASES: dict[str, tuple[Change, ...]] = {
    "account": (new_account("dora"),),
    "code": (link(8),),
    "code for a code": (link(8), link(9)),
    "device": (device(7, TABLET),),
    "code for a code, and revoked": (link(8), link(9), RevokeDevice(BOB, PHONE)),
    "revoked": (RevokeDevice(BOB, PHONE),),
    "revoked and added": (RevokeDevice(BOB, PHONE), device(7, PHONE)),
    "added and revoked": (device(7, OLD), RevokeDevice(BOB, OLD)),
    "barred": (BarAddress(EVE, "10.0.0.0/8"),),
    "device and barred": (device(7, TABLET), BarAddress(EVE, "10.0.0.0/8"), SetRead(BOB, 1, 2)),
    "read": (SetRead(BOB, 1, 2),),
    "revoked, and a code refused": (RevokeDevice(BOB, PHONE), link(7)),
    "refused": (device(9, TABLET), RevokeDevice(BOB, OLD)),
}


def log_of(story: Story) -> SqliteLog:
    assert isinstance(story.log, SqliteLog)
    return story.log


def begin(log: SqliteLog) -> Story:
    """BOB has a phone, had another device before, and a link code; EVE is muted."""
    story = Story(log)
    story.garden(INA, MIA, BOB, EVE)
    for number, key in ((5, PHONE), (6, OLD)):
        story.submit(link(number), device(number, key))
    muted = Moderated("eve", 0, "")
    story.submit(RevokeDevice(BOB, OLD), link(7), AddEntry(1, MIA, EntryKind.MUTED, encode_body(muted)))
    return story


def rows(story: Story) -> list[object]:
    connection = log_of(story)._connection
    return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES]


@pytest.fixture
def twin(tmp_path: Path) -> Story:
    """A log beside the one in question, where nothing fails."""
    return begin(SqliteLog(tmp_path / "twin.db"))


@pytest.fixture
def story(disk: Story) -> Story:
    return begin(log_of(disk))


@pytest.fixture
def fail(story: Story, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def fail(*, is_done: bool) -> None:
        """Lack memory at the next commit."""
        stored = log_of(story)._writer
        cursor = FailingCursor(stored._cursor, "COMMIT", MemoryError(), is_done=is_done)
        monkeypatch.setattr(stored, "_cursor", cursor)

    return fail


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_what_adds_no_entry_is_told_as_it_stands(
    story: Story, twin: Story, fail: Callable[..., None], case: str, is_done: bool
) -> None:
    fail(is_done=is_done)
    changes = CASES[case]
    assert story.submit(*changes) == twin.submit(*changes)
    assert rows(story) == rows(twin)
    for author in (BOB, DORA):
        message = story.message(1, author, "hello")
        assert story.submit(message) == twin.submit(message)
    assert rows(story) == rows(twin)
    twin.log.close()


@pytest.mark.parametrize("case", CASES)
def test_what_could_not_be_read_back_is_not_answered_and_stands_later(
    story: Story,
    twin: Story,
    fail: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    fail(is_done=True)
    changes = CASES[case]

    def lacks_memory(*_: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as lacking:
        lacking.setattr(drafts.Draft, "stands", lacks_memory)
        with pytest.raises(StorageError, match="cannot find out"):
            story.submit(*changes)
    twin.submit(*changes)
    assert story.log.outcomes() == []
    assert story.log.load() == twin.log.load()
    assert rows(story) == rows(twin)
    if case == "account":
        assert isinstance(story.one(story.message(1, DORA, "hello")), Committed)
    twin.log.close()
