"""Settings of the customer service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment variables start with `KEHU_CUSTOMER_`. Durations are seconds."""

    model_config = SettingsConfigDict(env_prefix="KEHU_CUSTOMER_")

    credit_run_interval: float = 3600.0
