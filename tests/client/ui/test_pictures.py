"""The whole screen as pictures in text, at the sizes at which it is laid out differently."""

import pytest

from support.screen_world import MINUTE_MS, Seat
from support.tiny_server import TinyServer
from support.window import Window

THREE_PANES = """\
 #lobby  be kind
 ROOMS              │                                                      │ USERS 1
 1 #lobby           │                beginning of #lobby                   │ ● alice
 2 #homework      1 │─────────────── Tuesday 14 November ────────────────  │
                    │ 22:13        · owner created #lobby                  │
                    │───────────────────────────────────── new messages ─  │
                    │            ada morning! the relay is up again 🎉     │
                    │ 22:14    grace 日本語も: 幅の広い文字も正しく折り返  │
                    │                される                                │
                    │            ada see:                                  │
                    │                 x = 1                                │
                    │▌22:15    grace @alice and you?                       │
                    │              → alice joined                          │
────────────────────┴──────────────────────────────────────────────────────┴────────────────
 ❯ hello
 ● online · all sent  [·2]                F1 help  Ctrl-G go to  Alt-1…9 rooms  PgUp scroll
"""

TWO_PANES = """\
 #lobby  be kind
 ROOMS              │ 22:13        · owner created #lobby
 1 #lobby           │──────────────────────────── new messages ─
 2 #homework      1 │            ada morning! the relay is up    ▐
                    │                again 🎉                    ▐
                    │ 22:14    grace 日本語も: 幅の広い文字も正  ▐
                    │                しく折り返される            ▐
                    │            ada see:                        ▐
                    │                 x = 1                      ▐
                    │▌22:15    grace @alice and you?             ▐
                    │              → alice joined                ▐
────────────────────┴─────────────────────────────────────────────
 ❯ hello
 ● online · all sent  [·2]   F1 help  Ctrl-G go to  Alt-1…9 rooms
"""

ONE_PANE = """\
 #lobby  be kind
        · owner created #lobby
─────────────────────── new messages ─
      ada morning! the relay is up     ▐
          again 🎉                     ▐
    grace 日本語も: 幅の広い文字も正し ▐
          く折り返される               ▐
      ada see:                         ▐
           x = 1                       ▐
▌   grace @alice and you?              ▐
        → alice joined                 ▐
────────────────────────────────────────
 ❯ hello
 ● online · all sent  [·2]      F1 help
"""

LITTLE = """\
 #lobby
  x = 1
▌grace @alice and
 you?
 → alice joined    ▐
────────────────────
❯ hello
 ● online · all sent
"""

TINY = """\
 #lobby
joined
❯ hello
 ● online
"""


@pytest.fixture
def seat() -> Seat:
    server = TinyServer()
    server.make_room("homework", members=("alice", "ada"))
    server.room("lobby").topic = "be kind"
    server.say("ada", "morning! the relay is up again 🎉")
    server.now += MINUTE_MS
    server.say("grace", "日本語も: 幅の広い文字も正しく折り返される")
    server.say("ada", "see:\n```\nx = 1\n```")
    server.now += MINUTE_MS
    server.say("grace", "@alice and you?")
    server.say("ada", "read this", "homework")
    return Seat(server)


@pytest.mark.parametrize(
    ("cols", "rows", "picture"),
    [(92, 16, THREE_PANES), (66, 14, TWO_PANES), (40, 14, ONE_PANE), (20, 8, LITTLE), (10, 4, TINY)],
)
def test_the_screen_looks_like_its_picture(seat: Seat, cols: int, rows: int, picture: str) -> None:
    window = Window(seat, cols, rows)
    window.type("hello")
    assert window.text() + "\n" == picture
