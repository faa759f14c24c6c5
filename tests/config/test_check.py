"""A settings file against its rows."""

import os
from pathlib import Path

import pytest

from chatroom.config.errors import SettingsError
from chatroom.config.load import load_client_settings, load_server_settings

WRONG_SERVER = {
    "[limits]\n\npost_brust = 5\n": ":3: [limits] post_brust: unknown key; did you mean post_burst?",
    "[serber]\nport = 1\n": ":1: [serber]: unknown section; did you mean server?",
    "[server]\nposts_per_s = 1\n": ":2: [server] posts_per_s: unknown key; it belongs in [limits]",
    "port = 1\n": ":1: port: stands outside a section; it belongs in [server]",
    "prot = 1\n": ":1: prot: stands outside a section",
    "server = 5\n": ":1: [server]: must be a section, not 5",
    "[[server]]\nport = 5\n": ":1: [server]: must be a section, not a list of 1",
    "[server]\nport = '1'\n": ':2: [server] port: must be a whole number from 0 to 65535, not "1"',
    "[server]\nport = 65536\n": ":2: [server] port: must be a whole number from 0 to 65535, not 65536",
    "[server]\nport = -1\n": ":2: [server] port: must be a whole number from 0 to 65535, not -1",
    "[server]\nport = 1.5\n": ":2: [server] port: must be a whole number from 0 to 65535, not 1.5",
    "[server]\nport = true\n": ":2: [server] port: must be a whole number from 0 to 65535, not true",
    "[server]\nport = [1]\n": ":2: [server] port: must be a whole number from 0 to 65535, not a list of 1",
    "[server]\nport.x = 1\n": ":2: [server] port: must be a whole number from 0 to 65535, not a table",
    "[server]\ntls = 1\n": ":2: [server] tls: must be true or false, not 1",
    "[server]\nname = 'a\\n'\nhost = \"a\\n\"\n": ':3: [server] host: must be one line of text, not "a\\n"',
    "[server]\nname = ''\n": ':2: [server] name: must be one line of text, 1 to 64 characters, not ""',
    f"[server]\nname = '{'x' * 65}'\n": (
        ":2: [server] name: must be one line of text, 1 to 64 characters, not 65 characters"
    ),
    "[server]\ndata_dir = ''\n": ':2: [server] data_dir: must be the path of a file or directory, not ""',
    '[server]\ndata_dir = "\\u0000"\n': (
        ':2: [server] data_dir: must be the path of a file or directory, not "\\x00"'
    ),
    "[server]\ndata_dir = '~nobody-has-this-name/x'\n": (
        ':2: [server] data_dir: must be the path of a file or directory, not "~nobody-has-this-name/x"'
    ),
    "[limits]\nposts_per_s = nan\n": (
        ":2: [limits] posts_per_s: must be a number from 0.1 to 1000000000, not nan"
    ),
    "[limits]\nposts_per_s = inf\n": (
        ":2: [limits] posts_per_s: must be a number from 0.1 to 1000000000, not inf"
    ),
    f"[limits]\npost_burst = {10**80}\n": (
        ":2: [limits] post_burst: must be a whole number from 1 to 1000000000, not a huge number"
    ),
    "[log]\nlevel = 'loud'\n": ':2: [log] level: must be one of debug, info, warning, error, not "loud"',
    "[rooms]\nlist = 'lobby'\n": (
        ':2: [rooms] list: must be a list, each item one line of text, 1 to 32 characters, not "lobby"'
    ),
    "[rooms]\nlist = [1]\n": (
        ":2: [rooms] list: must be a list, each item one line of text, 1 to 32 characters, not a list of 1"
    ),
    "limits = { post_brust = 5 }": (":1: [limits] post_brust: unknown key; did you mean post_burst?"),
    "# x\nlimits.post_brust = 5": ":2: [limits] post_brust: unknown key; did you mean post_burst?",
    '[limits]\n"a\\u001b[2J\\n" = 5\n': ":2: [limits] a\\x1b[2J\\n: unknown key; it may be",
}


@pytest.mark.parametrize("text", WRONG_SERVER)
def test_a_mistake_in_server_toml_gives_its_line_key_and_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text, newline="")
    with pytest.raises(SettingsError) as raised:
        load_server_settings(path)
    said = str(raised.value)
    assert said.isprintable()
    assert said.startswith(str(path) + WRONG_SERVER[text])


WRONG_CLIENT = {
    "[look]\n\ntheem = 'x'\n": ":3: [look] theem: unknown key; did you mean theme?",
    "handle = 'bob'\n": ":1: handle: stands outside a section; it belongs in [client]",
    "[look]\ntheme = 'a b'\n": ':2: [look] theme: must be one word of at most 64 characters, not "a b"',
    "[look]\ntime_format = '%Q'\n": ":2: [look] time_format: must be a format such as %H:%M",
    "[keys]\nquit = 3\n": (
        ':2: [keys] quit: must be a key such as "Ctrl-N", or a list of at most 8 keys, not 3'
    ),
    "[keys]\nquit = ['']\n": ":2: [keys] quit: must be a key",
    "[keys]\nnext_rom = 'tab'\n": ":2: [keys] next_rom: unknown action; did you mean next_room?",
    "[look]\ntheme = 'drak'\n": ':2: [look] theme: unknown theme "drak"; did you mean dark?',
}


@pytest.mark.parametrize("text", WRONG_CLIENT)
def test_a_mistake_in_client_toml_gives_its_line_key_and_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "client.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_client_settings(path, actions=["next_room", "quit"], themes=["dark", "light"])
    assert str(raised.value).startswith(str(path) + WRONG_CLIENT[text])


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
@pytest.mark.parametrize(("mode", "accepted"), [(0o600, True), (0o640, True), (0o644, False)])
def test_a_password_that_every_user_can_read_is_refused(tmp_path: Path, mode: int, accepted: bool) -> None:
    path = tmp_path / "server.toml"
    path.write_text("[access]\npassword = 'secret'\n")
    path.chmod(mode)
    if accepted:
        assert load_server_settings(path).access.password == "secret"
        return
    with pytest.raises(SettingsError, match=r":2: \[access\] password: every user .* chmod 600"):
        load_server_settings(path)
