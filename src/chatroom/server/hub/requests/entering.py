"""Entering: the last step of every login, whoever comes and however the account was found.

Read next: `login.py` for what comes before, `rooms.py` for what comes after.
"""

from math import ceil
from typing import Final

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import COUNT_MAX, TIME_MAX
from chatroom.protocol.packets import Login, Presence, RoomState, Welcome
from chatroom.server.hub.context import MANY_ROOMS, NOT_NOW, Context
from chatroom.server.hub.origins import is_loopback
from chatroom.server.hub.records import BanRecord
from chatroom.server.hub.state import Account, Peer, Stage
from chatroom.server.hub.wording import done_by, try_again, until

AGAIN_MS: Final = 10_000
"""When to come back after there were too many connections: those that broke are noticed by then, mostly."""


def enter(context: Context, peer: Peer, request: Login, account: Account, *, is_new: bool) -> None:
    """Let the peer in, unless the account is banned or has too many connections, or it is not known now what
    it may: it replaces an older connection of the same client process and learns its rooms. Where the account
    asked for more than it may, this connection waits too.
    """
    if peer.stage is Stage.CLOSING:
        return
    if account in context.misled:
        context.close(peer, NOT_NOW.code, NOT_NOW.text)
        return
    ban = account.ban_at(context.now_ms)
    if ban is not None:
        turn_back_banned(context, peer, account, ban)
        return
    has_many = len(account.rooms) + len(account.invitations) >= MANY_ROOMS
    wait_s = context.logins.take(account.handle, context.now) if has_many else 0.0
    if wait_s > 0:
        context.close(peer, ErrorCode.TOO_MANY, try_again(wait_s), ceil(wait_s * 1_000))
        return
    for other in list(account.peers):
        if other.session == request.session:
            context.close(other, ErrorCode.SUPERSEDED, "a newer connection of this client took over")
    limit = context.settings.connections_per_account
    if sum(other.stage is not Stage.CLOSING for other in account.peers) >= limit:
        text = f"the account has {limit} connections already; close one first"
        context.close(peer, ErrorCode.TOO_MANY, text, AGAIN_MS)
        return
    peer.stage = Stage.READY
    peer.account = account
    peer.public_key = request.public_key
    peer.session = request.session
    peer.presence = Presence.ONLINE
    peer.paused_until = context.now + account.bucket.take(0, context.now)
    account.peers[peer] = None
    if not is_loopback(peer.origin):
        account.note_origin(peer.origin)
    context.presence_changed[account] = None
    _welcome(context, peer, request, account, is_new=is_new)


def _welcome(context: Context, peer: Peer, request: Login, account: Account, *, is_new: bool) -> None:
    infos = context.room_infos(account, [*account.rooms.values(), *account.invitations])
    texts = [context.settings.welcome, _shared_note(context, account) if is_new else ""]
    welcome = Welcome(
        id=request.id,
        handle=account.handle,
        role=account.role_at(context.now_ms),
        is_new=is_new,
        now=context.now_ms,
        room_count=len(infos),
        text="\n".join(filter(None, texts)),
    )
    context.say(peer, welcome)
    for info in infos:
        context.say(peer, RoomState(info))


def _shared_note(context: Context, account: Account) -> str:
    """Return what stands against a new account because of where it comes from, as a line, or nothing."""
    lines: list[str] = []
    if account.is_muted(context.now_ms):
        lines.append(
            f"You are muted{until(account.muted_until)}, because somebody is who came from your address."
        )
    if account.kicks_at(context.now_ms):
        lines.append(
            "Some rooms are closed to you for a time, because somebody was kicked who came from there."
        )
    return "\n".join(lines)


def turn_back_banned(context: Context, peer: Peer, account: Account, ban: BanRecord) -> None:
    """Close a peer that tries to log in to a banned account. From now on, new accounts from where it is share
    that.
    """
    if account not in context.state.barred.get(peer.origin, ()):
        context.bar(account, peer.origin, peer)
    close_banned(context, peer, ban)


def close_banned(context: Context, peer: Peer, ban: BanRecord) -> None:
    """Tell a peer that its account is banned: by whom, until when, why."""
    author = context.state.accounts[ban.author].handle
    text = done_by("you are banned", author, ban.until, ban.reason)
    context.close(peer, ErrorCode.BANNED, text, left_ms(context, ban))


def left_ms(context: Context, ban: BanRecord) -> int:
    """Return for how long a ban goes on, as `retry_ms` says it: 0 where it has no end."""
    return 0 if ban.until >= TIME_MAX else min(ban.until - context.now_ms, COUNT_MAX)
