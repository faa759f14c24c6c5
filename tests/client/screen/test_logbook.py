import logging
import os
import pty
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from chatroom.client.screen.logbook import LOG_BYTES_MAX, logging_to


def test_what_is_logged_stands_in_the_file(tmp_path: Path) -> None:
    log = tmp_path / "state" / "chatroom.log"
    with logging_to(log):
        logging.getLogger("chatroom.test").info("connected to %s", "localhost")
        logging.getLogger("chatroom.test").debug("not asked for")
    text = log.read_text()
    assert "INFO    chatroom.test: connected to localhost" in text
    assert "not asked for" not in text


def test_the_keys_urwid_logs_are_not_in_it(tmp_path: Path) -> None:
    log = tmp_path / "chatroom.log"
    with logging_to(log, "debug"):
        logging.getLogger("urwid.event_loop").debug("Processing input: keys=['s', 'e', 'c', 'r', 'e', 't']")
        logging.getLogger("chatroom").debug("shown")
    assert "keys" not in log.read_text()
    assert "shown" in log.read_text()


HOSTILE = "red \x1b[31m\x07\x9b2J \u202e\u200b\U000e0041\r\u2028over\n2026-01-01 ERROR a line of its own"


def test_whatever_is_logged_is_printable_and_pretends_to_be_no_other_line(tmp_path: Path) -> None:
    log = tmp_path / "chatroom.log"
    with logging_to(log):
        logging.getLogger("chatroom").warning("the server said %s", HOSTILE)
        try:
            raise RuntimeError(HOSTILE)
        except RuntimeError:
            logging.getLogger("chatroom").exception("the client crashed")
    text = log.read_text()
    assert text.replace("\n", "").isprintable()
    assert "red \\x1b[31m" in text
    first, second, *trace = text.splitlines()
    assert "the server said red" in first
    assert second.endswith("the client crashed")
    assert all(line.startswith("    ") for line in trace)
    assert "RuntimeError: red" in text


@pytest.mark.filterwarnings("default")
def test_warnings_go_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "chatroom.log"
    with logging_to(log):
        warnings.warn("careful", UserWarning, stacklevel=1)
    assert "careful" in log.read_text()


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
def test_the_log_is_for_its_owner_only(tmp_path: Path) -> None:
    log = tmp_path / "state" / "chatroom.log"
    with logging_to(log):
        pass
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_long_log_begins_anew_and_one_old_one_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "chatroom.log"
    log.write_text("x" * (LOG_BYTES_MAX + 1))
    with logging_to(log):
        logging.getLogger("chatroom").info("fresh")
    assert log.read_text().endswith("chatroom: fresh\n")
    assert log.stat().st_size < 200
    assert (tmp_path / "chatroom.log.1").stat().st_size > LOG_BYTES_MAX


def test_a_log_that_cannot_be_opened_does_not_keep_anybody_from_chatting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with logging_to(tmp_path / "file" / "chatroom.log"):
        logging.getLogger("chatroom").info("lost")


def test_the_root_logger_is_as_before_afterwards(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    with logging_to(tmp_path / "chatroom.log", "debug"):
        assert root.level == logging.DEBUG
    assert (root.level, list(root.handlers)) == before


@pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")
def test_nothing_written_to_standard_error_reaches_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "chatroom.log"
    program = (
        "import os, sys; from pathlib import Path; from chatroom.client.screen.logbook import logging_to\n"
        f"with logging_to(Path({str(log)!r})):\n"
        "    print('from python', file=sys.stderr); os.write(2, b'from below\\n')\n"
        "print('afterwards', file=sys.stderr)\n"
    )
    master, slave = pty.openpty()
    subprocess.run([sys.executable, "-c", program], stderr=slave, check=True)
    os.close(slave)
    assert os.read(master, 1000) == b"afterwards\r\n"
    os.close(master)
    assert "from python" in log.read_text()
    assert "from below" in log.read_text()
