from chatroom.client.commands.actions import Action
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.boxes.answers import Answer, Close, Open
from chatroom.client.viewmodel.boxes.pick import PAGE_ROWS, Entry, PickBox
from chatroom.client.viewmodel.dialogs import DialogKind, DialogRow


def box(*names: str, query: str = "") -> PickBox:
    entries = [
        Entry(DialogRow(((Style.DIALOG_TEXT, name),)), name, Open(number))
        for number, name in enumerate(names)
    ]

    def otherwise(typed: str) -> Answer | None:
        return Open(99) if typed == "new" else None

    return PickBox(
        DialogKind.SWITCHER, 1, "Go to", entries, note="Enter", empty="none", query=query, otherwise=otherwise
    )


def shown(pick: PickBox) -> list[str]:
    return [row.spans[0][1] for row in pick.view().rows]


def test_the_first_entry_is_chosen_and_one_moves_around_the_ends() -> None:
    pick = box("a", "b", "c")
    assert pick.act(Action.DIALOG_ACCEPT) == Open(0)
    pick.act(Action.DIALOG_UP)
    assert pick.view().selected == 2
    pick.act(Action.DIALOG_NEXT)
    assert pick.view().selected == 0


def test_a_page_key_stops_at_the_ends() -> None:
    pick = box(*(f"r{number}" for number in range(PAGE_ROWS + 5)))
    for _ in range(3):
        pick.act(Action.DIALOG_PAGE_DOWN)
    assert pick.view().selected == PAGE_ROWS + 4
    pick.act(Action.DIALOG_PAGE_UP)
    assert pick.view().selected == 4


def test_letters_narrow_the_list_the_best_first() -> None:
    pick = box("#old-dev", "#dev", "#lobby")
    pick.act(Action.DIALOG_DOWN)
    pick.edited("dev")
    assert (shown(pick), pick.view().selected) == (["#dev", "#old-dev"], 0)
    assert pick.act(Action.DIALOG_ACCEPT) == Open(1)
    pick.edited("")
    assert len(shown(pick)) == 3


def test_where_nothing_fits_the_typed_text_may_be_an_answer() -> None:
    pick = box("a")
    pick.edited("zz")
    assert (shown(pick), pick.view().selected, pick.view().note) == ([], -1, "none")
    assert pick.act(Action.DIALOG_ACCEPT) is None
    pick.edited("new ")
    assert pick.act(Action.DIALOG_ACCEPT) == Open(99)
    assert pick.act(Action.DIALOG_DOWN) is None


def test_a_query_may_be_there_from_the_start() -> None:
    assert shown(box("tea", "coffee", query="co")) == ["coffee"]


def test_entries_may_come_later_and_what_was_typed_still_counts() -> None:
    pick = box()
    pick.edited("b")
    pick.set_entries(
        [Entry(DialogRow(((Style.DIALOG_TEXT, name),)), name, Close()) for name in "abc"], "none"
    )
    assert shown(pick) == ["b"]


def test_escape_closes_and_a_click_chooses() -> None:
    assert box("a").act(Action.DIALOG_CANCEL) == Close()
    assert box("a", "b").picked(1) == Open(1)
    assert box("a").picked(7) is None
    assert box("a").letter("x") is None
