import os
import platform
from pathlib import Path

import pytest

from chatroom.client.connection import identity
from chatroom.client.connection.identity import (
    IDENTITY_FILE,
    RisingNonces,
    device_name,
    load_signer,
    new_session_id,
    now_ms,
)
from chatroom.config.paths import client_paths
from chatroom.net.keyfiles import KeyFileError
from chatroom.net.keys import verify
from chatroom.protocol.limits import NONCE_BYTES, SESSION_BYTES, WORD_CHARS


def test_the_key_is_made_once_and_signs(tmp_path: Path) -> None:
    paths = client_paths(None, tmp_path / "data")
    signer = load_signer(paths)
    assert verify(signer.public_key, signer.sign(b"hello"), b"hello")
    assert load_signer(paths).public_key == signer.public_key


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    paths = client_paths(None, tmp_path)
    load_signer(paths)
    (tmp_path / IDENTITY_FILE).chmod(0o644)
    with pytest.raises(KeyFileError):
        load_signer(paths)


def test_nonces_are_unique_and_begin_with_the_time() -> None:
    before = now_ms()
    new_nonce = RisingNonces()
    nonces = [new_nonce() for _ in range(1000)]
    assert len(set(nonces)) == 1000
    assert {len(nonce) for nonce in nonces} == {NONCE_BYTES}
    times = [int.from_bytes(nonce[:6], "big") for nonce in nonces]
    assert before <= times[0] <= times[-1] <= now_ms()


def test_each_nonce_is_greater_than_the_last_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_nonce = RisingNonces()
    nonces = [new_nonce()]
    for moment in (now_ms() + 5, now_ms() + 5, now_ms() - 60_000, now_ms() + 9):
        monkeypatch.setattr(identity, "now_ms", lambda moment=moment: moment)
        nonces += [new_nonce() for _ in range(50)]
    assert nonces == sorted(set(nonces))
    assert int.from_bytes(nonces[-1][:6]) == moment


@pytest.mark.parametrize(
    ("wanted", "machine", "name"),
    [
        ("", "ana-laptop.local", "ana-laptop.local"),
        ("  the old\tThinkPad ", "ana-laptop", "the old ThinkPad"),
        ("", "", "chatroom"),
        ("\u200b", " \u2800", "chatroom"),
        ("", "evil\x1b[2J\n\u202ename\udcff", "evil[2J name"),
        ("", "x" * 200, "x" * WORD_CHARS),
        ("", "x" * (WORD_CHARS - 2) + "👩\u200d👩", "x" * (WORD_CHARS - 2) + "👩"),
    ],
)
def test_a_device_is_called_as_one_wants_or_as_the_machine(wanted: str, machine: str, name: str) -> None:
    assert device_name(wanted, machine) == name


def test_the_name_of_the_machine_is_what_the_system_says() -> None:
    assert device_name("") == device_name(platform.node())


def test_every_process_has_a_name_of_its_own() -> None:
    assert new_session_id() != new_session_id()
    assert len(new_session_id()) == SESSION_BYTES
