"""`python -m bench.bench_send_lines`: lines through `chatroom send --lines` while the server is killed.

Starts a server, streams lines to it, kills it with SIGKILL and starts it again some times on the way, reads
the room back with `chatroom tail --json` and counts what is lost, doubled or out of order. With `--kills 0`
it measures how many lines a second one sender stores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

READY_S = 20.0

SETTINGS = "[limits]\nposts_per_s = {rate}\npost_burst = {rate}\n"


@dataclass
class Server:
    directory: Path
    port: int = 0
    join: str = ""
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        command = [sys.executable, "-m", "chatroom.cli.server", "-c", str(self.directory / "server.toml")]
        command += [
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--data-dir",
            str(self.directory / "data"),
        ]
        with (self.directory / "server.log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("listening "):
                self.port = int(line.rsplit(":", 1)[1])
            if line.startswith("join "):
                self.join = line.split()[1]
                return
        raise SystemExit("the server does not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def client(server: Server, handle: str, command: str, *arguments: str) -> list[str]:
    home = str(server.directory / handle)
    who = ["--to", server.join, "--handle", handle, "--data-dir", home, "--config", f"{home}/client.toml"]
    return [sys.executable, "-m", "chatroom.cli.client", command, *who, *arguments]


def stream(server: Server, lines: Path, count: int, kills: int) -> tuple[float, int]:
    """Send the lines, killing the server at even distances; return the seconds and how many were printed."""
    began = time.perf_counter()
    with lines.open() as source:
        sender = subprocess.Popen(
            client(server, "alice", "send", "--lines", "lobby"),
            stdin=source,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert sender.stdout is not None
    kill_at = [count * number // (kills + 1) for number in range(1, kills + 1)]
    printed = 0
    for _ in sender.stdout:
        printed += 1
        if kill_at and printed >= kill_at[0]:
            kill_at.pop(0)
            server.kill()
            server.start()
    if sender.wait() != 0:
        raise SystemExit(f"send ended with exit code {sender.returncode}")
    return time.perf_counter() - began, printed


def read_back(server: Server) -> list[str]:
    command = client(server, "bob", "tail", "--json", "--since", "0", "--no-follow", "lobby")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    return [entry["text"] for entry in entries if entry["kind"] == "message"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--rate", type=int, default=3_000, help="lines a second the server takes")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name))
        (server.directory / "server.toml").write_text(SETTINGS.format(rate=flags.rate))
        lines = server.directory / "lines"
        lines.write_text("".join(f"line {number}\n" for number in range(flags.lines)))
        server.start()
        try:
            seconds, printed = stream(server, lines, flags.lines, flags.kills)
            found = read_back(server)
        finally:
            server.kill()
    expected = [f"line {number}" for number in range(flags.lines)]
    lost, doubled = len(set(expected) - set(found)), len(found) - len(set(found))
    print(f"{flags.lines} lines, server killed {flags.kills} times: {seconds:.2f} s, {printed} acknowledged")
    print(f"lost {lost}, doubled {doubled}, in order: {'yes' if found == expected else 'NO'}")
    return 0 if found == expected else 1


if __name__ == "__main__":
    sys.exit(main())
