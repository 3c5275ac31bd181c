"""The whole system under load: every process, one gateway, a real broker."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from kehu_local.testing import System, User, running_system


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """Everything started, once per test session, on free ports."""
    with (
        tempfile.TemporaryDirectory(prefix="kehu-load-") as folder,
        running_system(Path(folder)) as system,
    ):
        yield system


@pytest.fixture
def tenant() -> str:
    """A tenant nobody else uses."""
    return f"t-{uuid4().hex[:12]}"


@pytest.fixture
def user(system: System, tenant: str) -> User:
    """An administrator of the test's tenant."""
    return system.user(tenant)
