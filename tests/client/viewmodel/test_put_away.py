from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.put_away import FIRST_ENTRIES, PutAway
from chatroom.protocol.entries import RoomKind


def direct(head: int) -> RoomView:
    return RoomView(1, "", RoomKind.DIRECT, "@bob", "", head, 0, 0, 0, True, "", "bob", 2)


def test_a_direct_room_in_which_nobody_wrote_is_away_until_it_is_opened() -> None:
    away = PutAway({})
    assert away.holds(direct(FIRST_ENTRIES))
    assert not away.holds(direct(FIRST_ENTRIES + 1))
    away.opened(direct(FIRST_ENTRIES))
    assert not away.holds(direct(FIRST_ENTRIES))
    assert PutAway(away.kept()).holds(direct(FIRST_ENTRIES))


def test_a_room_put_away_comes_back_with_something_new_or_when_it_is_opened() -> None:
    away = PutAway({})
    away.opened(direct(9))
    away.put_away(direct(9))
    assert PutAway(away.kept()).holds(direct(9))
    assert not away.holds(direct(10))
    away.opened(direct(9))
    assert away.kept() == {}


def test_a_room_of_many_is_never_away() -> None:
    room = RoomView(1, "dev", RoomKind.PUBLIC, "#dev", "", 1, 0, 0, 0, True, "", "", 2)
    assert not PutAway({"#dev": 9}).holds(room)
