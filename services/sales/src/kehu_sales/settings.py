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
    overdue_batch: int = 200
    """Opportunities of a tenant whose overdue stage is told of in one transaction."""
    overdue_poll_interval: float = 60.0
    """Seconds between two looks for stages that have become overdue."""
    idle_batch: int = 200
    """Idle opportunities of a tenant that are warned of, or taken back, in one transaction."""
    idle_poll_interval: float = 60.0
    """Seconds between two looks for opportunities that nobody turns to."""
    grading_batch: int = 200
    """Opportunities of a tenant that are graded again in one transaction."""
    grading_poll_interval: float = 15.0
    """Seconds between two looks for grades that are stale, or whose handling takes too long."""
    delay_batch: int = 200
    """Projects of a tenant of which something late is told in one transaction."""
    delay_poll_interval: float = 60.0
    """Seconds between two looks for projects and milestones whose planned day is over."""
    forecast_poll_interval: float = 300.0
    """Seconds between two looks whether a day has begun: each begins with a forecast that stays."""
    reminder_batch: int = 200
    """Reminders of each kind that are told for a tenant in one transaction."""
    reminder_poll_interval: float = 15.0
    """Seconds between two looks for visits and tasks to be reminded of."""
    visit_series_interval: float = 60.0
    """Seconds between two looks for visits that recur, of which the next is to be planned."""
    instalment_batch: int = 200
    """Overdue instalments of a tenant that are told in one transaction."""
    instalment_interval: float = 60.0
    """Seconds between two looks for instalments that have become overdue."""
    contract_end_batch: int = 200
    """Contracts of a tenant whose end is told in one transaction."""
    contract_end_interval: float = 60.0
    """Seconds between two looks for contracts that end soon."""
    receivable_ages: tuple[int, ...] = (30, 60, 90)
    """Days late that end an age of receivables, unless the tenant says otherwise:
    1 to 30, 31 to 60, 61 to 90, later."""
    quote_expiry_interval: float = 60.0
    """Seconds between two looks for quotes whose last day is over."""
    collision_batch: int = 100
    """Customers, and collisions, of a tenant that are looked at again in one transaction."""
    collision_poll_interval: float = 15.0
    """Seconds between two looks at collisions whose customers, hands or days have changed."""
