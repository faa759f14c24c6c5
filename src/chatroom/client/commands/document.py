"""`python -m chatroom.client.commands.document [--check]`: writes what is said about keys and commands
elsewhere than in the code.

That is `docs/keys.md` and `docs/commands.md`, in the checkout this is run in. With `--check` nothing is
written, and the exit code is 1 where one of them is stale. A program, not a part of the client. Read next:
`actions.py`, `keymap.py`, `slash.py`, the tables the pages are made from.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from chatroom.client.commands.actions import ACTIONS, Context
from chatroom.client.commands.keymap import EDITING_KEYS, Keymap
from chatroom.client.commands.keynames import key_title
from chatroom.client.commands.slash import COMMANDS

_MADE: Final = "<!-- Written by `python -m chatroom.client.commands.document`; edit the tables it reads. -->"

_CONTEXTS: Final = {
    Context.MAIN: ("While writing", "These count most of the time."),
    Context.SELECT: (
        "While a message is chosen",
        "Alt-↑ or Ctrl-Space chooses a message. Any other letter leaves the mode and is written.",
    ),
    Context.DIALOG: (
        "In a dialog",
        "Help, search, lists and questions. A button is also pressed by its letter.",
    ),
}

_KEYS_HEAD: Final = """\
# Keys

In the client, F1 shows this list as it is for you.

The keys of an action are changed in the section `[keys]` of `client.toml`: the action's name, and a key or a
list of keys that replace its own. An empty list takes its keys away.

```toml
[keys]
next_room = "Ctrl-Down"
search = ["Ctrl-F", "F3"]
edit_outside = "Ctrl-X, Ctrl-E"  # two keys, one after the other
toggle_mouse = []
```

A key is written as here: `Ctrl-N`, `Alt-1`, `Shift-Up`, `PgUp`, `Home`, `F3`, `Enter`, `Space`; case does not
matter but for a letter alone, which can only be a key while a message is chosen. A key given to one action is
taken from the action that had it by default; two actions of your own with the same key are an error. A
terminal cannot tell Ctrl-M from Enter, Ctrl-I from Tab, Ctrl-H from Backspace; Ctrl-J is Alt-Enter here.
"""

_COMMANDS_HEAD: Final = """\
# Commands

A text that begins with a slash is a command, and is never posted by accident: an unknown command is an error,
and what was typed stays. `//text` posts a text that begins with a slash; so does a space before the slash.
Tab completes commands, handles and rooms. Most of what a command does has a key as well: [keys.md](keys.md).
"""


def keys_page() -> str:
    """Return the text of `docs/keys.md`."""
    keymap = Keymap()
    parts = [_KEYS_HEAD, _MADE, ""]
    for context, (title, text) in _CONTEXTS.items():
        rows = [
            (
                _keys(keymap.keys(row.action)),
                row.doc,
                f"`{row.action.value}`",
                f"`/{row.command}`" if row.command else "",
            )
            for row in ACTIONS
            if row.context is context
        ]
        parts.append(f"## {title}\n\n{text}\n")
        parts.append(_table(("Keys", "What they do", "Name in `[keys]`", "Command"), rows))
    fixed = [
        (_keys(key_title(key) for key in (first, second) if key), doc) for first, second, doc in EDITING_KEYS
    ]
    parts.append("## Editing\n\nThese keys cannot be changed.\n")
    parts.append(_table(("Keys", "What they do"), fixed))
    return "\n".join(parts)


def commands_page() -> str:
    """Return the text of `docs/commands.md`."""
    rows = [
        (f"`{row.written}`", " ".join(f"`/{alias}`" for alias in row.aliases), row.doc) for row in COMMANDS
    ]
    rows.append(("`//TEXT`", "", "Post a text that begins with a slash."))
    return "\n".join([_COMMANDS_HEAD, _MADE, "", _table(("Command", "Also", "What it does"), rows)])


def documents() -> dict[Path, str]:
    """Return each file that is made from the tables, by its path in a checkout, with the text
    it must have.
    """
    return {Path("docs/keys.md"): keys_page(), Path("docs/commands.md"): commands_page()}


def stale(checkout: Path) -> list[Path]:
    """Return the files in a checkout that are missing or are not what the tables say."""
    return [path for path, text in documents().items() if _text(checkout / path) != text]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or check, the files of the checkout in the current directory; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chatroom.client.commands.document")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    is_check = parser.parse_args(arguments).check
    checkout = Path.cwd()
    found = stale(checkout)
    for path in found:
        sys.stdout.write(f"{path}: {'stale; run make docs' if is_check else 'written'}\n")
        if not is_check:
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_text(documents()[path], encoding="utf-8", newline="\n")
    return 1 if is_check and found else 0


def _keys(titles: Iterable[str]) -> str:
    return ", ".join(f"`{title}`" for title in titles)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; a bar within a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def _text(path: Path) -> str | None:
    return path.read_bytes().decode() if path.is_file() else None


if __name__ == "__main__":
    raise SystemExit(main())
