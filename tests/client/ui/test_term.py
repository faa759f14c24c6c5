import io
import os
import pty
import sys
import termios
from collections.abc import Iterator

import pytest

from chatroom.client.themes.styles import Style
from chatroom.client.themes.theme import builtin_theme
from chatroom.client.ui.canvas import StripCanvas
from chatroom.client.ui.strips import strip
from chatroom.client.ui.term import Terminal, is_usable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


class Desk:
    """A terminal whose other end is in the test's hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environ: str) -> None:
        self.master, self.slave = pty.openpty()
        for name in ("NO_COLOR", "COLORTERM", "VTE_VERSION"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm-256color", **environ}.items():
            monkeypatch.setenv(name, value)
        self.out = io.StringIO()
        self.typed = os.fdopen(self.slave, closefd=False)
        self.terminal = Terminal(builtin_theme("dark"))
        self.terminal._term_input_file = self.typed
        self.terminal._term_output_file = self.out

    def said(self) -> str:
        text = self.out.getvalue()
        self.out.seek(0)
        self.out.truncate()
        return text

    def close(self) -> None:
        os.close(self.master)
        self.typed.close()
        os.close(self.slave)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk(monkeypatch)
    yield desk
    desk.close()


def test_start_turns_on_what_we_need_and_stop_gives_everything_back(desk: Desk) -> None:
    before = termios.tcgetattr(desk.slave)
    with desk.terminal.start():
        desk.terminal.set_mouse_tracking()
        said = desk.said()
        assert "\x1b[?1049h" in said
        assert "\x1b[?2004h" in said
        assert "\x1b[?1004h" in said
        assert termios.tcgetattr(desk.slave) != before
    said = desk.said()
    for mode in ("1049", "2004", "1004", "1000"):
        assert f"\x1b[?{mode}l" in said
    assert "\x1b[?25h" in said
    assert termios.tcgetattr(desk.slave) == before


def test_ctrl_c_ctrl_z_and_flow_control_arrive_as_keys(desk: Desk) -> None:
    with desk.terminal.start():
        signs = termios.tcgetattr(desk.slave)[6]
        for name in (termios.VINTR, termios.VQUIT, termios.VSTART, termios.VSTOP, termios.VSUSP):
            assert signs[name] in (b"\x00", b"\xff")


def test_ctrl_j_is_another_key_than_enter(desk: Desk) -> None:
    with desk.terminal.start():
        os.write(desk.master, b"a\r\n")
        keys = desk.terminal.get_input(raw_keys=False)
        assert keys == ["a", "enter", "meta enter"]


def test_the_bell_rings(desk: Desk) -> None:
    with desk.terminal.start():
        desk.said()
        desk.terminal.ring()
        assert desk.said() == "\a"


def test_a_notification_holds_no_control_character(desk: Desk) -> None:
    with desk.terminal.start():
        desk.said()
        desk.terminal.notify("ada\x1b]0;x\x07", "hi\x1b[31m\nyou\u202e; there")
        said = desk.said()
        assert said == "\x1b]9;ada ]0,x : hi [31m you , there\x1b\\"


def test_some_terminals_know_another_form_of_notification(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, VTE_VERSION="7200")
    with desk.terminal.start():
        desk.said()
        desk.terminal.notify("ada", "hi")
        assert desk.said() == "\x1b]777;notify;ada;hi\x1b\\"
    desk.close()


def test_the_linux_console_is_not_sent_notifications_it_would_print(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, TERM="linux")
    with desk.terminal.start():
        desk.said()
        desk.terminal.notify("ada", "hi")
        assert desk.said() == ""
    desk.close()


def test_the_title_is_cleaned_and_given_back(desk: Desk) -> None:
    with desk.terminal.start():
        desk.terminal.show_title("chatroom — #lobby\x07\x1b]2;evil")
        assert "\x1b]2;chatroom — #lobby  ]2;evil\x07" in desk.said()
    assert "\x1b[23;0t" in desk.said()


@pytest.mark.parametrize("term", ["linux", "screen", "vt100"])
def test_nothing_is_written_in_black_on_black_where_there_are_eight_colours(
    monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    desk = Desk(monkeypatch, TERM=term)
    with desk.terminal.start():
        desk.said()
        canvas = StripCanvas([strip([(Style.PLACEHOLDER, "write")], 10)], 10)
        desk.terminal.draw_screen((10, 1), canvas)
        said = desk.said()
        assert "write" in said
        assert "1;30" not in said
    desk.close()


@pytest.mark.parametrize(
    ("environ", "colours"), [({"NO_COLOR": "1"}, 1), ({"COLORTERM": "truecolor"}, 2**24), ({}, 256)]
)
def test_the_environment_says_how_many_colours_there_are(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], colours: int
) -> None:
    desk = Desk(monkeypatch, **environ)
    assert desk.terminal.colors == colours
    desk.close()


def test_the_settings_may_say_how_many_colours_there_are() -> None:
    assert Terminal(builtin_theme("dark"), "16").colors == 16
    assert Terminal(builtin_theme("dark"), "mono").colors == 1


def test_without_colours_no_colour_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, NO_COLOR="1")
    with desk.terminal.start():
        desk.said()
        desk.terminal.draw_screen((10, 1), StripCanvas([strip([("mention", "you")], 10)], 10))
        assert ";38;" not in desk.said().replace("[38;", ";38;")
    desk.close()


def test_a_dumb_terminal_is_not_usable_and_neither_is_a_pipe() -> None:
    assert not is_usable({"TERM": "dumb"})
    assert not is_usable({"TERM": "xterm"})  # pytest's standard input is no terminal
