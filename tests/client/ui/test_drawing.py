import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.ui.drawing import ScreenDrawing, ViewSettings
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import plain, strip_columns
from support.screen_world import Seat
from support.tiny_server import TinyServer


@pytest.fixture
def seat() -> Seat:
    server = TinyServer()
    server.make_room("homework", members=("alice",))
    for number in range(50):
        server.say("ada", f"message {number}")
    return Seat(server)


def drawn(seat: Seat) -> ScreenDrawing:
    drawing = ScreenDrawing(seat.model, Emoji(), ViewSettings())
    drawing.refresh()
    drawing.draw(100, 24, seat.now)
    return drawing


def texts(drawing: ScreenDrawing, seat: Seat) -> list[str]:
    return [plain(line).rstrip() for line in drawing.draw(100, 24, seat.now)[0]]


def test_every_place_knows_what_is_there(seat: Seat) -> None:
    drawing = drawn(seat)
    lines = texts(drawing, seat)
    row = next(at for at, line in enumerate(lines) if "#homework" in line)
    assert drawing.room_at(4, row) == seat.desk.number("#homework")
    assert drawing.room_at(40, row) == 0
    row = next(at for at, line in enumerate(lines) if "alice" in line[84:])
    assert drawing.handle_at(88, row) == "alice"
    assert drawing.handle_at(4, row) == ""
    row = next(at for at, line in enumerate(lines) if "message 49" in line)
    index = drawing.row_at(40, row)
    assert index is not None
    assert "message 49" in str(seat.model.transcript().row(index).lines)
    assert drawing.row_at(4, row) is None


def test_the_scroll_bar_knows_its_share(seat: Seat) -> None:
    drawing = drawn(seat)
    bar = next(col for col in range(99, 0, -1) if drawing.scroll_share_at(col, 5) is not None)
    assert drawing.scroll_share_at(bar, 1) == 0
    assert drawing.scroll_share_at(bar, 20) == 1
    assert drawing.scroll_share_at(bar - 5, 5) is None


def test_the_model_is_told_of_the_view_once(seat: Seat) -> None:
    drawing = drawn(seat)
    assert drawing.report_viewport(seat.now)
    seat.settle()
    drawing.draw(100, 24, seat.now)
    drawing.report_viewport(seat.now)
    drawing.draw(100, 24, seat.now)
    assert not drawing.report_viewport(seat.now)


def test_a_part_that_did_not_change_is_not_drawn_anew(seat: Seat) -> None:
    drawing = drawn(seat)
    before = drawing._sidebar
    assert before is not None
    seat.type("x")
    drawing.refresh()
    drawing.draw(100, 24, seat.now)
    assert drawing._sidebar is before
    seat.server.say("ada", "news", "homework")
    seat.settle()
    drawing.refresh()
    drawing.draw(100, 24, seat.now)
    assert drawing._sidebar is not before


def test_another_size_draws_everything_anew(seat: Seat) -> None:
    drawing = drawn(seat)
    lines, (x, y) = drawing.draw(120, 30, seat.now)
    assert len(lines) == 30
    assert {strip_columns(line) for line in lines} == {120}
    assert 0 <= x < 120
    assert y == 28


def test_the_choices_of_a_completion_have_short_names(seat: Seat) -> None:
    seat.server.say("adam", "hi")
    seat.settle()
    drawing = drawn(seat)
    for char in "ad":
        drawing.composer.editor.press(char)
    drawing.composer.editor.complete(1)
    seat.press(Action.COMPLETE)
    status = texts(drawing, seat)[-1]
    assert "ada" in status
    assert "adam" in status
