"""Settings of the customer service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_CUSTOMER_`. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="KEHU_CUSTOMER_")

    credit_run_interval: float = 3600.0
    data_export_hours: float = 72.0
    """Hours for which everything about a person can be fetched, once it was asked for."""
    data_export_poll_interval: float = 1.0
    erasure_overdue_hours: float = 24.0
    """Hours after which an erasure that a service has not acknowledged is told as overdue."""
    erasure_watch_interval: float = 60.0
    hand_over_batch: int = 200
    """Customers of a leaver that are moved in one transaction."""
    hand_over_poll_interval: float = 1.0
    """Seconds between two looks for a hand-over that was asked for in another process."""
    import_batch: int = 500
    """Rows of a file that are entered in one transaction; a row takes up to two advisory locks."""
    import_attempts: int = 5
    """How often a batch may fail before its import does."""
    import_poll_interval: float = 1.0
    import_most_bytes: int = 1_000_000_000
    """The largest file of an import; a part of it is as large as `max_body_bytes` allows."""
