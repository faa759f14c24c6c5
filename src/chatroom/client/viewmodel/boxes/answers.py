"""What a dialog says when it was answered; the screen model carries it out and, but for `Ask`, closes the
dialog.

Read next: `box.py`.
"""

from dataclasses import dataclass

from chatroom.client.commands.slash import Command
from chatroom.client.session.events import KnownDevice
from chatroom.client.viewmodel.effects import Effect


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing; the dialog only closes."""


@dataclass(frozen=True, slots=True)
class Open:
    """Open the room with this number."""

    room: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Join the room of this number, to which one is invited, or decline the invitation."""

    room: int
    accepts: bool


@dataclass(frozen=True, slots=True)
class Do:
    """Do what this command does."""

    command: Command


@dataclass(frozen=True, slots=True)
class Ask:
    """Search; the dialog stays open for the answer. `before` 0: from the newest message on."""

    query: str
    room_name: str
    author: str
    before: int = 0


@dataclass(frozen=True, slots=True)
class Jump:
    """Show the message `seq` of a room in its place."""

    room: int
    seq: int


@dataclass(frozen=True, slots=True)
class Write:
    """Put this text into the composer in place of what is there."""

    text: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Put this text in at the composer's cursor; `on_own_lines`: apart from what is there; `and_send`: send
    it all.
    """

    text: str
    and_send: bool = False
    on_own_lines: bool = False


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand this effect to the owner of the model."""

    effect: Effect


@dataclass(frozen=True, slots=True)
class ConfirmRevoke:
    """Ask whether this device is to be taken away."""

    device: KnownDevice


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take away the device with this key."""

    public_key: bytes


Answer = Close | Open | Reply | Do | Ask | Jump | Write | Insert | Emit | ConfirmRevoke | Revoke
