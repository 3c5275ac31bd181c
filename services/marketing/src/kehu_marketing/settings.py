"""Settings of the marketing service."""

from pydantic_settings import SettingsConfigDict

from kehu_kernel.settings import OutboundSettings, ServiceSettings


class Settings(ServiceSettings, OutboundSettings):
    """Environment variables start with `KEHU_MARKETING_`.

    The two URLs are the bases of the services that conversions call. Durations are seconds.
    """

    model_config = SettingsConfigDict(env_prefix="KEHU_MARKETING_")

    customer_url: str = "http://127.0.0.1:8101"
    sales_url: str = "http://127.0.0.1:8102"
    call_timeout: float = 5.0
    phone_region: str = "CN"
    """Where numbers of leads without a country code are: what the tenants' preferences say in the
    customer service. Empty where they differ: then only numbers with a country code are checked."""
    conversion_poll_interval: float = 1.0
    hand_over_batch: int = 200
    """Leads of a leaver that are moved in one transaction."""
    hand_over_poll_interval: float = 1.0
    """Seconds between two looks for a hand-over that an event has told of."""
