"""What a frame costs: the message pane at 100,000 rows, and the whole screen. Prints, asserts nothing.

    python bench/bench_pane.py

The rows are made by hand and the session is real, so that both the pane alone and all that a frame does
(model, layout, drawing, and what urwid sends to the terminal) are seen.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from chatroom.client.themes.theme import builtin_theme
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.pane import MessagePane
from chatroom.client.ui.term import Terminal
from support.rows import Rows, message
from support.screen_world import Seat
from support.tiny_server import TinyServer
from support.window import Window

ROWS = 100_000
SIZES = ((80, 24), (200, 50))
WORDS = ("alpha", "beta", "relay", "socket", "message", "hello", "see", "the", "note", "it", "日本語", "👍")
HANDLES = ("ada", "grace", "linus", "margaret", "ken", "dennis")


def text(random: Random) -> str:
    return " ".join(random.choice(WORDS) for _ in range(random.randint(2, 30)))


def timed(step: Callable[[], object], times: int) -> float:
    """The median time of a step in ms."""
    costs = []
    for _ in range(times):
        began = time.perf_counter()
        step()
        costs.append(time.perf_counter() - began)
    return median(costs) * 1000


def bench_pane(rows: Rows, random: Random, cols: int, height: int) -> None:
    pane = MessagePane(Emoji())

    def draw() -> None:
        pane.draw(rows, cols, height)

    def append_and_draw() -> None:
        rows.rows.append(message(len(rows.rows), random.choice(HANDLES), text(random)))
        draw()

    def page_up() -> None:
        pane.scroll_pages(1)
        draw()

    def jump() -> None:
        pane.bring_into_view((random.randrange(ROWS),))
        draw()

    steps = {"first": (draw, 1), "append+draw": (append_and_draw, 300), "unchanged": (draw, 300)}
    steps |= {"page up": (page_up, 100), "jump": (jump, 100)}
    shown = "  ".join(f"{name} {timed(step, times):.3f} ms" for name, (step, times) in steps.items())
    print(f"pane {cols}x{height}, {len(rows.rows)} rows: {shown}")


class Paper(Terminal):
    """A terminal that only counts what it is sent."""

    def __init__(self) -> None:
        super().__init__(builtin_theme("dark"), "true")
        self.sent: list[int] = []
        self._started = True

    def write(self, data: str) -> None:
        self.sent.append(len(data.encode()))

    def flush(self) -> None:
        pass


def bench_screen(random: Random, cols: int, height: int) -> None:
    server = TinyServer()
    for _ in range(500):
        server.say(random.choice(HANDLES), text(random))
    window, paper = Window(Seat(server), cols, height), Paper()

    def draw() -> None:
        window.view.refresh()
        paper.draw_screen(window.size, window.view.render(window.size, focus=True))

    def press() -> None:
        window.view.keypress(window.size, "x")
        draw()

    def hear() -> None:
        server.say(random.choice(HANDLES), text(random))
        window.seat.settle()
        draw()

    draw()
    for name, step in (("key", press), ("message", hear)):
        paper.sent.clear()
        cost_ms = timed(step, 100)
        print(f"screen {cols}x{height}: {name} to terminal {cost_ms:.2f} ms, {median(paper.sent):.0f} bytes")


def main() -> None:
    random = Random(1)
    rows = Rows([message(seq, random.choice(HANDLES), text(random)) for seq in range(ROWS)])
    for cols, height in SIZES:
        bench_pane(rows, random, cols, height)
    for cols, height in SIZES:
        bench_screen(random, cols, height)


if __name__ == "__main__":
    main()
