import pytest

from chatroom.client.session.events import Linked, LoginRefused, Noticed, Restored, State, StateChanged
from chatroom.protocol.auth import login_message
from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing, Done, Hello, Login, Packet, Refused, RoomState, Welcome
from support.session_world import Desk
from support.tiny_server import FakeSigner, TinyServer

CHALLENGE = bytes(range(32))


def hello(**fields: object) -> Hello:
    values = {
        "version": 1,
        "min_version": 1,
        "server_name": "tiny",
        "challenge": CHALLENGE,
        "log_id": bytes(16),
    }
    return Hello(**(values | fields))  # type: ignore[arg-type]


def knocking(server: TinyServer | None = None, **options: object) -> Desk:
    """A session that has connected; what the server says is up to the test."""
    desk = Desk(server or TinyServer(), **options)
    desk.connect()
    assert desk.connection is not None
    desk.connection.take()
    return desk


def tell(desk: Desk, *packets: Packet) -> None:
    desk.session.receive(b"".join(map(encode, packets)), desk.now, 0)
    desk.events += desk.session.take_events()


def login_of(desk: Desk) -> Login:
    assert desk.connection is not None
    desk.connection.requests.clear()
    desk.up()
    login = desk.connection.requests[-1]
    assert isinstance(login, Login)
    return login


def test_a_login_is_signed_over_both_challenges_the_key_of_the_server_and_the_handle() -> None:
    desk = knocking()
    tell(desk, hello())
    login = login_of(desk)
    message = login_message(CHALLENGE, bytes(32), bytes(32), "alice")
    assert login.signature == FakeSigner("alice").sign(message)
    assert (login.handle, login.version, login.session) == ("alice", 1, bytes(16))
    assert login.program == "chatroom"


def test_a_password_goes_only_to_a_server_that_wants_one() -> None:
    desk = knocking(password="sesame", invite="code")
    tell(desk, hello())
    login = login_of(desk)
    assert (login.password, login.invite) == ("", "code")
    desk = knocking(password="sesame", invite="code")
    tell(desk, hello(password=True))
    login = login_of(desk)
    assert (login.password, login.invite) == ("sesame", "code")


def test_once_the_rooms_are_complete_we_are_online() -> None:
    server = TinyServer("lobby")
    desk = knocking(server)
    tell(desk, hello())
    number = login_of(desk).id
    assert desk.connection is not None
    desk.connection.take()
    info = server.info(server.room("lobby"), "alice")
    tell(desk, Welcome(number, "alice", 1, False, 0, 2), RoomState(info))
    assert desk.session.state is State.CONNECTING
    tell(desk, RoomState(info))
    assert desk.session.state is State.ONLINE
    assert desk.session.server_name == "tiny"


def test_without_a_handle_the_server_tells_whose_device_this_is_and_that_is_all() -> None:
    server = TinyServer()
    server.linked = "alice"
    desk = Desk(server, handle="", invite=server.link_code).online()
    assert desk.got(Linked) == [Linked("alice")]
    assert desk.session.is_final
    assert desk.session.state is State.OFFLINE
    assert desk.session.rooms == {}


def test_a_link_code_that_is_not_known_is_refused_for_good() -> None:
    desk = Desk(TinyServer(), handle="", invite="0" * 20).online()
    assert desk.got(Linked) == []
    assert [event.text for event in desk.got(LoginRefused)] == ["this code is not known here"]
    assert desk.session.is_final


def test_a_device_that_links_is_told_no_handle_that_is_none() -> None:
    desk = knocking(handle="", invite="0" * 20)
    tell(desk, hello())
    tell(desk, Welcome(login_of(desk).id, "al\x1bice", 1, False, 0, 0))
    assert desk.got(Linked) == []
    assert desk.session.must_close is not None


def test_an_account_without_rooms_is_online_at_once_and_hears_the_welcome() -> None:
    desk = knocking()
    tell(desk, hello())
    tell(desk, Welcome(login_of(desk).id, "alice", 1, True, 0, 0, "be\x1b kind"))
    assert desk.session.state is State.ONLINE
    assert desk.got(Noticed) == [Noticed("be kind")]


@pytest.mark.parametrize(
    ("versions", "words"), [((9, 3), "update this program"), ((0, 0), "it must be updated")]
)
def test_a_server_without_a_common_version_is_final(versions: tuple[int, int], words: str) -> None:
    desk = knocking()
    tell(desk, hello(version=versions[0], min_version=versions[1]))
    assert desk.session.is_final
    refused = desk.got(LoginRefused)
    assert refused[0].code is ErrorCode.BAD_VERSION
    assert words in refused[0].text
    assert desk.session.data_to_send() == b""


@pytest.mark.parametrize(
    ("code", "final"),
    [
        (ErrorCode.HANDLE_TAKEN, True),
        (ErrorCode.BAD_HANDLE, True),
        (ErrorCode.NOT_ADMITTED, True),
        (ErrorCode.BANNED, True),
        (ErrorCode.BAD_SIGNATURE, True),
        (ErrorCode.SUPERSEDED, True),
        (ErrorCode.TOO_MANY, False),
        (ErrorCode.STORAGE, False),
        (ErrorCode.SHUTDOWN, False),
        (ErrorCode.TOO_SLOW, False),
    ],
)
@pytest.mark.parametrize("kind", ["refused", "closing"])
def test_some_refusals_are_for_good_and_some_for_now(code: ErrorCode, final: bool, kind: str) -> None:
    desk = knocking()
    tell(desk, hello())
    number = login_of(desk).id
    answer = (
        Refused(number, code, "go\x07 away", 2_500) if kind == "refused" else Closing(code, "go away", 2_500)
    )
    tell(desk, answer)
    assert desk.session.is_final is final
    assert desk.session.must_close == "go away"
    assert desk.session.retry_after_s == 2.5
    assert desk.got(LoginRefused) == ([LoginRefused(code, "go away")] if final else [])


@pytest.mark.parametrize("is_inside", [False, True])
def test_a_refusal_at_the_door_that_is_not_known_yet_is_for_good(is_inside: bool) -> None:
    """Else an old program would knock for ever at a door that will not open."""
    desk = Desk(TinyServer()).online() if is_inside else knocking()
    tell(desk, Closing(250, "not in these shoes"))
    assert desk.session.is_final
    assert desk.got(LoginRefused) == [LoginRefused(ErrorCode.NOT_ADMITTED, "not in these shoes")]


@pytest.mark.parametrize("code", [code for code in ErrorCode if code // 100 == 2])
def test_every_refusal_at_the_door_is_for_good_but_too_many(code: ErrorCode) -> None:
    desk = Desk(TinyServer()).online()
    tell(desk, Closing(code, "go"))
    assert desk.session.is_final is (code is not ErrorCode.TOO_MANY)


def test_a_server_cannot_keep_us_away_for_ever() -> None:
    desk = knocking()
    tell(desk, Closing(ErrorCode.SHUTDOWN, "", 10**9))
    assert desk.session.retry_after_s == 60.0
    assert desk.session.must_close == "refused: shutdown"


def test_a_new_connection_forgets_what_the_last_one_was_told() -> None:
    desk = knocking()
    tell(desk, Closing(ErrorCode.SHUTDOWN, "back soon", 500))
    desk.drop("back soon")
    desk.connect()
    assert desk.session.must_close is None
    assert desk.session.retry_after_s == 0.0
    desk.settle()
    assert desk.session.state is State.ONLINE


@pytest.mark.parametrize(
    "packets",
    [
        [Done(1)],
        [Welcome(1, "alice", 1, False, 0, 0)],
        [hello(), hello()],
        [hello(), Done(1)],
        [hello(), Welcome(1, "bob", 1, False, 0, 0)],
        [hello(), Welcome(9, "alice", 1, False, 0, 0)],
        [hello(), Welcome(1, "alice", 1, False, 0, 10**6)],
        [hello(), Welcome(1, "alice", 1, False, 0, 1), Done(4)],
        [hello(), Welcome(1, "alice", 1, False, 0, 0), hello()],
        [hello(), Welcome(1, "alice", 1, False, 0, 0), Welcome(1, "alice", 1, False, 0, 0)],
    ],
)
def test_a_packet_out_of_order_ends_the_connection(packets: list[Packet]) -> None:
    desk = knocking()
    tell(desk, *packets)
    assert desk.session.must_close is not None
    assert desk.session.must_close.startswith("the server broke the protocol")
    assert not desk.session.is_final


def test_a_restored_log_is_noticed_at_the_first_login_that_works() -> None:
    server = TinyServer()
    server.say("bob", "before")
    desk = Desk(server).online()
    assert desk.texts() == ["before"]
    server.log_id = b"restored".ljust(16)
    del server.room("lobby").frames[1:]
    for number in range(20):  # longer than the one we knew, so that its length gives nothing away
        server.say("bob", f"after {number}")
    desk.drop()
    desk.connect()
    desk.down()  # the greeting of the restored server, and then a cut
    desk.drop()
    desk.online()
    assert desk.texts() == [f"after {number}" for number in range(20)]
    assert len(desk.got(Restored)) == 1
    desk.drop()
    desk.online()
    assert len(desk.got(Restored)) == 1


def test_a_restored_log_is_noticed_by_the_next_process_too_and_said_once() -> None:
    server = TinyServer()
    desk = Desk(server).online()
    desk.drop()
    desk.post("written offline")
    server.log_id = b"restored".ljust(16)
    desk.start()
    desk.connect()
    desk.down()  # the greeting, and then a cut: nothing is known of the new log yet
    desk.drop()
    desk.start()
    desk.online()
    (notice,) = desk.got(Restored)
    assert notice.text.startswith("the history of this server was restored")
    assert notice.text.endswith("1 message that was not stored is sent again")
    assert server.texts() == ["written offline"]
    desk.start()
    desk.online()
    assert len(desk.got(Restored)) == 1


def test_the_first_log_there_ever_was_is_not_taken_for_a_restored_one() -> None:
    desk = Desk(TinyServer()).online()
    assert desk.got(Restored) == []
    assert desk.mark.log_id == desk.session.log_id == bytes(16)


def test_the_states_are_told_with_their_reasons() -> None:
    desk = Desk(TinyServer()).online()
    desk.drop("cable pulled")
    desk.settle()
    assert desk.got(StateChanged) == [
        StateChanged(State.CONNECTING),
        StateChanged(State.ONLINE),
        StateChanged(State.OFFLINE, "cable pulled"),
    ]
