"""What is read can be sent back, in the form that the guides make of it with jq."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import jq

Make = Callable[..., Awaitable[dict[str, Any]]]
GUIDES = Path(__file__).parents[2] / "docs"


def made_of(guide: str, read: str) -> dict[str, Any]:
    """Return what the jq program of a guide makes of an answer."""
    (program,) = re.findall(r"\| jq '([^']+)'", (GUIDES / guide).read_text())
    made: dict[str, Any] = jq.compile(program).input_text(read).first()
    return made


async def sent_back(client: httpx.AsyncClient, guide: str, url: str) -> None:
    """Send back what is read; nothing but the version may differ then."""
    read = await client.get(url)
    body = made_of(guide, read.text)
    answer = await client.patch(url, json=body, headers={"If-Match": read.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert made_of(guide, answer.text) == body


async def test_a_grading_scheme(client: httpx.AsyncClient) -> None:
    await sent_back(client, "grading.md", "/v1/grading-scheme")
    row = [["1", *["3"] * 7], *[["1/3", *["1"] * 7]] * 7]
    await client.patch("/v1/grading-scheme", json={"matrix": row}, headers={"If-Match": '"1"'})
    await sent_back(client, "grading.md", "/v1/grading-scheme")


async def test_a_method(client: httpx.AsyncClient, make_method: Make) -> None:
    conditions = {"control": "strict", "visits": 1, "required_fields": ["need"]}
    stage = {"name": "了解", "planned_days": 7, "success_rate": 10, "conditions": conditions}
    last = stage | {"code": "b", "success_rate": 90, "may_return_to": ["a"]}
    made = await make_method(stages=[stage | {"code": "a"}, last])
    await sent_back(client, "methods.md", f"/v1/methods/{made['id']}")


async def test_types_of_visits_and_limits(client: httpx.AsyncClient) -> None:
    await sent_back(client, "visits.md", "/v1/visit-policy")
