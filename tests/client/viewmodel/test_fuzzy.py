import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.viewmodel.fuzzy import fuzzy_score

NAMES = ["#release-planning", "#random", "#dev", "#lobby", "@ada", "@grace", "#dev-help", "#old-dev"]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("dev", "#dev"),
        ("rp", "#release-planning"),
        ("ran", "#random"),
        ("@a", "@ada"),
        ("dh", "#dev-help"),
        ("gr", "@grace"),
        ("DEV", "#dev"),
        ("rel plan", "#release-planning"),
    ],
)
def test_the_name_one_means_comes_first(query: str, best: str) -> None:
    scores = {name: score for name in NAMES if (score := fuzzy_score(query, name)) is not None}
    assert max(scores, key=lambda name: scores[name]) == best


def test_letters_out_of_order_do_not_fit() -> None:
    assert fuzzy_score("vd", "#dev") is None
    assert fuzzy_score("devx", "#dev") is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_name_always_fits_itself_and_nothing_fits_everything(name: str, other: str) -> None:
    assert fuzzy_score("", name) is not None
    assert fuzzy_score(name[::2], name) is not None
    assert (fuzzy_score(other, name) is None) or len(other.replace(" ", "")) <= len(name.lower()) * 3
