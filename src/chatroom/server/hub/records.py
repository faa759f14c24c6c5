"""Records: accounts, rooms, codes and keys, as the log gives them when it is asked.

Read next: `ports.py`.
"""

from enum import IntEnum

import msgspec

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.packets import Role


class CodeKind(IntEnum):
    """What a code buys, once."""

    INVITE = 1  # a new account, with a role
    OWNER = 2  # the role of owner, for an account that exists
    LINK = 3  # one more device of the account that made it


class BanRecord(msgspec.Struct, frozen=True, gc=False):
    """A ban: when it ends (ms since 1970, `limits.TIME_MAX`: never), the account that banned, and why."""

    until: int
    author: int
    reason: str


class AccountRecord(msgspec.Struct, frozen=True, gc=False):
    """One account: number, handle, role and the public keys of its devices. `muted_until` and the ban may be
    over (0, None: there was none).
    """

    number: int
    handle: str
    role: Role
    public_keys: tuple[bytes, ...]
    muted_until: int = 0
    ban: BanRecord | None = None


class RoomRecord(msgspec.Struct, frozen=True, gc=False):
    """One room as it stands after its last entry. `invited` is (invited account, inviting account), `kicked`
    (account, ms since 1970 before which it may not come back), `creator` the author of CREATED.
    """

    number: int
    name: str
    kind: RoomKind
    topic: str
    first: int
    head: int
    members: tuple[int, ...]
    invited: tuple[tuple[int, int], ...]
    kicked: tuple[tuple[int, int], ...] = ()
    creator: int = 0


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """All accounts and rooms; never messages. `barred` is (origin, account against which something stands);
    `has_owner_code`: there is an owner code that was not used yet.
    """

    accounts: tuple[AccountRecord, ...]
    rooms: tuple[RoomRecord, ...]
    barred: tuple[tuple[str, int], ...] = ()
    has_owner_code: bool = False


class CodeRecord(msgspec.Struct, frozen=True, gc=False):
    """A code as it was made (`AddCode`), and whether it has been used."""

    kind: CodeKind
    role: Role
    account: int
    expires_at: int
    is_used: bool


class DeviceRecord(msgspec.Struct, frozen=True, gc=False):
    """A key that may log in, what its client called itself, and when it came (ms since 1970)."""

    public_key: bytes
    name: str
    added_at: int
