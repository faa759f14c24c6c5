"""Hypothesis strategies for every packet, made from the types of its fields.

`packets_of(cls)` gives values of one packet class within the limits of its fields, their ends included;
`msgpack_values` any value MessagePack can carry.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from chatroom.protocol.codec import HEARTBEATS, NOTICES, REQUESTS, RESPONSES
from chatroom.protocol.entries import Entry
from chatroom.protocol.packets import Packet

PACKETS: dict[int, type[Packet]] = {**REQUESTS, **RESPONSES, **NOTICES, **HEARTBEATS}

TYPICAL_SIZE = 12

unicode_text = st.characters(exclude_categories=["Cs"])

msgpack_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(unicode_text, max_size=TYPICAL_SIZE)
    | st.binary(max_size=TYPICAL_SIZE),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 9) | st.text(unicode_text), inner, max_size=3)
    ),
    max_leaves=8,
)


def packets_of(cls: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Values of a packet, entry or body class."""
    return _strategy(inspect.type_info(cls))


def any_packet() -> st.SearchStrategy[Any]:
    """Values of all packet classes, and entries."""
    return st.sampled_from([*PACKETS.values(), Entry]).flatmap(packets_of)


def _strategy(of: inspect.Type) -> st.SearchStrategy[Any]:
    return _MAKERS[type(of)](of)


def _integers(of: inspect.IntType) -> st.SearchStrategy[int]:
    return st.integers(of.ge, of.le) | st.sampled_from([of.ge, of.le])


def _strings(of: inspect.StrType) -> st.SearchStrategy[str]:
    assert of.max_length is not None
    longest = "\N{PILE OF POO}" * of.max_length
    return st.text(unicode_text, max_size=min(of.max_length, TYPICAL_SIZE)) | st.just(longest)


def _bytes(of: inspect.BytesType) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=of.min_length or 0, max_size=of.max_length)


def _lists(of: inspect.ListType) -> st.SearchStrategy[list[Any]]:
    assert of.max_length is not None
    return st.lists(_strategy(of.item_type), max_size=min(of.max_length, 4))


def _tuples(of: inspect.TupleType) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(*(_strategy(item) for item in of.item_types))


def _structs(of: inspect.StructType) -> st.SearchStrategy[msgspec.Struct]:
    return st.builds(of.cls, **{field.name: _strategy(field.type) for field in of.fields})


_MAKERS: dict[type[inspect.Type], Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.IntType: _integers,
    inspect.StrType: _strings,
    inspect.BytesType: _bytes,
    inspect.BoolType: lambda _of: st.booleans(),
    inspect.ListType: _lists,
    inspect.TupleType: _tuples,
    inspect.StructType: _structs,
    inspect.RawType: lambda _of: msgpack_values.map(msgspec.msgpack.encode).map(msgspec.Raw),
}
