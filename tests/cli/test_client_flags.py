"""Every wrong argument is one line and exit code 2; right ones arrive as what they mean."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatroom import __version__
from chatroom.cli.client_flags import (
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
    flags = send_parser().parse_args(["--to", "tcp://h.org", "--timeout", "2.5", "#Lobby", "hello", "world"])
    assert flags.to == JoinAddress("h.org", tls=False)
    assert (flags.room, flags.text, flags.timeout, flags.lines) == ("lobby", ["hello", "world"], 2.5, False)
    assert send_parser().parse_args(["--lines", "@Bob"]).room == "@bob"


def test_tail_takes_where_to_begin_and_to_end() -> None:
    flags = tail_parser().parse_args(["lobby", "--since", "0", "--limit", "3", "--json", "--no-follow"])
    assert (flags.since, flags.limit, flags.json, flags.no_follow) == (Since(0), 3, True, True)
    flags = tail_parser().parse_args(["lobby", "--since", f"{'aB' * 16}:7"])
    assert flags.since == Since(7, b"\xab" * 16)
    flags = tail_parser().parse_args(["lobby"])
    assert (flags.since, flags.limit, flags.json, flags.no_follow) == (None, None, False, False)


def test_trust_takes_one_change() -> None:
    assert trust_parser().parse_args(["--replace", "h.org"]).replace == JoinAddress("h.org")
    assert trust_parser().parse_args(["--forget", "h.org:1"]).forget == JoinAddress("h.org", 1)
    assert trust_parser().parse_args(["--data-dir", "x"]).data_dir == Path("x")


def test_codes_are_read_as_people_type_them() -> None:
    flags = link_parser().parse_args(["h.org", "OOOOO-ooooo-00000-0000A", "--timeout", "3"])
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
    with pytest.raises(SystemExit) as ended:
        make().parse_args(arguments)
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
