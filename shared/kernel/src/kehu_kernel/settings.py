"""Settings every service has; a service subclasses `ServiceSettings` with its own prefix."""

from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class ServiceSettings(BaseSettings):
    """Read from environment variables `<PREFIX>_<FIELD>` (see each service's README).

    Durations are seconds, sizes bytes. Three database roles: the API and event handlers are bound
    to one tenant by row-level security, the worker moves events of all tenants, the owner migrates.

    Under load: `concurrency_limit` requests are worked on at once (hardly more than `pool_size`:
    one that only waits for a connection is no work); `queue_limit` more wait up to
    `queue_seconds`; the rest is refused. A request is given up after `request_seconds`.

    Ending: after SIGTERM the API serves for `drain_seconds` while the load balancer hears of it,
    then finishes what is begun within `shutdown_grace_seconds`. A worker without progress for
    `worker_stuck_seconds` (each has a default of its own) is started again, at most
    `worker_restarts` times an hour; an event loop blocked for `loop_blocked_seconds` ends the
    process (0 turns this off, for a debugger).

    The audit log is sealed every `audit_seal_interval`, about `audit_seal_entries` to a seal; a
    check looks at `audit_check_seals` at most. Orders to erase a person are looked for every
    `erasure_poll_interval`.
    """

    database_url: str
    worker_database_url: str
    owner_database_url: str | None = None
    pool_size: int = 10
    pool_timeout: float = 1.0
    statement_timeout: float = 5.0
    lock_timeout: float = 2.0
    idle_in_transaction_timeout: float = 15.0

    kafka_bootstrap: str = "127.0.0.1:9092"
    relay_poll_interval: float = 0.025
    sent_event_retention_days: int = 7
    idempotency_retention_days: int = 7

    oidc_issuer: str
    oidc_audience: str = "kehu"
    oidc_jwks_url: str
    token_cache_seconds: float = 30.0

    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    max_body_bytes: int = 1_048_576
    concurrency_limit: int = 12
    queue_limit: int = 64
    queue_seconds: float = 0.25
    request_seconds: float = 10.0
    head_seconds: float = 5.0
    keep_alive_seconds: int = 5

    drain_seconds: float = 5.0
    shutdown_grace_seconds: float = 20.0
    worker_stuck_seconds: float | None = None
    worker_restarts: int = 3
    loop_blocked_seconds: float = 30.0

    audit_seal_interval: float = 5.0
    audit_seal_entries: int = 500
    audit_check_seals: int = 200
    erasure_poll_interval: float = 1.0

    time_zone: str = "Asia/Shanghai"
    currency: str = "CNY"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str | None = None
    trace_sample_ratio: float = 0.01


class OutboundSettings(BaseSettings):
    """How a service authenticates when it calls another one (client credentials)."""

    oidc_token_url: str = ""
    service_client_id: str = ""
    service_client_secret: SecretStr = SecretStr("")
