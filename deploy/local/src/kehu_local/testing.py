"""The whole system for tests: every process on free ports, and somebody who uses it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from kehu_contracts.access import RowScope
from kehu_local.config import ROOT, SERVICES, LocalConfig, Service
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

    def etag(self, path: str) -> str:
        """Return the ETag of something that must be there, to be sent as `If-Match`."""
        response = self.http.get(path)
        self._body(response)
        return response.headers["etag"]

    def change(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change something as it stands; the change must succeed."""
        headers = {"If-Match": self.etag(path)}
        return self._body(self.http.patch(path, json=body, headers=headers))

    def _body(self, response: httpx.Response) -> dict[str, Any]:
        assert response.is_success, f"{response.request.url}: {response.text}"
        body: dict[str, Any] = response.json()
        return body


@dataclass
class System:
    """The running system."""

    config: LocalConfig
    supervisor: Supervisor
    users: list[User] = field(default_factory=list)

    def restart(self) -> None:
        """Start what does not run, and return when all of it is ready."""
        self.supervisor.up(apache=_apache())

    def user(
        self,
        tenant: str,
        *roles: str,
        employee_id: str | None = None,
        row_scope: RowScope = RowScope.ALL,
    ) -> User:
        """Return somebody of this tenant (an administrator if no role is named)."""
        token = mint_token(
            self.config,
            tenant=tenant,
            subject=f"{tenant}-{employee_id or 'user'}",
            roles=list(roles or ("administrator",)),
            employee_id=UUID(employee_id) if employee_id else None,
            row_scope=row_scope,
        )
        user = User(self.config.gateway_url, token)
        self.users.append(user)
        return user

    def close(self) -> None:
        """Close the users' connections."""
        for user in self.users:
            user.http.close()


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the problem document of a command that must be refused like this."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    return body


def ids(page: dict[str, Any], field: str = "id") -> set[str]:
    """Return the ids on a page of a list, or another field of each item."""
    return {item[field] for item in page["items"]}


def eventually(look: Callable[[], Found | None], *, within: float = SETTLE_SECONDS) -> Found:
    """Return what `look` finds, as soon as it finds something; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing after {within:.0f} s"
        time.sleep(0.1)


@contextmanager
def running_system(home: Path) -> Iterator[System]:
    """Start everything, as `make up` does it, in a folder of its own; stop it in the end.

    `KEHU_TEST_BROKER=apache` runs it on Apache Kafka, `KEHU_KAFKA_BOOTSTRAP` on a given broker.
    """
    for libs in Path(os.environ.get("KEHU_HOME") or ROOT / ".kehu").glob("kafka/libs-*"):
        (home / "kafka").mkdir(exist_ok=True)
        (home / "kafka" / libs.name).symlink_to(libs.resolve())  # fetched once, for every run
    config = LocalConfig(
        home=home,
        gateway_port=free_port(),
        postgres_port=free_port(),
        broker_port=free_port(),
        services=tuple(Service(one.slug, free_port()) for one in SERVICES),
        given_kafka=os.environ.get("KEHU_KAFKA_BOOTSTRAP"),
    )
    supervisor = Supervisor(config)
    supervisor.up(apache=_apache())
    system = System(config, supervisor)
    try:
        yield system
    finally:
        system.close()
        supervisor.down()


def _apache() -> bool:
    return os.environ.get("KEHU_TEST_BROKER") == "apache"
