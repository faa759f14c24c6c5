"""Commanding: what each slash command does.

A table says which method carries out which typed command. A method returns False when the text should stay
in the composer, because its author can put it right. Read next: `chatroom.client.commands.slash`.
"""

from collections.abc import Callable

from chatroom.client.commands import slash
from chatroom.client.commands.actions import Action
from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.boxes import lists
from chatroom.client.viewmodel.boxes.search import SearchBox
from chatroom.client.viewmodel.by_class import row
from chatroom.client.viewmodel.effects import Reconnect
from chatroom.client.viewmodel.moderating import Moderating
from chatroom.client.viewmodel.navigation import Navigation
from chatroom.client.viewmodel.room_list import is_direct
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.sending import Sending
from chatroom.client.viewmodel.state import ScreenState
from chatroom.protocol.limits import TOPIC_CHARS
from chatroom.protocol.names import fold_handle, fold_room_name, handle_fault, room_name_fault
from chatroom.protocol.packets import Presence
from chatroom.protocol.text import clean_line


class Commanding:
    """Carries out slash commands. `run` does what a key does."""

    def __init__(
        self, state: ScreenState, navigation: Navigation, sending: Sending, run: Callable[[Action], None]
    ) -> None:
        self._state = state
        self._navigation = navigation
        self._sending = sending
        self._run = run
        self.moderating = Moderating(state)
        self._do: dict[type[object], Callable[[object], bool]] = dict(
            [
                row(slash.Post, lambda post: self._sending.post(post.text, is_action=post.is_action)),
                row(slash.Join, self._join),
                row(slash.Leave, self._leave),
                row(slash.Direct, lambda direct: self._sending.direct(direct.handle, direct.text)),
                row(slash.OpenRoom, self._open),
                row(slash.Topic, self._topic),
                row(slash.Invite, self._invite),
                row(slash.SetAway, self._set_away),
                row(slash.Find, self._find),
                row(slash.Ignore, self._ignore),
                row(slash.Names, lambda _: self._names()),
                row(slash.ListRooms, lambda _: self._list()),
                row(slash.Clear, lambda _: self._clear()),
                row(slash.TryNow, lambda _: self._try_now()),
                row(slash.Moderate, self.moderating.moderate),
                row(slash.SetRole, self.moderating.set_role),
                row(slash.Claim, self.moderating.claim),
                row(slash.LinkDevice, lambda _: self.moderating.ask_link()),
                row(slash.Devices, lambda _: self.moderating.ask_devices()),
                row(slash.Run, self._run_action),
                row(slash.Fault, lambda fault: self._refuse(fault.text)),
            ]
        )

    def do(self, command: slash.Command) -> bool:
        """Carry out a command; False when what was typed should stay."""
        return self._do[type(command)](command)

    def _refuse(self, text: str) -> bool:
        self._state.complain(text)
        return False

    # -- rooms -------------------------------------------------------------------------------------------

    def _join(self, command: slash.Join) -> bool:
        if command.name.startswith("@"):
            return self._sending.direct(command.name, "")
        name = fold_room_name(command.name)
        fault = room_name_fault(name)
        if fault is not None:
            return self._refuse(f"{command.name}: {fault}")
        view = self._state.session.room_named(f"#{name}")
        if view is not None and view.is_member:
            self._state.show(view)
        else:
            self._state.session.ask.join(name, create=view is None, private=command.is_private)
        return True

    def _leave(self, command: slash.Leave) -> bool:
        view = self._named(command.name)
        if view is None:
            return False
        if is_direct(view):
            self._navigation.put_away(view)
        else:
            self._state.session.ask.leave(view.number)
        return True

    def _open(self, command: slash.OpenRoom) -> bool:
        which = command.which
        if which.isdecimal() and len(which) < 6 and self._navigation.open_numbered(int(which)):
            return True
        view = self._named(command.which)
        if view is not None:
            self._navigation.open(view)
        return view is not None

    def _topic(self, command: slash.Topic) -> bool:
        view = self._named("")
        if view is None:
            return False
        if command.text is None:
            self._state.say(
                f"topic of {view.title}: {view.topic}" if view.topic else f"{view.title} has no topic"
            )
            return True
        text = clean_line(command.text)
        if len(text) > TOPIC_CHARS:
            return self._refuse(f"the topic is too long by {len(text) - TOPIC_CHARS} characters")
        self._state.session.ask.set_topic(view.number, text)
        return True

    def _invite(self, command: slash.Invite) -> bool:
        view = self._named(command.room)
        handle = fold_handle(command.handle)
        fault = handle_fault(handle)
        if view is None:
            return False
        if fault is not None:
            return self._refuse(f"{command.handle}: {fault}")
        if any(member.handle == handle for member in self._state.session.roster.members(view.number)):
            return self._refuse(f"{handle} is in {view.title} already")
        self._state.session.ask.invite(view.number, handle)
        return True

    def _named(self, name: str) -> RoomView | None:
        """Return the room of this name, "" for the current one; None, with a toast, when there is none."""
        view = self._state.session.room_named(name) if name else self._state.view
        if view is None:
            self._state.complain(f"{name} is none of your rooms" if name else "there is no room yet")
        return view

    # -- the rest ----------------------------------------------------------------------------------------

    def _set_away(self, command: slash.SetAway) -> bool:
        self._state.session.ask.set_presence(Presence.AWAY if command.is_away else Presence.ONLINE)
        self._state.touch(Part.STATUS, Part.MEMBERS)
        return True

    def _find(self, command: slash.Find) -> bool:
        box = SearchBox(self._state.next_identity(), command.query, self._state.session.handle, self._place)
        self._state.open_box(box)
        if command.query:
            self._run(Action.DIALOG_ACCEPT)
        return True

    def _place(self, room: int, at: int) -> tuple[str, str]:
        view = self._state.session.rooms.get(room)
        when = self._state.calendar.when(at, self._state.now.wall_ms)
        return (view.title if view is not None else "?"), when

    def _ignore(self, command: slash.Ignore) -> bool:
        handle = fold_handle(command.handle)
        if not handle:
            names = ", ".join(sorted(self._state.ignored))
            self._state.say(f"hidden here: {names}" if names else "nobody is hidden here")
            return True
        fault = "that is you" if handle == self._state.session.handle else handle_fault(handle)
        if fault is not None:
            return self._refuse(f"{command.handle}: {fault}")
        state = self._state
        if (handle in state.ignored) is command.is_hidden:
            return self._refuse(
                f"{handle} is {'hidden here already' if command.is_hidden else 'not hidden here'}"
            )
        state.ignored = state.ignored ^ {handle}
        stranger = "" if self._is_known(handle) else ": nobody of that handle is here"
        state.confirm(
            f"{handle} is hidden here{stranger}" if command.is_hidden else f"{handle} is shown again"
        )
        state.touch(Part.TRANSCRIPT)
        return True

    def _is_known(self, handle: str) -> bool:
        """Whether somebody of this handle is in one of the rooms, or has written to the one shown."""
        state = self._state
        transcript = state.current_transcript()
        return (transcript is not None and handle in transcript.authors) or any(
            member.handle == handle
            for view in state.views()
            for member in state.session.roster.members(view.number)
        )

    def _names(self) -> bool:
        view = self._named("")
        if view is None:
            return False
        members = self._state.session.roster.members(view.number)
        me = self._state.session.handle
        self._state.open_box(lists.member_list(self._state.next_identity(), view.title, members, me))
        return True

    def _list(self) -> bool:
        self._state.open_box(lists.room_list(self._state.next_identity()))
        self._state.session.ask.list_rooms()
        return True

    def _clear(self) -> bool:
        transcript = self._state.current_transcript()
        if transcript is not None:
            transcript.clear()
            self._state.touch(Part.TRANSCRIPT)
        return True

    def _try_now(self) -> bool:
        self._state.ask(Reconnect())
        return True

    def _run_action(self, command: slash.Run) -> bool:
        self._run(command.action)
        return True
