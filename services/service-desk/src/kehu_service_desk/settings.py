"""Settings of the service desk."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_SERVICE_DESK_`."""

    model_config = SettingsConfigDict(env_prefix="KEHU_SERVICE_DESK_")

    reopen_within_days: int = Field(14, ge=0)
    """For how many days after it was closed a request can be reopened."""
    hand_over_batch: int = 200
    """Requests of a leaver that are moved in one transaction."""
    hand_over_poll_interval: float = 1.0
    """Seconds between two looks for a hand-over that an event has told of."""
