"""`python -m chatroom.config.document [--check]`: writes what is said about settings elsewhere than in the
code.

That is `docs/configuration.md` and the samples `config/server.toml` and `config/client.toml`, in the checkout
this is run in. With `--check` nothing is written, and the exit code is 1 where one of them is stale. A
program, not a part of the two that people use. Read next: `sample.py`.
"""

import argparse
from pathlib import Path

from chatroom.config.sample import configuration_page, sample
from chatroom.config.settings import ClientSettings, ServerSettings


def documents() -> dict[Path, str]:
    """Return each file that is made from the settings, by its path in a checkout, with the text it must
    have.
    """
    return {
        Path("docs/configuration.md"): configuration_page(),
        Path("config/server.toml"): sample(ServerSettings),
        Path("config/client.toml"): sample(ClientSettings),
    }


def stale(checkout: Path) -> list[Path]:
    """Return the files in a checkout that are missing or are not what the settings say."""
    return [path for path, text in documents().items() if _text(checkout / path) != text]


def main(arguments: list[str] | None = None) -> int:
    """Write, or check, the files of the checkout in the current directory; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chatroom.config.document", description=documents.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    check = parser.parse_args(arguments).check
    checkout = Path.cwd()
    for path in stale(checkout):
        print(f"{path}: {'stale; run make docs' if check else 'written'}")
        if check:
            continue
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(documents()[path], encoding="utf-8", newline="\n")
    return 1 if check and stale(checkout) else 0


def _text(path: Path) -> str | None:
    return path.read_bytes().decode() if path.is_file() else None


if __name__ == "__main__":
    raise SystemExit(main())
