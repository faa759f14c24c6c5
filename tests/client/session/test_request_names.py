import pytest

from chatroom.client.session.request_names import name_of
from chatroom.protocol.packets import Claim, Join, MarkRead, Moderate, ModerationAct, SetPresence


@pytest.mark.parametrize("act", list(ModerationAct))
def test_every_act_of_moderation_has_a_name(act: ModerationAct) -> None:
    assert name_of(Moderate(1, 1, act, "bob"))


def test_requests_of_the_user_have_names_and_those_of_the_program_have_none() -> None:
    assert name_of(Join(1, "dev")) == "join"
    assert name_of(Claim(1, "x")) == "claim"
    assert name_of(MarkRead(1, 1, 1)) is None
    assert name_of(SetPresence(1, 1)) is None
    assert name_of(None) is None
    assert name_of(Moderate(1, 1, 99, "bob")) is None
