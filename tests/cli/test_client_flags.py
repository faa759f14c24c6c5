"""Every wrong argument is one line and exit code 2; right ones arrive as what they mean."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatroom import __version__
from chatroom.cli.client_flags import (
    MixedParser,
    link_parser,
    screen_parser,
    send_parser,
    tail_parser,
    trust_parser,
)
from chatroom.client.headless.tailing import Since
from chatroom.net.address import JoinAddress

PIN = "a" * 24
MakeParser = Callable[[], argparse.ArgumentParser]


def test_the_full_screen_client_takes_who_and_where() -> None:
    flags = screen_parser().parse_args(
        [f"h.org:99#{PIN}", "--handle", "@Alice", "--no-mouse", "--accept-new"]
    )
    assert flags.join == JoinAddress("h.org", 99, pin=PIN)
    assert (flags.handle, flags.no_mouse, flags.accept_new, flags.invite) == ("alice", True, True, None)
    flags = screen_parser().parse_args([])
    assert (flags.join, flags.handle, flags.config, flags.data_dir) == (None, None, None, None)


def test_send_takes_a_room_and_words() -> None:
    flags = send_parser().parse_mixed(["--to", "tcp://h.org", "--timeout", "2.5", "#Lobby", "hello", "world"])
    assert flags.to == JoinAddress("h.org", tls=False)
    assert (flags.room, flags.text, flags.timeout, flags.lines) == ("lobby", ["hello", "world"], 2.5, False)
    assert send_parser().parse_mixed(["--lines", "@Bob"]).room == "@bob"


def test_tail_takes_where_to_begin_and_to_end() -> None:
    flags = tail_parser().parse_mixed(["lobby", "--since", "0", "--limit", "3", "--json", "--no-follow"])
    assert (flags.since, flags.limit, flags.json, flags.no_follow) == (Since(0), 3, True, True)
    flags = tail_parser().parse_mixed(["lobby", "--since", f"{'aB' * 16}:7"])
    assert flags.since == Since(7, b"\xab" * 16)
    flags = tail_parser().parse_mixed(["lobby"])
    assert (flags.since, flags.limit, flags.json, flags.no_follow) == (None, None, False, False)


def test_trust_takes_one_change() -> None:
    assert trust_parser().parse_args(["--replace", "h.org"]).replace == JoinAddress("h.org")
    assert trust_parser().parse_args(["--forget", "h.org:1"]).forget == JoinAddress("h.org", 1)
    assert trust_parser().parse_args(["--data-dir", "x"]).data_dir == Path("x")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["lobby", "--to", "h.org", "--lines"], []),
        (["lobby", "--to", "h.org", "text"], ["text"]),
        (["lobby", "a", "--to", "h.org", "b"], ["a", "b"]),
        (["lobby", "a", "b", "--to", "h.org"], ["a", "b"]),
        (["--to", "h.org", "lobby", "a", "--timeout", "2", "b"], ["a", "b"]),
        (["lobby", "--to", "h.org", "-5", "- x", "-"], ["-5", "- x", "-"]),
        (["lobby", "a", "--to=h.org", "--", "--to", "x"], ["a", "--to", "x"]),
        (["lobby", "--to", "h.org", "--", "-x"], ["-x"]),
        (["--to", "h.org", "--", "lobby", "--to", "x"], ["--to", "x"]),
        (["--to", "h.org", "--", "lobby", "--lines"], ["--lines"]),
    ],
)
def test_what_is_to_be_sent_and_how_may_come_in_any_order(arguments: list[str], text: list[str]) -> None:
    flags = send_parser().parse_mixed(arguments)
    assert (flags.room, flags.text, flags.to) == ("lobby", text, JoinAddress("h.org"))


@pytest.mark.parametrize("place", range(5))
def test_the_room_of_tail_may_stand_anywhere_between_its_options(place: int) -> None:
    options = [["--to", "h.org"], ["--json"], ["--since", "3"], ["--no-follow"]]
    arguments = [word for words in [*options[:place], ["lobby"], *options[place:]] for word in words]
    flags = tail_parser().parse_mixed(arguments)
    assert (flags.room, flags.to, flags.since) == ("lobby", JoinAddress("h.org"), Since(3))
    assert (flags.json, flags.no_follow) == (True, True)
    assert tail_parser().parse_mixed(["--json", "--", "lobby"]).room == "lobby"


def test_an_option_of_link_may_stand_between_the_server_and_the_code() -> None:
    code = "0" * 20
    for arguments in (["h.org", "--timeout", "3", code], ["--timeout", "3", "h.org", "--", code]):
        flags = link_parser().parse_mixed(arguments)
        assert (flags.join, flags.code, flags.timeout) == (JoinAddress("h.org"), code, 3.0)


def test_codes_are_read_as_people_type_them() -> None:
    flags = link_parser().parse_mixed(["h.org", "OOOOO-ooooo-00000-0000A", "--timeout", "3"])
    assert (flags.join, flags.code, flags.timeout) == (JoinAddress("h.org"), "0" * 19 + "a", 3.0)
    assert screen_parser().parse_args(["--invite", "0000 " * 5]).invite == "0" * 20


@pytest.mark.parametrize(
    ("make", "arguments", "words"),
    [
        (screen_parser, ["h.org:99999"], "not between 1 and 65535"),
        (screen_parser, ["http://h.org"], "unknown scheme"),
        (screen_parser, ["h.org#short"], "a pin is 24"),
        (screen_parser, ["\x1b[2J"], "is not a join string"),
        (screen_parser, ["--handle", "no good"], "is not a handle"),
        (screen_parser, ["--handle", ""], "is not a handle"),
        (screen_parser, ["--\x1b[2J"], "unrecognized arguments"),
        (screen_parser, ["--colour"], "unrecognized arguments: --colour"),
        (screen_parser, ["one", "two"], "unrecognized arguments: two"),
        (send_parser, [], "the following arguments are required: ROOM"),
        (send_parser, ["lobby", "--colour", "red"], "unrecognized arguments: --colour red"),
        (send_parser, ["no/room"], "is not a room"),
        (send_parser, ["@"], "is not a handle"),
        (send_parser, ["--timeout", "0", "lobby"], "is not a number of seconds"),
        (send_parser, ["--timeout", "nan", "lobby"], "is not a number of seconds"),
        (send_parser, ["--timeout", "soon", "lobby"], "is not a number of seconds"),
        (send_parser, ["--to", "", "lobby"], "the host is missing"),
        (tail_parser, ["lobby", "--since", "-1"], "is not a number from 0"),
        (tail_parser, ["lobby", "--since=-1"], "is not a number from 0"),
        (tail_parser, ["lobby", "--since", "9" * 5_000], "is not a number from 0"),
        (tail_parser, ["lobby", "--since", "٣"], "is not a number from 0"),
        (tail_parser, ["lobby", "--since", "abc:7"], "is not the log of a line of --json"),
        (tail_parser, ["lobby", "--since", f"{'0x' * 16}:7"], "is not the log of a line of --json"),
        (tail_parser, ["lobby", "--since", f"{'ab' * 16}:"], "is not a number from 0"),
        (tail_parser, ["lobby", "--limit", "0"], "is not a number from 1"),
        (trust_parser, ["--replace", "tcp://h.org"], "no key to be known by"),
        (screen_parser, ["--invite", "x"], "is not a code"),
        (link_parser, ["h.org", "0" * 21], "is not a code"),
        (link_parser, ["h.org"], "required: CODE"),
        (link_parser, ["h.org", "0" * 20, "--handle", "bob"], "unrecognized arguments"),
        (trust_parser, ["--replace", "h.org", "--forget", "h.org"], "not allowed with"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(
    make: MakeParser, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = make()
    parse = parser.parse_mixed if isinstance(parser, MixedParser) else parser.parse_args
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert len(said) < 250
    assert said.strip().isprintable()


def test_the_version_and_the_commands_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        screen_parser().parse_args(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"chatroom {__version__}\n"
    with pytest.raises(SystemExit):
        screen_parser().parse_args(["--help"])
    assert "chatroom send ROOM" in capsys.readouterr().out


def test_the_version_is_not_looked_for_before_somebody_asks() -> None:
    look = "import sys, chatroom.cli.client; print('importlib.metadata' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
