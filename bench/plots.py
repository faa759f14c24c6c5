"""`python -m bench.plots RESULTS.json DIRECTORY`: ours beside peers and floor, and how cost grows, as PNG.

A program of its own, so that only it needs matplotlib. Read next: `results.py`.
"""

import sys
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.profiles.rooms import GROWTH
from bench.results import Report

mpl.use("Agg")

COLOURS: Final = {
    "floor": "#bdc1c6",
    "floor, storing": "#80868b",
    "floor, SQLite": "#3c4043",
    "floor, Python": "#12b5cb",
    "floor TLS": "#bdc1c6",
    "floor, SQLite TLS": "#3c4043",
    "floor, Python TLS": "#12b5cb",
    "chatroom": "#1a73e8",
    "chatroom TLS": "#1a73e8",
    "InspIRCd": "#e8710a",
    "InspIRCd TLS": "#e8710a",
    "ngIRCd": "#9334e6",
    "nats-server": "#188038",
    "lantern-chat": "#c5221f",
}
ROOMS: Final = ("chat", "busy", "burst", "hall", "flood", "chat TLS", "flood TLS")


def draw(report: Report, directory: Path) -> list[Path]:
    """Draw what the report has numbers for; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    pictures: list[Path] = []
    if any(room in report.samples for room in ROOMS):
        pictures.append(_draw_rooms(report, directory / "deliveries.png"))
    if any(f"growth {room.members}" in report.samples for room in GROWTH):
        pictures.append(_draw_growth(report, directory / "growth.png"))
    if "idle" in report.notes:
        pictures.append(_draw_memory(report, directory / "memory.png"))
    return pictures


def _draw_rooms(report: Report, path: Path) -> Path:
    """Bars of deliveries per CPU second, one group per room, from the floor's point of view where it took
    part.
    """
    rooms = [room for room in ROOMS if room in report.samples]
    figure, axes = plt.subplots(1, len(rooms), figsize=(2.6 * len(rooms), 3.6))
    for axis, room in zip([axes] if len(rooms) == 1 else axes, rooms, strict=True):
        names = list(report.samples[room])
        values = [report.median(room, name, "per_cpu_s") / 1e3 for name in names]
        axis.bar(range(len(names)), values, color=[COLOURS.get(name, "#5f6368") for name in names])
        axis.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
        axis.set_title(room, fontsize=10)
        axis.tick_params(axis="y", labelsize=8)
    figure.supylabel("thousand deliveries per CPU second", fontsize=9)
    return _save(figure, path)


def _draw_growth(report: Report, path: Path) -> Path:
    """CPU time of a delivery against the number of members."""
    figure, axis = plt.subplots(figsize=(6.4, 4.2))
    names = dict.fromkeys(
        name for room in GROWTH for name in report.samples.get(f"growth {room.members}", {})
    )
    for name in names:
        points = [
            (room.members, 1e6 / cost)
            for room in GROWTH
            if (cost := report.median(f"growth {room.members}", name, "per_cpu_s"))
        ]
        members, costs = zip(*points, strict=True)
        axis.plot(members, costs, marker="o", label=name, color=COLOURS.get(name, "#5f6368"))
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("members of the room (ten of them posting)")
    axis.set_ylabel("CPU time of the server per delivery, µs")
    axis.grid(visible=True, which="both", alpha=0.3)
    axis.legend(fontsize=8)
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("{x:g}")
    return _save(figure, path)


def _draw_memory(report: Report, path: Path) -> Path:
    """Memory of an idle connection."""
    figure, axis = plt.subplots(figsize=(5.2, 3.2))
    values = {name: note["kib_each"] for name, note in report.notes["idle"].items()}
    axis.barh(list(values), list(values.values()), color=[COLOURS.get(name, "#5f6368") for name in values])
    axis.invert_yaxis()
    axis.set_xlabel("KiB of resident memory per idle connection")
    return _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> Path:
    figure.set_layout_engine("constrained")
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path


if __name__ == "__main__":
    for picture in draw(Report.load(Path(sys.argv[1])), Path(sys.argv[2])):
        print(f"drew {picture}")
