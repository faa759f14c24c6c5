"""Checks of how a source tree is built: who imports whom, how long things are, what they are called.

Each check is given the modules of a tree and returns complaints, one line each. Which rules hold for this
repository is in `tests/test_architecture.py`.
"""

import ast
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One file of the tree: its path below the root, and its name as it is imported."""

    path: str
    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())


@dataclass(frozen=True)
class Import:
    """One thing that a module imports: `package.module` or `package.module.name`, and on which line."""

    name: str
    line: int


@dataclass(frozen=True)
class Floor:
    """What the modules of a folder (or one module) may import, beside the standard library.

    `ours` are prefixes of module names, `packages` names of other people's packages, `never` modules of the
    standard library that it must do without.
    """

    ours: Sequence[str] = ()
    packages: Collection[str] = ()
    never: Collection[str] = ()


def read_modules(root: Path) -> list[Module]:
    """Return every module below `root`, which holds the top packages."""
    found = []
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(path.relative_to(root).as_posix(), name, path.read_text(encoding="utf-8")))
    return found


def imports_of(module: Module) -> Iterator[Import]:
    """Yield what a module imports, wherever in it, for types only or not."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            yield from (Import(f"{source}.{alias.name}", node.lineno) for alias in node.names)


# -- who imports whom --------------------------------------------------------------------------------------


def wrong_imports(modules: Sequence[Module], floors: Mapping[str, Floor]) -> Iterator[str]:
    """Yield imports that the floor of a module does not allow; the floor with the longest matching name
    holds.
    """
    top = {module.name.partition(".")[0] for module in modules}
    for module in modules:
        floor = _floor_of(module.name, floors)
        if floor is None:
            yield f"{module.path}: stands on no floor"
            continue
        for imported in imports_of(module):
            if not _is_allowed(imported.name, floor, top):
                yield f"{module.path}:{imported.line}: may not import {imported.name}"


def _floor_of(name: str, floors: Mapping[str, Floor]) -> Floor | None:
    matching = [prefix for prefix in floors if is_inside(name, prefix)]
    return floors[max(matching, key=len)] if matching else None


def _is_allowed(name: str, floor: Floor, top: set[str]) -> bool:
    package = name.partition(".")[0]
    if package in top:
        return any(is_inside(name, prefix) for prefix in floor.ours)
    if package in sys.stdlib_module_names:
        return not any(is_inside(name, prefix) for prefix in floor.never)
    return package in floor.packages


def is_inside(name: str, prefix: str) -> bool:
    """Return whether a module or a name in it is `prefix` or inside of it."""
    return name == prefix or name.startswith(prefix + ".")


def import_circles(modules: Sequence[Module]) -> Iterator[str]:
    """Yield one way round for each module that, through others, imports itself."""
    names = {module.name for module in modules}
    graph: dict[str, list[str]] = {
        module.name: sorted(
            {_module_of(found.name, names) for found in imports_of(module)} - {"", module.name}
        )
        for module in modules
    }
    done: set[str] = set()
    for start in graph:
        yield from _circles_from(start, graph, [], done)


def _module_of(imported: str, names: set[str]) -> str:
    """Return the module that an import is about: itself, or the one it takes a name from."""
    return (
        imported if imported in names else next((n for n in [imported.rpartition(".")[0]] if n in names), "")
    )


def _circles_from(
    name: str, graph: Mapping[str, Sequence[str]], way: list[str], done: set[str]
) -> Iterator[str]:
    if name in way:
        yield " → ".join([*way[way.index(name) :], name])
    elif name not in done:
        for imported in graph[name]:
            yield from _circles_from(imported, graph, [*way, name], done)
        done.add(name)


# -- how long things are, and what they are called ----------------------------------------------------------


def long_modules(modules: Sequence[Module], limit: int, allowed: Mapping[str, str]) -> Iterator[str]:
    """Yield modules of more than `limit` lines, but for those in `allowed` (path → reason), and needless ones
    there.
    """
    long = {module.path: module.lines for module in modules if module.lines > limit}
    yield from (f"{path}: {lines} lines" for path, lines in long.items() if path not in allowed)
    yield from (f"{path}: is not that long any more" for path in allowed if path not in long)


def long_functions(modules: Sequence[Module], limit: int) -> Iterator[str]:
    """Yield functions and methods of more than `limit` lines, from `def` to the last."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > limit:
                    yield f"{module.path}:{node.lineno}: {node.name} has {lines} lines"


def undescribed_modules(modules: Sequence[Module], from_lines: int) -> Iterator[str]:
    """Yield modules of more than `from_lines` lines that do not begin with what lives there."""
    for module in modules:
        if module.lines > from_lines and not ast.get_docstring(module.tree):
            yield f"{module.path}: does not say what lives here"


def empty_names(modules: Sequence[Module], words: Collection[str]) -> Iterator[str]:
    """Yield modules, folders and classes whose name has one of `words` in it: names that say nothing."""
    for module in modules:
        parts = module.path.removesuffix(".py").split("/")
        for part in parts[1:]:
            if set(part.split("_")) & set(words):
                yield f"{module.path}: the name {part} says nothing"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                split = {word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", node.name)}
                if split & set(words):
                    yield f"{module.path}:{node.lineno}: the name {node.name} says nothing"


# -- what must not be written ------------------------------------------------------------------------------


def broad_excepts(modules: Sequence[Module], allowed: Collection[str]) -> Iterator[str]:
    """Yield places that catch any error at all and keep it, outside the modules in `allowed`.

    A handler that ends by raising what it caught puts things in order and hides nothing.
    """
    for module in modules:
        if module.path in allowed:
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node):
                yield f"{module.path}:{node.lineno}: catches any error"
            elif (
                isinstance(node, ast.Call) and _called(node) == "suppress" and any(map(_is_broad, node.args))
            ):
                yield f"{module.path}:{node.lineno}: suppresses any error"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _is_broad(caught: ast.expr | None) -> bool:
    match caught:
        case None:
            return True
        case ast.Name():
            return caught.id in ("Exception", "BaseException")
        case ast.Tuple():
            return any(_is_broad(item) for item in caught.elts)
        case _:
            return False


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name():
            return call.func.id
        case ast.Attribute():
            return call.func.attr
        case _:
            return ""


def forbidden_text(root: Path, files: Sequence[Path], pattern: str) -> Iterator[str]:
    """Yield lines of text files that match `pattern`; files that are not UTF-8 text are passed over."""
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if found := re.search(pattern, line):
                yield f"{path.relative_to(root).as_posix()}:{number}: says {found.group()}"
