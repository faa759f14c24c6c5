"""Settings from files, flags and defaults together."""

from pathlib import Path

import pytest

from chatroom.config.errors import SettingsError
from chatroom.config.load import ServerFlags, is_loopback, load_client_settings, load_server_settings
from chatroom.config.settings import ClientSettings, ServerSettings


@pytest.fixture
def server_toml(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(
        """\
[server]
host = "::1"
port = 1234
data_dir = "data"
certificate = "/etc/chain.pem"
private_key = "~/key.pem"
[rooms]
list = ["lobby", "exam"]
[limits]
posts_per_s = 1000000
post_burst = 1000000
[log]
level = "debug"
"""
    )
    return path


def test_a_file_is_read_into_typed_values(server_toml: Path) -> None:
    settings = load_server_settings(server_toml)
    assert settings.file == server_toml
    assert (settings.server.host, settings.server.port, settings.server.tls) == ("::1", 1234, True)
    assert settings.rooms.list == ("lobby", "exam")
    assert settings.limits.posts_per_s == 1e6
    assert settings.limits.ping_s == 20
    assert settings.log.level == "debug"


def test_paths_are_relative_to_their_file_and_know_the_home_directory(server_toml: Path) -> None:
    server = load_server_settings(server_toml).server
    assert server.data_dir == server_toml.parent / "data"
    assert server.certificate == Path("/etc/chain.pem")
    assert server.private_key == Path.home() / "key.pem"


def test_a_flag_beats_the_file(server_toml: Path) -> None:
    flags = ServerFlags(host="localhost", port=0, data_dir=Path("here"), tls=False, log_level="error")
    settings = load_server_settings(server_toml, flags)
    assert (settings.server.host, settings.server.port, settings.server.tls) == ("localhost", 0, False)
    assert settings.server.data_dir == Path("here")
    assert settings.log.level == "error"
    assert settings.rooms.list == ("lobby", "exam")


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (ServerFlags(port=70_000), "--port: must be a whole number from 0 to 65535, not 70000"),
        (
            ServerFlags(log_level="loud"),
            '--log-level: must be one of debug, info, warning, error, not "loud"',
        ),
        (ServerFlags(host="a\nb"), '--host: must be one line of text, not "a\\nb"'),
    ],
)
def test_a_flag_is_checked_like_the_setting_it_replaces(flags: ServerFlags, line: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_server_settings(None, flags)
    assert str(raised.value) == line


def test_without_a_name_server_toml_of_the_working_directory_is_read(
    server_toml: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(server_toml.parent)
    assert load_server_settings().server.port == 1234
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_server_settings() == ServerSettings()


def test_server_toml_that_leads_nowhere_is_an_error_and_not_a_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "server.toml").mkdir()
    with pytest.raises(SettingsError, match=r"^server\.toml: is not a file$"):
        load_server_settings()


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        load_server_settings(tmp_path / "server.toml")


@pytest.mark.parametrize(
    ("text", "flags", "line"),
    [
        (
            "[server]\nhost = '0.0.0.0'\ntls = false",
            ServerFlags(),
            ":1: [server] allow_plain_remote: must be true to serve 0.0.0.0 without TLS",
        ),
        (
            "[server]\nhost = 'chat.example'",
            ServerFlags(tls=False),
            ":1: [server] allow_plain_remote: must be true to serve chat.example",
        ),
        ("[server]\n\ncertificate = 'a'", ServerFlags(), ":1: [server] private_key: must be set"),
        ("[server]\n\nprivate_key = 'a'", ServerFlags(), ":1: [server] certificate: must be set"),
        (
            "[limits]\nping_s = 9\ngone_s = 9",
            ServerFlags(),
            ":3: [limits] gone_s: must be more than ping_s, which is 9",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, text: str, flags: ServerFlags, line: str
) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_server_settings(path, flags)
    assert str(raised.value).startswith(str(path) + line)


def test_plain_tcp_is_for_loopback_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert load_server_settings(None, ServerFlags(tls=False)).server.listen_host == "127.0.0.1"
    assert load_server_settings(None, ServerFlags()).server.listen_host == "0.0.0.0"
    assert load_server_settings(None, ServerFlags(tls=False, host="::1")).server.listen_host == "::1"
    with pytest.raises(SettingsError, match=r"^\[server\] allow_plain_remote: "):
        load_server_settings(None, ServerFlags(tls=False, host="0.0.0.0"))
    (tmp_path / "server.toml").write_text("[server]\nallow_plain_remote = true")
    asked_for = load_server_settings(tmp_path / "server.toml", ServerFlags(tls=False))
    assert asked_for.server.listen_host == "0.0.0.0"


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_the_client_runs_without_a_file(tmp_path: Path) -> None:
    assert load_client_settings(tmp_path / "client.toml") == ClientSettings()


def test_the_client_keeps_sections_it_does_not_know_and_takes_keys_in_two_forms(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_text("[plugin.x]\na = 1\n[[tests]]\n[keys]\nquit = 'ctrl q'\nhelp = ['f1', '?']\nback = []\n")
    settings = load_client_settings(path)
    assert settings.keys == {"quit": ("ctrl q",), "help": ("f1", "?"), "back": ()}
    assert settings.file == path


def test_a_theme_of_ones_own_is_a_table_of_text(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_text("[look]\ntheme = 'sea'\n[themes.sea]\nbased_on = 'dark'\nground = 'white on blue'\n")
    settings = load_client_settings(path, themes=["dark"])
    assert settings.themes == {"sea": {"based_on": "dark", "ground": "white on blue"}}
    path.write_text("[themes.sea]\nground = 5\n")
    with pytest.raises(SettingsError, match=r"themes\] sea: must be a table of styles and their looks"):
        load_client_settings(path)


def test_settings_cannot_be_changed_by_who_reads_them() -> None:
    settings = ClientSettings()
    with pytest.raises(AttributeError):
        settings.look.theme = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        settings.keys["x"] = ()  # type: ignore[index]
