"""Moderating, and what belongs to the account: kicks, bans, mutes, roles, the owner's code, devices.

What is done to others comes back as an entry of the room, which is its answer; what it may not be, the server
says. Read next: `boxes/devices.py`, `chatroom.client.commands.moderation`.
"""

from typing import Final

from chatroom.client.commands import moderation
from chatroom.client.commands.moderation import Act
from chatroom.client.commands.slash import Claim
from chatroom.client.session.events import Devices, KnownDevice, LinkMade, RequestRefused
from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.boxes import devices as boxes
from chatroom.client.viewmodel.boxes.pick import PickBox
from chatroom.client.viewmodel.boxes.question import QuestionBox
from chatroom.client.viewmodel.dialogs import DialogKind
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState
from chatroom.protocol.limits import ACT_REASON_CHARS
from chatroom.protocol.names import fold_handle, handle_fault
from chatroom.protocol.packets import ModerationAct, Role
from chatroom.protocol.text import clean_line

_ACTS: Final = {
    Act.KICK: ModerationAct.KICK,
    Act.BAN: ModerationAct.BAN,
    Act.UNBAN: ModerationAct.UNBAN,
    Act.MUTE: ModerationAct.MUTE,
    Act.UNMUTE: ModerationAct.UNMUTE,
}

_ROLES: Final = {"owner": Role.OWNER, "moderator": Role.MODERATOR, "member": Role.MEMBER}


class Moderating:
    """The verbs. Each returns False when what was typed should stay, because its author can put it right."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state

    def moderate(self, command: moderation.Moderate) -> bool:
        """Kick, ban, mute, or take a ban or a mute back."""
        target = self._target(command.handle)
        reason = clean_line(command.reason)
        if target is None:
            return False
        if len(reason) > ACT_REASON_CHARS:
            self._state.complain(f"the reason is too long by {len(reason) - ACT_REASON_CHARS} characters")
            return False
        view, handle = target
        self._state.session.ask.moderate(
            view.number, _ACTS[command.act], handle, seconds=command.seconds, reason=reason
        )
        return True

    def set_role(self, command: moderation.SetRole) -> bool:
        """Give somebody a role, or lay one's own down for a lower one."""
        role = _ROLES[command.role]
        target = self._target(command.handle, may_be_oneself=role is not Role.OWNER)
        if target is None:
            return False
        view, handle = target
        self._state.session.ask.moderate(view.number, ModerationAct.SET_ROLE, handle, role=role)
        return True

    def claim(self, command: Claim) -> bool:
        """Become an owner with a code."""
        self._state.session.ask.claim(command.code)
        return True

    def _target(self, typed: str, *, may_be_oneself: bool = False) -> tuple[RoomView, str] | None:
        """Return the room it stands in and whom it is done to; None, with a toast, where that is nobody."""
        view, handle = self._state.view, fold_handle(typed)
        if view is None:
            self._state.complain("there is no room yet")
            return None
        is_wrongly_oneself = handle == self._state.session.handle and not may_be_oneself
        fault = "that is you" if is_wrongly_oneself else handle_fault(handle)
        if fault is not None:
            self._state.complain(f"{typed}: {fault}")
            return None
        return view, handle

    # -- devices -----------------------------------------------------------------------------------------

    def ask_link(self) -> bool:
        """Ask for a code for another device; a dialog waits for it."""
        self._state.open_box(boxes.waiting_for_link(self._state.next_identity()))
        self._state.session.ask.create_link()
        return True

    def link_made(self, event: LinkMade) -> None:
        """Show the code, if somebody still waits for it."""
        state = self._state
        if not (isinstance(state.box, QuestionBox) and state.box.kind is DialogKind.LINK):
            return
        now_ms = state.now.wall_ms
        until = state.calendar.until(now_ms + event.seconds * 1000, now_ms)
        join = state.link.join or state.link.server
        state.open_box(
            boxes.link_box(state.next_identity(), join, event.code, until, max(1, event.seconds // 60))
        )

    def ask_devices(self) -> bool:
        """Ask which devices there are; a dialog waits for them."""
        self._state.open_box(boxes.device_list(self._state.next_identity()))
        self._state.session.ask.list_devices()
        return True

    def devices_listed(self, event: Devices) -> None:
        """Show the devices, if somebody still waits for them."""
        state = self._state
        if isinstance(state.box, PickBox) and state.box.kind is DialogKind.DEVICES:
            now_ms = state.now.wall_ms
            shown = [(device, state.calendar.when(device.added_at, now_ms)) for device in event.devices]
            state.box.set_entries(boxes.device_entries(shown), "no device is called that")
            state.touch(Part.DIALOG)

    def confirm_revoke(self, device: KnownDevice) -> None:
        """Ask before a device is taken away."""
        self._state.open_box(boxes.revoke_question(self._state.next_identity(), device))

    def revoke(self, public_key: bytes) -> None:
        """Take a device away."""
        self._state.session.ask.revoke_device(public_key)

    def revoked(self) -> None:
        """A device is taken away: say so, and show those that are left."""
        self._state.confirm("that device can log in no more")
        if self._state.box is None:
            self.ask_devices()

    def refused(self, event: RequestRefused) -> bool:
        """Say in the dialog that waits for it that it was refused; False where no dialog waits."""
        state = self._state
        box = state.box
        if event.request == "devices" and isinstance(box, PickBox) and box.kind is DialogKind.DEVICES:
            box.set_entries((), event.text)
            state.touch(Part.DIALOG)
            return True
        if event.request == "link" and isinstance(box, QuestionBox) and box.kind is DialogKind.LINK:
            state.close_box()
        return False
