"""A screen of the emulator as a picture: Pillow, the fonts of Debian, lines drawn so that they meet.

Only drawing: what is on the screen is decided in `screenshots.py`. Letters come from JetBrains Mono, East
Asian ones from Noto Sans CJK, emoji from Noto Color Emoji; rules, corners and blocks are drawn here, because
a font leaves seams between them.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pyte.screens
import wcwidth
from PIL import Image, ImageDraw, ImageFont

FONT_FOLDER: Final = Path("/usr/share/fonts")
PACKAGES: Final = {
    "truetype/jetbrains-mono/JetBrainsMono-Regular.ttf": "fonts-jetbrains-mono",
    "truetype/jetbrains-mono/JetBrainsMono-Bold.ttf": "fonts-jetbrains-mono",
    "truetype/jetbrains-mono/JetBrainsMono-Italic.ttf": "fonts-jetbrains-mono",
    "truetype/jetbrains-mono/JetBrainsMono-BoldItalic.ttf": "fonts-jetbrains-mono",
    "opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
    "opentype/noto/NotoSansCJK-Bold.ttc": "fonts-noto-cjk",
    "truetype/noto/NotoColorEmoji.ttf": "fonts-noto-color-emoji",
}
_EMOJI_PX: Final = 109  # the one size of the bitmaps in Noto Color Emoji

_NAMED: Final = {
    "black": "1d1f21", "red": "cc6666", "green": "7fb36b", "brown": "d9a95b", "blue": "6f9fd0",
    "magenta": "b48ead", "cyan": "70b5b5", "white": "c5c8c6", "brightblack": "6b7076", "brightred": "ff8080",
    "brightgreen": "8fdc8f", "brightbrown": "ffdd66", "brightblue": "8fbff0", "brightmagenta": "ee88dd",
    "brightcyan": "77dddd", "brightwhite": "ffffff",
}  # fmt: skip

Colour = tuple[int, int, int]


class FontMissingError(Exception):
    """A font is not installed; the text says which package has it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What is behind a terminal that says nothing of colours, and how large everything is."""

    text: str = "d0d4d8"
    ground: str = "14171a"
    font_px: int = 18
    margin_px: int = 14


def check_fonts() -> None:
    """Raise FontMissingError unless every font is here."""
    missing = sorted({package for path, package in PACKAGES.items() if not (FONT_FOLDER / path).is_file()})
    if missing:
        raise FontMissingError(f"fonts are missing; install them with: apt-get install {' '.join(missing)}")


@cache
def _font(path: str, size: int, index: int = 0) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT_FOLDER / path, size, index=index)


@cache
def _has_glyph(path: str, cluster: str) -> bool:
    font = _font(path, 32)
    return bytes(font.getmask(cluster[0])) != bytes(font.getmask("\U0010fffe"))


def picture(screen: pyte.Screen, paper: Paper) -> Image.Image:
    """Return the screen as an image, the cursor as a block where it is shown."""
    return _Painter(screen, paper).paint()


class _Painter:
    def __init__(self, screen: pyte.Screen, paper: Paper) -> None:
        self._screen = screen
        self._paper = paper
        mono = _font("truetype/jetbrains-mono/JetBrainsMono-Regular.ttf", paper.font_px)
        ascent, descent = mono.getmetrics()
        self._cell_w = round(mono.getlength("M"))
        self._cell_h = round((ascent + descent) * 1.06)
        self._baseline = ascent + (self._cell_h - ascent - descent) // 2
        width = screen.columns * self._cell_w + 2 * paper.margin_px
        height = screen.lines * self._cell_h + 2 * paper.margin_px
        self._image = Image.new("RGB", (width, height), _rgb(self._edge_colour()))
        self._draw = ImageDraw.Draw(self._image)

    def _edge_colour(self) -> str:
        """Return the ground of most cells at both sides of the screen, so that the margin belongs to it."""
        sides = (0, self._screen.columns - 1)
        grounds = Counter(self._screen.buffer[y][x].bg for y in range(self._screen.lines) for x in sides)
        ground = grounds.most_common(1)[0][0]
        return self._paper.ground if ground == "default" else self._named(ground, self._paper.ground)

    def paint(self) -> Image.Image:
        cells = [
            (x, y, self._screen.buffer[y][x])
            for y in range(self._screen.lines)
            for x in range(self._screen.columns)
        ]
        for x, y, cell in cells:  # all grounds first: a wide glyph may reach over its cell
            self._fill(x, y, self._colours(cell)[1])
        for x, y, cell in cells:
            if cell.data and cell.data != " ":
                self._glyph(x, y, cell)
            if cell.underscore and cell.data:
                self._underline(x, y, cell)
        self._paint_cursor()
        return self._image

    def _colours(self, cell: pyte.screens.Char) -> tuple[Colour, Colour]:
        text = _rgb(self._named(cell.fg, self._paper.text))
        ground = _rgb(self._named(cell.bg, self._paper.ground))
        return (ground, text) if cell.reverse else (text, ground)

    def _named(self, name: str, default: str) -> str:
        return default if name == "default" else _NAMED.get(name, name)

    def _corner(self, x: int, y: int) -> tuple[int, int]:
        return self._paper.margin_px + x * self._cell_w, self._paper.margin_px + y * self._cell_h

    def _fill(self, x: int, y: int, colour: Colour) -> None:
        left, top = self._corner(x, y)
        self._draw.rectangle((left, top, left + self._cell_w - 1, top + self._cell_h - 1), fill=colour)

    def _glyph(self, x: int, y: int, cell: pyte.screens.Char) -> None:
        colour = self._colours(cell)[0]
        if self._line_or_block(x, y, cell.data, colour):
            return
        width = wcwidth.width(cell.data)
        if _is_emoji(cell.data, width):
            self._emoji(x, y, cell.data)
            return
        left, top = self._corner(x, y)
        style = ("Bold" if cell.bold else "") + ("Italic" if cell.italics else "") or "Regular"
        path = f"truetype/jetbrains-mono/JetBrainsMono-{style}.ttf"
        if width < 2 and _has_glyph(path, cell.data):
            font = _font(path, self._paper.font_px)
            self._draw.text((left, top + self._baseline), cell.data, colour, font, anchor="ls")
            return
        cjk = "opentype/noto/NotoSansCJK-" + ("Bold" if cell.bold else "Regular") + ".ttc"
        if width < 2:  # a glyph from another font is made to fit its cell, as terminals do
            box = _font(cjk, 100).getbbox(cell.data)
            font = _font(cjk, round(115 * self._cell_w / max(box[2] - box[0], 1)))
            middle = (left + self._cell_w / 2, top + self._baseline - self._cell_w * 0.38)
            self._draw.text(middle, cell.data, colour, font, anchor="mm")
            return
        font = _font(cjk, round(self._cell_w * 2 * 0.94))
        middle = (left + self._cell_w, top + self._baseline)
        self._draw.text(middle, cell.data, colour, font, anchor="ms")

    def _emoji(self, x: int, y: int, cluster: str) -> None:
        font = _font("truetype/noto/NotoColorEmoji.ttf", _EMOJI_PX)
        box = font.getbbox(cluster)
        tile = Image.new("RGBA", (int(box[2]), int(box[3] - box[1])), (0, 0, 0, 0))
        ImageDraw.Draw(tile).text((0, -box[1]), cluster, font=font, embedded_color=True)
        side = min(self._cell_w * 2, self._cell_h) - 2
        tile = tile.resize((side, round(side * tile.height / tile.width)), Image.Resampling.LANCZOS)
        left, top = self._corner(x, y)
        place = (left + (self._cell_w * 2 - tile.width) // 2, top + (self._cell_h - tile.height) // 2)
        self._image.paste(tile, place, tile)

    def _underline(self, x: int, y: int, cell: pyte.screens.Char) -> None:
        left, top = self._corner(x, y)
        width = self._cell_w * max(wcwidth.width(cell.data), 1)
        line = top + self._baseline + 2
        self._draw.rectangle((left, line, left + width - 1, line), fill=self._colours(cell)[0])

    def _line_or_block(self, x: int, y: int, char: str, colour: Colour) -> bool:
        """Draw a rule, corner or block so that it meets its neighbours; whether it is one."""
        left, top = self._corner(x, y)
        right, bottom = left + self._cell_w, top + self._cell_h
        middle_x, middle_y = left + self._cell_w // 2, top + self._cell_h // 2
        arms = _ARMS.get(char)
        if arms is not None:
            if "w" in arms:
                self._draw.rectangle((left, middle_y, middle_x, middle_y), fill=colour)
            if "e" in arms:
                self._draw.rectangle((middle_x, middle_y, right - 1, middle_y), fill=colour)
            if "n" in arms:
                self._draw.rectangle((middle_x, top, middle_x, middle_y), fill=colour)
            if "s" in arms:
                self._draw.rectangle((middle_x, middle_y, middle_x, bottom - 1), fill=colour)
            return True
        if char in _ROUND:
            self._round_corner(x, y, char, colour)
            return True
        share = _BLOCKS.get(char)
        if share is not None:
            first, last = (round(part * self._cell_w) for part in share)
            self._draw.rectangle((left + first, top, left + last - 1, bottom - 1), fill=colour)
            return True
        return False

    def _round_corner(self, x: int, y: int, char: str, colour: Colour) -> None:
        """Draw a quarter circle of half a cell's width and straight arms to the edges of the cell."""
        left, top = self._corner(x, y)
        middle_x, middle_y = left + self._cell_w // 2, top + self._cell_h // 2
        radius = self._cell_w - 1 - self._cell_w // 2
        to_east, to_south = _ROUND[char]
        centre_x = middle_x + radius if to_east else middle_x - radius
        centre_y = middle_y + radius if to_south else middle_y - radius
        begin = {(True, True): 180, (False, True): 270, (True, False): 90, (False, False): 0}[_ROUND[char]]
        box = (centre_x - radius, centre_y - radius, centre_x + radius, centre_y + radius)
        self._draw.arc(box, begin, begin + 90, fill=colour)
        if to_south:
            self._draw.rectangle((middle_x, centre_y, middle_x, top + self._cell_h - 1), fill=colour)
        else:
            self._draw.rectangle((middle_x, top, middle_x, centre_y), fill=colour)
        if to_east:
            self._draw.rectangle((centre_x, middle_y, left + self._cell_w - 1, middle_y), fill=colour)
        else:
            self._draw.rectangle((left, middle_y, centre_x, middle_y), fill=colour)

    def _paint_cursor(self) -> None:
        cursor = self._screen.cursor
        if cursor.hidden or cursor.x >= self._screen.columns:
            return
        cell = self._screen.buffer[cursor.y][cursor.x]
        ground = self._colours(cell)[1]
        left, top = self._corner(cursor.x, cursor.y)
        box = (left, top + 1, left + self._cell_w - 1, top + self._cell_h - 2)
        self._draw.rectangle(box, fill=_rgb(self._paper.text))
        if cell.data.strip():
            font = _font("truetype/jetbrains-mono/JetBrainsMono-Regular.ttf", self._paper.font_px)
            self._draw.text((left, top + self._baseline), cell.data, ground, font, anchor="ls")


_ARMS: Final = {
    "─": "we", "│": "ns", "┴": "wen", "┬": "wes", "├": "nse", "┤": "nsw", "┼": "nswe",
    "┌": "es", "┐": "ws", "└": "en", "┘": "wn",
}  # fmt: skip
_ROUND: Final = {"╭": (True, True), "╮": (False, True), "╰": (True, False), "╯": (False, False)}
_BLOCKS: Final = {"█": (0.0, 1.0), "▌": (0.0, 0.35), "▐": (0.4, 0.9)}  # half blocks slim, as a bar looks best


def _is_emoji(cluster: str, width: int) -> bool:
    first = cluster[0]
    if "\ufe0f" in cluster or "\U0001f1e6" <= first <= "\U0001f1ff":
        return True
    return width == 2 and unicodedata.category(first) in ("So", "Sk") and ord(first) > 0x2300


def _rgb(colour: str) -> Colour:
    return int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16)


def save(image: Image.Image, path: Path) -> None:
    """Write the picture as a small PNG: 256 colours are enough for a terminal and a few emoji."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
