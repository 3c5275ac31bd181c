"""Rounds become figures, figures become lines of the table."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """What several rounds gave, in their order; the median stands for them."""

    rounds: tuple[float, ...]

    @classmethod
    def of(cls, rounds: Iterable[float]) -> "Figure":
        """Return the figure of at least one round."""
        return cls(tuple(rounds))

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a part of the median."""
        apart = max(self.rounds) - min(self.rounds)
        return apart / self.median if self.median else 0.0


@dataclass(slots=True)
class Line:
    """One line of the table.

    `mark` says in words what is asked for, `ok` whether it was reached (None: nothing is asked).
    `detail` is what the JSON file keeps beside.
    """

    name: str
    unit: str
    ours: Figure
    floor: Figure | None = None
    mark: str = ""
    ok: bool | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours divided by the floor's: the median over the rounds.

        The two are measured one right after the other, so a busy machine slows both alike.
        """
        if self.floor is None or not all(self.floor.rounds):
            return None
        pairs = zip(self.ours.rounds, self.floor.rounds, strict=True)
        return statistics.median(ours / floor for ours, floor in pairs)

    def as_json(self) -> dict[str, Any]:
        """Return everything the line says."""
        medians: dict[str, float | None] = {"ours_median": self.ours.median}
        if self.floor is not None:
            medians |= {"floor_median": self.floor.median, "ratio": self.ratio}
        return {**asdict(self), **medians}


def at_least_part(line: Line, part: float) -> Line:
    """Ask for at least this part of the floor's throughput."""
    line.mark = f">= {part:.0%} of the floor"
    line.ok = line.ratio is not None and line.ratio >= part
    return line


def at_most_times(line: Line, times: float) -> Line:
    """Ask for at most so many times the floor's latency."""
    line.mark = f"<= {times:g} x the floor"
    line.ok = line.ratio is not None and line.ratio <= times
    return line


def at_least(line: Line, amount: float) -> Line:
    """Ask for at least this amount."""
    line.mark = f">= {amount:,.0f} {line.unit}"
    line.ok = line.ours.median >= amount
    return line


def below(line: Line, amount: float) -> Line:
    """Ask for less than this amount."""
    line.mark = f"< {amount:g} {line.unit}"
    line.ok = line.ours.median < amount
    return line


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the value below which `part` (0 to 1) of the sorted values lie; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def table(lines: Sequence[Line]) -> str:
    """Return the lines as text in columns."""
    head = ("measurement", "unit", "ours", "floor", "ratio", "spread", "mark", "")
    rows = [head, *(_cells(line) for line in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    right = range(2, 6)
    text = [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def _cells(line: Line) -> tuple[str, ...]:
    verdict = {True: "ok", False: "short", None: ""}[line.ok]
    spreads = [f"{one.spread:.0%}" for one in (line.ours, line.floor) if one is not None]
    return (
        line.name,
        line.unit,
        _number(line.ours.median),
        _number(line.floor.median) if line.floor else "",
        f"{line.ratio:.2f}" if line.ratio is not None else "",
        "/".join(spreads),
        line.mark,
        verdict,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def compared(before: Sequence[dict[str, Any]], lines: Sequence[Line]) -> str:
    """Say how each line moved since an earlier run: ours, and the ratio to the floor."""
    was = {one["name"]: one for one in before}
    text = []
    for line in lines:
        old = was.get(line.name)
        if old is None:
            text.append(f"{line.name}: new")
            continue
        median = old["ours_median"]
        change = f"{line.ours.median / median - 1:+.0%}" if median else "from nothing"
        ratios = "" if line.ratio is None else f", ratio {old['ratio']:.2f} -> {line.ratio:.2f}"
        text.append(
            f"{line.name}: {_number(median)} -> {_number(line.ours.median)} {line.unit}"
            f" ({change}){ratios}"
        )
    return "\n".join(text)
