import pytest

from chatroom.client.session.events import MessageArrived
from chatroom.client.viewmodel.attention import BELL_EVERY_S, Attention
from chatroom.client.viewmodel.effects import Bell, Notify
from chatroom.client.viewmodel.settings import ScreenSettings

MENTION = MessageArrived(1, "bob", "alice:\nlook", is_mention=True, is_direct=False)
DIRECT = MessageArrived(2, "bob", "hi", is_mention=False, is_direct=True)
TALK = MessageArrived(1, "bob", "hi", is_mention=False, is_direct=False)


@pytest.mark.parametrize(
    ("bell", "event", "rings"),
    [
        ("mentions", MENTION, True),
        ("mentions", DIRECT, True),
        ("mentions", TALK, False),
        ("all", TALK, True),
        ("never", MENTION, False),
    ],
)
def test_the_bell_rings_for_what_the_settings_say(bell: str, event: MessageArrived, rings: bool) -> None:
    attention = Attention(ScreenSettings(bell=bell))
    assert attention.call(event, "#lobby", 0.0) == ([Bell()] if rings else [])


@pytest.mark.parametrize(
    ("has_focus", "always", "rings"),
    [(None, False, True), (False, False, True), (True, False, False), (True, True, True)],
)
def test_the_bell_does_not_ring_for_somebody_who_looks(
    has_focus: bool | None, always: bool, rings: bool
) -> None:
    attention = Attention(ScreenSettings(notify_when_focused=always))
    attention.has_focus = has_focus
    assert bool(attention.call(MENTION, "#lobby", 0.0)) is rings


def test_a_burst_rings_once() -> None:
    attention = Attention(ScreenSettings())
    rang = [bool(attention.call(MENTION, "#lobby", at)) for at in (0.0, 0.5, BELL_EVERY_S, BELL_EVERY_S + 1)]
    assert rang == [True, False, True, False]


def test_a_notification_says_who_where_and_what_on_one_line() -> None:
    attention = Attention(ScreenSettings(notify_desktop=True))
    assert attention.call(MENTION, "#lobby", 0.0) == [Bell(), Notify("bob in #lobby", "alice: look")]
    assert attention.call(DIRECT, "@bob", 9.0) == [Bell(), Notify("bob", "hi")]
