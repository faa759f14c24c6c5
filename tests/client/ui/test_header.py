from dataclasses import replace

import pytest

from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.header import draw_header
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.rows import HeaderLine

LINE = HeaderLine("#lobby", "The living room — be kind", "● TLS chat.example.org")


def test_on_a_wide_screen_everything_is_there() -> None:
    shown = plain(draw_header(LINE, 80, Emoji()))
    assert shown.startswith(" #lobby  The living room — be kind ")
    assert shown.endswith(" ● TLS chat.example.org ")


def test_the_topic_is_shortened_and_then_goes() -> None:
    assert "  The living room — b…  " in plain(draw_header(LINE, 52, Emoji()))
    assert "The" not in plain(draw_header(LINE, 26, Emoji()))


def test_a_direct_room_shows_the_presence_of_the_other() -> None:
    line = HeaderLine("@ada", "", "● TLS chat.example.org", presence="away")
    assert plain(draw_header(line, 60, Emoji())).startswith(" ◐ ada ")


def test_a_plain_connection_has_another_colour() -> None:
    assert "link_tls" in str(draw_header(LINE, 80, Emoji()))
    assert "link_tls" not in str(draw_header(replace(LINE, is_linked=False), 80, Emoji()))
    plain_line = HeaderLine("#lobby", "", "○ plain localhost", is_private_link=False)
    assert "link_plain" in str(draw_header(plain_line, 80, Emoji()))


@pytest.mark.parametrize("cols", range(1, 60))
def test_any_width_is_filled_exactly(cols: int) -> None:
    assert strip_columns(draw_header(LINE, cols, Emoji())) == cols
