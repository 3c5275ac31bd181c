"""Writes `docs/api/<service>.openapi.json` from the code: `python -m kehu_local.documents`."""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[4] / "docs" / "api"
SERVICES = ("customer", "sales", "service-desk", "marketing", "analytics")
UNUSED = "postgresql://nobody@127.0.0.1/nothing"  # making the document opens no connection


def document(service: str) -> str:
    """Return a service's OpenAPI document as the text that is committed."""
    package = f"kehu_{service.replace('-', '_')}"
    settings: Any = importlib.import_module(f"{package}.settings").Settings(
        database_url=UNUSED,
        worker_database_url=UNUSED,
        oidc_issuer="https://issuer.example",
        oidc_jwks_url="https://issuer.example/jwks.json",
    )
    app = importlib.import_module(f"{package}.app").create_app(settings)
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the documents, or with `--check` fail if one is out of date."""
    parser = argparse.ArgumentParser(
        prog="python -m kehu_local.documents", description=main.__doc__
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail on drift")
    check = parser.parse_args().check
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for service in SERVICES:
        path, text = FOLDER / f"{service}.openapi.json", document(service)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(path.name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"docs/api is out of date: {', '.join(stale)}. Run `make openapi` and commit.")


if __name__ == "__main__":
    main()
