"""`chatroom` that dies at a point a random kill seldom meets.

`python -m torture.altered_client POINT:N send …`

As `altered_server.py`: put over the program before it starts, unknown to the product.
"""

import sys
from collections.abc import Callable
from typing import Final

from chatroom.cli import client as program
from chatroom.client.connection.connection import Connection
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.headless.output import Output
from torture.altered_server import _before, _Countdown


def before_the_outbox(count: int) -> None:
    """C1: a message was taken, and is nowhere yet."""
    countdown = _Countdown(count)
    _before(DiskOutbox, "add", lambda *_: countdown())


def after_the_outbox(count: int) -> None:
    """C2: the message is in the outbox on disk and was not sent."""
    countdown = _Countdown(count)
    add = DiskOutbox.add

    def altered(self: DiskOutbox, posts: list[object]) -> None:
        add(self, posts)  # type: ignore[arg-type]
        countdown()

    DiskOutbox.add = altered  # type: ignore[assignment,method-assign]


def after_the_send(count: int) -> None:
    """C2: the message was sent and not acknowledged."""
    countdown = _Countdown(count)
    flush = Connection._flush

    def altered(self: Connection) -> None:
        flush(self)
        if self._session.waiting_count:
            countdown()

    Connection._flush = altered  # type: ignore[method-assign]


def before_the_removal(count: int) -> None:
    """C3: the message was acknowledged and is still in the outbox."""
    countdown = _Countdown(count)
    _before(DiskOutbox, "remove", lambda *_: countdown())


def after_the_showing(count: int) -> None:
    """C4: entries were shown."""
    countdown = _Countdown(count)
    flush = Output.flush

    def altered(self: Output) -> None:
        flush(self)
        countdown()

    Output.flush = altered  # type: ignore[method-assign]


POINTS: Final[dict[str, Callable[[int], None]]] = {
    "before-the-outbox": before_the_outbox,
    "after-the-outbox": after_the_outbox,
    "after-the-send": after_the_send,
    "before-the-removal": before_the_removal,
    "after-the-showing": after_the_showing,
}


def main() -> int:
    name, _, count = sys.argv[1].partition(":")
    POINTS[name](int(count))
    return program.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
