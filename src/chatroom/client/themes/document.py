"""`python -m chatroom.client.themes.document [--check]`: writes `docs/themes.md` from the tables of this
folder.

In the checkout this is run in. With `--check` nothing is written, and the exit code is 1 where the page is
stale. A program, not a part of the client. Read next: `styles.py`, `look.py`, `builtin.py`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chatroom.client.themes.builtin import BUILTIN
from chatroom.client.themes.look import MARKS, SIXTEEN
from chatroom.client.themes.styles import Style
from chatroom.client.themes.theme import BASE_KEY

PAGE: Final = Path("docs/themes.md")

_HEAD: Final = f"""\
# Themes

<!-- Written by `python -m chatroom.client.themes.document`; edit the tables it reads. -->

`theme` in the section `[look]` of `client.toml` names one of the built-in themes
({", ".join(BUILTIN)}),
one of your own, or `auto`: dark, or light where the terminal says that its ground is light. Under `NO_COLOR`
any theme is `mono`.

A theme of your own is a section `[themes.NAME]`. `{BASE_KEY}` names the built-in theme it changes (without
it: dark); every other key is a style with its look:

```toml
[look]
theme = "sea"

[themes.sea]
{BASE_KEY} = "dark"
ground = "#d0d4d8 on #0b2530"
mention = "yellow bold"
url = "underline"
```

A look is the colour of the text, `on` and the colour of the ground, and marks, each of them optional. What
is not said stays as it is under the style.

- A colour is `#rrggbb`, `default` (the terminal's own), `inherit` (what lies under it), or one of
  {", ".join(f"`{name}`" for name in SIXTEEN)}.
- A mark is one of {", ".join(f"`{mark}`" for mark in MARKS)}.

## Styles

Every style, with its look in two of the built-in themes.

| style | dark | light |
|---|---|---|
"""


def themes_page() -> str:
    """Return the text of `docs/themes.md`."""
    rows = [
        f"| `{style}` | {_look(BUILTIN['dark'].get(style))} | {_look(BUILTIN['light'].get(style))} |"
        for style in Style
    ]
    return _HEAD + "\n".join(rows) + "\n"


def is_stale(checkout: Path) -> bool:
    """Return whether the page in a checkout is missing or is not what the tables say."""
    page = checkout / PAGE
    return not page.is_file() or page.read_bytes().decode() != themes_page()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or check, the page of the checkout in the current directory; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chatroom.client.themes.document")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is stale")
    is_check = parser.parse_args(arguments).check
    if not is_stale(Path.cwd()):
        return 0
    sys.stdout.write(f"{PAGE}: {'stale; run make docs' if is_check else 'written'}\n")
    if is_check:
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(themes_page(), encoding="utf-8", newline="\n")
    return 0


def _look(text: str | None) -> str:
    return f"`{text}`" if text else "–"


if __name__ == "__main__":
    raise SystemExit(main())
