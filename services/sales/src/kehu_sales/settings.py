"""Settings of the sales service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_SALES_`."""

    model_config = SettingsConfigDict(env_prefix="KEHU_SALES_")

    hand_over_batch: int = 200
    """Opportunities, and tasks, of a leaver that are moved in one transaction."""
    hand_over_poll_interval: float = 1.0
    """Seconds between two looks for a hand-over that an event has told of."""
    quote_expiry_interval: float = 60.0
    """Seconds between two looks for quotes whose last day is over."""
