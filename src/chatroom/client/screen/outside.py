"""Other programs and this one: the user's editor, the user's browser, the shell this was started from.

Editor and browser are started and not waited for: the loop goes on, so that the connection lives while
somebody writes for an hour. Who gives the terminal away and takes it back is `app.py`.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from chatroom.net.loop import Loop

TEXT_BYTES_MAX: Final = 1_000_000
"""More than this out of an editor is no message."""


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """Return the user's editor with its arguments: $VISUAL, else $EDITOR, else what every system has."""
    named = environ.get("VISUAL") or environ.get("EDITOR") or ("notepad" if sys.platform == "win32" else "vi")
    try:
        return shlex.split(named, posix=sys.platform != "win32") or ["vi"]
    except ValueError:  # a quote without its partner
        return [named]


def edit_outside(
    loop: Loop, command: list[str], text: str, on_done: Callable[[str | None, str], None]
) -> str:
    """Let `command` edit `text` in a file; `on_done(text, "")` is called in the loop when it has ended.

    `on_done(None, reason)` when it failed; the reason is one line. Returns "", or why the editor could not be
    started: then nothing is called.
    """
    try:
        path = _text_file(text)
    except OSError as error:
        return f"no file for the editor can be made: {error.strerror or error}"
    try:
        process = subprocess.Popen([*command, str(path)])  # noqa: S603 - what the user named as editor
    except OSError:
        path.unlink(missing_ok=True)
        return f"{command[0]} cannot be started; set EDITOR to another editor"

    def wait() -> None:
        status = process.wait()
        loop.call_from_thread(lambda: _finish(path, status, on_done))

    threading.Thread(target=wait, name="editor", daemon=True).start()
    return ""


def _text_file(text: str) -> Path:
    """Return a new file that holds `text`; raises OSError, and then there is none."""
    handle, name = tempfile.mkstemp(prefix="chatroom-", suffix=".txt")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _finish(path: Path, status: int, on_done: Callable[[str | None, str], None]) -> None:
    try:
        data = path.read_bytes()
        path.unlink()
    except OSError as error:
        on_done(None, f"the editor's text cannot be read: {error.strerror}")
        return
    if status != 0:
        on_done(None, f"the editor ended with status {status}; nothing was taken over")
    elif len(data) > TEXT_BYTES_MAX:
        on_done(None, "the editor's text is too long")
    else:
        on_done(data.decode("utf-8", "replace"), "")


def stop_job() -> None:
    """Stop this program and what it runs under, as the shell's Ctrl-Z would; returns when `fg` has come.

    To be called with the terminal given back. The kernel's own Ctrl-Z reaches all of them at once: a wrapper
    such as `make` stops before this program has cleaned up, the shell takes the terminal in the midst of it,
    and the first `fg` finds this program stopped by its own clean-up. Does nothing where there is no shell
    that could say `fg` (the kernel drops the signal then), or no such signal.
    """
    if sys.platform != "win32":
        os.kill(0, signal.SIGTSTP)


def browser_command(environ: Mapping[str, str]) -> list[str] | None:
    """Return what opens an address outside of this terminal; None when there is no such thing here.

    A browser that runs in the terminal would draw over this program, so on Linux a desktop is asked for.
    """
    if sys.platform == "darwin":
        return ["open"]
    if sys.platform == "win32":
        return ["rundll32", "url.dll,FileProtocolHandler"]
    has_desktop = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    opener = shutil.which("xdg-open", path=environ.get("PATH"))
    return [opener] if has_desktop and opener is not None else None


def open_link(command: list[str], address: str) -> bool:
    """Open a web address; whether something was started. Other addresses than http and https are refused."""
    if not address.startswith(("http://", "https://")):
        return False
    nowhere = subprocess.DEVNULL
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the address is one argument
            [*command, address], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, name="browser", daemon=True).start()  # so that it leaves no zombie
    return True
