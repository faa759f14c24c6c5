"""The files in the checkout that are made from the settings."""

from pathlib import Path

import pytest

from chatroom.config.document import documents, main, stale

CHECKOUT = Path(__file__).parents[2]


def test_the_samples_and_the_page_of_this_checkout_are_up_to_date() -> None:
    assert stale(CHECKOUT) == [], "run `make docs`"


def test_a_changed_or_missing_file_is_noticed_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    page = tmp_path / "docs/configuration.md"
    page.write_text(page.read_text() + "\n")
    assert main(["--check"]) == 1
    assert stale(tmp_path) == [Path("docs/configuration.md")]
    main([])
    assert not stale(tmp_path)
    assert "stale; run make docs" in capsys.readouterr().out
    assert all(not path.is_absolute() for path in documents())
