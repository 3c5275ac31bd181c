"""Random lives of an object at the API, against a model of the rules (Hypothesis state machines).

A machine is synchronous and runs in a thread; the service lives in the test's event loop.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import httpx
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

Found = TypeVar("Found")

ANSWER_SECONDS = 30.0


class ApiMachine(RuleBasedStateMachine):
    """A state machine whose rules call an API.

    `loop` is the event loop of the service, `document` its OpenAPI document.
    """

    loop: asyncio.AbstractEventLoop
    document: dict[str, Any]

    def wait(self, awaitable: Awaitable[Found]) -> Found:
        """Return what happens in the service's event loop."""

        async def waited() -> Found:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(waited(), self.loop).result(ANSWER_SECONDS)

    def outcome(self, operation: str, response: httpx.Response) -> str | None:
        """Return the code of a refusal, None for success; an undocumented answer fails the test.

        `operation` names it as the document does: `POST /v1/leads/{lead_id}/convert`.
        """
        method, path = operation.split()
        documented = self.document["paths"][path][method.lower()]["responses"]
        status = str(response.status_code)
        assert status in documented, f"{operation} answers {status}: {response.text}"
        if response.is_success:
            return None
        assert response.headers["content-type"] == "application/problem+json", response.text
        code = str(response.json()["code"])
        assert f"`{code}`" in documented[status]["description"], f"{operation}: {status} {code}"
        return code


async def explore(machine: Callable[[], ApiMachine], *, examples: int, steps: int = 25) -> None:
    """Live so many random lives of so many steps: the same ones each time.

    `KEHU_EXAMPLES` asks for another number of lives, chosen anew, for a long search.
    """
    asked = os.environ.get("KEHU_EXAMPLES")
    profile = settings(
        max_examples=int(asked or examples),
        stateful_step_count=steps,
        derandomize=not asked,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, cast("Any", machine), settings=profile)
