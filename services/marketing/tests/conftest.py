import pytest

from kehu_kernel.process import Service
from kehu_marketing.__main__ import SERVICE


@pytest.fixture(scope="session")
def service() -> Service:
    """The service under test."""
    return SERVICE
