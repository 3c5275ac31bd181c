"""The generated documents are current, complete and readable by any YAML reader."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from kehu_contracts import asyncapi, yaml
from kehu_contracts.__main__ import main
from kehu_contracts.events import EVENTS
from kehu_contracts.topics import TOPICS

ROOT = Path(__file__).parents[2]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | text
    | st.sampled_from(["yes", "NULL", "1e3", "a: b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("what", ["schemas", "asyncapi"])
def test_generated_files_are_current(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([what, "--check"])
    assert code == 0, capsys.readouterr().err


class TestDocument:
    def test_reads_back_as_built(self) -> None:
        committed = (asyncapi.FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")
        assert pyyaml.safe_load(committed) == asyncapi.build()

    def test_every_reference_leads_somewhere(self) -> None:
        document = asyncapi.build()
        for reference in _references(document):
            target: Any = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            assert target

    def test_has_a_message_per_event(self) -> None:
        messages = asyncapi.build()["components"]["messages"]
        assert {message["name"] for message in messages.values()} == {*EVENTS, "DeadLetter"}

    def test_every_event_message_has_examples(self) -> None:
        messages = asyncapi.build()["components"]["messages"]
        assert all(messages[event.__name__]["examples"] for event in EVENTS.values())

    def test_has_a_channel_per_topic_and_dead_letter_topic(self) -> None:
        assert len(asyncapi.build()["channels"]) == len(TOPICS) + _consumptions()

    def test_has_an_operation_per_role(self) -> None:
        actions = [operation["action"] for operation in asyncapi.build()["operations"].values()]
        assert actions.count("receive") == _consumptions()
        assert actions.count("send") == len(TOPICS) + _consumptions()

    def test_readme_links_lead_to_files(self) -> None:
        readme = (asyncapi.FOLDER / "README.md").read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)]+)\)", readme)
        assert len(links) == len(EVENTS) + 1
        assert all((asyncapi.FOLDER / link).is_file() for link in links)


class TestYaml:
    @given(data)
    def test_reads_back_as_written(self, value: Any) -> None:
        assert pyyaml.safe_load(yaml.dump(value)) == value

    def test_is_readable(self) -> None:
        value = {"name": "a b", "yes": "on", "steps": [{"a": 1, "b": []}, ["x"]], "none": None}
        assert yaml.dump(value).splitlines() == [
            "name: a b",
            '"yes": "on"',
            "steps:",
            "  - a: 1",
            "    b: []",
            "  - - x",
            "none: null",
        ]


class TestCommandLine:
    """Run on a copy of the contracts, so that it may write."""

    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "shared/contracts", tmp_path / "shared/contracts", ignore=ignore)
        return tmp_path

    @pytest.mark.parametrize(
        ("what", "file"),
        [
            ("schemas", "shared/contracts/schemas/sales.opportunity-won.v1.json"),
            ("asyncapi", "docs/events/asyncapi.yaml"),
        ],
    )
    def test_says_what_to_run_and_mends_it(self, copy: Path, what: str, file: str) -> None:
        assert _run(copy, what).returncode == 0
        right = (copy / file).read_text(encoding="utf-8")
        (copy / file).write_text("{}", encoding="utf-8")

        check = _run(copy, what, "--check")
        assert check.returncode == 1
        assert file in check.stderr
        assert f"run `make {what}`" in check.stderr
        assert (copy / file).read_text(encoding="utf-8") == "{}"

        assert _run(copy, what).returncode == 0
        assert (copy / file).read_text(encoding="utf-8") == right
        assert _run(copy, what, "--check").returncode == 0


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kehu_contracts", *arguments],
        env={**os.environ, "PYTHONPATH": str(root / "shared/contracts/src")},
        capture_output=True,
        text=True,
        check=False,
    )


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _consumptions() -> int:
    return sum(len(topic.consumers) for topic in TOPICS)
