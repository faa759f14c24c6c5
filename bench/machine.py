"""What the operating system tells about processes and about this machine: CPU time, memory, cores, limits.

Linux only, for here the measurements need /proc and affinity. Read next: `programs.py`.
"""

import contextlib
import os
import platform
import resource
import socket
import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

from chatroom.net import broadcast
from chatroom.protocol import posts
from chatroom.server.hub import hub

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[1] if len(CORES) > 1 else CORES[0]


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process so far, user and system, in nanosecond steps."""
    total_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that just ended
            total_ns += int((task / "schedstat").read_text().split()[0])
    return total_ns / 1e9


def resident_bytes(pid: int) -> int:
    """Resident memory of a process: what it would give back if it ended."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} shows no memory")


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started meanwhile runs on this core and no other."""
    former = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, former)


def raise_descriptor_limit(wanted: int = 20_000) -> int:
    """Let this process and its children open many sockets; return how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        with contextlib.suppress(ValueError, OSError):  # only root may
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
    limit = wanted if hard == resource.RLIM_INFINITY else min(max(wanted, soft), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


def free_port() -> int:
    """A TCP port of loopback that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def describe() -> dict[str, str]:
    """The machine and the versions that a table of results is true for."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    load_1, load_5, _ = os.getloadavg()
    return {
        "processor": f"{model}, {len(CORES)} cores",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION.split()[1],
        "broadcast": "in C" if broadcast.IS_BUILT else "in Python",
        "posts": "in C" if posts.IS_BUILT else "in Python",
        "path of a message": "in Python" if str(hub.__file__).endswith(".py") else "compiled",
        "load before": f"{load_1:.1f} (1 min), {load_5:.1f} (5 min)",
    }


def first_line(*command: str) -> str:
    """The first line that a program prints, for its version; empty when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines else ""
