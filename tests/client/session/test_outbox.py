import pytest

from chatroom.client.session.outbox import FLIGHT_POSTS, Outbox
from chatroom.client.session.ports import OutboxError, Waiting
from support.session_world import ListOutbox


def post(number: int, room: int = 1, text: str = "x") -> Waiting:
    return Waiting(number.to_bytes(16, "big"), room, text, 0, number, "#lobby")


def sent(box: Outbox, now: float = 0.0) -> list[int]:
    out = []
    while (found := box.next_to_send(now)) is not None:
        out.append(int.from_bytes(found.nonce, "big"))
    return out


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_posts_are_on_disk_before_they_can_be_sent() -> None:
    file = ListOutbox()
    box = Outbox(file)
    box.add([post(1), post(2)])
    assert list(file.kept) == [nonce(1), nonce(2)]
    assert sent(box) == [1, 2]
    assert sent(box) == []


def test_posts_that_cannot_be_kept_are_not_taken() -> None:
    file = ListOutbox()
    box = Outbox(file)
    file.fault = "disk full"
    with pytest.raises(OutboxError):
        box.add([post(1)])
    assert len(box) == 0
    assert sent(box) == []


def test_what_a_former_process_left_is_sent_first() -> None:
    file = ListOutbox()
    file.add([post(1), post(2)])
    box = Outbox(file)
    box.add([post(3)])
    assert sent(box) == [1, 2, 3]


def test_a_settled_post_leaves_memory_at_once_and_the_file_with_the_flush() -> None:
    file = ListOutbox()
    box = Outbox(file)
    box.add([post(1), post(2)])
    assert box.settle(nonce(1)) == post(1)
    assert box.settle(nonce(1)) is None
    assert len(box) == 1
    assert len(file.kept) == 2
    box.flush()
    assert list(file.kept) == [nonce(2)]


def test_a_post_settled_before_it_was_sent_is_not_sent() -> None:
    box = Outbox(ListOutbox())
    box.add([post(1), post(2)])
    box.settle(nonce(1))
    assert sent(box) == [2]


def test_after_a_lost_connection_everything_is_sent_again_oldest_first() -> None:
    box = Outbox(ListOutbox())
    box.add([post(1), post(2), post(3)])
    assert sent(box) == [1, 2, 3]
    box.settle(nonce(2))
    box.connection_lost()
    assert sent(box) == [1, 3]


def test_what_is_in_flight_is_bounded_by_number() -> None:
    box = Outbox(ListOutbox())
    box.add([post(number) for number in range(1, FLIGHT_POSTS + 10)])
    assert len(sent(box)) == FLIGHT_POSTS
    box.settle(nonce(1))
    assert sent(box) == [FLIGHT_POSTS + 1]


def test_what_is_in_flight_is_bounded_by_size() -> None:
    box = Outbox(ListOutbox())
    box.add([post(number, text="y" * 16_000) for number in range(1, 21)])
    assert len(sent(box)) == 9
    box.settle(nonce(1))
    assert sent(box) == [10]


def test_a_post_put_off_holds_all_until_its_time_and_keeps_the_order() -> None:
    box = Outbox(ListOutbox())
    box.add([post(1), post(2)])
    assert sent(box) == [1, 2]
    box.put_off(nonce(1), 5.0)
    box.put_off(nonce(2), 4.0)
    box.add([post(3)])
    assert box.is_held
    assert sent(box, 4.9) == []
    assert sent(box, 5.0) == [1, 2, 3]
    assert not box.is_held


def test_after_one_was_put_off_nothing_is_sent_before_all_under_way_is_answered() -> None:
    box = Outbox(ListOutbox())
    box.add([post(1), post(2), post(3)])
    assert sent(box) == [1, 2, 3]
    box.put_off(nonce(1), 5.0)
    box.settle(nonce(3))
    box.add([post(4)])
    assert sent(box, 9.0) == []
    assert not box.is_held  # time alone changes nothing
    box.put_off(nonce(2), 6.0)
    assert box.is_held
    assert sent(box, 9.0) == [1, 2, 4]


def test_waiting_posts_are_listed_by_room_in_order() -> None:
    box = Outbox(ListOutbox())
    box.add([post(1), post(2, room=2), post(3)])
    assert box.waiting(1) == [post(1), post(3)]
    assert box.get(nonce(2)) == post(2, room=2)
    box.move(nonce(2), 1)
    assert [found.at for found in box.waiting(1)] == [1, 2, 3]
