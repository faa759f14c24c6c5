import datetime as dt
import os
import threading
from pathlib import Path

import pytest

from chatroom.client.connection.trust import (
    KnownServers,
    KnownServersBusyError,
    KnownServersError,
    TrustQuestion,
    TrustRefused,
)
from chatroom.config.lock import DirectoryLock
from chatroom.net.address import parse
from support.patience import PATIENCE_S

PIN = "a" * 24
OTHER = "b" * 24
NOW = dt.datetime(2025, 9, 21, 16, 44, tzinfo=dt.UTC)


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "known_servers.toml")


def test_an_unknown_server_is_a_question(known: KnownServers) -> None:
    assert known.judge(parse("h.org"), PIN) == TrustQuestion("h.org:4567", PIN)
    assert not known.path.exists()


def test_a_pin_in_the_join_string_that_matches_needs_no_question(known: KnownServers) -> None:
    assert known.judge(parse(f"h.org#{PIN}"), PIN) is None


def test_a_pin_in_the_join_string_that_does_not_match_is_refused(known: KnownServers) -> None:
    refused = known.judge(parse(f"h.org#{PIN}"), OTHER)
    assert refused == TrustRefused("h.org:4567", PIN, OTHER, is_from_join=True)
    assert PIN in str(refused)
    assert OTHER in str(refused)
    assert "--replace" not in str(refused)


def test_a_known_server_must_show_the_key_it_had(known: KnownServers) -> None:
    known.remember(parse("h.org"), PIN, NOW)
    assert known.judge(parse("h.org"), PIN) is None
    refused = known.judge(parse("h.org"), OTHER)
    assert refused == TrustRefused("h.org:4567", PIN, OTHER, is_from_join=False)
    assert str(refused).endswith("chatroom trust --replace h.org:4567")


def test_a_join_string_does_not_replace_what_is_known(known: KnownServers) -> None:
    known.remember(parse("h.org"), PIN, NOW)
    assert isinstance(known.judge(parse(f"h.org#{OTHER}"), OTHER), TrustRefused)


def test_a_server_known_by_its_key_is_not_talked_to_without_one(known: KnownServers) -> None:
    known.remember(parse("h.org"), PIN, NOW)
    refused = known.judge(parse("tcp://h.org"), "")
    assert isinstance(refused, TrustRefused)
    assert "without TLS" in str(refused)


def test_without_tls_there_is_nothing_to_ask(known: KnownServers) -> None:
    assert known.judge(parse("tcp://127.0.0.1"), "") is None


def test_known_servers_are_kept_by_host_and_port(known: KnownServers) -> None:
    known.remember(parse("h.org:1"), PIN, NOW)
    known.remember(parse("h.org:2"), OTHER, NOW)
    known.remember(parse("[::1]:3"), OTHER, NOW)
    assert [server.server for server in known.all()] == ["h.org:1", "h.org:2", "[::1]:3"]
    assert known.pin_of(parse("h.org:2")) == OTHER
    assert known.pin_of(parse("h.org:9")) is None
    assert KnownServers(known.path).all()[0].first_seen == NOW


def test_remembering_again_replaces_and_forgetting_removes(known: KnownServers) -> None:
    known.remember(parse("h.org"), PIN, NOW)
    known.remember(parse("h.org"), OTHER, NOW)
    assert known.pin_of(parse("h.org")) == OTHER
    known.forget(parse("h.org"))
    assert known.all() == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
def test_the_file_is_for_its_owner_only(known: KnownServers) -> None:
    known.remember(parse("h.org"), PIN, NOW)
    assert known.path.stat().st_mode & 0o777 == 0o600
    known.path.chmod(0o622)
    with pytest.raises(KnownServersError, match="others may write"):
        known.all()


@pytest.mark.skipif(os.name != "posix", reason="needs a link")
def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(known: KnownServers) -> None:
    target = known.path.with_name("elsewhere")
    target.write_text("")
    known.path.symlink_to(target)
    known.remember(parse("h.org"), PIN, NOW)
    assert not known.path.is_symlink()
    assert target.read_text() == ""


@pytest.mark.parametrize(
    "text",
    [
        "server = 3",
        "[[server]]\n",
        f'[[server]]\naddress = 4\npin = "{PIN}"\nfirst_seen = 2025-01-01T00:00:00Z',
        '[[server]]\naddress = "h:1"\npin = "short"\nfirst_seen = 2025-01-01T00:00:00Z',
        f'[[server]]\naddress = "h:1"\npin = "{PIN}"\nfirst_seen = "yesterday"',
        f'[[server]]\naddress = "h:1"\npin = "{PIN}"\nfirst_seen = 2025-01-01T00:00:00Z\n' * 2,
        "not toml at all",
        "\udcff",
    ],
)
def test_a_file_that_is_not_right_is_one_line_that_names_it(known: KnownServers, text: str) -> None:
    known.path.write_bytes(text.encode(errors="surrogateescape"))
    if os.name == "posix":
        known.path.chmod(0o600)
    with pytest.raises(KnownServersError) as raised:
        known.judge(parse("h.org"), PIN)
    assert str(known.path) in str(raised.value)
    assert "\n" not in str(raised.value)
    with pytest.raises(KnownServersError):
        known.remember(parse("h.org"), PIN, NOW)
    assert known.path.read_bytes() == text.encode(errors="surrogateescape")


def test_a_directory_in_the_place_of_the_file_is_said(known: KnownServers) -> None:
    known.path.mkdir(mode=0o700)
    with pytest.raises(KnownServersError):
        known.all()


def test_two_that_remember_at_once_lose_nothing(known: KnownServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatroom.client.connection.trust.LOCK_WAIT_S", PATIENCE_S)

    def remember(number: int) -> None:
        KnownServers(known.path).remember(parse(f"h.org:{number}"), PIN, NOW)

    threads = [threading.Thread(target=remember, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(known.all()) == 8


def test_a_file_that_another_process_holds_is_not_waited_for_long(
    known: KnownServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatroom.client.connection.trust.LOCK_WAIT_S", 0.05)
    with (
        DirectoryLock.acquire(known.path.with_suffix(".lock")),
        pytest.raises(KnownServersBusyError, match="another process"),
    ):
        known.remember(parse("h.org"), PIN, NOW)
