"""The modules that are compiled from their Python, as tests see them (docs/decisions/0017).

What tests import is the source: they put functions of their own in the place of others in it. The programs
that they start run what was compiled, as everybody's do, unless it is older than its source.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
LIST: Final = CHECKOUT / "tools" / "compiled.txt"
SOURCES: Final = tuple(CHECKOUT / name for name in LIST.read_text(encoding="utf-8").split())
AS_COMPILED: Final = "CHATROOM_AS_COMPILED"
"""Where this stands in the environment, tests import what was compiled, too."""


class _SourceFinder(MetaPathFinder):
    """Finds the source of a module where there is one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        parent, _, name = fullname.rpartition(".")
        if parent.partition(".")[0] == "chatroom":
            for place in path or ():
                source = Path(place) / f"{name}.py"
                if source.is_file():
                    return spec_from_file_location(fullname, source)
        return None


def import_source() -> None:
    """Have this process import sources, and nothing that was made of them, from now on."""
    sys.meta_path.insert(0, _SourceFinder())


def built() -> list[Path]:
    """Return what is there of what was compiled; the part of which all others are made is the last."""
    common = CHECKOUT.glob("src/chatroom_compiled__mypyc.*")
    return [*(path for source in SOURCES for path in source.parent.glob(f"{source.stem}.*.so")), *common]


def newer_than(path: Path) -> str:
    """Return a source that was changed after this file, empty where none was. Of what is not compiled, there
    are constants and types in what is.
    """
    made_at = path.stat().st_mtime
    package = CHECKOUT / "src" / "chatroom"
    sources = [source for part in ("net", "protocol", "server") for source in (package / part).rglob("*.py")]
    return next((source.name for source in (LIST, *sources) if source.stat().st_mtime > made_at), "")


def drop_stale() -> str:
    """Delete all of it where a source is newer, for one part cannot do without another; return which is."""
    there = built()
    changed = newer_than(there[-1]) if there else ""
    if changed:
        for path in there:
            path.unlink(missing_ok=True)
    return changed
