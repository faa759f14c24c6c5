"""Requests about rooms: following, joining, leaving, topics, invitations, lists.

Read next: `messages.py`.
"""

from functools import partial

from chatroom.protocol.entries import (
    Declined,
    EntryKind,
    Invited,
    Joined,
    Left,
    RoomKind,
    TopicSet,
    encode_body,
)
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TOPIC_CHARS
from chatroom.protocol.names import room_name_fault
from chatroom.protocol.packets import (
    Done,
    Follow,
    Followed,
    Following,
    Invite,
    Join,
    Leave,
    ListMembers,
    ListRooms,
    Member,
    MemberList,
    OpenDirect,
    Opened,
    RoomGone,
    RoomList,
    RoomState,
    SetTopic,
)
from chatroom.protocol.text import line_fault
from chatroom.server.hub.context import Context
from chatroom.server.hub.fold import fold
from chatroom.server.hub.permissions import Act
from chatroom.server.hub.ports import AddEntry, AddRoom, Committed, Failed, Outcome
from chatroom.server.hub.records import RoomRecord
from chatroom.server.hub.state import Account, Peer, Room
from chatroom.server.hub.wording import try_again, utc

NO_ROOM = "there is no such room"


def follow(context: Context, peer: Peer, request: Follow) -> None:
    """Set the peer's cursors; what comes after them is sent from now on."""
    places: list[tuple[Room, int]] = []
    for cursor in request.cursors:
        found = context.joined_room(peer, request, cursor.room)
        if found is None:
            return
        room = found[1]
        start = min(cursor.after, room.head)
        if request.backlog:
            start = max(start, room.head - request.backlog)
        places.append((room, max(start, room.first - 1)))
    context.say(
        peer, Following(request.id, [Followed(room.number, start, room.head) for room, start in places])
    )
    for room, start in places:
        context.delivery.follow(peer, room, start)


# -- joining ----------------------------------------------------------------------------------------------


def join(context: Context, peer: Peer, request: Join) -> None:
    """Make the account a member of a room it may join, or make the room."""
    account = peer.account
    assert account is not None
    room = context.state.by_name.get(request.name)
    if room is None or _is_hidden(room, account):
        _create(context, peer, request, account)
    elif room.number in account.rooms:
        _opened(context, peer, request, room)
    elif (back_at := account.kicked.get(room.number, 0)) > context.now_ms:
        text = f"this room is closed to you until {utc(back_at)}, because of a kick"
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, text)
    elif len(room.members) >= context.settings.members_per_room:
        context.refuse(peer, request, ErrorCode.TOO_MANY, "this room has as many members as it may")
    elif _has_room_for_more(context, peer, request, account):
        entry = AddEntry(room.number, account.number, EntryKind.JOINED, encode_body(Joined()))
        context.propose(entry, peer, partial(_joined, context, peer, request, room))


def _is_hidden(room: Room, account: Account) -> bool:
    """Whether the account is to take the room for one that does not exist."""
    is_known = room.number in account.rooms or room in account.invitations
    return room.kind is RoomKind.PRIVATE and not is_known


def _create(context: Context, peer: Peer, request: Join, account: Account) -> None:
    if not request.create or request.kind not in (RoomKind.PUBLIC, RoomKind.PRIVATE):
        context.refuse(peer, request, ErrorCode.NO_SUCH_ROOM, NO_ROOM)
    elif not context.settings.may_create_rooms:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "rooms cannot be created on this server")
    elif fault := room_name_fault(request.name):
        context.refuse(peer, request, ErrorCode.BAD_NAME, fault)
    elif len(context.state.by_name) >= context.settings.rooms_total:
        context.refuse(peer, request, ErrorCode.TOO_MANY, "this server has as many rooms as it may")
    elif (
        context.allows(peer, request, account, Act.CREATE_ROOM)
        and _has_room_for_more(context, peer, request, account)
        and _may_make_another(context, peer, request, account)
        and _is_free(context, peer, request)
    ):
        change = AddRoom(request.name, RoomKind(request.kind), (account.number,))
        context.propose(change, peer, partial(_room_added, context, peer, request, change))


def _may_make_another(context: Context, peer: Peer, request: Join, account: Account) -> bool:
    wait_s = context.new_rooms.take(account.handle, context.now)
    if wait_s > 0:
        context.refuse(peer, request, ErrorCode.TOO_MANY, try_again(wait_s), wait_s)
    return wait_s == 0


def _is_free(context: Context, peer: Peer, request: Join) -> bool:
    """Whether the name is free. It is looked at last: who tries names pays for it as if they were free."""
    is_free = request.name not in context.state.by_name
    if not is_free:
        context.refuse(peer, request, ErrorCode.NAME_TAKEN, "a room of this name exists")
    return is_free


def _has_room_for_more(context: Context, peer: Peer, request: Join, account: Account) -> bool:
    limit = context.settings.rooms_per_account
    if len(account.rooms) - len(_direct_rooms(account)) >= limit:
        context.refuse(
            peer, request, ErrorCode.TOO_MANY, f"you are in {limit} rooms already; leave one first"
        )
        return False
    return True


def _direct_rooms(account: Account) -> list[Room]:
    return [room for room in account.rooms.values() if room.is_direct]


def _joined(context: Context, peer: Peer, request: Join, room: Room, outcome: Outcome) -> None:
    """The account is a member now, by this request or by another of the same pass."""
    account = peer.account
    if account is None or room.number not in account.rooms:
        context.refused(peer, request, outcome)
        return
    for other in account.peers:
        context.delivery.go_on(other, room)
    _opened(context, peer, request, room)
    if isinstance(outcome, Committed):
        _show_room(context, account, room, but=peer)


def _room_added(
    context: Context, peer: Peer, request: Join | OpenDirect, change: AddRoom, outcome: Outcome
) -> None:
    """The room is on disk. A room that another request of the same pass made is joined instead."""
    if isinstance(outcome, Committed):
        room = add_committed_room(context, change, outcome)
        _opened(context, peer, request, room)
        for member in room.members.values():
            _show_room(context, member, room, but=peer)
    elif isinstance(request, Join) and request.name in context.state.by_name:
        join(context, peer, request)
    else:
        context.refused(peer, request, outcome)


def add_committed_room(context: Context, change: AddRoom, outcome: Committed) -> Room:
    """Take a new room into the state and fold its first entries; return it, or the one that was there
    before.
    """
    existing = context.state.rooms.get(outcome.number)
    if existing is not None:
        return existing
    record = RoomRecord(
        outcome.number,
        change.name,
        change.kind,
        "",
        1,
        0,
        change.members,
        (),
        creator=next(iter(change.members), 0),
    )
    room = context.state.add_room(record)
    for logged in outcome.entries:
        fold(context.state, room, logged)
    room.sent = room.head
    return room


def _opened(context: Context, peer: Peer, request: Join | OpenDirect, room: Room) -> None:
    assert peer.account is not None
    context.say(peer, Opened(request.id, context.room_infos(peer.account, [room])[0]))


def _show_room(context: Context, account: Account, room: Room, but: Peer | None = None) -> None:
    """Tell the account's connections that it has this room now."""
    if any(peer is not but for peer in account.peers):
        context.tell(account, RoomState(context.room_infos(account, [room])[0]), but=but)


def open_direct(context: Context, peer: Peer, request: OpenDirect) -> None:
    """Open the room of two with another account."""
    account = peer.account
    other = context.state.by_handle.get(request.handle)
    assert account is not None
    if other is None:
        context.refuse(peer, request, ErrorCode.NO_SUCH_ACCOUNT, "nobody has this handle")
    elif other is account:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "that is you")
    elif room := context.state.direct.get(frozenset((account.number, other.number))):
        _opened(context, peer, request, room)
    elif fault := _direct_fault(context, account, other):
        context.refuse(peer, request, ErrorCode.TOO_MANY, fault)
    elif context.allows(peer, request, account, Act.CREATE_ROOM):
        change = AddRoom("", RoomKind.DIRECT, (account.number, other.number))
        context.propose(change, peer, partial(_room_added, context, peer, request, change))


def _direct_fault(context: Context, account: Account, other: Account) -> str | None:
    """Return why the account opens no direct room with the other: what others opened is not held against
    it.
    """
    limit = context.settings.direct_rooms_opened
    if sum(room.creator == account.number for room in _direct_rooms(account)) >= limit:
        return f"you have opened {limit} direct rooms already"
    if len(_direct_rooms(other)) >= context.settings.direct_rooms_per_account:
        return f"{other.handle} has as many direct rooms as others may open; only they can open one with you"
    return None


# -- membership and topic ---------------------------------------------------------------------------------


def leave(context: Context, peer: Peer, request: Leave) -> None:
    """Take the account out of a room, or away the invitation to one."""
    account = peer.account
    assert account is not None
    room = context.state.rooms.get(request.room)
    if room is not None and room in account.invitations:
        entry = AddEntry(room.number, account.number, EntryKind.DECLINED, encode_body(Declined()))
        context.propose(entry, peer, partial(_declined, context, peer, request, account, room))
        return
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    account, room = found
    if room.is_direct:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "a direct room cannot be left")
        return
    entry = AddEntry(room.number, account.number, EntryKind.LEFT, encode_body(Left()))
    context.propose(entry, peer, partial(_left, context, peer, request, account, room))


def _left(
    context: Context, peer: Peer, request: Leave, account: Account, room: Room, outcome: Outcome
) -> None:
    if context.refused(peer, request, outcome):
        return
    context.say(peer, Done(request.id))
    context.end_room(account, room, RoomGone(room.number))


def _declined(
    context: Context, peer: Peer, request: Leave, account: Account, room: Room, outcome: Outcome
) -> None:
    """Where a request before it in the pass accepted the invitation, it is the room that is left."""
    if isinstance(outcome, Failed) and room.number in account.rooms:
        leave(context, peer, request)
    else:
        _left(context, peer, request, account, room, outcome)


def set_topic(context: Context, peer: Peer, request: SetTopic) -> None:
    """Change what a room is about."""
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    account, room = found
    if room.is_direct:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "a direct room has no topic")
    elif fault := line_fault(request.text, max_chars=TOPIC_CHARS):
        context.refuse(peer, request, ErrorCode.BAD_TEXT, f"the topic {fault}")
    else:
        body = encode_body(TopicSet(request.text))
        entry = AddEntry(room.number, account.number, EntryKind.TOPIC_SET, body)
        context.propose(entry, peer, partial(context.finish, peer, request))


def invite(context: Context, peer: Peer, request: Invite) -> None:
    """Let another account into a room."""
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    account, room = found
    other = context.state.by_handle.get(request.handle)
    if other is None:
        context.refuse(peer, request, ErrorCode.NO_SUCH_ACCOUNT, "nobody has this handle")
    elif room.is_direct:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "a direct room has two members")
    elif room.number in other.rooms or room in other.invitations:
        context.say(peer, Done(request.id))
    elif len(other.invitations) >= (limit := context.settings.invitations_per_account):
        text = f"{other.handle} has {limit} open invitations already"
        context.refuse(peer, request, ErrorCode.TOO_MANY, text)
    else:
        body = encode_body(Invited(other.handle))
        entry = AddEntry(room.number, account.number, EntryKind.INVITED, body)
        context.propose(entry, peer, partial(_invited, context, peer, request, other, room))


def _invited(
    context: Context, peer: Peer, request: Invite, invited: Account, room: Room, outcome: Outcome
) -> None:
    context.finish(peer, request, outcome)
    if isinstance(outcome, Committed):
        context.tell_of(invited, room, RoomState(context.room_infos(invited, [room])[0]))


# -- lists ------------------------------------------------------------------------------------------------


def list_rooms(context: Context, peer: Peer, request: ListRooms) -> None:
    """Name the public rooms and the account's own."""
    account = peer.account
    assert account is not None
    names = sorted(
        name
        for name, room in context.state.by_name.items()
        if name > request.after and (room.kind is RoomKind.PUBLIC or room.number in account.rooms)
    )
    rooms = [context.state.by_name[name] for name in names[: request.limit]]
    context.say(peer, RoomList(request.id, context.room_infos(account, rooms), len(names) > request.limit))


def list_members(context: Context, peer: Peer, request: ListMembers) -> None:
    """Name the members of a room and whether they are there."""
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    room = found[1]
    after = sorted(
        (member for member in room.members.values() if member.handle > request.after),
        key=lambda member: member.handle,
    )
    page = [
        Member(member.handle, member.role_at(context.now_ms), member.presence)
        for member in after[: request.limit]
    ]
    context.say(peer, MemberList(request.id, room.number, page, len(after) > request.limit))
