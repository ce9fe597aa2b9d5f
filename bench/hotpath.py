"""Where the time of a lifecycle goes: `make profile` samples the running engine and draws it as a flame graph.

A timer interrupts the process every millisecond of its own CPU time and notes the stack. That disturbs far less than
counting every call, which makes small functions look expensive. The database is not synced, so what is left is computing.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections import Counter
from html import escape
from pathlib import Path
from types import FrameType

from msgspec import Struct, field

from .lifecycle import open_flow, through_the_api

__all__ = ["Frame", "draw", "sampled"]

OUT = Path(__file__).parent / "out"
LIVES = 1500
WIDTH, ROW = 1200, 17
SHOWN = 0.004  #: share of the whole below which a box is left out
Stack = tuple[str, ...]


class Frame(Struct):
    """A function in its place in the stack, with how often it was met there."""

    name: str
    count: int = 0
    below: dict[str, Frame] = field(default_factory=dict[str, "Frame"])


def sampled(lives: int = LIVES) -> tuple[float, Counter[Stack]]:
    """Live so many hazards; return the milliseconds of CPU for one, and how often each stack was met."""
    stacks: Counter[Stack] = Counter()

    def note(_signal: int, frame: FrameType | None) -> None:
        stacks[_stack(frame)] += 1

    with tempfile.TemporaryDirectory() as folder:
        flow = open_flow(f"sqlite:///{Path(folder) / 'hot.db'}", synchronous="OFF")
        for _ in range(20):
            through_the_api(flow)
        began = time.process_time()
        signal.signal(signal.SIGPROF, note)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        for _ in range(lives):
            through_the_api(flow)
        signal.setitimer(signal.ITIMER_PROF, 0)
        spent = time.process_time() - began
        flow.close()
    return spent / lives * 1000, stacks


def draw(each: float, stacks: Counter[Stack]) -> str:
    """Draw stacks as a flame graph: a box is as wide as its function and what it called took."""
    root = Frame(name=f"one lifecycle, {each:.2f} ms")
    for stack, count in stacks.items():
        root.count += count
        here = root
        for name in stack:
            here = here.below.setdefault(name, Frame(name=name))
            here.count += count
    boxes: list[str] = []
    deepest = _boxes(root, 0.0, 0, root.count, each, boxes)
    height = (deepest + 1) * ROW + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="monospace" '
        f'font-size="11">\n' + "\n".join(boxes) + "\n</svg>\n"
    )


def _boxes(frame: Frame, left: float, depth: int, total: int, each: float, boxes: list[str]) -> int:
    width = frame.count / total * WIDTH
    text = f"{frame.name} {frame.count / total * each * 1000:.0f} µs"
    shown = escape(text[: int(width / 6.7)]) if width > 40 else ""
    boxes.append(
        f'<g><title>{escape(text)}</title><rect x="{left:.1f}" y="{depth * ROW + 2}" width="{max(width - 0.5, 0.5):.1f}" '
        f'height="{ROW - 1}" fill="{_colour(frame.name)}"/><text x="{left + 2:.1f}" y="{depth * ROW + 14}">{shown}</text></g>'
    )
    deepest = depth
    for under in sorted(frame.below.values(), key=lambda f: -f.count):
        if under.count >= total * SHOWN:
            deepest = max(deepest, _boxes(under, left, depth + 1, total, each, boxes))
        left += under.count / total * WIDTH
    return deepest


def _colour(name: str) -> str:
    for part, colour in (("engine/", "#f2b84b"), ("storage/", "#7fb2e5"), ("transitions", "#d99ad9"), ("_", "#9fd08f")):
        if name.startswith(part):
            return colour
    return "#cccccc"


def _stack(frame: FrameType | None) -> Stack:
    names: list[str] = []
    while frame is not None and frame.f_code.co_name != "through_the_api":
        names.append(f"{_place(frame.f_code.co_filename)}:{frame.f_code.co_name}")
        frame = frame.f_back
    return tuple(reversed(names))


def _place(file: str) -> str:
    """Return a file as it is known in its package."""
    for root in ("/rectiflow/", "/site-packages/"):
        if root in file:
            return file.rpartition(root)[2]
    return Path(file).name


def main() -> None:
    """Sample, print the twenty most expensive functions with what they call, draw bench/out/hotpath.svg."""
    each, stacks = sampled()
    total, met = stacks.total(), Counter[str]()
    for stack, count in stacks.items():
        for name in set(stack):
            met[name] += count
    print(f"one lifecycle: {each:.2f} ms of CPU, {total} samples")
    for name, count in met.most_common(30):
        print(f"{count / total * each * 1000:6.0f} µs  {name}")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "hotpath.svg").write_text(draw(each, stacks), "utf-8")
    print("written to bench/out/hotpath.svg")


if __name__ == "__main__":
    main()
