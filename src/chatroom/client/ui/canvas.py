"""Strips as a urwid canvas. Read next: `strips.py`, `view.py`."""

from collections.abc import Hashable, Iterator, Mapping, Sequence

import urwid

from chatroom.client.ui.strips import Run, Strip, cut_strip


class StripCanvas(urwid.Canvas):
    """A canvas of `strips`, each exactly `cols` columns wide; `cursor` is (column, row) or None."""

    def __init__(self, strips: Sequence[Strip], cols: int, cursor: tuple[int, int] | None = None) -> None:
        super().__init__()
        self._strips = strips
        self._cols = cols
        self.cursor = cursor

    def cols(self) -> int:
        """Return how many columns there are."""
        return self._cols

    def rows(self) -> int:
        """Return how many rows there are."""
        return len(self._strips)

    def content(
        self,
        trim_left: int = 0,
        trim_top: int = 0,
        cols: int | None = 0,
        rows: int | None = 0,
        attr: Mapping[Hashable, Hashable] | None = None,
    ) -> Iterator[list[Run]]:
        """Yield the rows, or the part of them that is asked for; 0 or None of `cols` or `rows`: all the
        rest.
        """
        last = trim_top + rows if rows else None
        width = cols or self._cols - trim_left
        is_whole = width == self._cols
        for line in self._strips[trim_top:last]:
            shown = line if is_whole else cut_strip(line, trim_left, width)
            yield [(attr.get(name, name), charset, text) for name, charset, text in shown] if attr else shown
