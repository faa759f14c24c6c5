"""The command `chatroom-server`: flags, start, exit codes.

It puts the server together (settings, lock, log, keys, listener) and says in one line what keeps it from
starting. What is printed on standard output is read by programs: `listening HOST:PORT`, `data DIR`, `join
JOIN`, and at the first start `owner CODE`. Read next: `invite.py`, `upkeep.py`, `chatroom.server.service`.
"""

import argparse
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import resource

from chatroom import __version__
from chatroom.cli.invite import add_invite_command, invite
from chatroom.cli.upkeep import UPKEEP, add_upkeep_commands, keep_up
from chatroom.config.errors import SettingsError, quoted
from chatroom.config.load import ServerFlags, load_server_settings
from chatroom.config.lock import AlreadyLocked, DirectoryLock
from chatroom.config.paths import server_data_directory
from chatroom.config.private_files import make_private_directory
from chatroom.config.settings import ServerSettings
from chatroom.config.toml_file import settings_error
from chatroom.net.address import JoinAddress, format_address
from chatroom.net.broadcast import IS_BUILT, broadcast_in_c
from chatroom.net.keyfiles import KeyFileError
from chatroom.net.keys import ServerKey, load_or_create_server_key, load_server_key, verify
from chatroom.net.listener import Listener
from chatroom.net.loop import Loop
from chatroom.net.tls import server_context
from chatroom.protocol.names import handle_form_fault, room_name_fault
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.delivery import broadcast_in_python
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Broadcast, StorageError
from chatroom.server.log_lines import log_to_stderr
from chatroom.server.sealing import SEAL, Sealing
from chatroom.server.service import Service
from chatroom.server.settings import ServiceSettings
from chatroom.server.store.database import StoreError
from chatroom.server.store.sqlite import SqliteLog

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

DATABASE: Final = "chatroom.db"
"""Name of the database in the data directory."""

MOST_CONNECTIONS: Final = 500 if sys.platform == "win32" else 1_000_000
"""What the system can watch at once: `select` of Windows takes 512 sockets."""

OTHER_FILES: Final = 100
"""Files open besides connections: database, locks, keys, pipes."""

COLLECT_AFTER: Final = 10_000
"""New objects after which garbage is looked for; Python's own 700 are reached within one pass of a flood, in
which nothing is garbage, and cost it 6 per cent.
"""

ANY_HOSTS: Final = ("", "*", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server, or a command beside it; return the exit code: 0 stopped or done, 1 cannot start or
    cannot be done, 2 wrong flag or settings, 3 `check` found faults.
    """
    flags = _parse(arguments)
    try:
        settings = load_server_settings(
            flags.config,
            ServerFlags(
                host=flags.host,
                port=flags.port,
                data_dir=flags.data_dir,
                tls=False if flags.no_tls else None,
                log_level=flags.log_level,
            ),
        )
        _check_names(settings)
    except SettingsError as error:
        return _fail(str(error), EXIT_USAGE)
    log_to_stderr(settings.log.level)
    directory = settings.server.data_dir or server_data_directory()
    try:
        if flags.command in UPKEEP:
            return keep_up(flags.command, flags.file, directory, DATABASE)
        if flags.command == "invite":
            make_private_directory(directory)
            invite(directory / DATABASE, flags.count, flags.role, settings.access.registration)
            return EXIT_OK
        return _serve(settings, directory)
    except AlreadyLocked:
        return _fail(f"another server uses the data directory {directory}", EXIT_FAILED)
    except (StoreError, StorageError, KeyFileError) as error:
        return _fail(str(error), EXIT_FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", EXIT_FAILED)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="chatroom-server",
        description="Serve chat rooms. Settings come from a TOML file; a flag beats the file.",
    )
    parser.add_argument("-c", "--config", metavar="FILE", type=Path, help="settings (default: ./server.toml)")
    parser.add_argument("--host", metavar="H", help="address to listen on")
    parser.add_argument("--port", metavar="P", type=int, help="TCP port; 0 takes a free one")
    parser.add_argument("--data-dir", metavar="DIR", type=Path, help="where database and keys are kept")
    parser.add_argument(
        "--no-tls", action="store_true", help="plain TCP (loopback only, unless the settings allow it)"
    )
    parser.add_argument("--log-level", metavar="L", help="debug, info, warning or error")
    parser.add_argument("--version", action="version", version=f"chatroom-server {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    add_invite_command(commands)
    add_upkeep_commands(commands)
    return parser.parse_args(arguments)


def _check_names(settings: ServerSettings) -> None:
    """Raise SettingsError for a room or handle in the settings that could never be one."""
    for section, key, names, fault_of in (
        ("rooms", "list", settings.rooms.list, room_name_fault),
        ("access", "reserved", settings.access.reserved, handle_form_fault),
    ):
        for name in names:
            fault = fault_of(name)
            if fault is not None:
                raise settings_error(settings.file, section, key, f"{quoted(name)}: {fault}")


def _serve(settings: ServerSettings, directory: Path) -> int:
    """Take directory and port, put the server together, and run it until a signal stops it.

    Raises what keeps it from starting; nothing is made in the directory where the port is taken.
    """
    with contextlib.ExitStack() as stack:
        if directory.is_dir():
            stack.enter_context(DirectoryLock.acquire(directory))
        loop = stack.enter_context(contextlib.closing(Loop()))
        listener = Listener(
            loop,
            settings.server.listen_host,
            settings.server.port,
            lambda sock, address: service.accept(sock, address),  # noqa: PLW0108 - it is made below
            on_trouble=_warn,
            make_room=lambda: service.make_room(),  # noqa: PLW0108 - as above
        )
        stack.callback(listener.close)
        if not directory.is_dir():
            make_private_directory(directory)
            stack.enter_context(DirectoryLock.acquire(directory))
        key = _server_key(settings, directory)
        log = stack.enter_context(contextlib.closing(SqliteLog(directory / DATABASE)))
        sealing = Sealing(log, directory / SEAL)
        sealing.begin()
        hub = Hub(_hub_settings(settings), log, verify, broadcast=_broadcast(key))
        hub.make_listed_rooms(time.time_ns() // 1_000_000)
        service = _service(settings, loop, hub, log, key)
        _ask_for_descriptors(settings.limits.connections_total)
        _stop_on_signals(loop, service, listener)
        _announce(listener.address, directory, key)
        owner_code = hub.make_owner_code(time.time_ns() // 1_000_000)
        if owner_code:
            _say(f"owner {owner_code}")
        _settle_collector()
        sealing.run(loop)
        service.run()
        sealing.stop()
    return EXIT_OK


def _ask_for_descriptors(connections: int) -> None:
    """Have the system allow as many open files as there may be connections, as far as a process may ask."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _settle_collector() -> None:
    """Leave what is there now out of every collection, and collect what came since less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _service(
    settings: ServerSettings, loop: Loop, hub: Hub, log: SqliteLog, key: ServerKey | None
) -> Service:
    if key is None:
        return Service(loop, hub, log, _service_settings(settings))
    context = server_context(key.cert_path, key.key_path)
    return Service(loop, hub, log, _service_settings(settings), context, key.spki_hash)


def _broadcast(key: ServerKey | None) -> Broadcast:
    """Return how to send to a whole room: what goes out over TLS is another for each of its members."""
    return broadcast_in_c if IS_BUILT and key is None else broadcast_in_python


def _server_key(settings: ServerSettings, directory: Path) -> ServerKey | None:
    server = settings.server
    if not server.tls:
        if not server.listen_host.startswith("127."):
            _warn(f"serving {server.listen_host} without TLS: everything can be read on the way")
        return None
    if server.certificate is not None and server.private_key is not None:
        return load_server_key(server.certificate, server.private_key)
    return load_or_create_server_key(
        directory, {"localhost", _host_name(), server.listen_host} - set(ANY_HOSTS)
    )


def _host_name() -> str:
    """Return the name of this machine, if it is one that others could write down and look up."""
    try:
        return JoinAddress(socket.gethostname(), 1, False, None).host
    except ValueError:  # a name with an umlaut, a space, or none at all
        return "localhost"


def _announce(address: tuple[str, int], directory: Path, key: ServerKey | None) -> None:
    host, port = address
    reachable = _host_name() if host in ANY_HOSTS else host
    join = JoinAddress(reachable, port, key is not None, key.pin if key else None)
    for line in (f"listening {format_address(host, port)}", f"data {directory}", f"join {join}"):
        _say(line)


def _say(line: str) -> None:
    """Tell whoever reads standard output. A disk that is full behind it keeps no server from serving."""
    try:
        print(line, flush=True)
    except OSError as error:
        _warn(f"standard output cannot be written: {error.strerror or error}")
        with Path(os.devnull).open("w") as nowhere:  # else what is left to write fails again at the end
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _stop_on_signals(loop: Loop, service: Service, listener: Listener) -> None:
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            raise SystemExit(EXIT_FAILED)  # a second signal: at once, whatever is under way
        stopping = True
        listener.close()
        service.stop("the server stops")

    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):  # not every system has all of them
        number = getattr(signal, name, None)
        if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):
            continue  # nohup ignores SIGHUP for the program that it starts
        loop.on_signal(number, stop)


def _hub_settings(settings: ServerSettings) -> HubSettings:
    limits = settings.limits
    return HubSettings(
        server_name=settings.server.name,
        rooms=tuple(dict.fromkeys(("lobby", *settings.rooms.list))),
        may_create_rooms=settings.rooms.create == "anyone",
        admission=settings.access.registration,
        password=settings.access.password,
        welcome=settings.server.welcome,
        reserved_handles=frozenset(settings.access.reserved),
        bars_addresses=settings.access.bar_addresses,
        posts_per_s=limits.posts_per_s,
        post_burst=limits.post_burst,
        text_bytes=limits.text_bytes,
        connections_per_account=limits.connections_per_account,
        rooms_per_account=limits.rooms_per_account,
        rooms_total=limits.rooms_total,
        members_per_room=limits.members_per_room,
        ping_s=limits.ping_s,
        gone_s=limits.gone_s,
        login_s=limits.login_timeout_s,
    )


def _service_settings(settings: ServerSettings) -> ServiceSettings:
    limits = settings.limits
    return ServiceSettings(
        frame_bytes=limits.frame_bytes,
        login_s=limits.login_timeout_s,
        stalled_reader_s=limits.stalled_reader_s,
        connections_total=min(limits.connections_total, MOST_CONNECTIONS),
        connections_per_address=limits.connections_per_address,
        read_budget_bytes=limits.read_budget_bytes,
    )


def _warn(text: str) -> None:
    logging.getLogger("chatroom.server").warning("%s", text)


def _fail(text: str, code: int) -> int:
    print(f"chatroom-server: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
