"""Leaving stages other than by promotion. Each command runs in one transaction."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from uuid import UUID

from sqlalchemy import select

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.context import Actor
from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_sales.grading.regrading import regrade
from kehu_sales.methods.errors import UnknownMethod, UnknownMethodVersion
from kehu_sales.methods.models import Method
from kehu_sales.methods.queries import load_methods, past_versions
from kehu_sales.methods.stages import Stage
from kehu_sales.opportunities import events
from kehu_sales.opportunities.decisions import add_entry
from kehu_sales.opportunities.errors import FollowsAlready, LastStage
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.progress import Stay
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.queries import recorded_in_stages
from kehu_sales.opportunities.service import asks_for_records, stages_followed
from kehu_sales.opportunities.words import Status
from kehu_sales.stages.schemas import MethodMove, StageReturn


async def gate(
    session: Session, opportunity_id: UUID, to_stage: str | None
) -> tuple[Opportunity, Method, tuple[Stage, ...], Mapping[str, Recorded], int | None]:
    """Return an opportunity, its method, its stages, what is recorded there, and where it goes to.

    That position is None in the last stage. Raises `NotALaterStage`, `StageEnteredByWinning`,
    `StageNotSkippable`, `NotInProgress`.
    """
    opportunity = await require(session, Opportunity, opportunity_id)
    opportunity.require_in_progress()
    stages = await stages_followed(session, opportunity)
    method = await require(session, Method, opportunity.method_id)
    recorded = await recorded_in_stages(session, [opportunity.id])
    target: int | None = None
    with suppress(LastStage):  # no refusal here: it can be won or lost
        target = opportunity.next_position(stages, to_stage)
    return opportunity, method, stages, recorded.get(opportunity.id, {}), target


async def return_to_stage(
    session: Session,
    opportunity_id: UUID,
    data: StageReturn,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Return it to an earlier stage, for a reason that is kept.

    Raises `DateInFuture`, or what `Opportunity.return_to_stage` raises.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    stages = await stages_followed(session, opportunity, lock=True)
    on = business_day.happened(data.on, today)
    left = opportunity.stay_until(on)
    opportunity.return_to_stage(on, data.to_stage, stages)
    _tell_entry(session, opportunity, stages, "return", left, data.reason)
    await regrade(session, [opportunity], today=today)
    return opportunity


async def move_method(
    session: Session,
    opportunity_id: UUID,
    data: MethodMove,
    *,
    actor: Actor,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Let it follow another version, for a reason that is kept; so is one to override.

    Raises `UnknownMethod`, `MethodWithdrawn`, `UnknownMethodVersion`, `FollowsAlready`,
    `OverrideNotAllowed`, `DateInFuture`, or what `Opportunity.follow` raises.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    opportunity.require_in_progress()
    method_id = data.method_id or opportunity.method_id
    method = (await load_methods(session, [method_id])).get(method_id)
    if method is None:
        raise UnknownMethod(id=method_id)
    if method_id != opportunity.method_id:
        method.require_active()
    version = data.version or method.stages_version
    if (method_id, version) == (opportunity.method_id, opportunity.method_version):
        raise FollowsAlready(number=opportunity.number, version=version)
    stages = await _stages_of(session, method, version)
    if data.override_reason is not None:
        opportunity.require_may_override(actor.scopes)
    counted = [opportunity.id] if asks_for_records(stages) else []
    recorded = await recorded_in_stages(session, counted)
    on = business_day.happened(data.on, today)
    left = opportunity.stay_until(on)
    overridden = opportunity.follow(
        on,
        method_id=method_id,
        version=version,
        stages=stages,
        to_stage=data.to_stage,
        recorded=recorded.get(opportunity.id, {}),
        confirmed=data.confirm_reminders,
        overridden=data.override_reason is not None,
    )
    kept = data.override_reason if overridden else None
    _tell_entry(session, opportunity, stages, "method_move", left, data.reason, kept)
    await regrade(session, [opportunity], today=today)
    return opportunity


async def tell_overdue(session: Session, limit: int, *, today: date) -> int:
    """Tell of opportunities that stay in a stage longer than planned, once per stay.

    Returns how many it told of, at most `limit`; what others hold locked is left for later.
    """
    rows = await session.scalars(
        select(Opportunity)
        .where(
            Opportunity.tenant_id == session.context.tenant_id,
            Opportunity.status == Status.IN_PROGRESS,
            ~Opportunity.stage_overdue_told,
            Opportunity.stage_due_on < today,
        )
        .order_by(Opportunity.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    for opportunity in rows:
        opportunity.stage_overdue_told = True
        fields = audit.changed(session, opportunity, "stage-overdue")
        event = events.stage_overdue(opportunity, fields, today)
        outbox.add(session, event, sequence=opportunity.version)
    return len(rows)


async def _stages_of(session: Session, method: Method, version: int) -> tuple[Stage, ...]:
    if version == method.stages_version:
        return method.stages
    past = await past_versions(session, {(method.id, version)})
    if (method.id, version) not in past:
        raise UnknownMethodVersion(name=method.name, number=version)
    return past[method.id, version].stages


def _tell_entry(
    session: Session,
    opportunity: Opportunity,
    stages: tuple[Stage, ...],
    manner: str,
    left: Stay,
    reason: str,
    override_reason: str | None = None,
) -> None:
    why = {"reason": reason, "override_reason": override_reason}
    add_entry(session, opportunity, stages, manner, **why)
    action = {"return": "returned", "method_move": "method-moved"}[manner]
    told = {name: (None, one) for name, one in why.items()}
    fields = audit.changed(session, opportunity, action, **told)
    event = events.stage_entered(opportunity, fields, manner, left, **why)
    outbox.add(session, event, sequence=opportunity.version)
