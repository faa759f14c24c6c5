"""Where the parts of the screen stand, for every size from 1×1 up.

Only arithmetic: what is given up first when there is little room, and how wide the side panes are. From top
to bottom: header, then sidebar | transcript | members, a rule, the composer, the status line. Read next:
`view.py`.
"""

from dataclasses import dataclass
from typing import Final

THREE_PANES_COLS: Final = 88
TWO_PANES_COLS: Final = 64
COMPOSER_ROWS_MAX: Final = 6
_LEAST_PANE_COLS: Final = 24  # a side pane the user asks for must leave the transcript so much


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the screen; empty when it has no column or no row."""

    left: int = 0
    top: int = 0
    cols: int = 0
    rows: int = 0

    def holds(self, col: int, row: int) -> bool:
        """Whether the place lies in it."""
        return self.left <= col < self.left + self.cols and self.top <= row < self.top + self.rows

    @property
    def is_shown(self) -> bool:
        """Whether there is anything of it."""
        return self.cols > 0 and self.rows > 0


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is. Beside a side pane stands a rule of one column; `rule` is over the composer."""

    header: Area
    sidebar: Area
    transcript: Area
    members: Area
    rule: Area
    composer: Area
    status: Area


def composer_rows_max(rows: int) -> int:
    """Return how far the composer may grow on a screen of `rows`."""
    return max(min(COMPOSER_ROWS_MAX, rows // 3), 1)


def place(
    cols: int, rows: int, composer_rows: int, *, rooms: bool | None = None, members: bool | None = None
) -> Places:
    """Return where everything stands; the composer wants `composer_rows`.

    `rooms` and `members`: whether those panes are wanted; None leaves it to the width.
    """
    composer_rows = min(composer_rows, composer_rows_max(rows), rows)
    left = rows - composer_rows
    status_rows = 1 if left >= 2 else 0
    header_rows = 1 if left >= 3 else 0
    rule_rows = 1 if left >= 5 else 0
    middle = left - status_rows - header_rows - rule_rows
    rooms_cols, members_cols = _side_panes(cols, rooms, members)
    first = rooms_cols + 1 if rooms_cols else 0
    last = members_cols + 1 if members_cols else 0
    below = header_rows + middle
    return Places(
        header=Area(0, 0, cols, header_rows),
        sidebar=Area(0, header_rows, rooms_cols, middle),
        transcript=Area(first, header_rows, cols - first - last, middle),
        members=Area(cols - members_cols, header_rows, members_cols, middle),
        rule=Area(0, below, cols, rule_rows),
        composer=Area(0, below + rule_rows, cols, composer_rows),
        status=Area(0, rows - status_rows, cols, status_rows),
    )


def _side_panes(cols: int, rooms: bool | None, members: bool | None) -> tuple[int, int]:
    """Return the columns of sidebar and members, 0 where they are not shown."""
    rooms_cols = 24 if cols >= 120 else 20
    members_cols = 20 if cols >= 120 else 16
    shows_rooms = cols >= TWO_PANES_COLS if rooms is None else rooms
    shows_members = cols >= THREE_PANES_COLS if members is None else members
    left = cols - _LEAST_PANE_COLS
    if not shows_rooms or left < rooms_cols + 1:
        rooms_cols = 0
    left -= rooms_cols + 1 if rooms_cols else 0
    if not shows_members or left < members_cols + 1:
        members_cols = 0
    return rooms_cols, members_cols
