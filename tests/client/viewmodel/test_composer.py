from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.viewmodel.composer import KEPT_INPUTS, Composer


def composer(text: str = "", title: str = "#lobby") -> Composer:
    made = Composer({})
    made.switch(title)
    made.edited(text, len(text))
    return made


def test_every_room_has_a_draft_of_its_own() -> None:
    one = composer("to the lobby")
    one.switch("#dev")
    assert one.text == ""
    assert one.has_draft("#lobby")
    one.edited("to dev", 6)
    one.switch("#lobby")
    assert (one.text, one.cursor) == ("to the lobby", 12)
    assert one.drafts() == {"#lobby": "to the lobby", "#dev": "to dev"}


def test_drafts_come_back_in_the_next_run() -> None:
    one = Composer({"#lobby": "half a", "#dev": " "})
    one.switch("#lobby")
    assert one.text == "half a"
    assert one.drafts() == {"#lobby": "half a"}


def test_a_text_put_in_by_the_model_has_a_new_revision_and_one_that_was_typed_has_not() -> None:
    one = composer()
    revision = one.revision
    one.edited("typed", 5)
    assert one.revision == revision
    one.put("put")
    assert one.revision > revision


def test_sent_texts_come_back_and_what_was_being_written_too() -> None:
    one = composer()
    for text in ("first", "second"):
        one.edited(text, 6)
        assert one.take() == text
    one.edited("unsent", 6)
    assert one.older()
    assert one.text == "second"
    assert one.older()
    assert one.text == "first"
    assert not one.older()
    assert one.newer()
    assert one.newer()
    assert one.text == "unsent"
    assert not one.newer()


def test_a_text_from_before_that_is_changed_is_a_new_text() -> None:
    one = composer("first")
    one.take()
    one.older()
    one.edited("first!", 6)
    assert not one.newer()
    assert one.drafts() == {"#lobby": "first!"}


def test_a_room_left_while_walking_through_texts_keeps_what_was_being_written() -> None:
    one = composer("sent")
    one.take()
    one.edited("unsent", 6)
    one.older()
    one.switch("#dev")
    assert one.drafts() == {"#lobby": "unsent"}


def test_the_same_text_twice_in_a_row_is_kept_once_and_only_so_many() -> None:
    one = composer()
    for number in range(KEPT_INPUTS + 10):
        one.remember(f"text {number}")
        one.remember(f"text {number}")
    assert len(one.inputs) == KEPT_INPUTS
    assert one.inputs[-1] == f"text {KEPT_INPUTS + 9}"


def test_a_text_given_back_is_the_draft_where_there_is_none() -> None:
    one = composer()
    assert one.give_back("#lobby", "refused")
    assert one.text == "refused"
    assert not one.give_back("#lobby", "refused too")
    assert one.text == "refused"
    assert one.inputs[-1] == "refused too"
    assert one.give_back("#dev", "elsewhere")
    assert one.drafts()["#dev"] == "elsewhere"


def test_a_text_is_put_in_at_the_cursor() -> None:
    one = composer("ab")
    one.edited("ab", 1)
    one.insert("--")
    assert (one.text, one.cursor) == ("a--b", 3)


def test_a_block_is_put_in_on_lines_of_its_own() -> None:
    one = composer("ab")
    one.edited("ab", 1)
    one.insert("```\nx\n```", on_own_lines=True)
    assert one.text == "a\n```\nx\n```\nb"
    empty = composer()
    empty.insert("x", on_own_lines=True)
    assert empty.text == "x"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.text(min_size=1, max_size=5)),
        st.tuples(st.sampled_from(["take", "older", "newer"]), st.just("")),
        st.tuples(st.just("switch"), st.sampled_from(["#a", "#b"])),
    )
)


@given(STEPS)
def test_nothing_typed_is_ever_lost(steps: list[tuple[str, str]]) -> None:
    one = composer(title="#a")
    typed: set[str] = set()
    for step, text in steps:
        if step == "type":
            one.edited(one.text + text, len(one.text + text))
            typed.add(one.text)
        elif step == "take":
            one.take()
        elif step == "switch":
            one.switch(text)
        else:
            getattr(one, step)()
    while one.newer():
        pass
    kept = [*one.inputs, *one.drafts().values(), one.text]
    for text in typed:
        assert not text.strip() or any(other.startswith(text) for other in kept)
