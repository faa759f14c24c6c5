import pytest

from chatroom.client.session.events import Noticed, PostRefused, PostStored, Restored
from chatroom.client.session.ports import Waiting
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Post, Refused, Stored
from support.session_world import Desk
from support.tiny_server import TinyServer


def online(**options: object) -> tuple[TinyServer, Desk]:
    server = TinyServer("lobby", "dev")
    return server, Desk(server, **options).online()


def posts(desk: Desk) -> list[str]:
    assert desk.connection is not None
    return [packet.text for packet in desk.connection.asked(Post)]  # type: ignore[attr-defined]


def test_a_post_is_acknowledged_by_its_entry() -> None:
    server, desk = online()
    nonce = desk.post("hello")
    assert [post.text for post in desk.session.waiting(1)] == ["hello"]
    assert nonce in desk.file.kept
    desk.settle()
    assert desk.got(PostStored) == [PostStored(1, server.room("lobby").head, nonce)]
    assert desk.session.waiting_count == 0
    assert desk.file.kept == {}
    assert desk.texts() == ["hello"]
    assert desk.session._wire.asked == {}


def test_a_post_to_a_room_that_is_not_followed_is_acknowledged_by_name() -> None:
    server, desk = online(follow_rooms=False)
    nonce = desk.post("hello")
    desk.settle()
    assert desk.got(PostStored) == [PostStored(1, server.room("lobby").head, nonce)]
    assert desk.session.waiting_count == 0


@pytest.mark.parametrize("repeat", [False, True])
def test_a_message_said_to_be_stored_in_another_room_ends_the_connection(repeat: bool) -> None:
    _server, desk = online(follow_rooms=False)
    desk.post("hello")
    desk.up()
    assert desk.connection is not None
    (post,) = desk.connection.asked(Post)
    assert isinstance(post, Post)
    desk.session.receive(encode(Stored(post.id, 2, 7, post.nonce, repeat)), desk.now, 0)
    reason = "the server broke the protocol: a message was stored in another room"
    assert desk.session.must_close == reason
    assert desk.session.waiting_count == 1
    assert desk.got(PostStored) == []


def test_what_was_posted_offline_is_sent_in_order_when_we_are_online() -> None:
    server, desk = online()
    desk.drop()
    for text in ("one", "two", "three"):
        desk.post(text)
    assert desk.session.waiting_count == 3
    desk.online()
    assert server.texts() == ["one", "two", "three"]


def test_a_post_stored_before_the_answer_was_lost_is_not_stored_twice() -> None:
    server, desk = online()
    desk.post("hello")
    desk.up()
    desk.drop()
    assert desk.session.waiting_count == 1
    desk.online()
    assert server.texts() == ["hello"]
    assert desk.session.waiting_count == 0
    assert len(desk.got(PostStored)) == 1
    assert desk.texts() == ["hello"]


def test_a_new_process_sends_what_the_killed_one_left() -> None:
    server, desk = online()
    desk.post("stored, not acknowledged")
    desk.up()
    desk.post("never sent")
    desk.start()
    assert desk.session.waiting_count == 2
    desk.online()
    assert server.texts() == ["stored, not acknowledged", "never sent"]
    assert desk.session.waiting_count == 0
    assert desk.file.kept == {}


def test_a_post_whose_entry_was_skipped_is_acknowledged_all_the_same() -> None:
    server, desk = online(follow_backlog=2, skip_over=5)
    desk.post("hello")
    desk.up()
    desk.drop()
    for number in range(400):
        server.say("bob", str(number))
    desk.online()
    assert desk.session.waiting_count == 0
    assert server.texts().count("hello") == 1


def test_the_message_of_another_device_is_ours_but_did_not_wait() -> None:
    server, desk = online()
    other = Desk(server).online()
    other.post("from the other one")
    other.settle()
    desk.settle()
    assert desk.got(PostStored) == []
    assert desk.texts() == ["from the other one"]
    assert desk.session.timeline(1).items[-1].is_own  # type: ignore[union-attr]


@pytest.mark.parametrize("code", [ErrorCode.BAD_TEXT, ErrorCode.NOT_ALLOWED, ErrorCode.NONCE_REUSED])
def test_a_refused_post_gives_its_text_back(code: ErrorCode) -> None:
    server, desk = online()
    server.refuse = lambda post: Refused(post.id, code, "no\x1b, never")
    nonce = desk.post("precious")
    desk.settle()
    assert desk.got(PostRefused) == [PostRefused(1, nonce, "precious", code, "no, never")]
    assert desk.session.waiting_count == 0
    assert desk.file.kept == {}


def test_a_full_disk_of_the_server_keeps_posts_waiting_and_in_order() -> None:
    server, desk = online()
    server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, "disk full", 2_000)
    desk.post("one")
    desk.post("two")
    desk.settle()
    desk.post("three")
    desk.settle()
    assert desk.session.waiting_count == 3
    assert len(desk.got(Noticed)) == 1
    assert "disk full" in desk.got(Noticed)[0].text
    assert desk.session.next_tick() == desk.now + 2
    desk.wait(1.9)
    assert posts(desk) == ["one", "two"]
    server.refuse = lambda post: None
    desk.wait(0.1)
    assert server.texts() == ["one", "two", "three"]
    assert desk.session.waiting_count == 0


def test_a_disk_that_stays_full_is_told_once() -> None:
    server, desk = online()
    server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, "disk full")
    desk.post("one")
    desk.settle()
    for _ in range(5):
        desk.wait(1.0)
    assert len(posts(desk)) == 6
    assert len(desk.got(Noticed)) == 1


def test_a_server_cannot_put_posts_off_for_ever() -> None:
    server, desk = online()
    server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, "later", 10**9)
    desk.post("one")
    desk.settle()
    server.refuse = lambda post: None
    desk.wait(30.0)
    assert server.texts() == ["one"]


def test_a_limit_that_passes_is_no_refusal_for_good() -> None:
    server, desk = online()
    server.refuse = lambda post: Refused(post.id, ErrorCode.TOO_MANY, "slowly", 100)
    desk.post("one")
    desk.settle()
    assert desk.got(PostRefused) == []
    assert desk.session.waiting_count == 1


def test_a_post_for_a_room_we_are_no_longer_in_gives_its_text_back() -> None:
    server, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.settle()
    desk.drop()
    nonce = desk.post("for dev only", "#dev")
    server.room("dev").members.remove("alice")
    desk.online()
    assert desk.got(PostRefused) == [
        PostRefused(2, nonce, "for dev only", ErrorCode.NOT_A_MEMBER, "#dev: no")
    ]
    assert server.texts("dev") == []


def test_a_message_stored_before_its_author_left_the_room_is_stored() -> None:
    server, desk = online()
    nonce = desk.post("last words")
    desk.session.ask.leave(1)
    desk.settle()
    assert server.texts() == ["last words"]
    assert [event.nonce for event in desk.got(PostStored)] == [nonce]
    assert desk.got(PostRefused) == []
    assert desk.session.rooms == {}


@pytest.mark.parametrize("is_kicked", [False, True])
def test_whether_a_message_was_stored_is_for_the_server_to_say_even_without_the_room(
    is_kicked: bool,
) -> None:
    """The answer was lost, and meanwhile another device left the room, or somebody was kicked."""
    server, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.settle()
    desk.post("stored", "#dev")
    desk.up()
    desk.drop()
    if is_kicked:
        server.kick(server.room("dev"), "bob", "alice")
    else:
        other = Desk(server, session_id=b"other".ljust(16)).online()
        other.session.ask.leave(other.number("#dev"))
        other.settle()
    desk.online()
    assert server.texts("dev") == ["stored"]
    assert len(desk.got(PostStored)) == 1
    assert desk.got(PostRefused) == []
    assert desk.session.waiting_count == 0


def test_a_message_whose_room_went_while_it_was_under_way_is_not_forgotten() -> None:
    server, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.settle()
    desk.post("under way", "#dev")
    server.kick(server.room("dev"), "bob", "alice")
    desk.down()
    assert desk.session.room_named("#dev") is None
    desk.settle()
    assert [event.text for event in desk.got(PostRefused)] == ["under way"]
    assert desk.session.waiting_count == 0


def test_nothing_overtakes_a_post_that_was_put_off_however_late_answers_come() -> None:
    server, desk = online()
    server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, "disk full")
    desk.post("one")
    desk.post("two")
    desk.up()
    assert desk.connection is not None
    first = len(encode(Refused(1, ErrorCode.STORAGE, "disk full")))
    server.refuse = lambda post: None
    desk.down(first)  # the refusal of "two", which is behind it, is still under way
    desk.post("three")
    desk.now += 5
    desk.session.tick(desk.now)
    desk.settle().wait(5)
    assert server.texts() == ["one", "two", "three"]


def test_a_message_never_ends_in_another_room_that_got_the_number_of_its_own() -> None:
    """A restored server gives out numbers again that had been given to rooms after the backup was made."""
    server, desk = online()
    desk.session.ask.join("secret", create=True, private=True)
    desk.settle()
    desk.drop()
    desk.post("a secret", "#secret")
    restored = TinyServer("lobby", "dev")
    restored.log_id = b"restored".ljust(16)
    restored.make_room("public", members=("alice",))
    assert restored.room("public").number == server.room("secret").number
    desk.server = restored
    desk.online()
    assert restored.texts("public") == []
    (refused,) = desk.got(PostRefused)
    assert refused.text == "a secret"
    assert refused.reason == "the server was restored, and you are not in this room there"


@pytest.mark.parametrize(("count", "words"), [(1, "1 message that was"), (2, "2 messages that were")])
def test_what_is_sent_again_to_a_restored_server_is_told(count: int, words: str) -> None:
    server, desk = online()
    desk.drop()
    for number in range(count):
        desk.post(str(number))
    server.log_id = b"restored".ljust(16)
    desk.online()
    assert len(server.texts()) == count
    (notice,) = desk.got(Restored)
    assert notice.text.startswith("the history of this server was restored")
    assert words in notice.text


def test_a_message_follows_its_room_to_another_number() -> None:
    _, desk = online()
    desk.session.ask.open_direct("bob")
    desk.settle()
    desk.drop()
    desk.post("hi", "@bob")
    restored = TinyServer("lobby")
    restored.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    desk.server = restored
    desk.online()
    assert restored.texts("") == ["hi"]


def test_posts_left_by_a_program_that_kept_no_titles_go_by_number() -> None:
    server = TinyServer()
    desk = Desk(server)
    desk.file.add([Waiting(b"n" * 16, 1, "old", 0, 5)])
    desk.start()
    desk.online()
    assert server.texts() == ["old"]
