"""Settings seen as data."""

import msgspec
import pytest

from chatroom.config.check import paths_from
from chatroom.config.paths import client_paths
from chatroom.config.rows import Row, Settings, as_toml, sections
from chatroom.config.settings import ClientSettings, ServerSettings

ROWS = [
    row
    for settings in (ServerSettings, ClientSettings)
    for section in sections(settings).values()
    for row in section.rows.values()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}.{row.key}")
def test_every_setting_is_documented_and_its_default_or_example_is_right(row: Row) -> None:
    assert row.documentation.endswith(".")
    assert row.form
    value = row.example if row.default is None else row.default
    assert value is not None
    base = client_paths().data
    msgspec.convert(as_toml(value), row.type, dec_hook=paths_from(base))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.section}.{row.key}")
def test_every_number_has_a_range(row: Row) -> None:
    if isinstance(row.default, int | float) and not isinstance(row.default, bool):
        assert "number from" in row.form
        assert "None" not in row.form


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (ServerSettings, ["server", "rooms", "access", "limits", "log"]),
        (ClientSettings, ["client", "look", "notify", "keys", "themes"]),
    ],
)
def test_the_sections_are_the_fields_of_the_settings(settings: Settings, names: list[str]) -> None:
    assert list(sections(settings)) == names


def test_no_key_stands_in_two_sections_of_a_file() -> None:
    for settings in (ServerSettings, ClientSettings):
        keys = [key for section in sections(settings).values() for key in section.rows]
        assert len(keys) == len(set(keys))
