"""What the analytics service's tests share: the service, and facts to fold."""

import pytest

from kehu_analytics.__main__ import SERVICE
from kehu_kernel.process import Service


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under test."""
    return SERVICE
