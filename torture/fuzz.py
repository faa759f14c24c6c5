"""`python -m torture.fuzz`: a million frames for the decoder, the hub and the session.

Nothing but a ProtocolError may come out of them, and when all peers are gone no more memory may be in use
than before. It prints counts and ends with 1 on any fault; the seed that it prints repeats a run. Read
next: `noise.py`.
"""

import argparse
import gc
import sys
import time
import traceback
from collections import Counter
from typing import Final

from torture.fuzz_targets import DecoderTarget, HubTarget, SessionTarget, Target
from torture.noise import Noise

ROUND: Final = 5_000
"""Frames for one hub or session; then a new one, so that what is left behind shows."""

GROWTH: Final = 0.05
"""Allocated blocks after the last round, beside those after the second."""

SHOWN: Final = 5


def fuzz(kind: type[Target], frames: int, seed: int) -> list[str]:
    """Fuzz one target; print what happened and return the faults."""
    noise, faults, blocks = Noise(seed), list[str](), list[int]()
    counts: Counter[str] = Counter()
    began, done = time.monotonic(), 0
    while done < frames:
        target = kind(noise)
        for _ in range(min(ROUND, frames - done)):
            data, done = target.next(), done + 1
            try:
                target.take(data)
            except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
                faults.append(f"{kind.name}: {data[:200].hex()}\n{traceback.format_exc()}")
                target = kind(noise)
        counts += target.counts
        del target
        gc.collect()
        blocks.append(sys.getallocatedblocks())
    grown = blocks[-1] / blocks[1] - 1 if len(blocks) > 2 else 0.0
    if grown > GROWTH:
        faults.append(f"{kind.name}: {grown:.1%} more memory is in use than at the beginning")
    shown = ", ".join(f"{name} {count:,}" for name, count in counts.most_common(12))
    print(f"{kind.name}: {done:,} frames in {time.monotonic() - began:.0f} s, {len(faults)} faults, "
          f"memory {grown:+.1%}\n  {shown}", flush=True)  # fmt: skip
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_050_000, help="in all")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    flags = parser.parse_args()
    print(f"seed {flags.seed}")
    shares = {DecoderTarget: 0.4, HubTarget: 0.3, SessionTarget: 0.3}
    faults: list[str] = []
    for kind, share in shares.items():
        faults += fuzz(kind, int(flags.frames * share), flags.seed)
    for fault in faults[:SHOWN]:
        print(fault)
    print(f"{len(faults)} faults" if faults else "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
