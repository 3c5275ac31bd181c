"""The rule of idle opportunities is read and changed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_sales.idle import queries

Decide = Callable[..., Awaitable[httpx.Response]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
POLICY = "/v1/idle-policy"
BEFORE = clock.today(clock.now(), "Asia/Shanghai") - timedelta(days=9)


@pytest.fixture
def decide(client: httpx.AsyncClient) -> Decide:
    """Changes the tenant's rule."""

    async def make(**values: Any) -> httpx.Response:
        etag = (await client.get(POLICY)).headers["etag"]
        return await client.patch(POLICY, json=values, headers={"If-Match": etag})

    return make


class TestTheRule:
    async def test_is_read_and_changed(self, client: httpx.AsyncClient, decide: Decide) -> None:
        before = (await client.get(POLICY)).json()
        assert before == {"version": 0, "idle_days": None, "warn_days": 7}
        changed = await decide(idle_days=60)
        assert changed.json() == {"version": 1, "idle_days": 60, "warn_days": 7}
        never = await decide(idle_days=None)
        assert never.json() == {"version": 2, "idle_days": None, "warn_days": 7}

    async def test_decides_nothing_anew_with_what_holds_already(
        self, decide: Decide, database: Database, context: Context
    ) -> None:
        await decide(idle_days=60)
        async with database.transaction(context) as session:
            (await queries.policy_of(session)).decided_on = BEFORE
        same = await decide(idle_days=60, warn_days=7)
        assert same.json() == {"version": 1, "idle_days": 60, "warn_days": 7}
        async with database.transaction(context) as session:
            assert (await queries.policy_of(session)).decided_on == BEFORE
        await decide(idle_days=90)
        [_, changed] = await emitted(database, context.tenant_id, "sales.policy-changed.v1")
        assert changed.data["changed_settings"] == ["idle_days"], "the day is none of them"

    @pytest.mark.parametrize("values", [{"idle_days": 7}, {"idle_days": 20, "warn_days": 20}])
    async def test_leaves_a_day_before_its_warning(
        self, decide: Decide, problem: ProblemOf, values: dict[str, int]
    ) -> None:
        assert problem(await decide(**values)) == (422, "warning-too-early")
