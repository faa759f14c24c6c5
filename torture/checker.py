"""The checker: reads histories and says what was lost, doubled or reordered. No code of the product is in it.

Run it by hand as `python torture/checker.py HISTORY…`; it exits 1 on any fault. A history is a file with
one JSON object a line. Its operations:

    invoke  who room text       a client was given a message to send; texts are unique
    ok      who room seq [text] it was told that a message is stored
    killed  who                 its process was killed: what it has no ok for is unknown
    done    who                 it ended and said that all it was given is stored
    open    screen room after   a reader begins; the first entry it shows is after + 1
    seen    screen room seq author text    it shows an entry (text null: not a message)
    end     screen room         it is over, and should have shown everything
    log     room seq author text           the room as a fresh reader sees it at the very end
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Operation = dict[str, Any]


@dataclass
class Verdict:
    """What is wrong, as sentences by the kind of fault; and how much was looked at."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    messages: int = 0
    acknowledged: int = 0
    seen: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.differing)

    def faults(self) -> Iterator[str]:
        for kind in ("lost", "doubled", "reordered", "differing"):
            for sentence in getattr(self, kind):
                yield f"{kind}: {sentence}"


@dataclass
class _Run:
    """One life of a sending client: what it was given, in order."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    is_done: bool = False


class _Checker:
    def __init__(self) -> None:
        self.verdict = Verdict()
        self.logs: dict[str, dict[int, tuple[str, str | None]]] = defaultdict(dict)
        self.runs: dict[str, list[_Run]] = defaultdict(lambda: [_Run()])
        self.oks: list[Operation] = []
        self.screens: dict[tuple[str, str], list[Operation]] = defaultdict(list)

    def read(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            match operation["op"]:
                case "invoke":
                    run = self.runs[operation["who"]][-1]
                    run.texts.append((operation["room"], operation["text"]))
                case "ok":
                    self.oks.append(operation)
                case "killed" | "done":
                    self.runs[operation["who"]][-1].is_done = operation["op"] == "done"
                    self.runs[operation["who"]].append(_Run())
                case "open" | "seen" | "end":
                    self.screens[operation["screen"], operation["room"]].append(operation)
                case "log":
                    entry = operation["author"], operation["text"]
                    log = self.logs[operation["room"]]
                    if operation["seq"] != len(log) + 1:
                        self.verdict.lost.append(
                            f"the log of {operation['room']} breaks at {operation['seq']}"
                        )
                    log[operation["seq"]] = entry

    def judge(self) -> Verdict:
        places = self._places()
        self._judge_acknowledgements()
        for who, runs in self.runs.items():
            self._judge_sender(who, runs, places)
        for (screen, room), operations in self.screens.items():
            self._judge_screen(f"{screen} in {room}", self.logs[room], operations)
        return self.verdict

    def _places(self) -> dict[tuple[str, str, str], int]:
        """Where each (author, room, text) stands."""
        places: dict[tuple[str, str, str], int] = {}
        given = {(who, *text) for who, runs in self.runs.items() for run in runs for text in run.texts}
        for room, log in self.logs.items():
            for seq, (author, text) in log.items():
                if text is None:
                    continue
                self.verdict.messages += 1
                place = author, room, text
                if place in places:
                    self.verdict.doubled.append(f"{text!r} of {author}: {room} {places[place]} and {seq}")
                elif author in self.runs and place not in given:
                    self.verdict.differing.append(f"{text!r} of {author} in {room}: nobody wrote that")
                places.setdefault(place, seq)
        return places

    def _judge_acknowledgements(self) -> None:
        told: Counter[tuple[str, int]] = Counter()
        for ok in self.oks:
            self.verdict.acknowledged += 1
            author, text = self.logs[ok["room"]].get(ok["seq"], ("", None))
            told[ok["room"], ok["seq"]] += 1
            if author != ok["who"] or text is None or ok.get("text", text) != text:
                what = f"{ok['room']} {ok['seq']} of {ok['who']}"
                self.verdict.lost.append(f"acknowledged, not stored: {what} (there: {author} {text!r})")
        for (room, seq), count in told.items():
            if count > 1:
                self.verdict.doubled.append(f"{room} {seq} was acknowledged {count} times")

    def _judge_sender(self, who: str, runs: list[_Run], places: dict[tuple[str, str, str], int]) -> None:
        """All that was given and stored keeps its order; a run leaves out nothing but a part at its end."""
        newest: dict[str, int] = defaultdict(int)
        for run in runs:
            missing = ""
            for room, text in run.texts:
                seq = places.get((who, room, text))
                if seq is None:
                    if run.is_done:
                        self.verdict.lost.append(f"{text!r} of {who}: said to be stored")
                    missing = missing or text
                    continue
                if missing:
                    self.verdict.lost.append(f"{missing!r} of {who}: {text!r}, given later, is stored")
                    missing = ""
                if seq < newest[room]:
                    self.verdict.reordered.append(f"{text!r} of {who} stands at {seq}, after {newest[room]}")
                newest[room] = max(newest[room], seq)

    def _judge_screen(
        self, name: str, log: dict[int, tuple[str, str | None]], operations: list[Operation]
    ) -> None:
        """Every entry once, in order, without holes, and the same as everybody's."""
        verdict = self.verdict
        shown = -1
        for operation in operations:
            if operation["op"] == "open":
                shown = operation["after"]
            elif operation["op"] == "end":
                if shown != len(log):
                    verdict.lost.append(f"{name} ends at {shown}, the log at {len(log)}")
            else:
                seq = operation["seq"]
                verdict.seen += 1
                if seq > shown + 1:
                    verdict.lost.append(f"{name} shows {seq} after {shown}")
                elif seq == shown:
                    verdict.doubled.append(f"{name} shows {seq} twice")
                elif seq < shown:
                    verdict.reordered.append(f"{name} shows {seq} after {shown}")
                if seq not in log:
                    verdict.lost.append(f"{name} showed {seq}, which is not in the log")
                elif log[seq] != (operation["author"], operation["text"]):
                    verdict.differing.append(f"{name} shows {operation['text']!r} at {seq}, not {log[seq]}")
                shown = max(shown, seq)


def check(operations: Iterable[Operation]) -> Verdict:
    """Judge one history."""
    checker = _Checker()
    checker.read(operations)
    return checker.judge()


def check_files(paths: Iterable[Path]) -> Verdict:
    """Judge the histories of one server, read one after another."""
    return check(
        json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line
    )


def main(names: list[str]) -> int:
    verdict = check_files(map(Path, names))
    for fault in verdict.faults():
        print(fault)
    print(f"{verdict.messages} messages, {verdict.acknowledged} acknowledged, {verdict.seen} shown")
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
