"""The table of what clients send: for each packet class who handles it, at which stage, for which role, and
what it costs.

A new request is a packet class, a handler, and a row here. Costs are in posts: a peer that asks for more
than its account's bucket gives is left unread for a while (`ratelimit.py`). Read next: the handlers beside
this file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from chatroom.protocol import packets as p
from chatroom.protocol.posts import POSTS, Posts
from chatroom.protocol.requests import Incoming
from chatroom.server.hub.context import Context
from chatroom.server.hub.permissions import Act
from chatroom.server.hub.requests import devices, heartbeat, login, messages, moderation, people, rooms
from chatroom.server.hub.state import Peer, Stage

P = TypeVar("P", bound=p.Packet | Posts)
Handler = Callable[[Context, Peer, Incoming], None]
Weigh = Callable[[Context, Peer, Incoming], int]


@dataclass(frozen=True, slots=True)
class Row:
    """One request: its name and handler, cost in posts, the act that needs a role, its stage, and its effort.

    Stage None: at any time. `effort` is about how many tenths of a millisecond it can take, to which `weigh`
    adds, after it was handled, what depends on how much there is: what a pass has for all peers together, and
    for each, is bounded (`server/reading.py`). An act's row is of a `Request`, so that it can be refused.
    """

    name: str
    handler: Handler
    cost: float
    act: Act | None = None
    stage: Stage | None = Stage.READY
    effort: int = 1
    weigh: Weigh | None = None


def _row(
    packet: type[P],
    handler: Callable[[Context, Peer, P], None],
    cost: float,
    act: Act | None = None,
    stage: Stage | None = Stage.READY,
    effort: int = 1,
    weigh: Callable[[Context, Peer, P], int] | None = None,
    name: str = "",
) -> tuple[type[P], Row]:
    """Return a row, having checked that the handler takes this packet: looking it up by class keeps that
    true.
    """
    row = Row(
        name or packet.__name__, cast(Handler, handler), cost, act, stage, effort, cast(Weigh | None, weigh)
    )
    return packet, row


# What was measured for each, in tenths of a millisecond: 0.5 a room, 0.02 a cursor, 0.003 a member or name.


def _rooms_entered(_context: Context, peer: Peer, _request: p.Login) -> int:
    account = peer.account
    return (len(account.rooms) + len(account.invitations)) // 2 if account else 0


def _rooms_followed(_context: Context, _peer: Peer, request: p.Follow) -> int:
    return len(request.cursors) // 50


def _members_sorted(_context: Context, peer: Peer, request: p.ListMembers) -> int:
    room = peer.account.rooms.get(request.room) if peer.account else None
    return len(room.members) // 300 if room else 0


def _names_sorted(context: Context, _peer: Peer, _request: p.ListRooms) -> int:
    return len(context.state.by_name) // 300


ROWS: Final[dict[type[p.Packet | Posts] | type[None], Row]] = dict(
    [
        _row(p.Login, login.login, 0, stage=Stage.GREETED, weigh=_rooms_entered),
        _row(p.Follow, rooms.follow, 0.5, weigh=_rooms_followed),
        _row(p.Join, rooms.join, 2),
        _row(p.OpenDirect, rooms.open_direct, 2),
        _row(p.Leave, rooms.leave, 2),
        _row(p.SetTopic, rooms.set_topic, 2, Act.SET_TOPIC),
        _row(p.Invite, rooms.invite, 2, Act.INVITE),
        _row(p.ListRooms, rooms.list_rooms, 1, effort=10, weigh=_names_sorted),
        _row(p.ListMembers, rooms.list_members, 1, effort=10, weigh=_members_sorted),
        _row(p.Post, messages.post, 1, effort=0),
        *(_row(posts, messages.post_several, 1, effort=0, name=p.Post.__name__) for posts in POSTS),
        _row(p.History, messages.history, 0.5, effort=10),
        _row(p.Search, messages.search, 4, effort=100),
        _row(p.MarkRead, messages.mark_read, 0.2, effort=2),
        _row(p.Moderate, moderation.moderate, 2),  # the act is in the request
        _row(p.Claim, moderation.claim, 2),
        _row(p.CreateLink, devices.create_link, 2),
        _row(p.ListDevices, devices.list_devices, 1),
        _row(p.RevokeDevice, devices.revoke_device, 2),
        _row(p.SetPresence, people.set_presence, 0.5),
        _row(p.Ping, heartbeat.ping, 0.1, stage=None),
        _row(p.Pong, heartbeat.pong, 0.1, stage=None),
        (type(None), Row("None", heartbeat.ignored, 0.1, stage=None)),  # a packet that may be ignored
        _row(p.Request, heartbeat.unknown, 1),
    ]
)

LIGHT: Final = frozenset(
    {
        p.Post,
        *POSTS,
        p.MarkRead,
        p.SetPresence,
        p.Ping,
        p.Pong,
    }
)
"""What people write, and what programs say in between: it does not wait behind what others look up."""
