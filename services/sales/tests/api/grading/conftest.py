"""What tests of grading share: a scheme that is in force, and the worker."""

from typing import Any

import httpx
import pytest

from kehu_kernel.testing.plugin import RunningService
from kehu_sales.grading.worker import GradingWork

SCHEME = "/v1/grading-scheme"


@pytest.fixture
async def in_force(client: httpx.AsyncClient) -> dict[str, Any]:
    """The default scheme, put in force."""
    response = await client.patch(SCHEME, json={}, headers={"If-Match": '"0"'})
    assert response.status_code == 200, response.text
    scheme: dict[str, Any] = response.json()
    return scheme


@pytest.fixture
def work(running: RunningService) -> GradingWork:
    """The worker that grades again and tells what is late."""
    return GradingWork(running.databases, "Asia/Shanghai", lambda: None, batch=50)
