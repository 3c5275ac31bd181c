"""`make bench`: measure, print the table, keep the figures as JSON."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import api, costs, importing, journey, lookups, projector, relay, segments, selling
from bench.servers import Bench, Choice, bench, machine, say
from bench.stats import Line, compared, table

MEASUREMENTS: dict[str, Callable[[Bench], list[Line]]] = {
    "command": api.command,
    "read": api.read,
    "list": api.list_,
    "search": lookups.search,
    "duplicates": lookups.duplicates,
    "filters": lookups.filters,
    "relay": relay.relay,
    "projector": projector.projector,
    "e2e": journey.journey,
    "segments": segments.segments,
    "import": importing.imports,
    "opportunities": selling.opportunities,
    "prices": selling.prices,
    "promotion": selling.promotion,
    "entering": selling.entering,
    "costs": costs.costs,
}


def main() -> int:
    """Run the chosen measurements; the exit code tells of a shortfall only with STRICT=1."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    choice = Choice.from_environment()
    unknown = choice.only - MEASUREMENTS.keys()
    if unknown:
        say(f"ONLY knows {', '.join(MEASUREMENTS)}; not {', '.join(sorted(unknown))}")
        return 2
    lines: list[Line] = []
    began = time.monotonic()
    with bench(choice) as running:
        head = machine(running)
        for name, measure in MEASUREMENTS.items():
            if not choice.only or name in choice.only:
                say(f"{name} ...")
                lines += measure(running)
        folder = running.folder
    say(f"done in {time.monotonic() - began:.0f} s")
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(
        json.dumps({"machine": head, "lines": [one.as_json() for one in lines]}, indent=1)
    )
    sys.stdout.write("\n".join([*head, "", table(lines), "", f"kept as {path}", ""]))
    if choice.base is not None:
        before = json.loads(Path(choice.base).read_text(encoding="utf-8"))["lines"]
        sys.stdout.write(f"\nsince {choice.base}:\n{compared(before, lines)}\n")
    return 1 if choice.strict and any(line.ok is False for line in lines) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted; everything is stopped")
        sys.exit(130)
