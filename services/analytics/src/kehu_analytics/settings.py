"""Settings of the analytics service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_ANALYTICS_`."""

    model_config = SettingsConfigDict(env_prefix="KEHU_ANALYTICS_")
