"""The stage of the suite: everything runs, on Apache Kafka, until all campaigns are over."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.stage import Stage, running_stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Every part as a process of its own, started once."""
    with (
        tempfile.TemporaryDirectory(prefix="kehu-faults-") as folder,
        running_stage(Path(folder)) as stage,
    ):
        yield stage
