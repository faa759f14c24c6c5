from dataclasses import replace

import pytest

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.status import draw_rule, draw_status
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.rows import StatusLine

LINE = StatusLine(
    "● online",
    Style.STATUS_ONLINE,
    waiting="all sent",
    activity="[!2 ·5]",
    hint=(("F1", "help"), ("Ctrl-G", "find a room"), ("Alt-1…9", "rooms")),
)
OFFLINE = StatusLine("○ offline 0:42", Style.STATUS_OFFLINE, waiting="3 waiting", retry="next attempt in 4 s")


def shown(line: StatusLine, cols: int, *choices: str, chosen: int = 0) -> str:
    return plain(draw_status(line, cols, Emoji(), choices, chosen)).rstrip()


def test_how_things_are_stands_left_and_hints_stand_right() -> None:
    assert shown(LINE, 80) == (
        " ● online · all sent  [!2 ·5]        F1 help  Ctrl-G find a room  Alt-1…9 rooms"
    )


@pytest.mark.parametrize(
    ("cols", "text"),
    [
        (60, " ● online · all sent  [!2 ·5]      F1 help"),
        (40, " ● online · all sent  [!2 ·5]  F1 help"),
        (24, " ● online · all sent"),
        (10, " ● online"),
    ],
)
def test_hints_go_first_and_the_connection_stays(cols: int, text: str) -> None:
    assert shown(LINE, cols).startswith(text.split("  ", maxsplit=1)[0])
    assert "● online" in shown(LINE, cols)


def test_offline_says_what_waits_and_when_it_is_tried_again() -> None:
    assert shown(OFFLINE, 60) == " ○ offline 0:42 · 3 waiting · next attempt in 4 s"
    assert shown(OFFLINE, 30) == " ○ offline 0:42 · 3 waiting"


def test_why_no_other_attempt_is_made_is_cut_and_not_left_out() -> None:
    banned = replace(
        OFFLINE, waiting="all sent", retry="not trying again: banned by radia until 18:00: flooding"
    )
    assert shown(banned, 120).endswith("not trying again: banned by radia until 18:00: flooding")
    assert shown(banned, 60) == " ○ offline 0:42 · all sent · not trying again: banned by ra…"
    assert shown(banned, 32) == " ○ offline 0:42 · all sent"


def test_a_toast_takes_the_place_of_the_hints() -> None:
    line = replace(LINE, toast="there is no such command", toast_style=Style.TOAST_BAD)
    assert shown(line, 80).endswith("  there is no such command")
    assert "F1" not in shown(line, 80)


def test_a_toast_with_no_room_beside_the_rest_takes_the_whole_line() -> None:
    line = replace(LINE, toast="there is no such command, try /help")
    assert shown(line, 40) == " there is no such command, try /help"


def test_the_choices_of_a_completion_take_the_whole_line() -> None:
    assert shown(LINE, 40, "ada", "adam", "adele", chosen=1) == "  ada  adam  adele"
    assert "status_new" in str(draw_status(LINE, 40, Emoji(), ["ada", "adam"], 1)[2])


def test_the_chosen_one_of_many_choices_is_in_view() -> None:
    choices = [f"choice{number}" for number in range(20)]
    assert "choice15" in shown(LINE, 40, *choices, chosen=15)


def test_the_rule_meets_the_rules_above_it() -> None:
    assert plain(draw_rule(LINE, 10, [3, 7])) == "───┴───┴──"


def test_the_rule_says_that_newer_messages_are_below() -> None:
    line = replace(LINE, scrolled="↓ 12 new")
    assert plain(draw_rule(line, 24)) == "────────── ↓ 12 new ────"
    assert plain(draw_rule(line, 12)) == "────────────"


@pytest.mark.parametrize("cols", range(1, 90))
@pytest.mark.parametrize("toast", ["", "something happened, and here is what", "日本語のテスト"])
def test_any_width_is_filled_exactly(cols: int, toast: str) -> None:
    line = replace(OFFLINE, toast=toast, scrolled="↓ 3 new", mode="select", hint=LINE.hint, activity="[!1]")
    assert strip_columns(draw_status(line, cols, Emoji())) == cols
    assert strip_columns(draw_status(line, cols, Emoji(), ["日本", "ada"], 1)) == cols
    assert strip_columns(draw_rule(line, cols, [2])) == cols
