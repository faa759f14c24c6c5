import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.commands.actions import Action
from chatroom.client.commands.slash import (
    COMMANDS,
    SHRUG,
    Claim,
    Clear,
    Command,
    Devices,
    Direct,
    Fault,
    Find,
    Ignore,
    Invite,
    Join,
    Leave,
    LinkDevice,
    ListRooms,
    Names,
    OpenRoom,
    Post,
    Run,
    SetAway,
    Topic,
    TryNow,
    parse,
)

TYPED: list[tuple[str, Command]] = [
    ("hello", Post("hello")),
    ("a / b", Post("a / b")),
    ("two\nlines", Post("two\nlines")),
    ("//usr/bin", Post("/usr/bin")),
    ("///", Post("//")),
    (" /usr/bin", Post("/usr/bin")),
    ("   //x", Post("//x")),
    ("/join #lab", Join("#lab")),
    ("/JOIN lab", Join("lab")),
    ("/j -p lab", Join("lab", is_private=True)),
    ("/join lab -p", Join("lab", is_private=True)),
    ("/leave", Leave()),
    ("/part #lab", Leave("#lab")),
    ("/close", Leave()),
    ("/msg bob", Direct("bob")),
    ("/msg @bob  hi  there ", Direct("@bob", "hi  there")),
    ("/query bob", Direct("bob")),
    ("/me waves", Post("waves", is_action=True)),
    ("/me waves\nand smiles", Post("waves\nand smiles", is_action=True)),
    ("/topic", Topic(None)),
    ("/topic a new day", Topic("a new day")),
    ("/topic -", Topic("")),
    ("/names", Names()),
    ("/who", Names()),
    ("/list", ListRooms()),
    ("/invite bob", Invite("bob")),
    ("/invite bob #lab", Invite("bob", "#lab")),
    ("/away", SetAway(is_away=True)),
    ("/back", SetAway(is_away=False)),
    ("/search", Find("")),
    ("/search from:bob tls pending", Find("from:bob tls pending")),
    ("/lastlog tls", Find("tls")),
    ("/help", Run(Action.HELP)),
    ("/quit", Run(Action.QUIT)),
    ("/exit", Run(Action.QUIT)),
    ("/w", Run(Action.SWITCH_ROOM)),
    ("/w 3", OpenRoom("3")),
    ("/w lab", OpenRoom("lab")),
    ("/next", Run(Action.NEXT_ACTIVE)),
    ("/clear", Clear()),
    ("/ignore", Ignore("")),
    ("/ignore bob", Ignore("bob")),
    ("/unignore bob", Ignore("bob", is_hidden=False)),
    ("/shrug", Post(SHRUG)),
    ("/shrug who knows", Post(f"who knows {SHRUG}")),
    ("/edit", Run(Action.EDIT_OUTSIDE)),
    ("/reconnect", TryNow()),
    ("/claim 12345-abcde 67890-FGHJK", Claim("12345-abcde 67890-FGHJK")),
    ("/link", LinkDevice()),
    ("/devices", Devices()),
]


@pytest.mark.parametrize(("typed", "command"), TYPED)
def test_what_is_typed_becomes_a_typed_command(typed: str, command: Command) -> None:
    assert parse(typed) == command


FAULTS = [
    ("/join", "usage: /join [-p] #ROOM"),
    ("/join a b", "usage: /join [-p] #ROOM"),
    ("/leave a b", "usage: /leave [ROOM]"),
    ("/msg", "usage: /msg HANDLE [TEXT]"),
    ("/me", "usage: /me TEXT"),
    ("/invite", "usage: /invite HANDLE [#ROOM]"),
    ("/invite a b c", "usage: /invite HANDLE [#ROOM]"),
    ("/unignore", "usage: /unignore HANDLE"),
    ("/quit now", "usage: /quit"),
    ("/kick", "usage: /kick HANDLE [TIME] [REASON]"),
    ("/role bob", "usage: /role HANDLE owner|moderator|member"),
    ("/claim", "usage: /claim CODE"),
    ("/op bob", "/op: write /role HANDLE moderator"),
    ("/jion #lab", "there is no command /jion: did you mean /join? (to post it, write //jion)"),
    ("/xyzzy", "there is no command /xyzzy: /help lists all (to post it, write //xyzzy)"),
    (
        "/usr/bin/python is broken",
        "there is no command /usr/bin/python: /help lists all (to post it, write //usr/bin/python)",
    ),
    ("/nick bob", "/nick: a handle is permanent; another one is another account"),
    ("/", "a command's name follows the slash at once; //… posts a text that begins with a slash"),
    ("/ join", "a command's name follows the slash at once; //… posts a text that begins with a slash"),
]


@pytest.mark.parametrize(("typed", "text"), FAULTS)
def test_what_is_no_command_is_a_fault_and_not_posted(typed: str, text: str) -> None:
    assert parse(typed) == Fault(text)


@given(st.text())
def test_a_text_behind_a_slash_is_never_posted_as_it_stands(text: str) -> None:
    command = parse("/" + text)
    if isinstance(command, Post) and not command.is_action:
        assert text.startswith("/") or text.lower().startswith("shrug")


@given(st.text())
def test_a_second_slash_posts_any_text(text: str) -> None:
    assert parse("//" + text) == Post("/" + text)


def test_no_name_and_no_alias_is_used_twice() -> None:
    names = [name for row in COMMANDS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


def test_the_commands_everybody_expects_are_there() -> None:
    wanted = [
        "join",
        "leave",
        "msg",
        "me",
        "topic",
        "names",
        "list",
        "invite",
        "away",
        "back",
        "search",
        "help",
        "quit",
    ]
    assert set(wanted) <= {row.name for row in COMMANDS}
