"""Who is measured: our server, its peers, and the floors. One row each: how to start it and how to get it.

All start on the same core with settings as fair as can be (`peers/`): flood control off, queues large, no
look-ups. Read next: `profiles/`.
"""

import contextlib
import datetime as dt
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench import build, machine, programs

PEERS: Final = Path(__file__).parent / "peers"

Start = Callable[[Path], AbstractContextManager[programs.Started]]


@dataclass(frozen=True)
class Contender:
    """One server: `start(directory)` runs it; `missing()` says how to get it, None when it is here."""

    name: str
    dialect: str
    start: Start
    missing: Callable[[], str | None] = field(default=lambda: None)
    tls: bool = False
    most_members: int = 100_000
    """More than so many take it minutes to let in."""
    at_once: int = 50
    """How many members are on their way in at once, where nothing is said of that."""
    rest_s: float = 0.0
    """What it has put off while it was busy it does in this time after a slice, and not in the time of the
    next contender, which shares its core.
    """


# -- ours --------------------------------------------------------------------------------------------------


INDEXING_S: Final = 1.5
"""In so much time our server makes searchable what was posted in a slice."""


def our_server(
    directory: Path,
    *,
    tls: bool = False,
    python: str = sys.executable,
    source: Path | None = None,
    data: Path | None = None,
) -> AbstractContextManager[programs.Started]:
    """Our server, run by `python`, storing in `data` (default: new); of the revision in `source`."""
    command = [python, "-m", "chatroom.cli.server", "-c", str(PEERS / "chatroom.toml"), "--host", "127.0.0.1"]
    command += ["--port", "0", "--data-dir", str(data or directory / "data")]
    if not tls:
        command.append("--no-tls")
    environment = {"PYTHONPATH": str(source)} if source else None
    return programs.announcing_server(command, directory / "server.log", environment)


def ours(
    name: str = "chatroom", *, tls: bool = False, python: str = sys.executable, source: Path | None = None
) -> Contender:
    """Our server, of any revision."""

    def start(directory: Path) -> AbstractContextManager[programs.Started]:
        return our_server(directory, tls=tls, python=python, source=source)

    return Contender(name, "chatroom", start, tls=tls, rest_s=INDEXING_S)


# -- the floors --------------------------------------------------------------------------------------------


def _floor(name: str, *, stored: str | None = None, sqlite: bool = False, tls: bool = False) -> Contender:
    """The floor in C, storing in the file `stored`."""

    def start(directory: Path) -> AbstractContextManager[programs.Started]:
        program = build.floor_program(sqlite=sqlite, tls=tls)
        assert program is not None
        command = [str(program)]
        if tls:
            command += make_certificate(directory)
        if stored is not None:
            command.append(str(directory / stored))
        return programs.announcing_server(command, directory / "floor.log")

    def missing() -> str | None:
        if why_not := _epoll_missing():
            return why_not
        if not build.has_header("sys/epoll.h"):
            return "no C compiler: apt-get install gcc libc6-dev"
        if sqlite and not build.has_header("sqlite3.h"):
            return "no sqlite3.h: apt-get install libsqlite3-dev"
        if tls and not build.has_header("openssl/ssl.h"):
            return "no openssl/ssl.h: apt-get install libssl-dev"
        return None

    return Contender(name, "floor", start, missing, tls=tls)


def _python_floor(name: str, *, tls: bool = False) -> Contender:
    """The floor in Python, storing in SQLite."""

    def start(directory: Path) -> AbstractContextManager[programs.Started]:
        command = [sys.executable, "-m", "bench.floor", str(directory / "stored.db")]
        if tls:
            command += make_certificate(directory)
        environment = {"PYTHONPATH": str(build.HERE.parent)}
        return programs.announcing_server(command, directory / "floor.log", environment)

    return Contender(name, "floor", start, _epoll_missing, tls=tls)


def _epoll_missing() -> str | None:
    return None if sys.platform == "linux" else "needs epoll, which only Linux has"


# -- the peers ---------------------------------------------------------------------------------------------


def _path_of(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _from_debian(program: str) -> Callable[[], str | None]:
    return lambda: None if _path_of(program) else f"not installed: apt-get install {program}"


def _write_config(name: str, target: Path, **values: object) -> None:
    text = (PEERS / name).read_text()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", str(value))
    target.write_text(text)


def _start_ngircd(directory: Path) -> AbstractContextManager[programs.Started]:
    port, config = machine.free_port(), directory / "ngircd.conf"
    _write_config("ngircd.conf", config, port=port)
    command = [_path_of("ngircd") or "ngircd", "-n", "-f", str(config)]
    return programs.listening_server(command, port, directory / "ngircd.log")


def _start_inspircd(directory: Path, *, tls: bool = False) -> AbstractContextManager[programs.Started]:
    port, config = machine.free_port(), directory / "inspircd.conf"
    (directory / "motd").write_text("bench\n")
    _write_config(
        "inspircd.conf", config, port=port, directory=directory, tls=' sslprofile="bench"' if tls else ""
    )
    if tls:
        make_certificate(directory)
        extra = directory / "tls.conf"
        _write_config("inspircd-tls.conf", extra, directory=directory)
        config.write_text(extra.read_text() + config.read_text())
    command = [_path_of("inspircd") or "inspircd", "--config", str(config), "--nofork"]
    if os.geteuid() == 0:
        command.append("--runasroot")
    return programs.listening_server(command, port, directory / "inspircd.out")


def _start_nats(directory: Path) -> AbstractContextManager[programs.Started]:
    port, config = machine.free_port(), directory / "nats.conf"
    _write_config("nats.conf", config, port=port)
    command = [_path_of("nats-server") or "nats-server", "-c", str(config)]
    return programs.listening_server(command, port, directory / "nats.log")


LANTERN_PYTHON: Final = build.WORK / "lantern" / "bin" / "python"
"""lantern-chat has an environment of its own, for it brings much that we do not want in ours."""

LANTERN_START: Final = """
import sys
from lantern_chat.server.net import networkManager
from lantern_chat.server.state import ServerState
networkManager("127.0.0.1", int(sys.argv[1]), ServerState()).run()
"""
"""Its own command listens on all addresses."""


def _start_lantern(directory: Path) -> AbstractContextManager[programs.Started]:
    port, config = machine.free_port(), directory / ".config" / "lantern"
    config.mkdir(parents=True)
    (config / "server.json").write_text('{"admins": [], "msg_rate_limit": 0}')
    command = [str(LANTERN_PYTHON), "-c", LANTERN_START, str(port)]
    environment = {"HOME": str(directory)}
    return programs.listening_server(command, port, directory / "lantern.log", environment)


def _lantern_missing() -> str | None:
    if LANTERN_PYTHON.exists():
        return None
    home = LANTERN_PYTHON.parent.parent
    return f"not installed: python -m venv {home} && {home}/bin/pip install lantern-chat"


def make_certificate(directory: Path) -> tuple[str, str]:
    """Write `cert.pem` and `key.pem`, and return where they are: a P-256 key as our server makes it,
    self-signed for localhost.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=7))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    no_password = serialization.NoEncryption()
    certificate_path, key_path = directory / "cert.pem", directory / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(pem))
    key_path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password))
    return str(certificate_path), str(key_path)


MANY: Final = 500
"""InspIRCd lets newcomers in once a second, however many there are."""

FLOOR: Final = _floor("floor")
STORING_FLOOR: Final = _floor("floor, storing", stored="stored")
SQLITE_FLOOR: Final = _floor("floor, SQLite", stored="stored.db", sqlite=True)
PYTHON_FLOOR: Final = _python_floor("floor, Python")
FLOOR_TLS: Final = _floor("floor TLS", tls=True)
SQLITE_FLOOR_TLS: Final = _floor("floor, SQLite TLS", stored="stored.db", sqlite=True, tls=True)
PYTHON_FLOOR_TLS: Final = _python_floor("floor, Python TLS", tls=True)
OURS: Final = ours()
OURS_TLS: Final = ours("chatroom TLS", tls=True)
NGIRCD: Final = Contender("ngIRCd", "irc", _start_ngircd, _from_debian("ngircd"), most_members=1_000)
INSPIRCD: Final = Contender("InspIRCd", "irc", _start_inspircd, _from_debian("inspircd"), at_once=MANY)
INSPIRCD_TLS: Final = Contender(
    "InspIRCd TLS",
    "irc",
    lambda directory: _start_inspircd(directory, tls=True),
    _from_debian("inspircd"),
    tls=True,
    at_once=MANY,
)
NATS: Final = Contender("nats-server", "nats", _start_nats, _from_debian("nats-server"))

LANTERN: Final = Contender(
    "lantern-chat", "lantern", _start_lantern, _lantern_missing, most_members=100, at_once=1
)

PLAIN: Final = (FLOOR, STORING_FLOOR, SQLITE_FLOOR, PYTHON_FLOOR, OURS, INSPIRCD, NGIRCD, NATS)
WITH_TLS: Final = (FLOOR_TLS, SQLITE_FLOOR_TLS, PYTHON_FLOOR_TLS, OURS_TLS, INSPIRCD_TLS)


def versions() -> dict[str, str]:
    """What the peers call themselves."""
    asked = {
        "ngIRCd": (_path_of("ngircd") or "", "--version"),
        "InspIRCd": (_path_of("inspircd") or "", "--version"),
        "nats-server": (_path_of("nats-server") or "", "--version"),
    }
    with contextlib.suppress(OSError):
        return {name: line for name, command in asked.items() if (line := machine.first_line(*command))}
    return {}
