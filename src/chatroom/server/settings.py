"""What the operator decides about connections: limits of the settings file that the hub knows nothing of."""

from dataclasses import dataclass

from chatroom.protocol.limits import FRAME_BYTES


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The limits of connections; `config/server.toml` says what each is for."""

    frame_bytes: int = FRAME_BYTES
    login_s: float = 9.0
    stalled_reader_s: float = 60.0
    connections_total: int = 10_000
    connections_per_address: int = 1_000
    read_budget_bytes: int = 65_536
