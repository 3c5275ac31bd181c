"""How fresh an answer is: no answer of this service goes without saying so."""

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from kehu_analytics.facts.models import NewestFact
from kehu_contracts.topics import Topic
from kehu_kernel.session import Session


class Fresh(BaseModel):
    """What every answer says about its age."""

    facts_until: datetime | None = Field(
        description="Time of the newest fact taken into account, UTC; null before the first."
    )
    lag_seconds: float | None = Field(
        description="Age of that newest fact. It grows while nothing happens; the age of waiting "
        "facts is the metric `kehu_consumer_lag_seconds`."
    )


async def freshness(session: Session, *topics: Topic) -> Fresh:
    """Return how far the facts of the given topics reach for the session's tenant."""
    context = session.context
    newest = await session.scalar(
        select(func.max(NewestFact.at)).where(
            NewestFact.tenant_id == context.tenant_id,
            NewestFact.topic.in_([topic.name for topic in topics]),
        )
    )
    if newest is None:
        return Fresh(facts_until=None, lag_seconds=None)
    lag = max(0.0, (context.now - newest).total_seconds())
    return Fresh(facts_until=newest, lag_seconds=lag)
