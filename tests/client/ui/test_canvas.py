from urwid import CompositeCanvas

from chatroom.client.ui.canvas import StripCanvas
from chatroom.client.ui.strips import strip


def test_a_canvas_shows_its_strips_and_cursor() -> None:
    canvas = StripCanvas([strip([("a", "ab")], 3), strip([("b", "日")], 3)], 3, (1, 0))
    assert canvas.decoded_text == ("ab ", "日 ")
    assert (canvas.cols(), canvas.rows(), canvas.cursor) == (3, 2, (1, 0))


def test_a_canvas_can_be_cut_like_any_other() -> None:
    canvas = CompositeCanvas(StripCanvas([strip([("a", f"{n}日x")], 4) for n in range(3)], 4))
    canvas.trim(1, 1)
    canvas.pad_trim_left_right(-1, 0)
    assert canvas.decoded_text == ("日x",)


def test_attributes_can_be_mapped() -> None:
    canvas = StripCanvas([strip([("a", "x")], 1)], 1)
    assert list(canvas.content(attr={"a": "b"})) == [[("b", None, b"x")]]
