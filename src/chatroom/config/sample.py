"""Text made from the rows of `settings.py`: sample settings files, and the page about settings.

Pure: rows in, text out. `document.py` puts the text where it belongs, `client_file.py` makes a person's first
settings file of it. Read next: `document.py`.
"""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

import tomli_w

from chatroom.config.rows import Row, Section, Settings, as_toml, sections
from chatroom.config.settings import ClientSettings, ServerSettings

_COLUMNS: Final = 100

_SERVER_HEAD: Final = (
    "Settings of chatroom-server, read from the file named by -c, else from ./server.toml."
    " A flag on the command line beats this file."
)
_CLIENT_HEAD: Final = "Settings of chatroom: yours. The program never changes this file after making it."
_HEAD: Final = 'Each setting stands here as a comment, with its default. To change one, take away its "#".'

_PAGE_HEAD: Final = """\
# Configuration

*Written by `make docs` from `src/chatroom/config/settings.py`; change it there.*

Both programs read [TOML](https://toml.io). Nothing has to be configured: every setting has a default. A
mistake in a file stops the program with one line that names the file, the line, the key and what would have
been right, and exit code 2:

    server.toml:12: [limits] post_brust: unknown key; did you mean post_burst?

"""

_SERVER_PAGE: Final = """\
## The server: `server.toml`

`chatroom-server` reads the file named by `-c`, else `server.toml` in the directory it is started in, else
none. A flag (`--host`, `--port`, `--data-dir`, `--no-tls`, `--log-level`) beats the file. Paths are relative
to the file. A sample with every setting is `config/server.toml`.
"""

_CLIENT_PAGE: Final = """\
## The client: `client.toml`

`chatroom` reads the file named by `--config`, else `client.toml` in your settings directory:
`~/.config/chatroom` on Linux, `~/Library/Application Support/chatroom` on macOS,
`%LOCALAPPDATA%\\chatroom` on Windows. The first run makes it. It is yours: the program does not write it
again, and passes over sections it does not know. What the program remembers (the last server, drafts) is in
`state.toml` in the data directory. A sample with every setting is `config/client.toml`.
"""


def sample(settings: Settings, chosen: Mapping[tuple[str, str], object] | None = None) -> str:
    """Return a settings file with every setting as a comment that shows its default.

    `chosen` maps (section, key) to a value that stands in the file as a setting and not as a comment.
    """
    head = _SERVER_HEAD if settings is ServerSettings else _CLIENT_HEAD
    lines = [*_comment(head), *_comment(_HEAD)]
    for section in sections(settings).values():
        lines += ["", "", *_comment(section.documentation), f"[{section.name}]"]
        for row in section.rows.values():
            lines += ["", *_comment(f"{row.documentation}{_sentence(row)}"), _setting(row, chosen or {})]
        if section.any_key and isinstance(section.any_key.example, dict):
            lines += ["", *(f"#{key} = {_literal(value)}" for key, value in section.any_key.example.items())]
    return "\n".join(lines) + "\n"


def configuration_page() -> str:
    """Return `docs/configuration.md`: every setting of both programs with its default, its values and its
    meaning.
    """
    parts = [_PAGE_HEAD, _SERVER_PAGE]
    parts += [_page_section(section) for section in sections(ServerSettings).values()]
    parts += ["\n", _CLIENT_PAGE]
    parts += [_page_section(section) for section in sections(ClientSettings).values()]
    return "".join(parts)


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in textwrap.wrap(text, _COLUMNS - 2, break_on_hyphens=False))


def _sentence(row: Row) -> str:
    """Return the values of a row as a sentence, where the default does not show them already."""
    if not row.form.startswith(("a whole", "a number", "one of")):
        return ""
    return f" {row.form[0].upper()}{row.form[1:]}."


def _setting(row: Row, chosen: Mapping[tuple[str, str], object]) -> str:
    if (row.section, row.key) in chosen:
        return f"{row.key} = {_literal(chosen[row.section, row.key])}"
    return f"#{row.key} = {_literal(row.example if row.default is None else row.default)}"


def _literal(value: object) -> str:
    """Return a value as TOML, on one line: tomli-w spreads lists over several."""
    plain = as_toml(value)
    if isinstance(plain, list):
        return f"[{', '.join(_literal(item) for item in plain)}]"
    return tomli_w.dumps({"x": plain}).removeprefix("x = ").rstrip("\n")


def _page_section(section: Section) -> str:
    lines = ["", f"### `[{section.name}]`", "", section.documentation, ""]
    if section.rows:
        lines += ["| key | default | value | meaning |", "|---|---|---|---|"]
        lines += [_page_row(row) for row in section.rows.values()]
    return "\n".join(lines).rstrip("\n") + "\n"


def _page_row(row: Row) -> str:
    default = "not set" if row.default is None else f"`{_literal(row.default)}`"
    cells = (f"`{row.key}`", default, row.form, row.documentation)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
