"""Reading what is idle: when somebody last turned to opportunities."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.idle.models import DEFAULTS, IdlePolicy
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status
from kehu_sales.policies import decided

LAST_MOVES = """
    SELECT asked.id, (max(moves.moved_at) AT TIME ZONE $3)::date AS moved_on
    FROM unnest($2::uuid[]) AS asked (id) CROSS JOIN LATERAL (
        SELECT a.at AS moved_at FROM audit_log a
        WHERE a.tenant_id = $1 AND a.entity_id = asked.id
            AND (a.actor NOT LIKE 'system:%' OR a.changes ? 'owner_id')
        UNION ALL
        SELECT a.created_at FROM activities a
        WHERE a.tenant_id = $1 AND a.opportunity_id = asked.id
        UNION ALL
        SELECT a.at FROM (
            SELECT v.id FROM visits v WHERE v.tenant_id = $1 AND v.opportunity_id = asked.id
            UNION ALL
            SELECT t.id FROM tasks t WHERE t.tenant_id = $1 AND t.opportunity_id = asked.id
            UNION ALL
            SELECT q.id FROM quotes q WHERE q.tenant_id = $1 AND q.opportunity_id = asked.id
            UNION ALL
            SELECT s.id FROM samples s WHERE s.tenant_id = $1 AND s.opportunity_id = asked.id
            UNION ALL
            SELECT c.id FROM contracts c WHERE c.tenant_id = $1 AND c.opportunity_id = asked.id
            UNION ALL
            SELECT p.id FROM projects p WHERE p.tenant_id = $1 AND p.opportunity_id = asked.id
            UNION ALL
            SELECT f.id FROM forecast_calls f
            WHERE f.tenant_id = $1 AND f.opportunity_id = asked.id
            UNION ALL
            SELECT r.id FROM opportunity_competitors r
            WHERE r.tenant_id = $1 AND r.opportunity_id = asked.id
            UNION ALL
            SELECT s.id FROM comparison_sheets s
            WHERE s.tenant_id = $1 AND s.opportunity_id = asked.id
        ) AS recorded
        JOIN audit_log a ON a.tenant_id = $1 AND a.entity_id = recorded.id
            AND a.actor NOT LIKE 'system:%'
        UNION ALL
        SELECT v.ends_at FROM visits v
        WHERE v.tenant_id = $1 AND v.opportunity_id = asked.id AND v.status <> 'cancelled'
        UNION ALL
        SELECT t.due_on::timestamp AT TIME ZONE $3 FROM tasks t
        WHERE t.tenant_id = $1 AND t.opportunity_id = asked.id AND t.status <> 'cancelled'
        UNION ALL
        SELECT $4::date::timestamp AT TIME ZONE $3 WHERE EXISTS (
            SELECT FROM contracts c WHERE c.tenant_id = $1 AND c.opportunity_id = asked.id
                AND c.state IN ('in_approval', 'approved')
        ) OR EXISTS (
            SELECT FROM projects p WHERE p.tenant_id = $1 AND p.opportunity_id = asked.id
                AND p.state IN ('in_approval', 'approved', 'executing')
        ) OR EXISTS (
            SELECT FROM erased_subjects e WHERE e.tenant_id = $1 AND e.subject_id = asked.id
        )
    ) AS moves
    GROUP BY asked.id
"""
"""What people did with it, and that it changed hands; what is recorded of it, or planned for it.

What the system itself did, such as a warning, a grade or the end of a quote, is no sign that
anybody turned to it. What has a contract waiting for approval or in force, or a project going on,
is turned to every day; what is left of an erased person counts so too: nobody can work on it.
"""

NOTE_MOVES = """
    UPDATE opportunities o SET moved_on = seen.moved_on
    FROM unnest($2::uuid[], $3::date[]) AS seen (id, moved_on)
    WHERE o.tenant_id = $1 AND o.id = seen.id
"""
WITHDRAW_WARNINGS = """
    UPDATE opportunities SET idle_warned_on = NULL, idle_return_on = NULL
    WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
"""
"""Neither is a change of the opportunity: they have no version and no entry of their own."""


async def policy_of(session: Session) -> IdlePolicy:
    """Return what the tenant has decided; the defaults, as version 0, where it has not."""
    return await decided(session, IdlePolicy) or IdlePolicy(version=0, **DEFAULTS)


async def quiet_since(session: Session, day: date, limit: int) -> list[Opportunity]:
    """Return opportunities in progress of which no move is known after a day, locked.

    None that was warned of; the longest first. What others hold locked is left for later.
    """
    query = _in_progress(session).where(
        Opportunity.idle_warned_on.is_(None), Opportunity.moved_on <= day
    )
    return await _lot(session, query.order_by(Opportunity.moved_on, Opportunity.id), limit)


async def to_return(session: Session, today: date, limit: int) -> list[Opportunity]:
    """Return opportunities in progress whose day to go back, as warned of, has come, locked."""
    query = _in_progress(session).where(Opportunity.idle_return_on <= today)
    return await _lot(session, query.order_by(Opportunity.idle_return_on, Opportunity.id), limit)


def _in_progress(session: Session) -> Select[Opportunity]:
    return select(Opportunity).where(
        Opportunity.tenant_id == session.context.tenant_id,
        Opportunity.status == Status.IN_PROGRESS,
    )


async def _lot(session: Session, query: Select[Opportunity], limit: int) -> list[Opportunity]:
    return await session.scalars(
        query.limit(limit).with_for_update(key_share=True, skip_locked=True)
    )


async def last_moves(
    session: Session, ids: Collection[UUID], zone: str, today: date
) -> dict[UUID, date]:
    """Return the day somebody last turned to each opportunity; one to come if work is planned."""
    rows = await session.fetch(LAST_MOVES, session.context.tenant_id, sorted(ids), zone, today)
    return {row["id"]: row["moved_on"] for row in rows}


async def note_moves(session: Session, moves: Mapping[UUID, date]) -> None:
    """Keep when somebody last turned to opportunities, so that they are not looked at each day."""
    await session.fetch(NOTE_MOVES, session.context.tenant_id, [*moves], [*moves.values()])


async def withdraw_warnings(session: Session, ids: Collection[UUID]) -> None:
    """Take warnings back that hold no more; what becomes idle later is warned of anew."""
    await session.fetch(WITHDRAW_WARNINGS, session.context.tenant_id, sorted(ids))
