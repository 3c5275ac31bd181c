"""What the sales service's tests share: the service, and things made through its API."""

from collections.abc import Callable

import httpx
import pytest

from kehu_kernel.process import Service
from kehu_sales.__main__ import SERVICE

ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under test."""
    return SERVICE
