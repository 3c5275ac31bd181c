"""Confirming opportunities, and deciding what it takes. Each command runs in one transaction."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.confirmations import events
from kehu_sales.confirmations.errors import ConfirmationBasisNeeded, UnknownTemplate
from kehu_sales.confirmations.models import ConfirmationTemplate
from kehu_sales.confirmations.schemas import (
    ConfirmationTemplateCreate,
    ConfirmationTemplateFilters,
    ConfirmationTemplateUpdate,
    OpportunityConfirmation,
    plain,
)
from kehu_sales.grading.regrading import regrade
from kehu_sales.opportunities import events as opportunity_events
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Confirmation, NeedKind

SORT_COLUMNS = {"name": ConfirmationTemplate.name, "created_at": ConfirmationTemplate.created_at}


async def create_template(
    session: Session, data: ConfirmationTemplateCreate
) -> ConfirmationTemplate:
    """Set up a template. Raises `TemplateProvesNothing`; the database refuses a taken code."""
    template = ConfirmationTemplate(
        code=data.code,
        name=data.name,
        required_fields=data.required_fields,
        questions=plain(data.questions),
        active=True,
    )
    template.require_proof()
    audit.created(session, template)
    outbox.add(session, events.created(template), sequence=template.version)
    return template


async def change_template(
    session: Session,
    template_id: UUID,
    data: ConfirmationTemplateUpdate,
    *,
    expected_version: int,
) -> ConfirmationTemplate:
    """Change or withdraw a template. Raises `TemplateProvesNothing`."""
    template = await require(
        session, ConfirmationTemplate, template_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    for name in given.keys() - {"required_fields", "questions"}:
        setattr(template, name, given[name])
    if data.required_fields is not None:
        template.required_fields = list(data.required_fields)
    if data.questions is not None:
        template.questions = plain(data.questions)
    template.require_proof()
    fields = audit.changed(session, template, "changed")
    if fields:
        outbox.add(session, events.changed(template, fields), sequence=template.version)
    return template


async def list_templates(
    session: Session, filters: ConfirmationTemplateFilters
) -> tuple[list[ConfirmationTemplate], str | None, int | None]:
    """Return one page of the templates that match, the next cursor, and the count if asked."""
    query = select(ConfirmationTemplate).where(
        ConfirmationTemplate.tenant_id == session.context.tenant_id
    )
    for name in ("code", "active"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ConfirmationTemplate, name) == value)
    return await paginate(
        session,
        query,
        filters,
        sort=filters.sort,
        columns=SORT_COLUMNS,
        tie_breaker=ConfirmationTemplate.id,
    )


async def confirm_opportunity(
    session: Session,
    opportunity_id: UUID,
    data: OpportunityConfirmation,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Confirm that it is effective: by a formal request, or because it matches a template (L2828).

    Raises `ConfirmationBasisNeeded`, `UnknownTemplate`, `UnknownQuestion`,
    `ConfirmationIncomplete`, `DateInFuture`, or what `Opportunity.confirm` raises.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    if data.formal_request == (data.template_id is not None):
        raise ConfirmationBasisNeeded
    on = business_day.happened(data.on, today)
    if data.template_id is None:
        opportunity.confirm(on, Confirmation.FORMAL_REQUEST)
        opportunity.need_kind = NeedKind.EXPLICIT
    else:
        template = await session.get(
            ConfirmationTemplate, (session.context.tenant_id, data.template_id)
        )
        if template is None or not template.active:
            raise UnknownTemplate(id=data.template_id)
        answers = template.require_match(opportunity.facts(), data.given())
        opportunity.confirm(
            on, Confirmation.TEMPLATE, template_id=template.id, answers=dict(answers)
        )
    fields = audit.changed(session, opportunity, "confirmed")
    event = opportunity_events.confirmed(opportunity, fields, on)
    outbox.add(session, event, sequence=opportunity.version)
    await regrade(session, [opportunity], today=today)
    return opportunity
