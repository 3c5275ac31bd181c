"""Where everything is on this machine: folders, ports, servers. All of it can be overridden."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from kehu_local.errors import LocalError
from kehu_local.ports import HOST
from kehu_local.postgres import ADMIN, PASSWORD, url_for

ROOT = Path(__file__).parents[4]
DEMO_TENANT: Final = "demo"
AUDIENCE: Final = "kehu"


class DemoSet(StrEnum):
    """What the demo can show."""

    HARDWARE = "hardware"
    """Opportunities of a hardware seller: 8,800 of 2016 and 2017."""
    CHINESE = "chinese"
    """Chinese companies: groups, owners, archives, credit, duplicates, a leaver."""


@dataclass(frozen=True, slots=True)
class Service:
    """One of the services: its name in addresses, its port, and what its process does.

    `part` is `all`, or the one of `api`, `relay` and `consume` that runs as a process of its own.
    """

    slug: str
    port: int
    part: str = "all"

    @property
    def snake(self) -> str:
        """The name in Python and PostgreSQL."""
        return self.slug.replace("-", "_")

    @property
    def prefix(self) -> str:
        """What its environment variables begin with."""
        return f"KEHU_{self.snake.upper()}_"

    @property
    def database(self) -> str:
        """Its database."""
        return f"kehu_{self.snake}"

    @property
    def url(self) -> str:
        """Its own address, without the gateway."""
        return f"http://{HOST}:{self.port}"

    @property
    def command(self) -> list[str]:
        """Starts its process; `all` migrates the database first, the parts expect it migrated."""
        return [sys.executable, "-m", f"kehu_{self.snake}", self.part]


SERVICES: Final = (
    Service("customer", 8101),
    Service("sales", 8102),
    Service("service-desk", 8103),
    Service("marketing", 8104),
    Service("analytics", 8105),
)


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """One local installation. `given_*` name servers that are used instead of embedded ones.

    `ready_seconds` is how long services may take until they are ready: they migrate first.
    """

    home: Path
    gateway_port: int = 8080
    postgres_port: int = 25432
    broker_port: int = 29092
    services: tuple[Service, ...] = SERVICES
    given_postgres: str | None = None
    given_kafka: str | None = None
    ready_seconds: float = 300.0
    base_environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @classmethod
    def from_environment(cls) -> "LocalConfig":
        """Read KEHU_HOME, KEHU_*_PORT, KEHU_DATABASE_URL, KEHU_KAFKA_BOOTSTRAP, KEHU_READY_SECONDS.

        Raises `LocalError`.
        """
        given = os.environ.get
        return cls(
            home=Path(given("KEHU_HOME") or ROOT / ".kehu").resolve(),
            gateway_port=int(given("KEHU_GATEWAY_PORT", "8080")),
            postgres_port=int(given("KEHU_POSTGRES_PORT", "25432")),
            broker_port=int(given("KEHU_BROKER_PORT", "29092")),
            services=tuple(
                Service(one.slug, int(given(f"{one.prefix}PORT", str(one.port))))
                for one in SERVICES
            ),
            given_postgres=given("KEHU_DATABASE_URL") or None,
            given_kafka=given("KEHU_KAFKA_BOOTSTRAP") or None,
            ready_seconds=_seconds(given("KEHU_READY_SECONDS") or "300"),
        )

    def environment(self) -> dict[str, str]:
        """Return the environment from which `from_environment` would read this configuration."""
        own = {
            "KEHU_HOME": str(self.home),
            "KEHU_GATEWAY_PORT": str(self.gateway_port),
            "KEHU_POSTGRES_PORT": str(self.postgres_port),
            "KEHU_BROKER_PORT": str(self.broker_port),
            "KEHU_READY_SECONDS": str(self.ready_seconds),
        }
        own |= {f"{one.prefix}PORT": str(one.port) for one in self.services}
        # Unbuffered, so that logs show what happened; two arenas keep idle memory small.
        return {**self.base_environment, **own, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}

    @property
    def gateway_url(self) -> str:
        """The one address people use."""
        return f"http://{HOST}:{self.gateway_port}"

    @property
    def issuer_url(self) -> str:
        """The issuer named in tokens."""
        return f"{self.gateway_url}/auth"

    @property
    def admin_url(self) -> str:
        """The PostgreSQL administrator's URL: the given server, or the embedded one."""
        embedded = f"postgresql://{ADMIN}:{PASSWORD}@{HOST}:{self.postgres_port}/postgres"
        return self.given_postgres or embedded

    @property
    def kafka_bootstrap(self) -> str:
        """The broker: the given one, or the embedded one."""
        return self.given_kafka or f"{HOST}:{self.broker_port}"

    @property
    def logs(self) -> Path:
        """The folder with one log per process."""
        return self.home / "logs"

    def service(self, slug: str) -> Service:
        """Return the service of this name. Raises `KeyError`."""
        return {one.slug: one for one in self.services}[slug]

    def service_environment(self, service: Service, client_secret: str) -> dict[str, str]:
        """Return the environment in which a service runs; some settings may be overridden.

        `client_secret` is the secret of the service account of the same name.
        """
        settings = {
            "DATABASE_URL": url_for(self.admin_url, "kehu_app", service.database),
            "WORKER_DATABASE_URL": url_for(self.admin_url, "kehu_worker", service.database),
            "OWNER_DATABASE_URL": url_for(self.admin_url, "kehu_owner", service.database),
            "KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "OIDC_ISSUER": self.issuer_url,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS_URL": f"{self.issuer_url}/jwks.json",
            "HOST": HOST,
            "PORT": str(service.port),
            "ROOT_PATH": f"/api/{service.slug}",
        }
        if service.slug == "marketing":
            settings |= {
                "CUSTOMER_URL": f"{self.gateway_url}/api/customer",  # a port of its own may change
                "SALES_URL": f"{self.gateway_url}/api/sales",
                "SERVICE_CLIENT_ID": service.slug,
                "SERVICE_CLIENT_SECRET": client_secret,
                "OIDC_TOKEN_URL": f"{self.issuer_url}/token",
            }
        environment = {f"{service.prefix}{name}": value for name, value in settings.items()}
        defaults = {
            f"{service.prefix}LOG_FORMAT": "console",
            # The gateway sends nothing any more to a process that is being replaced.
            f"{service.prefix}DRAIN_SECONDS": "0",
        }
        return {**defaults, **self.environment(), **environment}


def _seconds(told: str) -> float:
    try:
        seconds = float(told)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise LocalError(f"KEHU_READY_SECONDS is {told!r}; it has to be a number of seconds.")
    return seconds
