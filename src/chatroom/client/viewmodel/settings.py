"""What the model is given by its owner: what of the settings it honours, and what was kept from the last run.

Read next: `screen.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """What of `client.toml` the model honours. `bell` is "mentions", "all" or "never"; `zone` None: local
    time.

    `shows_every_time`: also where the message above is of the same minute. A paste of more lines than
    `paste_lines` asks first.
    """

    time_format: str = "%H:%M"
    shows_every_time: bool = False
    bell: str = "mentions"
    notify_desktop: bool = False
    notify_when_focused: bool = False
    paste_lines: int = 8
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class ScreenMemory:
    """What is kept on disk between two runs: drafts by room title, the last room's title, ignored handles,
    the number of each room, and the head that each direct room had when it was put away.
    """

    drafts: Mapping[str, str] = field(default_factory=dict)
    last_room: str = ""
    ignored: Sequence[str] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    put_away: Mapping[str, int] = field(default_factory=dict)
