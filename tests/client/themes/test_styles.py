from chatroom.client.themes.styles import HANDLE_STYLES, Style, handle_style


def test_a_handle_has_one_style_for_ever() -> None:
    assert handle_style("ada") is handle_style("ada")
    assert [handle_style(name) for name in ("ada", "grace", "linus")] == [
        Style.HANDLE_3,
        Style.HANDLE_4,
        Style.HANDLE_8,
    ]


def test_case_does_not_change_the_colour_of_a_handle() -> None:
    assert handle_style("Grace") is handle_style("gRACE")


def test_ones_own_handle_has_a_style_of_its_own() -> None:
    assert handle_style("Ada", own="ada") is Style.HANDLE_OWN


def test_handles_are_spread_over_all_colours() -> None:
    assert {handle_style(f"user{number}") for number in range(200)} == set(HANDLE_STYLES)
