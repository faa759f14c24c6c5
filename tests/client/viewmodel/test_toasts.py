from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.toasts import ERROR_S, MOST_S, NEWS_S, Toasts


def test_a_toast_ends_after_a_while() -> None:
    toasts = Toasts()
    toasts.say("hi", Style.TOAST_NEWS, 100.0)
    assert not toasts.expire(100.0 + NEWS_S - 0.1)
    assert toasts.expire(100.0 + NEWS_S)
    assert toasts.shown is None
    assert not toasts.expire(200.0)


def test_an_error_stays_longer_and_is_not_pushed_away_by_news() -> None:
    toasts = Toasts()
    toasts.say("no", Style.TOAST_BAD, 100.0)
    toasts.say("hi", Style.TOAST_NEWS, 101.0)
    assert toasts.shown is not None
    assert toasts.shown.text == "no"
    toasts.say("hi", Style.TOAST_NEWS, 100.0 + ERROR_S)
    assert toasts.shown.text == "hi"


def test_an_answer_takes_the_place_of_an_error() -> None:
    toasts = Toasts()
    toasts.say("no", Style.TOAST_BAD, 100.0)
    toasts.say("copied", Style.TOAST_GOOD, 101.0, is_answer=True)
    assert toasts.shown is not None
    assert toasts.shown.text == "copied"


def test_a_newer_error_takes_the_place_of_an_older_one() -> None:
    toasts = Toasts()
    toasts.say("one", Style.TOAST_BAD, 100.0)
    toasts.say("two", Style.TOAST_BAD, 100.0)
    assert toasts.shown is not None
    assert toasts.shown.text == "two"


def test_a_long_text_stays_long_enough_to_be_read_but_not_for_ever() -> None:
    toasts = Toasts()
    toasts.say("x" * 200, Style.TOAST_NEWS, 0.0)
    assert toasts.shown is not None
    assert toasts.shown.until == 10.0
    toasts.say("x" * 9999, Style.TOAST_NEWS, 0.0)
    assert toasts.shown.until == MOST_S


def test_a_toast_can_be_dismissed() -> None:
    toasts = Toasts()
    toasts.say("hi", Style.TOAST_NEWS, 0.0)
    assert toasts.dismiss()
    assert not toasts.dismiss()
