from chatroom.client.session.events import MembersChanged, Noticed, RoomsChanged, TimelineChanged
from chatroom.client.session.news import News


def test_what_happened_comes_in_order_and_what_changed_once_after_it() -> None:
    news = News()
    news.timeline_changed(2)
    news.add(Noticed("a"))
    news.timeline_changed(2)
    news.rooms_changed()
    news.add(Noticed("a"))
    news.members_changed(0)
    news.rooms_changed()
    assert news.take() == [
        Noticed("a"),
        Noticed("a"),
        TimelineChanged(2),
        RoomsChanged(),
        MembersChanged(0),
    ]
    assert news.take() == []
