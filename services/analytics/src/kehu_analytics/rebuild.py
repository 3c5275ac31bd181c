"""Rebuilding: the projections of whole tenants, made once more from their events."""

from collections.abc import Sequence

from sqlalchemy import delete

from kehu_analytics.consumers import ACTOR
from kehu_analytics.facts import models as facts
from kehu_analytics.facts.fold import CustomerKey, fold_facts, note_newest
from kehu_analytics.values import models as values
from kehu_analytics.values.calculation import revalue, share_scoring
from kehu_kernel.db import Database
from kehu_kernel.records import Fact

PROJECTIONS = (
    facts.CustomerFact,
    facts.OpportunityFact,
    facts.OpportunityPast,
    facts.RequestFact,
    facts.LeadFact,
    facts.EmployeeFact,
    facts.DepartmentFact,
    facts.NewestFact,
    values.CustomerFigures,
    values.CustomerValue,
)
"""Every table that follows from events. What was published is a record, and stays."""

BATCH = 2_000


async def rebuild(database: Database, events: Sequence[Fact]) -> None:
    """Replace the projections of every tenant that occurs in `events`, in one transaction.

    `database` is entered as the worker. `events` are all events of these tenants, those about one
    object in order; consumers must not run meanwhile. Values are calculated once, at the end, and
    published where they differ from what was published: nowhere, if nothing was wrong.
    """
    tenants = {fact.envelope.tenant_id for fact in events}
    async with database.worker_transaction() as session:
        for model in PROJECTIONS:
            await session.execute(delete(model).where(model.tenant_id.in_(tenants)))
        touched: set[CustomerKey] = set()
        for start in range(0, len(events), BATCH):
            touched |= (await fold_facts(session, events[start : start + BATCH])).customers
        await share_scoring(session, tenants)
        await revalue(session, touched, actor=ACTOR)
        await note_newest(session, events)
