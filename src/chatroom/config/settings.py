"""Every setting there is: its name, type, range, default and one line of documentation, in one row each.

Only the table. `docs/configuration.md` and the sample files in `config/` are written from these rows (`python
-m chatroom.config.document`), and files are checked against them (`load.py`). A range is part of a row's
type; a rule between two settings is in `load.py`. Whoever honours a setting takes it from here and from
nowhere else. `None` means "not set"; its row then gives an example. Read next: `load.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

_LINE: Final = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
Line = Annotated[str, Meta(pattern=_LINE, extra={"form": "one line of text"})]
Word = Annotated[
    str, Meta(pattern=r"\A[^\s\x00-\x1f\x7f-\x9f]+\Z", max_length=64, extra={"form": "one word"})
]
Lines = Annotated[str, Meta(pattern=r"\A[^\x00-\x09\x0b-\x1f\x7f-\x9f]*\Z", extra={"form": "text"})]
TimeFormat = Annotated[
    str,
    Meta(
        pattern=r"\A(%[HIMSpdmyYaAbBjZz%]|[^%\x00-\x1f\x7f-\x9f])*\Z",
        extra={"form": "a format such as %H:%M"},
    ),
]


# -- chatroom-server
# ---------------------------------------------------------------------------------------------


class ServerSection(Struct, frozen=True, kw_only=True):
    """Where the server listens, where it keeps its data, and how it presents itself."""

    host: Annotated[
        Line | None,
        Meta(
            description="Address to listen on. Not set: every IPv4 address with TLS, 127.0.0.1 without.",
            examples=["0.0.0.0"],  # noqa: S104 - a server for a class has to be reached from other machines
        ),
    ] = None
    port: Annotated[int, Meta(ge=0, le=65_535, description="TCP port; 0 takes a free one.")] = 4567
    name: Annotated[
        Line, Meta(min_length=1, max_length=64, description="Name of the server, shown to people.")
    ] = "chatroom"
    welcome: Annotated[
        Lines,
        Meta(max_length=4_000, description="Text shown to everybody who arrives; it may have several lines."),
    ] = ""
    data_dir: Annotated[
        Path | None,
        Meta(
            description="Directory of the database, keys and lock; made if missing, for its owner only."
            " Relative to this file. Not set: a directory of the user who starts the server.",
            examples=["/var/lib/chatroom"],
        ),
    ] = None
    tls: Annotated[bool, Meta(description="Encrypt connections with TLS 1.3.")] = True
    certificate: Annotated[
        Path | None,
        Meta(
            description="PEM file of a certificate chain, with private_key. Not set: one is made.",
            examples=["/etc/chatroom/chain.pem"],
        ),
    ] = None
    private_key: Annotated[
        Path | None,
        Meta(
            description="PEM file of the key that belongs to certificate; nobody else may read it.",
            examples=["/etc/chatroom/key.pem"],
        ),
    ] = None
    allow_plain_remote: Annotated[
        bool,
        Meta(
            description="Allow tls = false on an address that other machines reach: anybody between can read."
        ),
    ] = False

    @property
    def listen_host(self) -> str:
        """The address to listen on, also where `host` is not set."""
        if self.host is not None:
            return self.host
        return "0.0.0.0" if self.tls or self.allow_plain_remote else "127.0.0.1"  # noqa: S104 - see `host`


class RoomsSection(Struct, frozen=True, kw_only=True):
    """Rooms that are there from the start, and who may make others."""

    list: Annotated[
        tuple[Annotated[Line, Meta(min_length=1, max_length=32)], ...],
        Meta(max_length=1_000, description="Public rooms that always exist; lobby does in any case."),
    ] = ("lobby",)
    create: Annotated[
        Literal["anyone", "nobody"],
        Meta(description="Who may make rooms. Direct rooms can always be opened."),
    ] = "anyone"


class AccessSection(Struct, frozen=True, kw_only=True):
    """Who gets in. An account that exists is let in by its key."""

    registration: Annotated[
        Literal["open", "invite", "closed"],
        Meta(description="Who may claim a new handle: everybody, who has an invite code, nobody."),
    ] = "open"
    password: Annotated[
        Line,
        Meta(
            max_length=200,
            description="Password asked of every new account; empty: none. Keep this file to yourself then.",
        ),
    ] = ""
    reserved: Annotated[
        tuple[Annotated[Line, Meta(min_length=1, max_length=24)], ...],
        Meta(
            max_length=10_000, description="Handles nobody may claim, besides those that are always reserved."
        ),
    ] = ()
    bar_addresses: Annotated[
        bool,
        Meta(
            description="While somebody is banned, no new accounts are made from where they were; while"
            " somebody is muted or kicked for a time, new accounts from there are as well. Set it to false"
            " where everybody comes from one address."
        ),
    ] = True


class LimitsSection(Struct, frozen=True, kw_only=True):
    """What one account or connection may take, so that nobody spoils it for the others."""

    posts_per_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=1_000_000_000,
            description="Messages a second an account may post for long. Over it the server reads more slowly"
            " from that account; nothing is refused or lost.",
        ),
    ] = 20.0
    post_burst: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000_000,
            description="Messages an account may post at once before posts_per_s holds.",
        ),
    ] = 200
    text_bytes: Annotated[
        int,
        Meta(
            ge=64, le=16_384, description="Longest message, in bytes of UTF-8. 16384 is the protocol's limit."
        ),
    ] = 16_384
    frame_bytes: Annotated[
        int,
        Meta(
            ge=20_480,
            le=65_536,
            description="Longest frame a client may send. 65536 is the protocol's limit.",
        ),
    ] = 65_536
    login_timeout_s: Annotated[
        float, Meta(ge=0.1, le=600, description="Seconds from connecting to the end of login, in all.")
    ] = 9.0
    ping_s: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3_600,
            description="Seconds of silence after which a client is asked for a sign of life.",
        ),
    ] = 20.0
    gone_s: Annotated[
        float,
        Meta(
            ge=0.2, le=7_200, description="Seconds of silence after which a client is gone; more than ping_s."
        ),
    ] = 58.0
    stalled_reader_s: Annotated[
        float,
        Meta(
            ge=0.2,
            le=7_200,
            description="Seconds without taking a byte after which a client that owes is closed.",
        ),
    ] = 60.0
    connections_total: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Most connections at once; the system's own limit may be lower. Who has not logged in"
            " gives way to a newcomer.",
        ),
    ] = 10_000
    connections_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Most connections from one address (of IPv6: from one /64): a whole class may stand"
            " behind one. Who has not logged in gives way to a newcomer. Loopback is not limited.",
        ),
    ] = 1_000
    connections_per_account: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Most connections of one account, on all its devices: each window and script is one.",
        ),
    ] = 32
    rooms_per_account: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most rooms an account may be a member of; direct rooms do not count.",
        ),
    ] = 500
    rooms_total: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="Most named rooms; direct rooms do not count."),
    ] = 10_000
    members_per_room: Annotated[int, Meta(ge=2, le=1_000_000, description="Most members of one room.")] = (
        10_000
    )
    read_budget_bytes: Annotated[
        int,
        Meta(
            ge=4_096,
            le=16_777_216,
            description="Most bytes taken from one connection before the others have a turn.",
        ),
    ] = 65_536


class LogSection(Struct, frozen=True, kw_only=True):
    """What the server writes to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Least severe kind of line that is written."),
    ] = "info"


class ServerSettings(Struct, frozen=True, kw_only=True):
    """What `chatroom-server` runs with. `file` is where it came from, for errors (None: built-in
    defaults).
    """

    server: ServerSection = ServerSection()
    rooms: RoomsSection = RoomsSection()
    access: AccessSection = AccessSection()
    limits: LimitsSection = LimitsSection()
    log: LogSection = LogSection()
    file: Path | None = None


# -- chatroom
# ----------------------------------------------------------------------------------------------------


class ClientSection(Struct, frozen=True, kw_only=True):
    """Who you are and where you go when the command line does not say."""

    handle: Annotated[
        Line, Meta(max_length=24, description="Your handle; empty: the first run asks for it.")
    ] = ""
    server: Annotated[
        Line,
        Meta(
            max_length=500,
            description="Server to join, as it prints it: host:port#pin. Empty: the one you were on last.",
        ),
    ] = ""
    device_name: Annotated[
        Line,
        Meta(
            max_length=64,
            description="What this device is called in your /devices, as of its first login; empty: the name"
            " of the machine.",
        ),
    ] = ""
    backlog: Annotated[
        int,
        Meta(ge=1, le=1_000, description="Newest entries fetched when a room is opened for the first time."),
    ] = 100


class LookSection(Struct, frozen=True, kw_only=True):
    """What the screen looks like."""

    theme: Annotated[
        Word,
        Meta(
            description="A built-in theme (dark, light, terminal, high-contrast, mono), one of your own,"
            " or auto: dark or light, as the terminal says it is."
        ),
    ] = "auto"
    colours: Annotated[
        Literal["auto", "true", "256", "16", "mono"],
        Meta(description="Colours the terminal can show; auto asks the environment, NO_COLOR among it."),
    ] = "auto"
    mouse: Annotated[bool, Meta(description="Use the mouse. Selecting text then needs Shift.")] = True
    time_format: Annotated[
        TimeFormat,
        Meta(max_length=32, description="How times are shown, in strftime form; empty: not at all."),
    ] = "%H:%M"
    times: Annotated[
        Literal["minute", "always"],
        Meta(description="Which messages show their time: the first of a minute, or (always) each."),
    ] = "minute"
    handle_columns: Annotated[
        int, Meta(ge=4, le=24, description="Width of the column of handles beside the messages.")
    ] = 12
    show_rooms: Annotated[
        bool, Meta(description="Show the list of rooms where the terminal is wide enough.")
    ] = True
    show_members: Annotated[
        bool, Meta(description="Show the members pane where the terminal is wide enough.")
    ] = True
    emoji: Annotated[
        Literal["auto", "always", "names"],
        Meta(
            description="Emoji as sent (always), as :names:, or (auto) as the terminal can show them.",
        ),
    ] = "auto"


class NotifySection(Struct, frozen=True, kw_only=True):
    """When the client asks for attention."""

    bell: Annotated[
        Literal["mentions", "all", "never"],
        Meta(description="Ring the terminal's bell for mentions and direct messages, for all, or never."),
    ] = "mentions"
    desktop: Annotated[
        bool,
        Meta(description="Also ask the terminal for a desktop notification (OSC 9), where it knows how to."),
    ] = False
    when_focused: Annotated[bool, Meta(description="Do so even while the terminal has the focus.")] = False


Key = Annotated[str, Meta(pattern=_LINE, min_length=1, max_length=40)]
Keys = Annotated[
    tuple[Key, ...], Meta(max_length=8, extra={"form": 'a key such as "Ctrl-N", or a list of at most 8 keys'})
]
Theme = Annotated[
    Mapping[str, Annotated[Line, Meta(max_length=200)]],
    Meta(extra={"form": "a table of styles and their looks"}),
]


class ClientSettings(Struct, frozen=True, kw_only=True):
    """What `chatroom` runs with. `keys` maps the name of an action to its keys, `themes` the name of a
    theme to its table; `file` is where it all came from.
    """

    client: ClientSection = ClientSection()
    look: LookSection = LookSection()
    notify: NotifySection = NotifySection()
    keys: Annotated[
        Mapping[str, Keys],
        Meta(
            description="Keys for actions: the name of an action, and a key, or a list of keys, instead of"
            " its own. An empty list takes its keys away. docs/keys.md lists actions and keys.",
            examples=[{"next_room": ["Ctrl-N", "Alt-Right"]}],
        ),
    ] = MappingProxyType({})
    themes: Annotated[
        Mapping[str, Theme],
        Meta(
            description="Themes of your own, each in a section [themes.NAME]: based_on is a built-in theme,"
            " every other key a style with its look. docs/themes.md lists styles and looks."
        ),
    ] = MappingProxyType({})
    file: Path | None = None
