import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.commands.moderation import LONGEST_S, Act, Fault, Moderate, SetRole, timed
from chatroom.client.commands.slash import Command, parse

TYPED: list[tuple[str, Command]] = [
    ("/kick bob", Moderate(Act.KICK, "bob")),
    ("/kick @bob 10m", Moderate(Act.KICK, "@bob", 600)),
    ("/ban bob", Moderate(Act.BAN, "bob")),
    ("/ban bob 2h flooding  the room", Moderate(Act.BAN, "bob", 7_200, "flooding  the room")),
    ("/ban bob flooding", Moderate(Act.BAN, "bob", 0, "flooding")),
    ("/ban bob 7d", Moderate(Act.BAN, "bob", 604_800)),
    ("/mute bob 1h30m enough", Moderate(Act.MUTE, "bob", 5_400, "enough")),
    ("/mute bob 90S", Moderate(Act.MUTE, "bob", 90)),
    ("/mute bob 2w", Moderate(Act.MUTE, "bob", 1_209_600)),
    ("/mute bob 3rd warning", Moderate(Act.MUTE, "bob", 0, "3rd warning")),
    ("/unban bob", Moderate(Act.UNBAN, "bob")),
    ("/unban bob said sorry", Moderate(Act.UNBAN, "bob", 0, "said sorry")),
    ("/unmute bob 10m", Moderate(Act.UNMUTE, "bob", 0, "10m")),
    ("/role bob moderator", SetRole("bob", "moderator")),
    ("/role bob OWNER", SetRole("bob", "owner")),
]


@pytest.mark.parametrize(("typed", "command"), TYPED)
def test_what_a_moderator_types_becomes_a_typed_command(typed: str, command: Command) -> None:
    assert parse(typed) == command


FAULTS = [
    ("/ban bob 10", "/ban: 10 is no time: 10m, 2h or 7d; a reason begins with a word"),
    ("/ban bob 10x flooding", "/ban: 10x is no time: 10m, 2h or 7d; a reason begins with a word"),
    ("/ban bob 0m", "/ban: 0m is no time: 1s to 520w; without one it has no end"),
    ("/mute bob 9999w", "/mute: 9999w is no time: 1s to 520w; without one it has no end"),
    ("/role bob king", "/role: king is no role: owner, moderator, member"),
    ("/role bob owner please", "usage: /role HANDLE owner|moderator|member"),
    ("/unmute", "usage: /unmute HANDLE [REASON]"),
]


@pytest.mark.parametrize(("typed", "text"), FAULTS)
def test_a_time_that_is_none_is_never_taken_for_a_reason(typed: str, text: str) -> None:
    assert parse(typed) == Fault(text)


@given(st.integers(1, 3), st.integers(0, 10**40), st.sampled_from("smhdw"))
def test_a_time_is_never_for_ever_by_accident(parts: int, number: int, unit: str) -> None:
    command = timed(Act.BAN)("bob " + f"{number}{unit}" * parts)
    assert isinstance(command, Fault) or (
        isinstance(command, Moderate) and 0 < command.seconds <= LONGEST_S and command.reason == ""
    )
