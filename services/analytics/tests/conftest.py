"""What the analytics service's tests share: the service, events to fold, problems to read."""

from collections.abc import Callable

import httpx
import pytest

from kehu_analytics.__main__ import SERVICE
from kehu_analytics.testing import Stream
from kehu_kernel.process import Service

ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under test."""
    return SERVICE


@pytest.fixture
def stream(tenant: str) -> Stream:
    """Events of the test's tenant."""
    return Stream(tenant)


@pytest.fixture(scope="session")
def problem() -> ProblemOf:
    """Reads the status and code of a problem document: `problem(response) == (409, "...")`."""

    def status_and_code(response: httpx.Response) -> tuple[int, str]:
        assert response.headers["content-type"] == "application/problem+json", response.text
        return response.status_code, response.json()["code"]

    return status_and_code
