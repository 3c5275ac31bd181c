"""Settings of the sales service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_SALES_`."""

    model_config = SettingsConfigDict(env_prefix="KEHU_SALES_")
