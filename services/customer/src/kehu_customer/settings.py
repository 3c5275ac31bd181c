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
    import_keep_days: float = 30.0
    """Days after which the file of an import is deleted that nobody works with, with the cells of
    refused rows."""
    import_expiry_interval: float = 3600.0
    import_most_bytes: int = 1_000_000_000
    """The largest file of an import; a part of it is as large as `max_body_bytes` allows."""
    segment_change_batch: int = 200
    """Changed customers whose segments are settled in one transaction."""
    segment_run_batch: int = 2000
    """Customers that a new rule looks at in one transaction."""
    segment_poll_interval: float = 0.2
    """Seconds between two looks for changes that segments may depend on."""
    segment_max_depth: int = 5
    """How deep the conditions of a rule may nest."""
    segment_max_conditions: int = 50
    """How many conditions a rule may have."""
    segment_preview_limit: int = 10_000
    """How far a preview counts."""
    search_build_batch: int = 500
    """Customers on record whose search terms are made in one transaction."""
    search_build_interval: float = 60.0
    """Seconds between two looks whether search terms are to be made anew."""
