"""Settings of the service desk."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_SERVICE_DESK_`."""

    model_config = SettingsConfigDict(env_prefix="KEHU_SERVICE_DESK_")

    reopen_within_days: int = Field(14, ge=0)
    """For how many days after it was closed a request can be reopened."""
