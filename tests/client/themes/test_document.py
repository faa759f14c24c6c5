"""The page about themes."""

from pathlib import Path

import pytest

from chatroom.client.themes import document
from chatroom.client.themes.styles import Style

CHECKOUT = Path(__file__).parents[3]


def test_the_page_of_this_checkout_is_up_to_date() -> None:
    assert not document.is_stale(CHECKOUT), "run `make docs`"


def test_every_style_stands_on_the_page() -> None:
    page = document.themes_page()
    assert [style for style in Style if f"| `{style}` |" not in page] == []


def test_a_missing_or_changed_page_is_noticed_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert document.main(["--check"]) == 1
    assert document.main([]) == 0
    assert document.main(["--check"]) == 0
    document.PAGE.write_text("old")
    assert document.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "docs/themes.md: stale; run make docs"
