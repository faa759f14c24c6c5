"""The pictures are drawn from what a terminal shows; here what must be right about the drawing itself."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from support.emulator import Emulator

TOOL = Path(__file__).resolve().parents[2] / "tools" / "picture.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("picture", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["picture"] = module
    spec.loader.exec_module(module)
    return module


picture = _load()


def _has_fonts() -> bool:
    try:
        picture.check_fonts()
    except picture.FontMissingError:
        return False
    return True


needs_fonts = pytest.mark.skipif(not _has_fonts(), reason="the fonts of the pictures are not installed")


def drawn(text: str, cols: int = 10, rows: int = 3) -> tuple[object, int, int, int]:
    """The image of a screen, the size of a cell and the margin."""
    emulator = Emulator(cols, rows, lambda _: None)
    emulator.feed(b"\x1b[?25l" + text.encode())
    paper = picture.Paper()
    image = picture.picture(emulator.screen, paper)
    cell_w = (image.width - 2 * paper.margin_px) // cols
    cell_h = (image.height - 2 * paper.margin_px) // rows
    return image, cell_w, cell_h, paper.margin_px


@needs_fonts
def test_rules_meet_without_a_seam() -> None:
    image, cell_w, cell_h, margin = drawn("\x1b[38;2;255;0;0m───\r\n│\r\n│")
    middle = margin + cell_h // 2
    assert {image.getpixel((x, middle)) for x in range(margin, margin + 3 * cell_w)} == {(255, 0, 0)}
    upright = margin + cell_w // 2
    column = {image.getpixel((upright, y)) for y in range(margin + cell_h, margin + 3 * cell_h)}
    assert column == {(255, 0, 0)}


@needs_fonts
def test_corners_reach_both_edges_of_their_cell() -> None:
    image, cell_w, cell_h, margin = drawn("\x1b[38;2;255;0;0m╭╮\r\n╰╯")
    middle_y, middle_x = margin + cell_h // 2, margin + cell_w // 2
    assert image.getpixel((margin + cell_w - 1, middle_y)) == (255, 0, 0)
    assert image.getpixel((margin + cell_w, middle_y)) == (255, 0, 0)
    assert image.getpixel((middle_x, margin + cell_h - 1)) == (255, 0, 0)
    assert image.getpixel((middle_x, margin + cell_h)) == (255, 0, 0)


@needs_fonts
def test_grounds_are_true_colours_and_the_margin_belongs_to_the_screen() -> None:
    image, _, _, margin = drawn("\x1b[48;2;17;34;51m" + "\r\n".join([" " * 10] * 3))
    assert image.getpixel((margin + 2, margin + 2)) == (17, 34, 51)
    assert image.getpixel((1, 1)) == (17, 34, 51)


@needs_fonts
@pytest.mark.parametrize("text", ["A", "日", "🎉", "👨\u200d👩\u200d👧\u200d👦", "é", "○"])
def test_letters_of_every_script_and_emoji_leave_a_mark(text: str) -> None:
    image, cell_w, cell_h, margin = drawn(text)
    ground = image.getpixel((1, 1))
    cell = image.crop((margin, margin, margin + 2 * cell_w, margin + cell_h))
    assert sum(pixel != ground for pixel in cell.get_flattened_data()) > 20


@needs_fonts
def test_a_picture_is_saved_small(tmp_path: Path) -> None:
    image, *_ = drawn("hello 日本 🎉")
    path = tmp_path / "deep" / "hello.png"
    picture.save(image, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < 20_000


def test_a_missing_font_is_named_by_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "FONT_FOLDER", tmp_path)
    with pytest.raises(picture.FontMissingError, match=r"apt-get install .*fonts-jetbrains-mono"):
        picture.check_fonts()
