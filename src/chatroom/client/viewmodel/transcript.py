"""The transcript of one room: its rows, each made when somebody asks for it.

A timeline may hold tens of thousands of entries, so nothing here is done for all of them at every frame:
which entries make a row is kept in `row_index.py`, and a row that was made is kept while what it was made
of is the same. Rows: one at the top (where the room, or what is loaded, begins), then entries, then what
waits to be stored. Read next: `row_maker.py`.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Final, Protocol

from chatroom.client.session.ports import Waiting
from chatroom.client.session.timeline import Gap, Item, Line, Timeline
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.calendar import Calendar
from chatroom.client.viewmodel.markup import Reader
from chatroom.client.viewmodel.row_index import MESSAGE, RowIndex, first_seq
from chatroom.client.viewmodel.row_maker import RowMaker, plain_row
from chatroom.client.viewmodel.rows import RowKind, TranscriptRow
from chatroom.protocol.limits import SEQ_MAX

KEPT_ROWS: Final = 2_000
"""Most rows kept after they were drawn: some screenfuls of scrolling."""

SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

TOP_KEY: Final = (0,)
"""The key of the row at the top."""


class TranscriptView(Protocol):
    """What a transcript shows, for whoever draws it. Valid until the next verb of the model."""

    @property
    def length(self) -> int:
        """How many rows there are: at least the one at the top, or 0 when there is no room."""

    @property
    def version(self) -> int:
        """A number that grows with every change of any row."""

    @property
    def prepended(self) -> int:
        """How many rows were ever put before the first entry."""

    def row(self, index: int) -> TranscriptRow:
        """Return row `index`, 0 … length-1; made when asked for. Row 0 is BEGINNING, LOADING or GAP."""

    def index_of(self, key: tuple[int, ...]) -> int:
        """Return the index of the row with this key, or of the row that has taken it in, else the nearest
        above.
        """


class Transcript:
    """The rows of one room. `sync` takes in what changed; the rest reads.

    Versions only grow: that of the transcript with every change, that of a row when it looks different.
    """

    def __init__(
        self, timeline: Timeline, me: str, title: str, calendar: Calendar, *, every_time: bool = False
    ) -> None:
        """Take the timeline, one's own handle, and the title of the room. `every_time`: none is left out."""
        self._version = 0
        self.timeline = timeline
        self._index = RowIndex(timeline, calendar)
        self._maker = RowMaker(Reader(me, self._index.authors), calendar, title, every_time)
        self._waiting: tuple[Waiting, ...] = ()
        self._ordinals: dict[bytes, int] = {}
        self._unread_after: int | None = None
        self._unread_seq: int | None = None
        self._cleared_through = 0
        self._hidden = 0
        self._spinner = 0
        self._made = 0
        self._kept: dict[tuple[int, ...], tuple[object, TranscriptRow]] = {}

    # -- taking in what changed --------------------------------------------------------------------------

    def sync(self, waiting: Sequence[Waiting], ignored: Container[str], now_ms: int) -> bool:
        """Take in the timeline as it is now, and what waits; True when any row may have changed."""
        changed = self._index.sync(ignored)
        if changed is None and len(waiting) == len(self._waiting) and tuple(waiting) == self._waiting:
            return False
        self._waiting = tuple(waiting)
        self._maker.now_ms = now_ms
        if changed == 0:
            self._unread_seq = None
        self._find_unread(changed or 0)
        self._hide()
        self._version += 1
        return True

    def set_unread_after(self, seq: int | None) -> None:
        """Put the line of new messages above the first message of somebody else after `seq`; None removes
        it.
        """
        if seq != self._unread_after:
            self._unread_after = seq
            self._unread_seq = None
            self._find_unread(0)
            self._version += 1

    def clear(self) -> None:
        """Hide the rows there are now; `show_all` brings them back."""
        self._cleared_through = self.timeline.head
        self._hide()
        self._version += 1

    def show_all(self) -> bool:
        """Show what `clear` hid; True when something was hidden."""
        was_hidden = self._hidden > 0
        self._cleared_through = self._hidden = 0
        self._version += was_hidden
        return was_hidden

    def turn_spinner(self) -> None:
        """Let the spinner of a page under way go on."""
        self._spinner += 1
        self._version += 1

    def _find_unread(self, row: int) -> None:
        """Find the first message of somebody else after `unread_after`, in the index row `row`
        or below it.
        """
        after = self._unread_after
        if after is None or self._unread_seq is not None:
            return
        for number in range(max(row, self._index.row_of(after), 0), len(self._index)):
            seq = first_seq(self._index.first_item(number))
            if seq > after and self._index.is_message_of_other(number):
                self._unread_seq = seq
                return

    def _hide(self) -> None:
        self._hidden = self._index.row_of(self._cleared_through) + 1 if self._cleared_through else 0

    # -- reading -----------------------------------------------------------------------------------------

    @property
    def length(self) -> int:
        """How many rows there are: at least the one at the top."""
        return 1 + len(self._index) - self._hidden + len(self._waiting)

    @property
    def version(self) -> int:
        """A number that grows with every change of any row."""
        return self._version

    @property
    def prepended(self) -> int:
        """How many rows were ever put before the first entry."""
        return self._index.prepended

    @property
    def is_loading(self) -> bool:
        """Whether a page is on its way, so that the spinner turns."""
        return self.timeline.is_loading

    @property
    def is_cleared(self) -> bool:
        """Whether rows are hidden."""
        return self._hidden > 0

    @property
    def authors(self) -> dict[str, int]:
        """Who spoke, and the seq of their newest message here."""
        return self._index.authors

    @property
    def unread_key(self) -> tuple[int, ...] | None:
        """The key of the row below the line of new messages, or None."""
        return None if self._unread_seq is None else (self._unread_seq,)

    def row(self, index: int) -> TranscriptRow:
        """Return row `index`; raises IndexError beyond the last."""
        if not 0 <= index < self.length:
            raise IndexError(index)
        if index == 0:
            return self._top_row()
        number = index - 1 + self._hidden
        if number < len(self._index):
            return self._entry_row(number)
        return self._waiting_row(number - len(self._index))

    def index_of(self, key: tuple[int, ...]) -> int:
        """Return the index of the row with this key, or of the row that has taken it in, else the nearest
        above.
        """
        if key <= TOP_KEY:
            return 0
        if key[0] > SEQ_MAX:
            for position, post in enumerate(self._waiting):
                if self._ordinal(post) >= key[1]:
                    return self.length - len(self._waiting) + position
            return self.length - 1
        seq = key[0] + 1 if len(key) > 1 else key[0]  # a gap is named by the seq before it
        return max(0, self._index.row_of(seq) + 1 - self._hidden)

    def item(self, index: int) -> Item | Waiting | None:
        """Return what row `index` shows: the first entry of a note, a message, a gap; None for
        the top row.
        """
        if not 1 <= index < self.length:
            return None
        number = index - 1 + self._hidden
        if number < len(self._index):
            return self._index.first_item(number)
        return self._waiting[number - len(self._index)]

    def has_message(self, index: int) -> bool:
        """Whether row `index` is a message, stored or waiting."""
        number = index - 1 + self._hidden
        if not 1 <= index < self.length:
            return False
        return number >= len(self._index) or self._index.kinds[number] == MESSAGE

    def count_below(self, index: int) -> int:
        """Return how many messages stand below row `index`, without what waits."""
        return self._index.count_messages(index + self._hidden)

    def last_seq(self, index: int) -> int:
        """Return the greatest seq of row `index` or of the nearest entry above it, 0 when there is none."""
        number = min(index - 1 + self._hidden, len(self._index) - 1)
        if number < 0:
            return 0
        last = self._index.items(number)[-1]
        return last.seq if isinstance(last, Line) else last.before - 1

    def find(self, index: int, step: int, is_wanted: Callable[[int], bool]) -> int | None:
        """Return the index of the first row that is wanted, from row `index` in the direction `step` (1 or
        -1).
        """
        at = index + step
        while 1 <= at < self.length:
            if is_wanted(at):
                return at
            at += step
        return None

    # -- making rows -------------------------------------------------------------------------------------

    def _top_row(self) -> TranscriptRow:
        kind, style, mark = RowKind.GAP, Style.GAP, ""
        if self._hidden:
            text = "… cleared — PgUp or Esc shows it again"
        elif self.timeline.at_beginning:
            kind, style, text = RowKind.BEGINNING, Style.BEGINNING, f"beginning of {self._maker.title}"
        elif self.timeline.is_loading:
            kind, style, text = RowKind.LOADING, Style.LOADING, "loading older messages"
            mark = self._spinner_mark
        else:
            text = "… older messages — PgUp loads"
        return self._keep((text, mark), plain_row(TOP_KEY, kind, style, text, mark))

    @property
    def _spinner_mark(self) -> str:
        return SPINNER[self._spinner % len(SPINNER)] if self.timeline.is_loading else ""

    def _entry_row(self, number: int) -> TranscriptRow:
        """Return row `number` of the index."""
        first = self._index.first_item(number)
        if isinstance(first, Gap):
            proof: object = (first, self._spinner_mark)
            return self._keep(proof, self._maker.gap(first, self._spinner_mark))
        above = self._index.line_above(number)
        key = (first.seq,)
        if self._index.kinds[number] == MESSAGE:
            is_unread = first.seq == self._unread_seq
            proof = (first, above, is_unread)
            return self._known(key, proof) or self._keep(proof, self._maker.message(first, above, is_unread))
        run = [item for item in self._index.items(number) if isinstance(item, Line)]
        proof = (run, above)
        return self._known(key, proof) or self._keep(proof, self._maker.note(run, above))

    def _waiting_row(self, position: int) -> TranscriptRow:
        post = self._waiting[position]
        key = (SEQ_MAX + 1, self._ordinal(post))
        above = self._waiting[position - 1] if position else self._index.line_above(len(self._index))
        proof = (post, above)
        return self._known(key, proof) or self._keep(proof, self._maker.waiting(post, key, above))

    def _ordinal(self, post: Waiting) -> int:
        return self._ordinals.setdefault(post.nonce, len(self._ordinals))

    def _known(self, key: tuple[int, ...], proof: object) -> TranscriptRow | None:
        """Return the row made before, if what it was made of is the same."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] == proof else None

    def _keep(self, proof: object, row: TranscriptRow) -> TranscriptRow:
        """Keep a row with what it was made of, and give it a version if it looks different from before."""
        kept = self._kept.get(row.key)
        if kept is not None and replace(row, version=kept[1].version) == kept[1]:
            row = kept[1]
        else:
            self._made += 1
            row = replace(row, version=self._made)
            if len(self._kept) >= KEPT_ROWS:
                self._kept.clear()
        self._kept[row.key] = (proof, row)
        return row


class _NoRows:
    """The transcript of no room."""

    length = version = prepended = 0

    def row(self, index: int) -> TranscriptRow:
        """There is none."""
        raise IndexError(index)

    def index_of(self, key: tuple[int, ...]) -> int:
        """There is none."""
        return 0


NO_ROWS: Final[TranscriptView] = _NoRows()
"""The transcript where there is no room."""
