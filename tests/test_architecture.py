"""The house rules of design: which folder may import which, and how code is cut and named.

The tables are the rules; `support/architecture.py` checks them. Each check is shown to find its fault in a
small made-up tree.
"""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from support import architecture
from support.architecture import Floor, Module

CHECKOUT: Final = Path(__file__).parents[1]
SOURCE: Final = CHECKOUT / "src"

WORLD: Final = ("socket", "selectors", "ssl", "asyncio", "threading", "subprocess", "signal")
"""What a folder without sockets and processes must do without."""
PURE: Final = (*WORLD, "time", "sqlite3", "os", "pathlib")
"""What a pure folder must do without: also the clock, files and a database."""

SHARED: Final = ("chatroom.protocol", "chatroom.net", "chatroom.config")
BESIDE_A_SESSION: Final = (*SHARED, "chatroom.client.session", "chatroom.client.connection")
ON_THE_SCREEN: Final = (
    *BESIDE_A_SESSION,
    "chatroom.client.screen",
    "chatroom.client.viewmodel",
    "chatroom.client.ui",
    "chatroom.client.commands",
    "chatroom.client.themes",
)

FLOORS: Final = {
    # The package itself is not a place for code; `python -m chatroom` is the client.
    "chatroom": Floor(),
    "chatroom.__main__": Floor(ours=["chatroom.cli"]),
    # Floor 1: shared ground. None of the three knows another.
    "chatroom.protocol": Floor(ours=["chatroom.protocol"], packages=["msgspec"], never=PURE),
    "chatroom.net": Floor(ours=["chatroom.net"], never=["sqlite3", "asyncio"]),
    "chatroom.net.keys": Floor(ours=["chatroom.net"], packages=["cryptography"]),
    "chatroom.net.tls": Floor(ours=["chatroom.net"], packages=["cryptography"]),
    "chatroom.config": Floor(
        ours=["chatroom.config"], packages=["msgspec", "platformdirs", "tomli_w", "filelock"], never=WORLD
    ),
    # Floor 2: the server. The hub is pure; the store knows of it only what it is asked for.
    "chatroom.server": Floor(
        ours=["chatroom.server", "chatroom.protocol", "chatroom.net", "chatroom.config"]
    ),
    "chatroom.server.hub": Floor(
        ours=["chatroom.server.hub", "chatroom.protocol"], packages=["msgspec"], never=PURE
    ),
    "chatroom.server.store": Floor(
        ours=[
            "chatroom.server.store",
            "chatroom.server.hub.ports",
            "chatroom.server.hub.plain_posts",
            "chatroom.server.hub.records",
            "chatroom.protocol",
        ],
        packages=["msgspec"],
        never=WORLD,
    ),
    # Floor 2: the client. Only what draws knows urwid, and what draws knows no session.
    "chatroom.client": Floor(),
    "chatroom.client.connection": Floor(ours=[*BESIDE_A_SESSION]),
    "chatroom.client.headless": Floor(
        ours=[*BESIDE_A_SESSION, "chatroom.client.headless", "chatroom.client.viewmodel.calendar"],
        packages=["msgspec"],  # what is remembered between runs are Structs of `config`
    ),
    "chatroom.client.screen": Floor(ours=[*ON_THE_SCREEN], packages=["msgspec"]),
    "chatroom.client.screen.urwid_loop": Floor(ours=["chatroom.net"], packages=["urwid"]),
    "chatroom.client.screen.app": Floor(ours=[*ON_THE_SCREEN], packages=["urwid"]),
    "chatroom.client.session": Floor(
        ours=["chatroom.client.session", "chatroom.protocol"], packages=["msgspec"], never=PURE
    ),
    "chatroom.client.commands": Floor(ours=["chatroom.client.commands"], never=PURE),
    "chatroom.client.commands.document": Floor(ours=["chatroom.client.commands"]),  # a program of `make docs`
    "chatroom.client.themes": Floor(ours=["chatroom.client.themes"], never=PURE),
    "chatroom.client.themes.document": Floor(ours=["chatroom.client.themes"]),  # a program of `make docs` too
    "chatroom.client.viewmodel": Floor(
        ours=[
            "chatroom.client.viewmodel",
            "chatroom.client.session",
            "chatroom.client.commands",
            "chatroom.client.themes",
            "chatroom.protocol",
        ],
        never=WORLD,
    ),
    "chatroom.client.ui": Floor(
        ours=[
            "chatroom.client.ui",
            "chatroom.client.viewmodel",
            "chatroom.client.commands",
            "chatroom.client.themes",
        ],
        packages=["urwid"],
        never=WORLD,
    ),
    # Floor 3: the programs.
    "chatroom.cli": Floor(ours=["chatroom"]),
}
"""What each folder, or single module, may import: the longest name that matches a module holds for it."""

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 50
DESCRIBED_FROM_LINES: Final = 20

LONG_TABLES: Final = {
    "chatroom/protocol/packets.py": "a table: every packet of the protocol, a few lines each",
}
"""Modules that may be longer, each with its reason: data is not control flow."""

LINES_OF_DEFENCE: Final = ("chatroom/server/service.py", "chatroom/client/screen/app.py")
"""The two places that catch any error: one peer must not end a server, nor a mistake leave a terminal
spoiled.
"""

EMPTY_NAMES: Final = ("utils", "util", "helpers", "helper", "common", "manager", "misc", "base")

PLACES: Final = (
    r"(?<![\w.~$}])/(?:home|root|Users|work)/(?!teacher\b)\w[\w.-]*|\bTO" + r"DO\b|\bFIX" + r"ME\b"
)
"""What no file of the repository says: a place on a real machine, or work left for later."""

WRITTEN: Final = ("src", "tests", "bench", "config", "docs", "tools", ".ci")
"""The folders whose files people wrote; beside them, what stands in the root."""


@functools.cache
def modules() -> list[Module]:
    return architecture.read_modules(SOURCE)


def written_files() -> list[Path]:
    inside = [path for folder in WRITTEN for path in (CHECKOUT / folder).rglob("*")]
    return sorted(
        path for path in [*CHECKOUT.iterdir(), *inside] if path.is_file() and not is_left_behind(path)
    )


def is_left_behind(path: Path) -> bool:
    """Whether a program made the file: it is in a hidden folder or a cache, or says where a worktree's is."""
    *folders, name = path.relative_to(CHECKOUT).parts
    return name == ".git" or any(name.startswith((".", "__")) and name != ".ci" for name in folders)


def lines(complaints: Iterable[str]) -> str:
    return "\n".join(complaints)


def test_every_import_is_one_that_the_floor_of_its_module_allows() -> None:
    assert lines(architecture.wrong_imports(modules(), FLOORS)) == ""


def test_no_module_imports_itself_through_others() -> None:
    assert lines(architecture.import_circles(modules())) == ""


def test_every_module_says_what_lives_in_it() -> None:
    assert lines(architecture.undescribed_modules(modules(), DESCRIBED_FROM_LINES)) == ""


def test_no_module_is_too_long() -> None:
    assert lines(architecture.long_modules(modules(), MODULE_LINES, LONG_TABLES)) == ""


def test_no_function_is_too_long() -> None:
    assert lines(architecture.long_functions(modules(), FUNCTION_LINES)) == ""


def test_no_name_is_one_that_says_nothing() -> None:
    assert lines(architecture.empty_names(modules(), EMPTY_NAMES)) == ""


def test_any_error_is_caught_only_in_the_lines_of_defence() -> None:
    assert lines(architecture.broad_excepts(modules(), LINES_OF_DEFENCE)) == ""


def test_no_file_names_a_place_on_a_machine_or_leaves_work_for_later() -> None:
    assert lines(architecture.forbidden_text(CHECKOUT, written_files(), PLACES)) == ""


def test_the_tables_name_only_what_exists() -> None:
    names = {module.name for module in modules()}
    assert [name for name in FLOORS if name not in names] == []
    assert [path for path in (*LONG_TABLES, *LINES_OF_DEFENCE) if not (SOURCE / path).exists()] == []


# -- the checks find what they are for -----------------------------------------------------------------------

TOWN: Final = {
    "town": Floor(),
    "town.net": Floor(ours=["town.net"], never=["sqlite3"]),
    "town.net.tls": Floor(ours=["town.net"], packages=["cryptography"]),
    "town.hub": Floor(ours=["town.hub", "town.net.wire"], never=["time"]),
}


@pytest.mark.parametrize(
    ("path", "line", "complaint"),
    [
        ("town/net/loop.py", "import town.net.wire", None),
        ("town/net/loop.py", "import town.hub", "may not import town.hub"),
        ("town/net/loop.py", "from town import hub", "may not import town.hub"),
        ("town/net/loop.py", "from town.hub import Hub", "may not import town.hub.Hub"),
        ("town/net/loop.py", "from . import wire", "may not import ..wire"),
        ("town/net/loop.py", "import socket", None),
        ("town/net/loop.py", "import sqlite3", "may not import sqlite3"),
        ("town/net/loop.py", "from cryptography import x509", "may not import cryptography.x509"),
        ("town/net/tls.py", "from cryptography import x509", None),
        ("town/net/tls_other.py", "from cryptography import x509", "may not import cryptography.x509"),
        ("town/hub/hub.py", "from town.net.wire import Wire", None),
        ("town/hub/hub.py", "from town.net.wires import Wire", "may not import town.net.wires.Wire"),
        ("town/hub/hub.py", "def f():\n    import time", "may not import time"),
        ("town/hub/hub.py", "if TYPE_CHECKING:\n    from time import sleep", "may not import time.sleep"),
        ("town/__init__.py", "from town.net import loop", "may not import town.net.loop"),
    ],
)
def test_an_import_from_the_wrong_floor_is_found(
    tmp_path: Path, path: str, line: str, complaint: str | None
) -> None:
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(line)
    found = list(architecture.wrong_imports(architecture.read_modules(tmp_path), TOWN))
    number = line.count("\n") + 1
    assert found == ([f"{path}:{number}: {complaint}"] if complaint else [])


def tree(**files: str) -> list[Module]:
    return [Module(f"town/{name}.py", f"town.{name}", text) for name, text in files.items()]


def test_a_module_on_no_floor_is_found() -> None:
    assert list(architecture.wrong_imports(tree(net=""), {"city": Floor()})) == [
        "town/net.py: stands on no floor"
    ]


def test_a_circle_is_found_and_shown() -> None:
    modules = tree(a="import town.b", b="from town import c", c="from town.a import x", d="import town.a")
    assert list(architecture.import_circles(modules)) == ["town.a → town.b → town.c → town.a"]
    assert list(architecture.import_circles(tree(a="import town.b", b="import town.c", c=""))) == []


def test_length_is_measured() -> None:
    modules = tree(a="x = 1\n" * 401, b="x = 1\n" * 400, c="def f():\n" + "    x = 1\n" * 50, d="")
    assert list(architecture.long_modules(modules, 400, {})) == ["town/a.py: 401 lines"]
    assert list(architecture.long_modules(modules, 400, {"town/a.py": "data"})) == []
    assert list(architecture.long_modules(modules, 400, {"town/a.py": "data", "town/b.py": "data"})) == [
        "town/b.py: is not that long any more"
    ]
    assert list(architecture.long_functions(modules, 50)) == ["town/c.py:1: f has 51 lines"]
    assert list(architecture.undescribed_modules(modules, 20))[:1] == [
        "town/a.py: does not say what lives here"
    ]
    assert list(architecture.undescribed_modules(tree(a='"""Say."""\n' + "x = 1\n" * 30), 20)) == []


def test_an_empty_name_is_found() -> None:
    modules = tree(
        net_utils="", database="class BaseRoom: pass\nclass Database: pass", hub="class Room: pass"
    )
    assert list(architecture.empty_names(modules, EMPTY_NAMES)) == [
        "town/net_utils.py: the name net_utils says nothing",
        "town/database.py:1: the name BaseRoom says nothing",
    ]


@pytest.mark.parametrize(
    ("handler", "is_broad"),
    [
        ("except:", True),
        ("except Exception:", True),
        ("except (OSError, BaseException) as error:", True),
        ("except OSError:", False),
        ("except (OSError, ValueError):", False),
    ],
)
def test_a_broad_except_is_found(handler: str, is_broad: bool) -> None:
    modules = tree(a=f"try:\n    pass\n{handler}\n    pass")
    assert list(architecture.broad_excepts(modules, [])) == (
        ["town/a.py:3: catches any error"] if is_broad else []
    )
    assert list(architecture.broad_excepts(modules, ["town/a.py"])) == []


def test_an_error_that_is_raised_again_is_not_hidden() -> None:
    again = tree(a="try:\n    pass\nexcept BaseException:\n    close()\n    raise")
    assert list(architecture.broad_excepts(again, [])) == []
    assert list(architecture.broad_excepts(tree(a="with suppress(Exception): pass"), [])) == [
        "town/a.py:1: suppresses any error"
    ]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("see /" + "root/x.py", True),
        ("'/" + "home/bob'", True),
        ("# TO" + "DO later", True),
        ("~/" + "work/x", False),
        ("a/" + "home/x", False),
        ("homework", False),
        ("/homes/x", False),
    ],
)
def test_a_place_on_a_machine_is_found(tmp_path: Path, text: str, is_found: bool) -> None:
    (tmp_path / "notes.md").write_text(f"first\n{text}\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    found = list(architecture.forbidden_text(tmp_path, sorted(tmp_path.iterdir()), PLACES))
    assert [line.partition(" ")[0] for line in found] == (["notes.md:2:"] if is_found else [])
