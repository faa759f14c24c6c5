from chatroom.client.notify import BELL_EVERY_S, NOTIFY_EVERY_S, Notifier


class Paper:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.now = 100.0
        self.notifier = Notifier(self, lambda: self.now)

    def ring(self) -> None:
        self.heard.append("bell")

    def notify(self, title: str, text: str) -> None:
        self.heard.append(f"{title}: {text}")


def test_the_first_of_many_mentions_rings_and_notifies() -> None:
    paper = Paper()
    for number in range(100):
        paper.notifier.ring()
        paper.notifier.notify("ada", f"message {number}")
    assert paper.heard == ["bell", "ada: message 0"]


def test_after_a_while_it_may_be_heard_again() -> None:
    paper = Paper()
    paper.notifier.ring()
    paper.now += BELL_EVERY_S
    paper.notifier.ring()
    paper.notifier.notify("ada", "one")
    paper.now += NOTIFY_EVERY_S
    paper.notifier.notify("ada", "two")
    assert paper.heard == ["bell", "bell", "ada: one", "ada: two"]
