"""What the client remembers between runs."""

import logging
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.config.state import ClientState, ServerState, load_state, save_state

FULL = ClientState(
    handle="bob",
    server="chat.example:4567#abc",
    servers={
        "chat.example:4567": ServerState(
            room="lobby", drafts={"lobby": "half a\n\tsen\x1btence “”", "#x.y": ""}
        )
    },
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "data" / "state.toml"
    save_state(path, FULL)
    assert load_state(path) == FULL
    save_state(path, msgspec.structs.replace(FULL, handle="ann"))
    assert load_state(path).handle == "ann"


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_any_draft_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, drafts: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "drafts.toml"
    state = ClientState(servers={"s": ServerState(drafts=drafts)})
    save_state(path, state)
    assert load_state(path) == state


def test_a_lone_surrogate_does_not_keep_the_rest_from_being_saved(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    save_state(path, ClientState(handle="bob", servers={"s": ServerState(drafts={"lobby": "a\ud800b"})}))
    assert load_state(path).servers["s"].drafts == {"lobby": "a?b"}


def test_without_a_file_nothing_is_remembered(tmp_path: Path) -> None:
    assert load_state(tmp_path / "state.toml") == ClientState()
    assert load_state(tmp_path) == ClientState()


@pytest.mark.parametrize(
    "content",
    [b"\x00\xff", b"handle = ", b"handle = 5", b"servers = 1", b"x = " + b"[" * 100_000, b"#" * 4_200_000],
    ids=["binary", "syntax", "type", "table", "nested", "long"],
)
def test_spoiled_state_is_set_aside_with_a_warning(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.toml"
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert load_state(path) == ClientState()
    assert (tmp_path / "state.toml.bad").read_bytes() == content
    assert not path.exists()
    assert "becomes state.toml.bad" in caplog.text
    save_state(path, FULL)
    assert load_state(path) == FULL


def test_state_of_a_newer_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    path.write_text('handle = "bob"\nfuture = 1\n[servers.s]\nroom = "lobby"\nmore = true\n')
    assert load_state(path) == ClientState(handle="bob", servers={"s": ServerState(room="lobby")})


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
def test_state_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "state.toml"
    save_state(path, FULL)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
