"""docs/protocol.md says what the code does: its tables, its lists and its examples."""

import hashlib
import importlib.util
import sys
import unicodedata
from pathlib import Path
from types import ModuleType
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.net.keys import verify
from chatroom.net.pins import pin_of
from chatroom.protocol.auth import login_message
from chatroom.protocol.codec import decode_from_client, decode_from_server
from chatroom.protocol.frames import HEADER, HEADER_BYTES
from chatroom.protocol.names import RESERVED_HANDLES
from chatroom.protocol.packets import Leave
from chatroom.protocol.text import text_fault
from support.protocol_page import PAGE, Step, block, code_points, named_values, session

FRAMES = [step for step in session() if step.data]


def load_tool() -> ModuleType:
    path = PAGE.parent.parent / "tools" / "protocol_page.py"
    spec = importlib.util.spec_from_file_location("protocol_page_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()


# -- tables ------------------------------------------------------------------------------------------------


def test_the_tables_say_what_the_code_says() -> None:
    assert TOOL.faults(PAGE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("| `0x0020` | Post |", "| `0x0021` | Post |"),
        ("#### `0x0020` Post", "#### `0x0021` Post"),
        ("#### `0x0020` Post", "#### Post"),
        ("<!-- facts: fields Post -->", ""),
        ("<!-- facts: fields Post -->", "<!-- facts: fields Ghost -->"),
        ("| 2 | `nonce` | bin 16 |", "| 2 | `nonce` | bin 32 |"),
        ("| 2 | `nonce` |", "| 2 | `number` |"),
        ("| 4 | `manner` | uint ≤ 255 | `0` |", "| 4 | `manner` | uint ≤ 255 | `1` |"),
        ("| 302 | `NOT_A_MEMBER` |", "| 303 | `NOT_A_MEMBER` |"),
        ("| the account is not a member of the room |", "|  |"),
        ("| `TEXT_BYTES` | 16 384 |", "| `TEXT_BYTES` | 16 385 |"),
    ],
)
def test_a_page_out_of_step_is_noticed(right: str, wrong: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert right in page
    assert TOOL.faults(page.replace(right, wrong)) != []


def test_rewriting_keeps_the_prose_beside_the_facts() -> None:
    page = PAGE.read_text(encoding="utf-8")
    stale = page.replace("| 2 | `nonce` | bin 16 |", "| 7 | `nonce` | bin 99 |")
    assert stale != page
    assert TOOL.render(stale, TOOL.all_facts()) == page


def test_the_tool_checks_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "protocol.md"
    copy.write_text(page.replace("| 2 | `nonce` |", "| 9 | `nonce` |"), encoding="utf-8")
    monkeypatch.setattr(TOOL, "PAGE", copy)
    assert TOOL.main(["--check"]) == 1
    assert TOOL.main([]) == 0
    assert copy.read_text(encoding="utf-8") == page
    assert TOOL.main(["--check"]) == 0


# -- lists -------------------------------------------------------------------------------------------------


def test_the_code_points_that_never_travel_are_those() -> None:
    for_their_place = {0x200C, 0x200D, *range(0xFE00, 0xFE10)}
    refused = {code for code in range(sys.maxunicode + 1) if text_fault(f"a{chr(code)}b") is not None}
    assert refused - for_their_place == code_points("never-travels")


FILLED = [*range(0x40000), *range(0x40000, sys.maxunicode + 1, 257), *range(0xE0000, 0xE1000)]
"""Every code point of the planes that hold characters; of the others one in so many."""


def test_a_joiner_joins_those_emoji_and_the_letters_of_those_scripts() -> None:
    never = code_points("never-travels")
    rest = [chr(code) for code in FILLED if code not in never]
    assert {ord(char) for char in rest if text_fault(f"👋\u200d{char}") is None} == code_points("pictographs")
    assert {ord(char) for char in rest if text_fault(f"{char}\u200d👋") is None} == code_points("pictographs")
    letters = {code for code in code_points("joining-scripts") if unicodedata.category(chr(code))[0] in "LM"}
    for joiner in "\u200c\u200d":
        assert {ord(char) for char in rest if text_fault(f"م{joiner}{char}") is None} == letters - never
        assert {ord(char) for char in rest if text_fault(f"{char}{joiner}م") is None} == letters - never


def test_a_selector_varies_what_is_not_ascii_and_some_signs() -> None:
    never = code_points("never-travels")
    rest = {chr(code) for code in FILLED if code not in never}
    for selector in "\ufe00\ufe0d\ufe0e\ufe0f":
        taken = {char for char in rest if text_fault(f"m{char}{selector}m") is None}
        signs = set("#*0123456789") if selector in "\ufe0e\ufe0f" else set()
        others = {char for char in rest if not char.isascii() and not char.isspace()}
        hiding = {"\u200c", "\u200d", *map(chr, range(0xFE00, 0xFE10))}
        assert taken == signs | others - hiding


def test_white_space_is_those_code_points() -> None:
    assert code_points("white-space") == {
        code for code in range(sys.maxunicode + 1) if chr(code).isspace() or not chr(code).strip()
    }


def test_the_reserved_handles_are_those() -> None:
    assert set(block("reserved-handles").split()) == RESERVED_HANDLES


def test_the_marks_of_the_page_are_marks() -> None:
    for char in "\u0301\u0903\u20dd\u11ff\ud7b0\U0001f3fb":
        assert text_fault("👋" + char * 8) is None
        assert text_fault("👋" + char * 9) is not None


# -- examples ----------------------------------------------------------------------------------------------


def test_the_pin_is_that_of_the_key() -> None:
    example = named_values("pin-example")
    digest = hashlib.sha256(bytes.fromhex(example["spki"])).digest()
    assert digest.hex() == example["hash"]
    assert pin_of(digest) == example["pin"]


def test_the_login_is_signed_as_the_page_says() -> None:
    example = named_values("login-example")
    values = {name: bytes.fromhex(value) for name, value in example.items() if name != "handle"}
    key = Ed25519PrivateKey.from_private_bytes(values["private_key"])
    assert key.public_key().public_bytes_raw() == values["public_key"]
    assert example["server_key_hash"] == named_values("pin-example")["hash"]
    message = login_message(
        values["server_challenge"], values["client_challenge"], values["server_key_hash"], example["handle"]
    )
    assert message == values["message"]
    assert key.sign(message) == values["signature"]
    assert verify(values["public_key"], values["signature"], message)


@pytest.mark.parametrize("step", FRAMES, ids=[f"{row}-{step.what}" for row, step in enumerate(FRAMES)])
def test_a_frame_of_the_session_is_whole(step: Step) -> None:
    frame = bytes(byte or 0 for byte in step.data)
    length, packet_type, flags, checksum = HEADER.unpack_from(frame)
    payload = frame[HEADER_BYTES:]
    assert flags == 0
    if step.is_open:
        return
    assert length == len(payload)
    packet = (decode_from_client if step.what == "C" else decode_from_server)(packet_type, payload)
    assert packet is not None
    if None not in step.data:
        assert (checksum == crc32(payload)) is not isinstance(packet, Leave)  # that one is wrong on purpose


def test_the_session_comes_back_once_and_ends_with_an_error() -> None:
    words = [step.what for step in session()]
    assert words.count("connect") == 2
    assert words[-1] == "end"
    assert {"C", "S", "close"} < set(words)
