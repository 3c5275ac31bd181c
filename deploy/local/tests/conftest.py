"""Local installations of their own for tests: free ports, a temporary folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kehu_local.config import LocalConfig, Service
from kehu_local.ports import free_port
from kehu_local.supervisor import Supervisor


@pytest.fixture
def config(tmp_path: Path) -> Iterator[LocalConfig]:
    """An installation with no services; whatever a test leaves running is stopped."""
    config = LocalConfig(
        home=tmp_path / "home",
        gateway_port=free_port(),
        postgres_port=free_port(),
        broker_port=free_port(),
        services=(Service("customer", free_port()),),
        base_environment={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    yield config
    Supervisor(config).down()


@pytest.fixture
def environment(config: LocalConfig, monkeypatch: pytest.MonkeyPatch) -> LocalConfig:
    """The same installation, told to the command line by environment variables."""
    for name, value in config.environment().items():
        if name.startswith("KEHU_"):
            monkeypatch.setenv(name, value)
    return config
