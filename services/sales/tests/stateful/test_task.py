"""Random lives of tasks at the API, of their own and in a series (1.3, item 5)."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
TASKS = "/v1/tasks"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
TO_DO = {"open", "in_progress"}
STEPS = ("assign", "complete", "cancel", "change", "take_the_next_one")
OVER = {"completed": {"task-is-completed"}, "cancelled": {"task-is-cancelled"}}


class TaskLife(ApiMachine):
    """Tries any step at any time: it does what the rules say, or is refused.

    Of a series it knows the task it works on, and whether another one has been made after it.
    """

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(assigned=st.booleans(), repeats=st.booleans())
    def give_out(self, assigned: bool, repeats: bool) -> None:
        """A task is open until somebody has it."""
        body: dict[str, Any] = {"topic": "编写方案", "due_on": str(TODAY)}
        if assigned:
            body["assignee_id"] = str(uuid4())
        if repeats:
            body["recurrence"] = {"frequency": "weekly"}
        made = self.wait(self.world.client.post(TASKS, json=body)).json()
        self.id, self.assigned = made["id"], assigned
        self.state = "in_progress" if assigned else "open"
        self.series, self.ids, self.followed = made["series_id"], [made["id"]], False

    @rule(step=st.sampled_from(STEPS), choice=st.booleans())
    def go_on(self, step: str, choice: bool) -> None:
        """One rule for all steps: Hypothesis leaves rules out of whole lives, not choices."""
        getattr(self, step)(choice)

    def assign(self, _: bool) -> None:
        """A task is given to somebody, or to another one, until it is over."""
        body = {"assignee_id": str(uuid4())}
        if self.step("assign", body, OVER.get(self.state, set())):
            self.state, self.assigned = "in_progress", True

    def complete(self, backwards: bool) -> None:
        """Completing needs somebody who did it, and a start that is not after the end."""
        refusals = OVER.get(self.state, set())
        if not refusals and self.state == "open":
            refusals = {"task-not-assigned"}
        if not refusals and backwards:
            refusals = {"date-before-previous"}
        start = TODAY + timedelta(days=1) if backwards else TODAY
        body = {"started_on": str(start), "finished_on": str(TODAY)}
        if self.step("complete", body, refusals):
            self.state, self.followed = "completed", self.series is not None

    def cancel(self, end_series: bool) -> None:
        """A task is called off; a series goes on unless it ends too."""
        body = {"reason": "不需要了", "end_series": end_series}
        if self.step("cancel", body, OVER.get(self.state, set())):
            self.state = "cancelled"
            self.followed = self.series is not None and not end_series

    def change(self, half: bool) -> None:
        """What is over is not changed."""
        percent = 50 if half else 0
        version = self.read()["version"]
        sent = self.world.client.patch(
            f"{TASKS}/{self.id}", json={"percent": percent}, headers={"If-Match": f'"{version}"'}
        )
        self.told("PATCH", "", sent, OVER.get(self.state, set()))

    def take_the_next_one(self, _: bool) -> None:
        """The next one of a series is given to whoever had this one."""
        if not self.followed:
            return
        [following] = self.to_do()
        assert following["id"] not in self.ids
        assert following["due_on"] == str(TODAY + timedelta(days=7 * len(self.ids)))
        self.id, self.followed = following["id"], False
        self.state = "in_progress" if self.assigned else "open"
        self.ids.append(self.id)

    @invariant()
    def it_is_what_the_rules_say(self) -> None:
        """The task agrees with the steps that were taken; a series has one task at a time."""
        if not hasattr(self, "id"):
            return
        task = self.read()
        assert (task["status"], task["assignee_id"] is not None) == (self.state, self.assigned)
        done = self.state == "completed"
        assert (task["finished_on"] is not None, task["percent"] == 100) == (done, done)
        if self.series is not None:
            assert len(self.to_do()) == int(self.followed or self.state in TO_DO)

    def teardown(self) -> None:
        """Every version is in the log, and was told."""
        if not hasattr(self, "id"):
            return
        entries = self.wait(audited(self.world.database, self.world.tenant))
        events = self.wait(emitted(self.world.database, self.world.tenant))
        for task_id in self.ids:
            mine = [one.version for one in entries if str(one.entity_id) == task_id]
            assert mine == [one.sequence for one in events if one.key == task_id]
            assert mine == list(range(1, len(mine) + 1))
        assert mine[-1] == self.read()["version"]

    # -- how

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.world.client.get(f"{TASKS}/{self.id}")).json()
        return found

    def to_do(self) -> list[dict[str, Any]]:
        """Return the tasks of the series that are to be done."""
        asked = {"series_id": self.series, "status": ["open", "in_progress"]}
        found: list[dict[str, Any]] = self.wait(self.world.client.get(TASKS, params=asked)).json()[
            "items"
        ]
        return found

    def step(self, name: str, body: Any, refusals: set[str]) -> bool:
        sent = self.world.client.post(f"{TASKS}/{self.id}/{name}", json=body)
        return self.told("POST", f"/{name}", sent, refusals)

    def told(
        self, method: str, name: str, sent: Awaitable[httpx.Response], refusals: set[str]
    ) -> bool:
        operation = f"{method} {TASKS}/{{task_id}}{name}"
        code = self.outcome(operation, self.wait(sent))
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


class World:
    """What a life needs around it."""

    def __init__(
        self, client: httpx.AsyncClient, database: Database, tenant: str, document: dict[str, Any]
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.database, self.tenant, self.document = client, database, tenant, document


async def test_whatever_is_tried_in_whatever_order(
    running: RunningService, client: httpx.AsyncClient, tenant: str
) -> None:
    world = World(client, running.database, tenant, running.app.openapi())
    await explore(lambda: TaskLife(world), examples=8, steps=20)
