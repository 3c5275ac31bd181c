"""The storm over the commands finds no broken promise; with a planted bug, the same storm does."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from faults.planted import commands
from faults.planted.commands import CommandStorm
from kehu_customer.__main__ import SERVICE
from kehu_kernel.process import Service
from kehu_kernel.testing.plugin import ClientFor, RunningService

pytestmark = pytest.mark.timeout(600)  # the machine may be busy
Plant = Callable[[CommandStorm, pytest.MonkeyPatch], None]

FOUND_AS: dict[Plant, str] = {
    commands.commit_after_the_response: "acknowledged, not there:",
    commands.idempotency_key_claimed_apart: "no effect:",
    commands.event_after_the_commit: "0 events:",
}
"""What each bug breaks, in the words of the checks."""


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under the storm."""
    return SERVICE


@pytest.fixture
def storm(running: RunningService, client_for: ClientFor, tenant: str, seed: int) -> CommandStorm:
    return CommandStorm(running, client_for, tenant, seed)


@asynccontextmanager
async def row_level_security_off(running: RunningService) -> AsyncIterator[None]:
    connection = await asyncpg.connect(running.settings.owner_database_url)
    await connection.execute("ALTER TABLE customers DISABLE ROW LEVEL SECURITY")
    try:
        yield
    finally:
        await connection.execute("ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
        await connection.close()


async def test_every_promise_holds(storm: CommandStorm) -> None:
    assert await storm.rage() == []
    assert len(storm.fate.struck) == 3, f"hardly anything happened: {storm.fate.struck}"


@pytest.mark.parametrize("plant", FOUND_AS, ids=lambda plant: plant.__name__)
async def test_a_planted_bug_is_found(
    storm: CommandStorm, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(storm, monkeypatch)
    violations = await storm.rage()
    kinds = [one for one in violations if re.match(FOUND_AS[plant], one)]
    assert kinds, f"not found; what was: {violations[:5]}, {storm.fate.struck}"


class TestTenants:
    """Two layers keep tenants apart: the filter of every query, and row-level security."""

    async def test_a_forgotten_filter_shows_nothing(
        self, storm: CommandStorm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commands.tenant_filter_forgotten(storm, monkeypatch)
        assert await storm.rage() == []

    async def test_without_row_level_security_the_filters_hold(
        self, storm: CommandStorm, running: RunningService
    ) -> None:
        async with row_level_security_off(running):
            assert await storm.rage() == []

    async def test_a_forgotten_filter_without_row_level_security_is_found(
        self, storm: CommandStorm, running: RunningService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commands.tenant_filter_forgotten(storm, monkeypatch)
        async with row_level_security_off(running):
            violations = await storm.rage()
        assert [one for one in violations if " was given " in one]
