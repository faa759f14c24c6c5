"""What is known of the connection, for the header and the status line.

Read next: `status_line.py`.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Link:
    """The connection. `server` is its address as shown, `join` what another program is given to come here;
    `changed_at` (`mono_s`) is when it came or went last.

    `retry_at` is when the next attempt begins, None when none is planned. `reason` says why there is no
    connection, `is_final` that none will be tried again by itself.
    """

    server: str = ""
    join: str = ""
    is_tls: bool = True
    changed_at: float = 0.0
    retry_at: float | None = None
    is_online: bool = False
    reason: str = ""
    is_final: bool = False
