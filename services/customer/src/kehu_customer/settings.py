"""Settings of the customer service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_CUSTOMER_`."""

    model_config = SettingsConfigDict(env_prefix="KEHU_CUSTOMER_")
