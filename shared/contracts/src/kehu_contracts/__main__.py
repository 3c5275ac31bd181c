"""Writes what is generated from the contracts, or checks it: `python -m kehu_contracts`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from kehu_contracts import asyncapi, schemas

GENERATED: dict[str, Callable[[], dict[Path, str]]] = {
    "schemas": schemas.schema_files,
    "asyncapi": asyncapi.files,
}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 1 when `--check` found a file that is not as generated."""
    parser = argparse.ArgumentParser(prog="python -m kehu_contracts", description=__doc__)
    parser.add_argument("what", choices=GENERATED)
    parser.add_argument("--check", action="store_true", help="only say what would change")
    options = parser.parse_args(arguments)
    stale = {
        path: text for path, text in GENERATED[options.what]().items() if _content(path) != text
    }
    if not options.check:
        for path, text in stale.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    for path in stale:
        sys.stderr.write(f"{path} is out of date: run `make {options.what}` and commit it.\n")
    return 1 if stale else 0


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
