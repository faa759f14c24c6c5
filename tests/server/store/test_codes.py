"""Codes: used once, in the transaction of what they buy, and known by their hashes only."""

import sqlite3
from pathlib import Path

import pytest

from chatroom.protocol.codes import hash_code, make_code
from chatroom.protocol.entries import EntryKind, Moderated, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddCode, AddDevice, AddEntry, Committed, Failed, Outcome
from chatroom.server.hub.records import CodeKind, CodeRecord
from chatroom.server.store.codes import store_codes
from chatroom.server.store.database import StoreError
from chatroom.server.store.sqlite import SqliteLog
from support.story import START_MS, Story, new_account

INVITE = b"i" * 32
OWNER = b"o" * 32
LINK = b"l" * 32


def code(outcome: Outcome) -> ErrorCode:
    assert isinstance(outcome, Failed), outcome
    return outcome.code


def invite(hash_: bytes = INVITE, role: Role = Role.MODERATOR, expires_at: int = TIME_MAX) -> AddCode:
    return AddCode(hash_, CodeKind.INVITE, role, 0, expires_at)


def newcomer(handle: str, hash_: bytes = INVITE) -> AddAccount:
    return AddAccount(handle, handle.encode().ljust(32, b"."), Role.MODERATOR, "laptop", hash_)


def claim(author: int, handle: str, hash_: bytes = OWNER) -> AddEntry:
    body = encode_body(Moderated(handle, 0, "", Role.OWNER))
    return AddEntry(1, author, EntryKind.ROLE_SET, body, code=hash_)


def is_used(story: Story, hash_: bytes) -> bool:
    found = story.log.find_code(hash_)
    assert found is not None
    return found.is_used


def test_a_code_is_found_by_its_hash(story: Story) -> None:
    assert story.log.find_code(INVITE) is None
    story.one(invite(expires_at=5))
    assert story.log.find_code(INVITE) == CodeRecord(CodeKind.INVITE, Role.MODERATOR, 0, 5, is_used=False)


def test_a_hash_stands_for_one_code(story: Story) -> None:
    assert code(story.submit(invite(), invite())[1]) is ErrorCode.INTERNAL


# -- invites -----------------------------------------------------------------------------------------------


def test_an_invite_makes_one_account(story: Story) -> None:
    story.one(invite())
    assert story.one(newcomer("ana")) == Committed(1, ())
    assert is_used(story, INVITE)
    assert code(story.one(newcomer("bob"))) is ErrorCode.NOT_ADMITTED
    assert [account.handle for account in story.log.load().accounts] == ["ana"]


def test_of_two_in_one_pass_the_first_gets_the_code(story: Story) -> None:
    story.one(invite())
    first, second = story.submit(newcomer("ana"), newcomer("bob"))
    assert first == Committed(1, ())
    assert code(second) is ErrorCode.NOT_ADMITTED


def test_a_code_made_in_the_same_pass_is_good(story: Story) -> None:
    assert story.submit(invite(), newcomer("ana"))[1] == Committed(1, ())


def test_a_code_is_not_used_up_by_an_account_that_is_refused(story: Story) -> None:
    story.submit(invite(), new_account("alice"))
    for change in (
        newcomer("alice"),
        newcomer("a1ice"),
        AddAccount("bob", new_account("alice").public_key, Role.MEMBER, "", INVITE),
    ):
        assert isinstance(story.one(change), Failed)
    assert not is_used(story, INVITE)
    assert isinstance(story.one(newcomer("bob")), Committed)


@pytest.mark.parametrize("late", [False, True])
def test_an_invite_is_good_until_its_end(story: Story, late: bool) -> None:
    story.one(invite(expires_at=START_MS + 60_000))
    (outcome,) = story.submit(newcomer("ana"), at=START_MS + 60_000 - (not late))
    assert isinstance(outcome, Failed) is late


@pytest.mark.parametrize("kind", [CodeKind.OWNER, CodeKind.LINK])
def test_another_kind_of_code_makes_no_account(story: Story, kind: CodeKind) -> None:
    story.account("ana")
    story.one(AddCode(INVITE, kind, Role.OWNER, 1 if kind is CodeKind.LINK else 0, TIME_MAX))
    assert code(story.one(newcomer("bob"))) is ErrorCode.NOT_ADMITTED
    assert not is_used(story, INVITE)


def test_a_code_nobody_made_makes_no_account(story: Story) -> None:
    assert code(story.one(newcomer("bob"))) is ErrorCode.NOT_ADMITTED


# -- the owner's code --------------------------------------------------------------------------------------


@pytest.fixture
def garden(story: Story) -> Story:
    """A log with ana, bob and a room, and an owner code."""
    story.account("ana")
    story.account("bob")
    story.room("garden", 1, 2)
    story.one(AddCode(OWNER, CodeKind.OWNER, Role.OWNER, 0, TIME_MAX))
    return story


def test_a_claim_uses_the_code_up_with_its_entry(garden: Story) -> None:
    assert garden.log.load().has_owner_code
    before = len(garden.entries(1))
    first, second = garden.submit(claim(1, "ana"), claim(2, "bob"))
    assert isinstance(first, Committed)
    assert code(second) is ErrorCode.NOT_ADMITTED
    assert len(garden.entries(1)) == before + 1
    assert [account.role for account in garden.log.load().accounts] == [Role.OWNER, Role.MEMBER]
    assert not garden.log.load().has_owner_code


def test_a_claim_that_is_refused_leaves_the_code(garden: Story) -> None:
    nobody = AddEntry(1, 1, EntryKind.ROLE_SET, encode_body(Moderated("zoe", 0, "", 3)), code=OWNER)
    assert code(garden.one(nobody)) is ErrorCode.NO_SUCH_ACCOUNT
    assert not is_used(garden, OWNER)
    assert isinstance(garden.one(claim(1, "ana")), Committed)


def test_no_other_code_is_claimed_with(garden: Story) -> None:
    garden.one(invite(role=Role.OWNER))
    assert code(garden.one(claim(1, "ana", INVITE))) is ErrorCode.NOT_ADMITTED
    assert code(garden.one(claim(1, "ana", b"x" * 32))) is ErrorCode.NOT_ADMITTED
    assert {account.role for account in garden.log.load().accounts} == {Role.MEMBER}


# -- link codes --------------------------------------------------------------------------------------------


def test_an_account_has_one_link_code_and_old_ones_go(garden: Story) -> None:
    def link(number: int, account: int, expires_at: int = TIME_MAX) -> AddCode:
        return AddCode(bytes([number]) * 32, CodeKind.LINK, Role.MEMBER, account, expires_at)

    garden.submit(link(1, 1), link(2, 2, expires_at=START_MS), link(3, 1), invite())
    found = [garden.log.find_code(bytes([number]) * 32) is not None for number in (1, 2, 3)]
    assert found == [False, False, True]
    garden.one(AddDevice(1, b"k" * 32, "", bytes([3]) * 32))
    garden.one(link(4, 1))
    assert garden.log.find_code(bytes([3]) * 32) is not None, "what was used is kept"
    assert garden.log.find_code(INVITE) is not None
    assert garden.log.find_code(OWNER) is not None


def test_a_link_code_belongs_to_an_account_that_exists(story: Story) -> None:
    outcome = story.one(AddCode(LINK, CodeKind.LINK, Role.MEMBER, 7, TIME_MAX))
    assert code(outcome) is ErrorCode.NO_SUCH_ACCOUNT


# -- beside a server ---------------------------------------------------------------------------------------


def test_codes_are_added_while_a_server_uses_the_log(disk: Story, path: Path) -> None:
    disk.account("ana")
    store_codes(path, [invite(), invite(b"j" * 32)], 5)
    assert isinstance(disk.one(newcomer("bob")), Committed)
    assert disk.log.find_code(b"j" * 32) is not None
    assert isinstance(disk.one(new_account("eve")), Committed)


def test_codes_are_added_before_the_first_start(path: Path) -> None:
    store_codes(path, [invite()], 5)
    log = SqliteLog(path)
    assert isinstance(Story(log).one(newcomer("ana")), Committed)
    log.close()


def test_all_codes_are_added_or_none(path: Path) -> None:
    store_codes(path, [invite()], 5)
    with pytest.raises(StoreError, match="exists already"):
        store_codes(path, [invite(b"j" * 32), invite()], 5)
    log = SqliteLog(path)
    assert log.find_code(b"j" * 32) is None
    log.close()


def test_who_adds_codes_waits_for_a_server_that_is_writing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(path)
    monkeypatch.setattr("chatroom.server.store.codes.PATIENCE_S", 0.02)
    log._connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program has locked the file"):
        store_codes(path, [invite()], 5)
    log._connection.execute("ROLLBACK")
    store_codes(path, [invite()], 5)
    log.close()


def test_the_code_itself_is_nowhere_in_the_files(path: Path) -> None:
    code_text = make_code(b"0123456789abc")
    store_codes(path, [invite(hash_code(code_text))], 5)
    log = SqliteLog(path)
    story = Story(log)
    story.one(newcomer("ana", hash_code(code_text)))
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    log.close()
    assert hash_code(code_text) in files
    for text in (code_text, code_text.replace("-", ""), code_text.upper()):
        assert text.encode() not in files


def test_who_used_a_code_is_kept(disk: Story, path: Path) -> None:
    disk.submit(invite(), new_account("ana"))
    disk.one(newcomer("bob"))
    connection = sqlite3.connect(path)
    row = connection.execute("SELECT made_at, used_at, used_by FROM codes").fetchone()
    connection.close()
    assert row == (START_MS + 1_000, START_MS + 2_000, 2)
