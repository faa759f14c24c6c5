from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.commands.keymap import Keymap
from chatroom.client.connection.identity import device_name
from chatroom.client.screen.screen_session import ScreenSession
from chatroom.client.screen.start import Start
from chatroom.client.viewmodel.effects import Bell, Effect, TrustAnswered
from chatroom.config.paths import ClientPaths
from chatroom.config.settings import ClientSettings
from chatroom.net.address import JoinAddress
from chatroom.net.keys import load_or_create_server_key, verify
from chatroom.net.loop import Loop
from chatroom.protocol.packets import Login
from support.tiny_host import TinyHost, run_until
from support.tiny_server import TinyServer


class Somebody:
    """A screen session of `alice` over real sockets, in the loop of its server."""

    def __init__(self, directory: Path, *, tls: bool = False) -> None:
        self.loop = Loop()
        self.server = TinyServer()
        self.server.verify = verify
        key = load_or_create_server_key(directory, ["localhost"]) if tls else None
        self.host = TinyHost(self.loop, self.server, key)
        self.paths = ClientPaths(directory / "client.toml", directory / "data")
        self.effects: list[Effect] = []
        self.rounds = 0
        self.refused: list[str] = []
        self.join = JoinAddress("127.0.0.1", self.host.port, tls=tls)
        self.session = self.begin()

    def begin(self) -> ScreenSession:
        start = Start(self.join, "alice", self.paths, ClientSettings(), mouse=True)
        session = ScreenSession(
            self.loop,
            start,
            "alice",
            self.join,
            Keymap(),
            on_effects=self.take,
            on_handle_refused=self.refused.append,
        )
        session.begin()
        return session

    def take(self, effects: Sequence[Effect]) -> None:
        self.rounds += 1
        self.effects += effects

    def until(self, condition: object) -> None:
        run_until(self.loop, condition)  # type: ignore[arg-type]

    def connection(self) -> str:
        return self.session.model.status(self.session.moment()).connection

    def send(self, text: str) -> None:
        model, moment = self.session.model, self.session.moment()
        model.composer_edited(text, len(text), moment)
        self.effects += model.perform(Action.SEND, moment)
        self.session.send()

    def close(self) -> None:
        self.session.close()
        self.host.close()
        self.loop.close()


@pytest.fixture
def somebody(tmp_path: Path) -> Iterator[Somebody]:
    somebody = Somebody(tmp_path)
    yield somebody
    somebody.close()


def test_it_comes_online_and_what_is_typed_reaches_the_server(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    somebody.send("hello")
    somebody.until(lambda: somebody.server.texts() == ["hello"])


def test_the_server_is_told_the_name_of_the_machine(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    (login,) = somebody.server.connections[0].asked(Login)
    assert isinstance(login, Login)
    assert login.program == device_name("")


def test_what_others_say_comes_out_as_effects(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    somebody.session.model.focus_changed(False, somebody.session.moment())
    somebody.host.say("ada", "@alice look")
    somebody.until(lambda: Bell() in somebody.effects)


def test_at_rest_nobody_is_told_anything(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    for _ in range(20):
        somebody.loop.run_once(0.01)
    before = somebody.rounds
    for _ in range(20):
        somebody.loop.run_once(0.01)
    assert somebody.rounds == before


def test_offline_the_status_line_counts_down(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    somebody.host.kill()
    status = somebody.session.model.status
    somebody.until(lambda: "next attempt" in status(somebody.session.moment()).retry)
    before = somebody.rounds
    somebody.until(lambda: somebody.rounds > before)
    somebody.host.listen()
    somebody.session.retry_now()
    somebody.until(lambda: "online" in somebody.connection())


def test_a_strange_server_is_asked_about_and_answered(tmp_path: Path) -> None:
    somebody = Somebody(tmp_path, tls=True)
    model = somebody.session.model
    somebody.until(lambda: model.dialog is not None)
    effects = model.dialog_letter("y", somebody.session.moment())
    (answer,) = effects
    assert isinstance(answer, TrustAnswered)
    somebody.session.trust_answered(answer)
    somebody.until(lambda: "online" in somebody.connection())
    somebody.close()


def test_the_command_for_another_device_has_the_pin_that_was_accepted_here(tmp_path: Path) -> None:
    somebody = Somebody(tmp_path, tls=True)
    model = somebody.session.model
    somebody.until(lambda: model.dialog is not None)
    (answer,) = model.dialog_letter("y", somebody.session.moment())
    assert isinstance(answer, TrustAnswered)
    somebody.session.trust_answered(answer)
    somebody.until(lambda: "online" in somebody.connection())
    somebody.send("/link")

    def text() -> str:
        shown = model.dialog
        return "" if shown is None else "\n".join("".join(part for _, part in line) for line in shown.text)

    somebody.until(lambda: "chatroom link" in text())
    assert f"chatroom link {somebody.join}#{answer.pin} {somebody.server.link_code}" in text()
    somebody.close()


def test_drafts_and_the_outbox_are_there_the_next_time(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    somebody.host.kill()
    somebody.until(lambda: "offline" in somebody.connection())
    somebody.send("waits")
    model = somebody.session.model
    model.composer_edited("half a thought", 3, somebody.session.moment())
    somebody.session.close()
    somebody.host.listen()
    somebody.session = somebody.begin()
    somebody.until(lambda: somebody.server.texts() == ["waits"])
    somebody.until(lambda: somebody.session.model.composer().text == "half a thought")


def test_a_server_restored_between_two_runs_is_said_by_the_second(somebody: Somebody) -> None:
    somebody.until(lambda: "online" in somebody.connection())
    somebody.session.close()
    somebody.server.log_id = b"restored".ljust(16)
    somebody.session = somebody.begin()
    somebody.until(lambda: "online" in somebody.connection())
    status = somebody.session.model.status(somebody.session.moment())
    assert "the history of this server was restored" in status.toast
