"""A setting seen as data: the rows of `settings.py` with their documentation, range and default.

What checks files (`load.py`) and what writes documentation (`document.py`) both read rows from here, so that
they cannot differ. Knows neither files nor any single setting. Read next: `load.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from chatroom.config.settings import ClientSettings, ServerSettings

Settings = type[ServerSettings] | type[ClientSettings]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: where it stands, what it is for, what it may be, and what it is when nobody sets it.

    `type` is what msgspec checks a value against; `form` says the same in words ("a whole number from 0 to
    65535"). `choices` are the values of a setting that has a closed set of them. `default` is None where the
    setting is not set by default, and `example` is then a value it could have.
    """

    section: str
    key: str
    type: object
    documentation: str
    form: str
    choices: tuple[str, ...]
    default: object
    example: object


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a settings file.

    `rows` maps each key to its row. Where keys are free, as in `[keys]`, it is empty and `any_key` is the row
    of whatever key there is.
    """

    name: str
    documentation: str
    rows: dict[str, Row]
    any_key: Row | None = None


def sections(settings: Settings) -> dict[str, Section]:
    """Return the tables a settings file may have, in the order they are written."""
    return {section.name: section for section in _sections(settings)}


def as_toml(value: object) -> object:
    """Return a setting's value as a TOML library takes it: paths as text, tuples as lists."""
    match value:
        case Path():
            return str(value)
        case tuple():
            return [as_toml(item) for item in value]
        case _:
            return value


_NOT_IN_FILES: Final = "file"
"""The field of both settings that says which file they came from."""


def _sections(settings: Settings) -> Iterator[Section]:
    for field in msgspec.structs.fields(settings):
        if field.name == _NOT_IN_FILES:
            continue
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            documentation = (field.type.__doc__ or "").strip()
            yield Section(field.name, documentation, {row.key: row for row in _rows(field.name, field.type)})
        else:
            documentation, example = _described(field.type)
            value = get_args(get_args(field.type)[0])[1]  # of Annotated[Mapping[str, value], Meta(…)]
            form = _form(inspect.type_info(value))
            yield Section(
                field.name,
                documentation,
                {},
                Row(field.name, "", value, documentation, form, (), None, example),
            )


def _rows(section: str, struct: type[msgspec.Struct]) -> Iterator[Row]:
    for field in msgspec.structs.fields(struct):
        documentation, example = _described(field.type)
        choices = _choices(field.type)
        form = f"one of {', '.join(choices)}" if choices else _form(inspect.type_info(field.type))
        yield Row(section, field.name, field.type, documentation, form, choices, field.default, example)


def _described(annotated: object) -> tuple[str, object]:
    """Return the documentation and the first example (or None) in the type of a field."""
    described = inspect.type_info(annotated)
    schema = described.extra_json_schema if isinstance(described, inspect.Metadata) else None
    if not schema:
        raise AssertionError(f"a setting without documentation: {annotated}")
    return str(schema["description"]), next(iter(schema.get("examples", ())), None)


def _choices(annotated: object) -> tuple[str, ...]:
    """Return the values of an annotated Literal, in the order they are declared; nothing for another type."""
    bare = get_args(annotated)[0]
    return get_args(bare) if get_origin(bare) is Literal else ()


def _form(described: inspect.Type, named: str = "") -> str:
    """Return in words which values a type allows; `named` is what the type says of itself (`form` in its
    Meta).
    """
    match described:
        case inspect.Metadata():
            return _form(described.type, (described.extra or {}).get("form", named))
        case inspect.VarTupleType() | inspect.DictType() if named:
            return named
        case inspect.UnionType():
            return _form(
                next(kind for kind in described.types if not isinstance(kind, inspect.NoneType)), named
            )
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number from {described.ge} to {described.le}"
        case inspect.FloatType():
            return f"a number from {described.ge:.12g} to {described.le:.12g}"
        case inspect.StrType():
            return f"{named or 'text'}{_length(described.min_length, described.max_length)}"
        case inspect.VarTupleType():
            return f"a list, each item {_form(described.item_type)}"
        case inspect.CustomType():
            return "the path of a file or directory"
        case _:
            raise AssertionError(f"a type no setting has had so far: {described}")


def _length(least: int | None, most: int | None) -> str:
    if least:
        return f", {least} to {most} characters"
    return "" if most is None else f" of at most {most} characters"
