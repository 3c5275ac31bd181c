"""Settings of the customer service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_CUSTOMER_`. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="KEHU_CUSTOMER_")

    credit_run_interval: float = 3600.0
    hand_over_batch: int = 200
    """Customers of a leaver that are moved in one transaction."""
    hand_over_poll_interval: float = 1.0
    """Seconds between two looks for a hand-over that was asked for in another process."""
