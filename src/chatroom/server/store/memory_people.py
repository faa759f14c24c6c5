"""The people of a log in memory: accounts, their keys, the codes, the bans.

The rules of `creation.py`, `codes.py`, `devices.py` and `moderation.py` in plain Python. Read next:
`memory_rooms.py`, `memory.py`.
"""

from dataclasses import dataclass, field

import msgspec

from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.names import skeleton
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import (
    AddAccount,
    AddCode,
    AddDevice,
    BarAddress,
    Committed,
    Failed,
    Logged,
    RevokeDevice,
)
from chatroom.server.hub.records import AccountRecord, BanRecord, CodeKind, CodeRecord, DeviceRecord
from chatroom.server.store import refusals
from chatroom.server.store.codes import code_fault
from chatroom.server.store.moderation_rules import PLACES, Standing


@dataclass(slots=True)
class _Account:
    handle: str
    role: Role
    devices: dict[bytes, DeviceRecord]
    muted_until: int = 0
    ban: BanRecord | None = None
    kicked: dict[int, int] = field(default_factory=dict)
    barred: set[str] = field(default_factory=set)

    def is_free(self, at: int) -> bool:
        """Whether nothing stands against the account at this time."""
        ends = (self.muted_until, *self.kicked.values(), 0 if self.ban is None else self.ban.until)
        return max(ends) <= at


class People:
    """Everybody there is."""

    def __init__(self) -> None:
        self.handles: dict[int, str] = {refusals.SERVER: refusals.SERVER_HANDLE}
        """Handles by the numbers of their accounts, the server itself among them; to read."""
        self._accounts: dict[int, _Account] = {}
        self._numbers: dict[str, int] = {}
        self._skeletons: dict[str, str] = {}
        self._owners: dict[bytes, int] = {}
        """Whose each key is, or was."""
        self._codes: dict[bytes, CodeRecord] = {}

    # -- looking -------------------------------------------------------------------------------------------

    def number(self, handle: str) -> int | None:
        """Return the number of the account with this handle."""
        return self._numbers.get(handle)

    def is_known(self, number: int) -> bool:
        """Whether there is such an account."""
        return number in self._accounts

    def standing(self, number: int | None, at: int) -> Standing | None:
        """Return how an account stands at this time."""
        account = self._accounts.get(number or 0)
        if account is None or number is None:
            return None
        is_banned = account.ban is not None and account.ban.until > at
        return Standing(number, account.role, is_banned, account.muted_until > at)

    def owners(self) -> int:
        """Return how many owners there are."""
        return sum(account.role is Role.OWNER for account in self._accounts.values())

    def records(self) -> tuple[AccountRecord, ...]:
        """Return all accounts."""
        return tuple(
            AccountRecord(
                number,
                account.handle,
                account.role,
                tuple(device.public_key for device in self.devices(number)),
                account.muted_until,
                account.ban,
            )
            for number, account in self._accounts.items()
        )

    def barred(self) -> tuple[tuple[str, int], ...]:
        """Return (origin, account against which something stands)."""
        places = ((origin, number) for number, account in self._accounts.items() for origin in account.barred)
        return tuple(sorted(places))

    def kicked_from(self, room: int) -> dict[int, int]:
        """Return who was kicked from a room, and until when (ms since 1970)."""
        accounts = self._accounts.items()
        return {number: account.kicked[room] for number, account in accounts if room in account.kicked}

    def devices(self, number: int) -> list[DeviceRecord]:
        """As `Log.devices`."""
        account = self._accounts.get(number)
        found = account.devices.values() if account else ()
        return sorted(found, key=lambda device: (device.added_at, device.public_key))

    def find_code(self, code: bytes) -> CodeRecord | None:
        """As `Log.find_code`."""
        return self._codes.get(code)

    def has_unused_owner_code(self) -> bool:
        """Whether somebody may still claim the role of owner."""
        return any(code.kind is CodeKind.OWNER and not code.is_used for code in self._codes.values())

    # -- accounts and devices ------------------------------------------------------------------------------

    def add_account(self, change: AddAccount, now_ms: int) -> Committed | Failed:
        """Carry out the change."""
        bones = skeleton(change.handle)
        if bones in self._skeletons:
            same = self._skeletons[bones] == change.handle
            return refusals.HANDLE_TAKEN if same else refusals.LOOKS_ALIKE
        if change.public_key in self._owners:
            return refusals.KEY_TAKEN
        fault = self._code_fault(change.code, CodeKind.INVITE, 0, now_ms)
        if fault is not None:
            return fault
        number = len(self._accounts) + 1
        device = DeviceRecord(change.public_key, change.device, now_ms)
        account = _Account(
            change.handle, change.role, {change.public_key: device}, kicked=dict(change.kicked)
        )
        self._accounts[number] = account
        self.handles[number] = self._skeletons[bones] = change.handle
        self._numbers[change.handle] = number
        self._owners[change.public_key] = number
        self.use_code(change.code)
        return Committed(number, ())

    def add_device(self, change: AddDevice, now_ms: int) -> Committed | Failed:
        """Carry out the change."""
        account = self._accounts.get(change.account)
        if account is None:
            return refusals.NO_SUCH_ACCOUNT
        if self._owners.get(change.public_key, change.account) != change.account:
            return refusals.KEY_TAKEN
        if change.public_key in account.devices:
            return refusals.KEY_IS_THERE
        fault = code_fault(self.find_code(change.code), CodeKind.LINK, change.account, now_ms)
        if fault is not None:
            return fault
        account.devices[change.public_key] = DeviceRecord(change.public_key, change.name, now_ms)
        self._owners[change.public_key] = change.account
        self.use_code(change.code)
        return Committed(0, ())

    def revoke_device(self, change: RevokeDevice) -> Committed | Failed:
        """Carry out the change."""
        account = self._accounts.get(change.account)
        if account is None or change.public_key not in account.devices:
            return refusals.NO_SUCH_KEY
        if len(account.devices) == 1:
            return refusals.LAST_KEY
        del account.devices[change.public_key]
        return Committed(0, ())

    # -- codes ---------------------------------------------------------------------------------------------

    def add_code(self, change: AddCode, now_ms: int) -> Committed | Failed:
        """Carry out the change."""
        if change.hash in self._codes:
            return refusals.CODE_KNOWN
        if change.kind is CodeKind.LINK:
            if change.account not in self._accounts:
                return refusals.NO_SUCH_ACCOUNT
            for code, known in list(self._codes.items()):
                is_void = known.account == change.account or known.expires_at <= now_ms
                if known.kind is CodeKind.LINK and not known.is_used and is_void:
                    del self._codes[code]
        self._codes[change.hash] = CodeRecord(
            change.kind, change.role, change.account, change.expires_at, is_used=False
        )
        return Committed(0, ())

    def owner_code_fault(self, code: bytes, now_ms: int) -> Failed | None:
        """Return why the owner code is not good; none is needed where there is none."""
        return self._code_fault(code, CodeKind.OWNER, 0, now_ms)

    def _code_fault(self, code: bytes, kind: CodeKind, account: int, now_ms: int) -> Failed | None:
        return code_fault(self.find_code(code), kind, account, now_ms) if code else None

    def use_code(self, code: bytes) -> None:
        """Mark a code as used, if there is one."""
        if code:
            self._codes[code] = msgspec.structs.replace(self._codes[code], is_used=True)

    # -- moderation ----------------------------------------------------------------------------------------

    def bar_address(self, change: BarAddress, now_ms: int) -> Committed | Failed:
        """Carry out the change."""
        account = self._accounts.get(change.account)
        if account is None or account.is_free(now_ms):
            return refusals.NOTHING_STANDS
        if change.origin not in account.barred and len(account.barred) >= PLACES:
            return refusals.TOO_MANY_PLACES
        account.barred.add(change.origin)
        return Committed(0, ())

    def come_back(self, number: int, room: int) -> None:
        """Forget that the account was kicked from the room."""
        self._accounts[number].kicked.pop(room, None)

    def moderate(self, entry: Logged, target: int, body: Moderated, at: int) -> None:
        """Carry out what concerns the account."""
        account = self._accounts[target]
        match entry.kind:
            case EntryKind.KICKED:
                if body.until:
                    account.kicked[entry.room] = body.until
            case EntryKind.BANNED:
                account.ban = BanRecord(body.ends_at, entry.author, body.reason)
            case EntryKind.UNBANNED:
                account.ban = None
            case EntryKind.MUTED:
                account.muted_until = body.ends_at
            case EntryKind.UNMUTED:
                account.muted_until = 0
            case EntryKind.ROLE_SET:
                account.role = Role(body.role)
                if account.role is Role.OWNER:
                    account.muted_until = 0
            case _:
                raise AssertionError(f"kind {entry.kind} is not moderation")
        if account.is_free(at):
            account.barred.clear()
