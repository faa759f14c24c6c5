from chatroom.client.ui.inputs import InputReader, Paste
from chatroom.client.ui.pastes import PASTE_BYTES_MAX, PASTE_PAUSE_S


def a_reader() -> InputReader:
    return InputReader(lambda: 0.0, lambda: ("", 0))


def pasted(keys: list[object]) -> list[str]:
    return [key.text for key in keys if isinstance(key, Paste)]


def test_keys_and_mouse_events_pass() -> None:
    keys = ["a", "enter", "ctrl x", ("mouse press", 1, 3, 4), "window resize", "focus in"]
    assert a_reader().read(keys) == keys


def test_the_answers_of_a_terminal_are_dropped() -> None:
    assert a_reader().read([("cursor position", 4, 4), "a", ("device attributes", "1")]) == ["a"]


def test_a_paste_becomes_one_key_with_its_lines() -> None:
    keys = ["x", "begin paste", "a", "enter", "tab", "b", "end paste", "y"]
    found = a_reader().read(keys)
    assert [str(key) for key in found] == ["x", "<paste>", "y"]
    assert pasted(found) == ["a\n    b"]


def test_a_paste_that_was_taken_out_before_is_fetched_at_its_markers() -> None:
    texts = iter([("one\ntwo", 0), ("three", 99)])
    reader = InputReader(lambda: 0.0, lambda: next(texts))
    found = reader.read(["x", "begin paste", "end paste", "y", "begin paste", "end paste"])
    assert [str(key) for key in found] == ["x", "<paste>", "y", "<paste>"]
    assert pasted(found) == ["one\ntwo", "three"]
    assert [key.cut_bytes for key in found if isinstance(key, Paste)] == [0, 99]


def test_what_looks_like_keys_in_a_paste_is_not_pressed() -> None:
    keys = [
        "begin paste",
        "f10",
        "meta x",
        "ctrl c",
        ("cursor position", 4, 4),
        "<csi 31m>",
        "ok",
        "o",
        "end paste",
    ]
    found = a_reader().read(keys)
    assert pasted(found) == ["o"]


def test_a_paste_goes_on_over_many_reads() -> None:
    reader = a_reader()
    assert reader.read(["begin paste", "a"]) == []
    assert reader.read(["b", "focus out"]) == ["focus out"]
    assert pasted(reader.read(["enter", "c", "end paste"])) == ["ab\nc"]


def test_an_endless_paste_does_not_fill_the_memory() -> None:
    reader = a_reader()
    reader.read(["begin paste"])
    for _ in range(11):
        reader.read(["x"] * (PASTE_BYTES_MAX // 10))
    assert len(pasted(reader.read(["end paste"]))[0]) == PASTE_BYTES_MAX


def test_an_unmarked_paste_is_known_by_text_that_goes_on_after_an_enter() -> None:
    found = a_reader().read([*"first line of it", "enter", *"second line"])
    assert pasted(found) == ["first line of it\nsecond line"]


def test_a_terminal_that_marks_pastes_is_not_guessed_about() -> None:
    reader = a_reader()
    reader.read(["begin paste", "a", "end paste"])
    keys = [*"typed while the line", "enter", *"was slow to answer"]
    assert reader.read(keys) == keys


def test_fast_typing_is_no_paste() -> None:
    for keys in ([*"a whole line at once", "enter"], ["enter", "a"], [*"abc", "enter", *"abcdef"]):
        assert a_reader().read(keys) == keys


def test_the_end_of_no_paste_is_nothing() -> None:
    assert a_reader().read(["end paste", "a"]) == ["a"]


def test_a_paste_whose_end_got_lost_is_over_after_a_pause() -> None:
    times = iter([0.0, 1.0, 1.0 + PASTE_PAUSE_S + 0.1])
    reader = InputReader(lambda: next(times), lambda: ("", 0))
    assert reader.read(["begin paste", "a"]) == []
    assert reader.read(["b"]) == []
    found = reader.read(["enter"])
    assert pasted(found) == ["ab"]
    assert found[1:] == ["enter"]
