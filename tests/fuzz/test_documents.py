"""Every operation of every document, against the running system: schemathesis.

Valid and invalid requests, from the documents' examples, by systematic coverage, at random, and in
sequences along the links. No answer may be a 5xx; each must be documented by status, media type,
schema, headers and code; what the document does not allow must be refused, what it allows must be
understood. A failure prints commands for curl.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kehu_contracts.topics import SERVICES
from kehu_local.testing import System, User

HERE = Path(__file__).parent
SEED = int(os.environ.get("SEED") or 20261121)
MAX_EXAMPLES = int(os.environ.get("MAX_EXAMPLES") or 8)
SECONDS_EACH = int(os.environ.get("FUZZ_SECONDS") or 0) // (len(SERVICES) + 1)
EFFORT = f"""
[phases.fuzzing.generation]
max-examples = {MAX_EXAMPLES}

[phases.stateful.generation]
max-examples = {2 * MAX_EXAMPLES}
"""
PATIENCE = 600.0 + 2 * SECONDS_EACH
SERVER_ERRORS = ("unexpected error", "Traceback (most recent call last)", '"level": "error"')


EARLY = {"customer": "^/v1/[a-c]", "sales": "^/v1/[a-o]"}
"""Two services have more operations than the others together: each is gone through in two parts."""
PARTS = [
    *((slug, None) for slug in SERVICES if slug not in EARLY),
    *((slug, part) for slug in EARLY for part in ("--include-path-regex", "--exclude-path-regex")),
]


@pytest.mark.timeout(PATIENCE + 60)
@pytest.mark.parametrize(("slug", "part"), PARTS)
def test_service_keeps_its_document(
    slug: str, part: str | None, system: System, user: User, known: dict[str, str], tmp_path: Path
) -> None:
    user.get(f"/{slug}/openapi.json")  # it is made once, which takes its time on a busy machine
    log = system.config.logs / f"{slug}.log"
    before = log.stat().st_size
    sys.stdout.write(f"\n{slug}: SEED={SEED} MAX_EXAMPLES={MAX_EXAMPLES}\n")
    sys.stdout.flush()
    config = tmp_path / "schemathesis.toml"
    config.write_text((HERE / "schemathesis.toml").read_text(encoding="utf-8") + EFFORT)
    done = subprocess.run(
        [
            *_command(config, slug, str(user.http.base_url), user.http.headers["Authorization"]),
            *((part, EARLY[slug]) if part else ()),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "KEHU_FUZZ_KNOWN": json.dumps(known),
            "SCHEMATHESIS_HOOKS": f"{HERE}/checks.py",
        },
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{slug} breaks its document; again: make fuzz SEED={SEED}"
    with log.open("rb") as lines:
        lines.seek(before)
        logged = lines.read().decode()
    for sign in SERVER_ERRORS:
        assert sign not in logged, f"{log.name} tells of an error:\n{logged[-4000:]}"


def _command(config: Path, slug: str, base: str, authorization: str) -> list[str]:
    url = f"{base.rstrip('/')}/{slug}"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", config),
        *("run", f"{url}/openapi.json", "--url", url, "--no-color"),
        *("--header", f"Authorization: {authorization}"),
        *("--seed", str(SEED)),
        *(("--max-time", str(SECONDS_EACH)) if SECONDS_EACH else ()),
    ]
    return [str(part) for part in command]
