"""The command `chatroom`: the full-screen client; `send` and `tail` for scripts; `trust` and `link`.

It brings together flags, settings and what is remembered, and hands on. Whatever is wrong with them is one
line on standard error; docs/exit-codes.md lists how it may end. Read next: `client_flags.py`,
`chatroom.client.screen.app`, `chatroom.client.headless.headless`.
"""

import argparse
import datetime as dt
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chatroom.cli import client_flags
from chatroom.client.commands.actions import Action
from chatroom.client.connection.identity import device_name, load_signer
from chatroom.client.connection.introduction import Unreachable, pin_shown_by
from chatroom.client.connection.log_mark import DiskLogMark
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.connection.trust import KnownServers, KnownServersError, TrustQuestion
from chatroom.client.headless.headless import Exit, Headless, Target, World
from chatroom.client.headless.linking import Linker, remember
from chatroom.client.headless.output import Output
from chatroom.client.headless.sending import Sender
from chatroom.client.headless.tailing import LAST, NoOutbox, Tail, TailOptions
from chatroom.client.screen.start import Start
from chatroom.client.session.intake import is_handle
from chatroom.client.session.ports import OutboxFile
from chatroom.client.session.posting import TextRefused, postable
from chatroom.client.themes.builtin import BUILTIN
from chatroom.config.errors import SettingsError
from chatroom.config.load import load_client_settings
from chatroom.config.paths import ClientPaths, client_paths
from chatroom.config.settings import ClientSettings
from chatroom.config.state import load_state
from chatroom.net import address
from chatroom.net.address import JoinAddress, format_address
from chatroom.net.keyfiles import KeyFileError
from chatroom.protocol.limits import PASSWORD_CHARS, TEXT_BYTES
from chatroom.protocol.names import fold_handle

AUTO_THEME: Final = "auto"
"""Not a theme but the wish to have one chosen."""


class UsageError(Exception):
    """The user has to say something else; the text is one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given and given[0] in client_flags.COMMANDS else ""
    try:
        match command:
            case "send":
                return _send(client_flags.send_parser().parse_mixed(given[1:]))
            case "tail":
                return _tail(client_flags.tail_parser().parse_mixed(given[1:]))
            case "trust":
                return _trust(client_flags.trust_parser().parse_args(given[1:]))
            case "link":
                return _link(client_flags.link_parser().parse_mixed(given[1:]))
            case _:
                return _chat(client_flags.screen_parser().parse_args(given))
    except (UsageError, SettingsError) as error:
        return _fail(command, str(error), Exit.USAGE)
    except KnownServersError as error:
        return _fail(command, str(error), Exit.NOT_TRUSTED)
    except KeyFileError as error:
        return _fail(command, str(error), Exit.FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(command, f"{where}{error.strerror or error}", Exit.FAILED)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _fail(command: str, text: str, code: Exit) -> Exit:
    print(f"chatroom{f' {command}' if command else ''}: {text}", file=sys.stderr)
    return code


# -- the full screen ---------------------------------------------------------------------------------------


def _chat(flags: argparse.Namespace) -> int:
    paths = client_paths(flags.config, flags.data_dir)
    settings = _settings(paths)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("this needs a terminal; for scripts there are chatroom send and chatroom tail")
    from chatroom.client.screen import app  # noqa: PLC0415 - urwid would double the start of `chatroom send`

    start = Start(
        join=flags.join or _last_server(paths, settings),
        handle=flags.handle or _last_handle(paths, settings),
        paths=paths,
        settings=settings,
        mouse=settings.look.mouse and not flags.no_mouse,
        accept_new=flags.accept_new,
        password=_password(flags.password_file),
        invite=flags.invite or "",
    )
    return app.run(start)


def _settings(paths: ClientPaths) -> ClientSettings:
    actions = {action.value for action in Action}
    return load_client_settings(paths.settings, actions=actions, themes={*BUILTIN, AUTO_THEME})


def _last_server(paths: ClientPaths, settings: ClientSettings) -> JoinAddress | None:
    """Return the server one was on last, else the one of the settings."""
    for text, where in (
        (load_state(paths.state).server, paths.state),
        (settings.client.server, settings.file),
    ):
        if text:
            try:
                return address.parse(text)
            except ValueError as error:
                raise UsageError(f"{where}: server: {error}") from None
    return None


def _last_handle(paths: ClientPaths, settings: ClientSettings) -> str:
    """Return the handle one had last, else the one of the settings, else nothing."""
    for text, where in (
        (load_state(paths.state).handle, paths.state),
        (settings.client.handle, settings.file),
    ):
        handle = fold_handle(text)
        if handle:
            if not is_handle(handle):
                raise UsageError(f"{where}: {handle!a} is not a handle")
            return handle
    return ""


def _password(path: Path | None) -> str:
    if path is None:
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        password = file.readline(PASSWORD_CHARS + 2).rstrip("\r\n")
    if not password or len(password) > PASSWORD_CHARS:
        raise UsageError(f"{path}: the first line is no password: 1 to {PASSWORD_CHARS} characters")
    return password


# -- for scripts -------------------------------------------------------------------------------------------


def _send(flags: argparse.Namespace) -> int:
    if flags.lines and flags.text:
        raise UsageError("--lines reads standard input: say no TEXT with it")
    texts = [] if flags.lines else [_message(flags.text)]
    paths = client_paths(flags.config, flags.data_dir)
    settings = load_client_settings(paths.settings)
    target = _target(flags, paths, settings)
    outbox = DiskOutbox.open(paths, target.handle, target.join)
    mark = DiskLogMark.of(paths, target.handle, target.join, "send")
    headless = Headless(target, _world(paths, settings), outbox, log_mark=mark)
    if outbox.fault:
        headless.complain(outbox.fault)
    output = Output(sys.stdout.buffer)
    try:
        return headless.run(Sender(headless, output, texts, sys.stdin.buffer if flags.lines else None))
    finally:
        outbox.close()


def _message(words: Sequence[str]) -> str:
    """Return the one message of the command line, or of standard input."""
    try:
        text = " ".join(words) if words else sys.stdin.buffer.read(4 * TEXT_BYTES).decode()
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8") from None
    try:
        return postable(text)
    except TextRefused as refused:
        raise UsageError(str(refused)) from None


def _tail(flags: argparse.Namespace) -> int:
    paths = client_paths(flags.config, flags.data_dir)
    settings = load_client_settings(paths.settings)
    target = _target(flags, paths, settings)
    no_outbox: OutboxFile = NoOutbox()
    mark = DiskLogMark.of(paths, target.handle, target.join, "tail")
    headless = Headless(
        target, _world(paths, settings), no_outbox, log_mark=mark, backlog=LAST, show_unknown=True
    )
    options = TailOptions(flags.since, flags.limit, follows=not flags.no_follow, as_json=flags.json)
    return headless.run(Tail(headless, Output(sys.stdout.buffer), options))


def _target(flags: argparse.Namespace, paths: ClientPaths, settings: ClientSettings) -> Target:
    join = flags.to or _last_server(paths, settings)
    if join is None:
        raise UsageError("which server? say --to JOIN, or use chatroom once")
    handle = flags.handle or _last_handle(paths, settings)
    if not handle:
        raise UsageError("who are you? say --handle H, or use chatroom once")
    return Target(
        join,
        handle,
        flags.room,
        flags.timeout,
        accept_new=flags.accept_new,
        password=_password(flags.password_file),
        invite=flags.invite or "",
    )


def _world(paths: ClientPaths, settings: ClientSettings) -> World:
    name = device_name(settings.client.device_name)
    return World(load_signer(paths), KnownServers.of(paths), sys.stderr, _ask, name)


def _ask(question: TrustQuestion) -> bool:
    """Ask a person whether a server is the right one; where there is none, the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{question.server} is not known. Its pin is\n    {question.pin}", file=sys.stderr)
    print("Is that the pin you were given? yes/no: ", end="", file=sys.stderr, flush=True)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)  # the loop's would wait for a pass
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    finally:
        signal.signal(signal.SIGINT, former)


# -- another device ----------------------------------------------------------------------------------------


def _link(flags: argparse.Namespace) -> int:
    """Let this device into an account, and remember the account as the last one."""
    paths = client_paths(flags.config, flags.data_dir)
    settings = load_client_settings(paths.settings)
    target = Target(flags.join, "", "", flags.timeout, accept_new=flags.accept_new, invite=flags.code)
    headless = Headless(target, _world(paths, settings), NoOutbox())
    linker = Linker(headless)
    code = headless.run(linker)
    if code is not Exit.DONE:
        return code
    server = format_address(flags.join.host, flags.join.port)
    print(f"this device is {linker.handle}'s on {server} now; chatroom goes there")
    remember(paths.state, linker.handle, flags.join)
    return code


# -- trust -------------------------------------------------------------------------------------------------


def _trust(flags: argparse.Namespace) -> int:
    known = KnownServers.of(client_paths(None, flags.data_dir))
    if flags.replace is not None:
        return _replace(known, flags.replace)
    if flags.forget is not None:
        return _forget(known, flags.forget)
    for server in known.all():
        print(f"{server.server} {server.pin} {server.first_seen.isoformat(timespec='seconds')}")
    return Exit.DONE


def _replace(known: KnownServers, join: JoinAddress) -> int:
    """Trust the key that is named, or shown, from now on."""
    server = format_address(join.host, join.port)
    former = known.pin_of(join)
    try:
        pin = join.pin or pin_shown_by(join)
    except Unreachable as error:
        return _fail("trust", f"{server}: {error}", Exit.UNREACHABLE)
    known.remember(join, pin, dt.datetime.now(dt.UTC))
    print(f"{server} was {former or 'not known'}")
    print(f"{server} is {pin}")
    return Exit.DONE


def _forget(known: KnownServers, join: JoinAddress) -> int:
    server = format_address(join.host, join.port)
    if known.pin_of(join) is None:
        return _fail("trust", f"{server} is not known", Exit.USAGE)
    known.forget(join)
    print(f"{server} is not known any more")
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
