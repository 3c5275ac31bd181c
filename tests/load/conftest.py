"""The whole system under load: every process, one gateway, a real broker."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from kehu_local.config import SERVICES
from kehu_local.testing import System, User, running_system


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """Everything started, once per test session, on free ports.

    Requests have a long time: a machine that is busy with something else is no failed request.
    """
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory(prefix="kehu-load-") as folder,
        running_system(_patient(Path(folder), environment)) as system,
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


def _patient(folder: Path, environment: pytest.MonkeyPatch) -> Path:
    for service in SERVICES:
        environment.setenv(f"{service.prefix}REQUEST_SECONDS", "60")
    return folder
