"""Keeps the tables of docs/protocol.md in step with the code.

    python -m tools.protocol_page            rewrites them (`make docs`)
    python -m tools.protocol_page --check    says what is out of step and exits 1

A line `<!-- facts: WHAT -->` in the page stands above a table. Its first columns are facts and come from
`chatroom.protocol`; the columns after them are prose and stay, row by row, with the name in the row. A fact
that the page has no table for, a heading with a wrong number and an empty cell of prose are faults.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
from msgspec import inspect

from chatroom.protocol import limits
from chatroom.protocol.codec import HEARTBEATS, NOTICES, REQUESTS, RESPONSES
from chatroom.protocol.entries import BODY_TYPES, ENTRY_TYPE, Entry, EntryKind, Manner, RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Cursor,
    Device,
    Followed,
    Member,
    ModerationAct,
    Packet,
    Presence,
    PresenceOf,
    Role,
    RoomInfo,
)

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "protocol.md"

FIELD_COLUMNS: Final = ("#", "field", "type", "default")
ENUMS: Final[tuple[type[IntEnum], ...]] = (EntryKind, RoomKind, Role, Presence, Manner, ModerationAct)
STRUCTS: Final[tuple[type[msgspec.Struct], ...]] = (
    Entry,
    RoomInfo,
    Cursor,
    Followed,
    Member,
    PresenceOf,
    Device,
)

_MARK: Final = re.compile(r"<!-- facts: (.+) -->")
_HEADING: Final = re.compile(r"#### `(0x[0-9a-f]{4})` (\w+)")


@dataclass(frozen=True)
class Facts:
    """The columns and rows of one table; `key` is the column whose cell names a row."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    key: int = 1
    has_prose: bool = True


# -- what the code says ------------------------------------------------------------------------------------


def all_facts() -> dict[str, Facts]:
    """Every table the page has to have, by the words after `facts:`."""
    found = {"registry": _registry(), "errors": _numbers(ErrorCode), "limits": _limits()}
    for cls in (*_packets().values(), *STRUCTS, *BODY_TYPES.values()):
        found[f"fields {cls.__name__}"] = _fields(cls)
    for enum in ENUMS:
        found[f"numbers {enum.__name__}"] = _numbers(enum)
    return found


def _packets() -> dict[int, type[Packet]]:
    return {**REQUESTS, **RESPONSES, **NOTICES, **HEARTBEATS}


def _registry() -> Facts:
    senders: list[tuple[Mapping[int, type[msgspec.Struct]], str, str]] = [
        (REQUESTS, "client", "request"),
        (HEARTBEATS, "both", "heartbeat"),
        (RESPONSES, "server", "response"),
        ({**NOTICES, ENTRY_TYPE: Entry}, "server", "notice"),
    ]
    rows = [
        (f"`{number:#06x}`", cls.__name__, sender, sort)
        for table, sender, sort in senders
        for number, cls in sorted(table.items())
    ]
    return Facts(("type", "packet", "sent by", "sort"), rows)


def _numbers(enum: type[IntEnum]) -> Facts:
    return Facts(("number", "name"), [(str(int(member)), f"`{member.name}`") for member in enum])


def _limits() -> Facts:
    """The constants of `limits.py`, each with the string below it."""
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    rows = []
    for constant, reason in pairwise(body):
        if isinstance(constant, ast.AnnAssign) and isinstance(constant.target, ast.Name):
            assert isinstance(reason, ast.Expr)
            assert isinstance(reason.value, ast.Constant)
            name = constant.target.id
            value = f"{getattr(limits, name):,}".replace(",", " ")
            rows.append((f"`{name}`", value, " ".join(str(reason.value.value).split())))
    return Facts(("name", "value", "why"), rows, key=0, has_prose=False)


def _fields(cls: type[msgspec.Struct]) -> Facts:
    described = inspect.type_info(cls)
    assert isinstance(described, inspect.StructType)
    rows = [
        (str(place), f"`{field.name}`", _type(field.type), _default(field))
        for place, field in enumerate(described.fields)
    ]
    return Facts(FIELD_COLUMNS, rows)


def _default(field: inspect.Field) -> str:
    if field.required:
        return ""
    value = [] if field.default is msgspec.NODEFAULT else field.default
    return f"`{msgspec.json.encode(value).decode()}`"


def _type(of: inspect.Type) -> str:
    """A type in the notation of the page: kind, then the range or the length."""
    match of:
        case inspect.IntType(ge=least, le=most):
            return f"uint {least} … {most}" if least else f"uint ≤ {most}"
        case inspect.StrType(max_length=most):
            return f"str ≤ {most}"
        case inspect.BytesType(min_length=least, max_length=most):
            return f"bin {most}" if least == most else f"bin ≤ {most}"
        case inspect.BoolType():
            return "bool"
        case inspect.ListType(item_type=item, max_length=most):
            return f"array ≤ {most} of {_type(item)}"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(map(_type, items))}]"
        case inspect.StructType(cls=cls):
            return cls.__name__
        case inspect.RawType():
            return "any"
        case _:
            raise TypeError(f"no notation for {of}")


# -- what the page says ------------------------------------------------------------------------------------


def render(page: str, facts: dict[str, Facts]) -> str:
    """Return the page with its tables as they should be; a mark without facts keeps its table."""
    lines = page.split("\n")
    written: list[str] = []
    while lines:
        line = lines.pop(0)
        written.append(line)
        mark = _MARK.fullmatch(line)
        if mark and mark[1] in facts:
            table = []
            while lines and lines[0].startswith("|"):
                table.append(lines.pop(0))
            written += _table(facts[mark[1]], [_cells(row) for row in table])
    return "\n".join(written)


def _table(facts: Facts, old: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a table: the facts, and the prose that stood beside each row's name."""
    if not facts.rows:
        return
    width = len(facts.columns)
    heads = old[0][width:] if old else ()
    if facts.has_prose and not heads:
        heads = ("meaning",)
    prose = {row[facts.key]: row[width:] for row in old[2:] if len(row) > facts.key}
    yield _row((*facts.columns, *heads))
    yield _row(("---",) * (width + len(heads)))
    for row in facts.rows:
        kept = prose.get(row[facts.key], ())[: len(heads)]
        yield _row((*row, *kept, *("",) * (len(heads) - len(kept))))


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.strip().strip("|").split("|"))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


# -- the faults --------------------------------------------------------------------------------------------


def faults(page: str) -> list[str]:
    """Return what is wrong with the page, in lines for who changed the code or the page."""
    facts = all_facts()
    marks = _MARK.findall(page)
    found = [f"no table for: {name}" for name in facts if name not in marks]
    found += [f"a table for what is not there: {name}" for name in marks if name not in facts]
    found += [f"two tables for: {name}" for name in set(marks) if marks.count(name) > 1]
    found += _heading_faults(page)
    expected = render(page, facts)
    for is_line, should_be in zip(page.split("\n"), expected.split("\n"), strict=False):
        if is_line != should_be:
            found.append(f"out of step: {is_line!r} should be {should_be!r}")
            break
    found += [f"nothing is said in: {line}" for line in _silent_rows(expected)]
    return found


def _heading_faults(page: str) -> list[str]:
    headings = [(int(number, 16), name) for number, name in _HEADING.findall(page)]
    packets = {number: cls.__name__ for number, cls in _packets().items()} | {ENTRY_TYPE: "Entry"}
    found = [
        f"no heading for {name}" for item in packets.items() if item not in headings for name in item[1:]
    ]
    return found + [f"a wrong heading: {item[1]}" for item in headings if packets.get(item[0]) != item[1]]


def _silent_rows(page: str) -> list[str]:
    in_table, silent = False, []
    for line in page.split("\n"):
        in_table = _MARK.fullmatch(line) is not None or (in_table and line.startswith("|"))
        if in_table and line.endswith("|  |"):
            silent.append(line)
    return silent


def main(arguments: Sequence[str]) -> int:
    """Check or rewrite; return the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" not in arguments:
        page = render(page, all_facts())
        PAGE.write_text(page, encoding="utf-8", newline="\n")
    found = faults(page)
    for fault in found:
        print(f"{PAGE.name}: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
