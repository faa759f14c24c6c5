import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatroom.client.commands.actions import Action
from chatroom.client.ui.drawing import ViewSettings
from chatroom.client.ui.strips import strip_columns
from chatroom.client.viewmodel.effects import Copy, OnScreen, Quit
from support.screen_text import MESSAGES
from support.screen_world import MINUTE_MS, Seat
from support.tiny_server import TinyServer
from support.window import Window


@pytest.fixture
def server() -> TinyServer:
    server = TinyServer()
    server.make_room("homework", members=("alice", "ada"))
    server.say("ada", "morning! the relay is up again")
    server.now += MINUTE_MS
    server.say("grace", "nice. what broke?")
    return server


@pytest.fixture
def window(server: TinyServer) -> Window:
    return Window(Seat(server))


def test_the_whole_screen_stands_together(window: Window) -> None:
    lines = window.lines()
    assert lines[0].startswith(" #lobby")
    assert lines[1].startswith(" ROOMS")
    assert lines[2].startswith(" 1 #lobby")
    assert "│" in lines[5]
    assert "USERS" in lines[1]
    assert lines[-3] == "─" * 20 + "┴" + "─" * 62 + "┴" + "─" * 16
    assert lines[-2].startswith(" ❯")
    assert lines[-1].startswith(" ● online · all sent")
    assert "ada morning! the relay is up again" in window.text()


def test_what_is_typed_is_shown_and_enter_sends_it(window: Window, server: TinyServer) -> None:
    window.type("hello all")
    assert window.lines()[-2] == " ❯ hello all"
    window.press("enter")
    assert window.lines()[-2].startswith(" ❯")
    assert "hello all" not in window.lines()[-2]
    assert server.texts()[-1] == "hello all"
    assert "alice hello all" in window.text()


def test_the_cursor_is_in_the_composer(window: Window) -> None:
    window.type("hi")
    window.settle()
    assert window.view.render(window.size, focus=True).cursor == (5, 22)


def test_a_message_of_somebody_else_appears(window: Window, server: TinyServer) -> None:
    server.say("ada", "did you see that?")
    assert "did you see that?" in window.text()


def test_alt_enter_begins_a_new_line_and_the_composer_grows(window: Window) -> None:
    window.type("one").press("meta enter").type("two")
    assert window.lines()[-3:-1] == [" ❯ one", "   two"]
    window.press("meta enter", "meta enter", "meta enter", "meta enter", "meta enter", "meta enter")
    assert [line.strip() for line in window.lines()].count("") <= 6


def test_tab_completes_and_shows_the_choices(window: Window, server: TinyServer) -> None:
    server.say("adam", "hi")
    window.settle()
    window.type("ad").press("tab")
    assert window.lines()[-2].startswith(" ❯ ad")
    assert "ada" in window.lines()[-1]
    assert "adam" in window.lines()[-1]
    window.type("x")
    assert "● online" in window.lines()[-1]


def test_up_brings_back_what_was_sent_but_moves_inside_a_text_first(window: Window) -> None:
    window.type("first").press("enter").press("up")
    assert window.lines()[-2] == " ❯ first"
    window.press("meta enter").type("more").press("up").type("X")
    assert "X" in window.lines()[-3] + window.lines()[-2]
    assert "more" in window.lines()[-2]


def test_page_up_scrolls_and_the_rule_says_what_is_new_below(window: Window, server: TinyServer) -> None:
    for number in range(60):
        server.say("ada", f"message {number}")
    window.settle()
    assert "message 59" in window.text()
    window.press("page up")
    before = [line[21:] for line in window.lines()[1:-3]]
    assert "message 59" not in window.text()
    server.say("ada", "a new one")
    assert "↓ 1 new" in window.lines()[-3]
    assert [line[21:] for line in window.lines()[1:-3]] == before
    window.press("ctrl end")
    assert "a new one" in window.text()
    assert "↓" not in window.lines()[-3]


def test_the_wheel_scrolls_by_three_lines(window: Window, server: TinyServer) -> None:
    for number in range(60):
        server.say("ada", f"message {number}")
    window.settle()
    window.click(50, 5, button=4)
    assert "message 56" in window.lines()[-4]
    window.click(50, 5, button=5)
    assert "message 59" in window.lines()[-4]


def test_a_click_on_a_room_opens_it(window: Window) -> None:
    window.click(*window.find("#homework"))
    assert window.lines()[0].startswith(" #homework")


def test_a_draft_waits_in_its_room(window: Window) -> None:
    window.type("half a thought")
    window.press("ctrl n")
    assert "half" not in window.lines()[-2]
    window.press("ctrl p")
    assert window.lines()[-2] == " ❯ half a thought"


def test_a_click_on_a_message_chooses_it_and_y_copies_it(window: Window) -> None:
    window.click(*window.find("what broke?"))
    window.press("y")
    assert Copy("nice. what broke?") in window.effects


def test_whoever_types_leaves_the_choosing_of_messages(window: Window) -> None:
    window.press("meta up").type("Hello")
    assert window.lines()[-2] == " ❯ Hello"


def test_help_opens_scrolls_and_closes(window: Window) -> None:
    window.press("f1")
    first = window.text()
    assert "╭─" in first
    window.press("down", "down", "page down")
    assert window.text() != first
    window.press("esc")
    assert "╭─" not in window.text()


def test_the_switcher_finds_a_room_by_some_letters(window: Window) -> None:
    window.press("ctrl g").type("hom").press("enter")
    assert window.lines()[0].startswith(" #homework")


def test_a_search_leads_to_a_message_far_up_in_another_room(window: Window, server: TinyServer) -> None:
    for number in range(80):
        server.say("ada", "the needle" if number == 20 else f"hay {number}", "homework")
    window.settle()
    window.press("ctrl f").type("needle")
    window.settle()
    assert "1 found" in window.text()
    window.press("enter")
    assert window.lines()[0].startswith(" #homework")
    assert "the needle" in window.text()
    assert "hay 79" not in window.text()
    assert "↓" in window.lines()[-3]


def test_a_jump_that_comes_with_the_change_of_rooms_is_not_lost(window: Window, server: TinyServer) -> None:
    seqs = [server.say("ada", f"message {number}", "homework") for number in range(80)]
    window.settle()
    window.press("ctrl n", "ctrl p")  # the room is loaded
    number = window.seat.desk.number("#homework")
    window.carry_out(window.seat.model.open_room(number, window.seat.now))
    window.view.scroll_to((seqs[10],))
    assert "message 10" in window.text()


def test_a_click_on_a_row_of_a_dialog_chooses_it(window: Window) -> None:
    window.press("ctrl g")
    col, row = window.find("╭─")
    below = [(col + 4, line) for line in range(row, 24) if "#homework" in window.lines()[line][col:]]
    window.click(*below[-1])
    assert window.lines()[0].startswith(" #homework")


def test_ctrl_c_clears_the_text_and_asks_to_quit_when_there_is_none(window: Window) -> None:
    window.type("oops").press("ctrl c")
    assert "oops" not in window.text()
    window.press("ctrl c", "ctrl c")
    assert "╭─" in window.text()
    window.press("y")
    assert Quit() in window.effects


def test_keys_that_come_in_one_read_see_what_the_ones_before_them_did(
    window: Window, server: TinyServer
) -> None:
    for key in ["o", "o", "p", "s", "ctrl c", "h", "i", "enter", "y", "o"]:
        window.view.keypress(window.size, key)
    window.settle()
    assert server.texts()[-1] == "hi"
    assert window.lines()[-2] == " ❯ yo"


def test_a_paste_of_a_few_lines_goes_into_the_composer(window: Window) -> None:
    window.press("begin paste", *"one", "enter", *"two", "end paste")
    assert window.lines()[-3:-1] == [" ❯ one", "   two"]


def test_a_paste_into_a_dialog_becomes_one_line(window: Window) -> None:
    window.press("ctrl g").press("begin paste", *"home", "enter", *"work", "end paste")
    assert "home work" in window.text()


def test_a_paste_never_presses_keys(window: Window, server: TinyServer) -> None:
    before = len(server.texts())
    window.press("begin paste", "f1", "enter", "ctrl c", ("cursor position"), *"x", "end paste")
    assert "╭─" not in window.text()
    assert len(server.texts()) == before


def test_offline_is_said_at_once(window: Window) -> None:
    window.seat.drop("the server went away")
    assert "○ offline" in window.lines()[-1]
    window.type("still here").press("enter")
    assert "1 waiting" in window.lines()[-1]
    assert "… alice still here" in window.text()


def test_side_panes_can_be_hidden_and_shown(window: Window) -> None:
    window.press("f7", "f8")
    assert "ROOMS" not in window.text()
    assert "USERS" not in window.text()
    window.press("f7", "f8")
    assert "ROOMS" in window.text()
    assert "USERS" in window.text()


def test_settings_can_hide_the_side_panes(server: TinyServer) -> None:
    window = Window(Seat(server), settings=ViewSettings(shows_rooms=False, shows_members=False))
    assert "ROOMS" not in window.text()
    window.press("f7")
    assert "ROOMS" in window.text()


def test_actions_drawing_cannot_do_are_left_to_the_owner(window: Window) -> None:
    window.press("meta m", "ctrl l")
    assert OnScreen(Action.TOGGLE_MOUSE) in window.effects
    assert OnScreen(Action.REDRAW) in window.effects


def test_the_top_loads_older_messages_and_what_is_read_stays(server: TinyServer) -> None:
    for number in range(400):
        server.say("ada", f"message {number}")
    window = Window(Seat(server))
    window.settle()
    loaded = window.seat.model.transcript().length
    window.press("ctrl home")
    text = window.text()
    assert window.seat.model.transcript().length > loaded
    first = next(line for line in text.split("\n") if "message" in line)
    window.settle()
    assert first in window.text()


def test_hostile_text_is_drawn_as_text_only(window: Window, server: TinyServer) -> None:
    server.say("ada", "x\x1b[2J\x1b]0;title\x07y\u202ez\u200b")
    canvas = window.view.render(window.size)
    window.settle()
    canvas = window.view.render(window.size)
    raw = b"".join(run for row in canvas.content() for _, _, run in row)
    assert b"\x1b" not in raw
    assert "\u202e".encode() not in raw


SIZES = st.tuples(st.integers(1, 300), st.integers(1, 100))
KEYS = st.sampled_from(
    [
        "a",
        "日",
        "enter",
        "meta enter",
        "tab",
        "up",
        "down",
        "page up",
        "page down",
        "ctrl home",
        "ctrl end",
        "esc",
        "f1",
        "ctrl g",
        "ctrl f",
        "ctrl n",
        "f7",
        "f8",
        "meta up",
        "y",
        "backspace",
        "left",
        "ctrl c",
        "ctrl x",
        "ctrl _",
    ]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(MESSAGES, max_size=6), st.lists(st.one_of(KEYS, SIZES), max_size=15))
def test_any_keys_at_any_size_leave_every_line_exactly_as_wide_as_the_screen(
    texts: list[str], steps: list[str | tuple[int, int]]
) -> None:
    server = TinyServer()
    server.make_room("homework", members=("alice",))
    for text in texts:
        if text.strip():
            server.say("ada", text)
    window = Window(Seat(server))
    for step in steps:
        if isinstance(step, tuple):
            window.size = step
            window.settle()
        else:
            window.press(step)
        canvas = window.view.render(window.size, focus=True)
        assert canvas.rows() == window.size[1]
        assert {strip_columns(row) for row in canvas.content()} == {window.size[0]}
        cursor = canvas.cursor
        assert cursor is None or (0 <= cursor[0] < window.size[0] and 0 <= cursor[1] < window.size[1])
