"""Frozen schemas equal the models, and still hold what was published before."""

import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kehu_contracts import schemas
from kehu_contracts.base import Event
from kehu_contracts.compatibility import breaking_changes
from kehu_contracts.events import EVENTS

FOLDER = "shared/contracts/schemas"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
class TestFrozenSchema:
    def test_equals_the_model(self, event: type[Event]) -> None:
        file = schemas.FOLDER / f"{event.type}.json"
        assert file.exists(), "run `make schemas` and commit the new schema"
        frozen = json.loads(file.read_text(encoding="utf-8"))
        assert frozen == schemas.schema_of(event), (
            "the event has changed: run `make schemas`, and see shared/contracts/README.md for "
            "what may change"
        )

    def test_is_a_schema(self, event: type[Event]) -> None:
        Draft202012Validator.check_schema(schemas.schema_of(event))

    def test_requires_every_field(self, event: type[Event]) -> None:
        required = [name for name, field in event.model_fields.items() if field.is_required()]
        assert schemas.schema_of(event)["required"] == required


def test_published_schemas_still_hold() -> None:
    published = _published(ROOT)
    broken = {
        event_type: changes
        for event_type, old in published.items()
        if event_type in EVENTS
        and (changes := breaking_changes(old, schemas.schema_of(EVENTS[event_type])))
    }
    assert not broken, "publish a new version beside the old one: shared/contracts/README.md"


class TestPublished:
    """The look-up of what was published before, on repositories made for it."""

    def test_on_main_is_the_commit_before(self, tmp_path: Path) -> None:
        _git(tmp_path, "init", "--quiet", "--initial-branch=main")
        _commit_schema(tmp_path, {"title": "one"})
        assert _published(tmp_path) == {}
        _commit_schema(tmp_path, {"title": "two"})
        assert _published(tmp_path) == {"sales.moon-landed.v1": {"title": "one"}}

    def test_on_a_branch_is_where_it_left_main(self, tmp_path: Path) -> None:
        _git(tmp_path, "init", "--quiet", "--initial-branch=main")
        _commit_schema(tmp_path, {"title": "one"})
        _git(tmp_path, "switch", "--quiet", "--create", "work")
        _commit_schema(tmp_path, {"title": "two"})
        _commit_schema(tmp_path, {"title": "three"})
        assert _published(tmp_path) == {"sales.moon-landed.v1": {"title": "one"}}

    def test_without_a_repository_is_nothing(self, tmp_path: Path) -> None:
        assert _published(tmp_path) == {}


def _published(root: Path) -> dict[str, dict[str, Any]]:
    """The schemas where this branch left main, or one commit ago on main itself, by type."""
    baseline = _baseline(root)
    archive = baseline and _git(root, "archive", "--format=tar", baseline, FOLDER)
    if not archive:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        return {
            Path(member.name).name.removesuffix(".json"): json.load(content)
            for member in files
            if (content := files.extractfile(member))
        }


def _baseline(root: Path) -> str | None:
    head = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    for main in ("main", "origin/main"):
        fork = _git(root, "merge-base", "HEAD", main)
        if fork and fork != head:
            return fork.decode().strip()
        if fork:
            before = _git(root, "rev-parse", "--verify", "--quiet", "HEAD~")
            return before.decode().strip() if before else None
    return None


def _commit_schema(root: Path, schema: dict[str, Any]) -> None:
    file = root / FOLDER / "sales.moon-landed.v1.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema))
    _git(root, "add", ".")
    _git(root, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message=x")


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git writes, or nothing when it fails or is not there (a source archive)."""
    git = shutil.which("git")
    if git is None:
        return None
    # A hook that runs the tests tells git where its own repository is: not here.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(root.parent)
    result = subprocess.run(
        [git, *arguments], cwd=root, env=environment, capture_output=True, check=False
    )
    return result.stdout if result.returncode == 0 else None
