"""`python -m torture.fuzz`: a million frames for the decoder, the posts, the hub and the session.

Nothing but a ProtocolError may come out of them, and they may keep nothing of what they were given. Each
lives through all its frames, and memory is counted while it lives: what it needs is there after a third of
them, what comes later was left behind. It prints counts and ends with 1 on any fault; the seed that it
prints repeats a run. Read next: `fuzz_targets.py`.
"""

import argparse
import contextlib
import gc
import os
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torture.fuzz_targets import DecoderTarget, HubTarget, PostsTarget, SessionTarget, Target
from torture.noise import Noise

WARM_UP: Final = 3
"""One frame in so many: by then every cache, room and account that there will be is there."""

MOST_BYTES: Final = 128
"""Resident memory that a frame may add after the warm-up. Usual are 0 to 10 bytes; a hub or a session that
keeps 1 KB of each packet adds more than 500, for not every frame is one.
"""

MOST_BLOCKS: Final = 0.2
"""Small pieces of memory (up to 512 bytes, as Python counts them) that a frame may add; usual are 0.02."""

SHOWN: Final = 5


@dataclass(frozen=True)
class Memory:
    """What this process holds. `resident_bytes` is 0 where the system does not say."""

    resident_bytes: int
    blocks: int

    @classmethod
    def now(cls) -> "Memory":
        """Count what is left when nothing waits for the collector."""
        gc.collect()
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        except OSError:
            return cls(0, sys.getallocatedblocks())
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), sys.getallocatedblocks())


def fuzz(kind: type[Target], frames: int, seed: int) -> list[str]:
    """Fuzz one target, alive from the first frame to the last; print what happened and return the faults."""
    faults: list[str] = []
    began, warm = time.monotonic(), frames // WARM_UP
    with contextlib.closing(kind(Noise(seed))) as target:
        _feed(target, warm, faults)
        before = Memory.now()
        _feed(target, frames - warm, faults)
        after = Memory.now()
        shown = ", ".join(f"{name} {count:,}" for name, count in target.counts.most_common(12))
    grown_bytes = (after.resident_bytes - before.resident_bytes) / (frames - warm)
    grown_blocks = (after.blocks - before.blocks) / (frames - warm)
    grown = f"{grown_bytes:+.0f} bytes and {grown_blocks:+.2f} blocks a frame"
    if grown_bytes > MOST_BYTES or grown_blocks > MOST_BLOCKS:
        faults.append(f"{kind.name}: memory grows by {grown}")
    print(f"{kind.name}: {frames:,} frames in {time.monotonic() - began:.0f} s, {len(faults)} faults, "
          f"memory {grown}\n  {shown}", flush=True)  # fmt: skip
    return faults


def _feed(target: Target, frames: int, faults: list[str]) -> None:
    for _ in range(frames):
        data = target.next()
        try:
            target.take(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
            faults.append(f"{target.name}: {data[:200].hex()}\n{traceback.format_exc()}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_500_000, help="in all")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    flags = parser.parse_args()
    print(f"seed {flags.seed}")
    shares = {DecoderTarget: 0.3, PostsTarget: 0.1, HubTarget: 0.3, SessionTarget: 0.3}
    faults: list[str] = []
    for kind, share in shares.items():
        faults += fuzz(kind, int(flags.frames * share), flags.seed)
    for fault in faults[:SHOWN]:
        print(fault)
    print(f"{len(faults)} faults" if faults else "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
