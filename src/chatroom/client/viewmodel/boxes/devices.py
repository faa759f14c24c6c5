"""The dialogs about the devices of an account: the list of them, the question before one is taken away, and
the code with which another one gets in.

Read next: `pick.py`, `question.py`; `chatroom.client.viewmodel.moderating` opens them.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.client.session.events import KnownDevice
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.boxes.answers import Close, ConfirmRevoke, Emit, Revoke
from chatroom.client.viewmodel.boxes.pick import Entry, PickBox
from chatroom.client.viewmodel.boxes.question import QuestionBox
from chatroom.client.viewmodel.dialogs import Choice, DialogKind, DialogRow
from chatroom.client.viewmodel.effects import Copy
from chatroom.client.viewmodel.rows import SpanLine

KEY_CHARS: Final = 8
"""Characters of a key that tell one device from another of the same name."""

LOCAL_HOSTS: Final = ("127.", "localhost", "[::1]")
"""How addresses begin that lead to no other machine."""


def device_list(identity: int) -> PickBox:
    """Return the list of devices, before they are known."""
    return PickBox(
        DialogKind.DEVICES,
        identity,
        "Your devices",
        (),
        empty="asking the server …",
        note="Enter takes one away · Esc closes",
    )


def device_entries(devices: Sequence[tuple[KnownDevice, str]]) -> list[Entry]:
    """Return the entries for (device, since when it is known, as shown), the one in use marked."""
    entries = []
    for device, since in devices:
        mark = (Style.PRESENCE_ONLINE, "● ") if device.is_this else (Style.PRESENCE_OFFLINE, "○ ")
        name = device.name or "a device"
        spans = (mark, (Style.DIALOG_TEXT, name), (Style.DIALOG_DIM, f"  key {key_name(device.public_key)}"))
        right = f"this device · since {since}" if device.is_this else f"since {since}"
        entries.append(Entry(DialogRow(spans, right), name, ConfirmRevoke(device)))
    return entries


def key_name(public_key: bytes) -> str:
    """Return the beginning of a key, by which people tell devices apart."""
    return public_key.hex()[:KEY_CHARS]


def revoke_question(identity: int, device: KnownDevice) -> QuestionBox:
    """Ask whether a device is to be taken away; not to do it comes first."""
    name = f"{device.name or 'The device'} (key {key_name(device.public_key)})"
    text: list[SpanLine] = [
        ((Style.DIALOG_TEXT, f"{name} will be logged out and can log in no more."),),
    ]
    if device.is_this:
        warning = "This is the device you are using now."
        text.append(((Style.DIALOG_WARNING, warning),))
    return QuestionBox(
        DialogKind.REVOKE,
        identity,
        "Take this device away?",
        text,
        [(Choice("n", "Keep it"), Close()), (Choice("y", "Take it away"), Revoke(device.public_key))],
        is_alarm=device.is_this,
    )


def waiting_for_link(identity: int) -> QuestionBox:
    """Return the dialog of `/link` before the code is there."""
    text: list[SpanLine] = [((Style.DIALOG_DIM, "asking the server …"),)]
    return QuestionBox(DialogKind.LINK, identity, LINK_TITLE, text, [(Choice("x", "Close"), Close())])


LINK_TITLE: Final = "Another device for you"


def link_box(identity: int, join: str, code: str, until: str, minutes: int) -> QuestionBox:
    """Return the dialog that shows the code and what to type on the other device."""
    command = f"chatroom link {join} {code}"
    text: list[SpanLine] = [
        ((Style.DIALOG_TEXT, "On the other device, type"),),
        ((Style.DIALOG_TEXT, ""),),
        ((Style.DIALOG_KEY, command),),
        ((Style.DIALOG_TEXT, ""),),
        ((Style.DIALOG_TEXT, "Code  "), (Style.DIALOG_KEY, code)),
        (
            (Style.DIALOG_TEXT, "Good  "),
            (Style.DIALOG_TEXT, f"once, until {until} ({minutes} minutes from now)"),
        ),
        ((Style.DIALOG_TEXT, ""),),
        ((Style.DIALOG_WARNING, "Whoever has it gets into your account: show it to nobody."),),
    ]
    if join.removeprefix("tcp://").startswith(LOCAL_HOSTS):
        text.append(((Style.DIALOG_DIM, "The address of this server leads to this machine only."),))
    choices: list[tuple[Choice, Close | Emit]] = [
        (Choice("c", "Copy the command"), Emit(Copy(command))),
        (Choice("x", "Close"), Close()),
    ]
    return QuestionBox(DialogKind.LINK, identity, LINK_TITLE, text, choices)
