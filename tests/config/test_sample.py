"""Samples and documentation made from the rows."""

import re
from pathlib import Path

import pytest

from chatroom.config.load import load_client_settings, load_server_settings
from chatroom.config.rows import Settings, sections
from chatroom.config.sample import configuration_page, sample
from chatroom.config.settings import ClientSettings, ServerSettings
from chatroom.config.toml_file import read_toml


def uncommented(text: str) -> str:
    return re.sub(r"^#(?=\w)", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("settings", [ServerSettings, ClientSettings])
def test_a_sample_holds_every_setting_and_changes_none(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "sample.toml"
    path.write_text(sample(settings))
    assert all(table == {} for table in read_toml(path).tables.values())
    path.write_text(uncommented(sample(settings)))
    tables = read_toml(path).tables
    for section in sections(settings).values():
        if section.any_key is None:
            assert list(tables[section.name]) == list(section.rows)


def test_the_defaults_a_sample_shows_are_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(uncommented(sample(ServerSettings)))
    path.chmod(0o600)
    shown = load_server_settings(path)
    assert (shown.rooms, shown.access, shown.limits, shown.log) == (
        ServerSettings().rooms,
        ServerSettings().access,
        ServerSettings().limits,
        ServerSettings().log,
    )
    path.write_text(uncommented(sample(ClientSettings)))
    read = load_client_settings(path)
    assert (read.client, read.look, read.notify) == (
        ClientSettings().client,
        ClientSettings().look,
        ClientSettings().notify,
    )


def test_a_chosen_value_stands_as_a_setting(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_text(sample(ClientSettings, {("client", "handle"): 'q"uote'}))
    assert read_toml(path).tables["client"] == {"handle": 'q"uote'}


def test_samples_fit_a_terminal() -> None:
    for settings in (ServerSettings, ClientSettings):
        assert max(map(len, sample(settings).splitlines())) <= 100


def test_the_page_has_a_row_for_every_setting() -> None:
    page = configuration_page()
    for settings in (ServerSettings, ClientSettings):
        for section in sections(settings).values():
            assert f"### `[{section.name}]`" in page
            for row in section.rows.values():
                assert re.search(
                    rf"^\| `{row.key}` \| .* \| {re.escape(row.documentation)} \|$", page, re.MULTILINE
                )
