"""The service under test, and its world seen from a test's tenant."""

import pytest

from kehu_kernel.process import Service
from kehu_service_desk.__main__ import SERVICE


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under test."""
    return SERVICE
