"""The whole system as a user has it: every process, one gateway, a real broker.

It starts once per session, on free ports and in a folder of its own. `KEHU_TEST_BROKER=apache` runs
it on Apache Kafka.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from kehu_local.config import SERVICES, LocalConfig, Service
from kehu_local.issuer import mint_token
from kehu_local.ports import free_port
from kehu_local.supervisor import Supervisor

Found = TypeVar("Found")
SETTLE_SECONDS = 30.0


class User:
    """Somebody at the gateway: calls answer with the parsed body, or fail the test."""

    def __init__(self, gateway_url: str, token: str) -> None:
        self.http = httpx.Client(
            base_url=f"{gateway_url}/api",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Read something that must be there."""
        return self._body(self.http.get(path, params=parameters))

    def post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        """Give a command that must succeed."""
        return self._body(self.http.post(path, json=body, headers=headers))

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        assert response.is_success, f"{response.request.url}: {response.text}"
        body: dict[str, Any] = response.json()
        return body


@dataclass
class System:
    """The running system."""

    config: LocalConfig
    supervisor: Supervisor

    def user(self, tenant: str, *roles: str) -> User:
        """Return somebody of this tenant (an administrator if no role is named)."""
        token = mint_token(
            self.config,
            tenant=tenant,
            subject=f"{tenant}-user",
            roles=list(roles or ("administrator",)),
        )
        return User(self.config.gateway_url, token)


def eventually(look: Callable[[], Found | None], *, within: float = SETTLE_SECONDS) -> Found:
    """Return what `look` finds, as soon as it finds something; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing after {within:.0f} s"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """Everything started, as `make up` does it."""
    with tempfile.TemporaryDirectory(prefix="kehu-e2e-") as folder:
        home = Path(folder)
        cache = os.environ.get("KEHU_HOME") or Path(__file__).parents[2] / ".kehu"
        kafka = Path(cache) / "kafka" / "libs"
        if kafka.exists():  # fetched once, used by every run
            (home / "kafka").mkdir()
            (home / "kafka" / "libs").symlink_to(kafka.resolve())
        config = LocalConfig(
            home=home,
            gateway_port=free_port(),
            postgres_port=free_port(),
            broker_port=free_port(),
            services=tuple(Service(one.slug, free_port()) for one in SERVICES),
            given_kafka=os.environ.get("KEHU_KAFKA_BOOTSTRAP"),
        )
        supervisor = Supervisor(config)
        supervisor.up(apache=os.environ.get("KEHU_TEST_BROKER") == "apache")
        try:
            yield System(config, supervisor)
        finally:
            supervisor.down()


@pytest.fixture
def tenant() -> str:
    """A tenant nobody else uses."""
    return f"t-{uuid4().hex[:12]}"


@pytest.fixture
def user(system: System, tenant: str) -> User:
    """An administrator of the test's tenant."""
    return system.user(tenant)
