"""The API of confirmation templates, and of confirming by them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import (
    ExpectedVersion,
    OptionalVersion,
    Session,
    Today,
    router,
    set_etag,
)
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.confirmations import service
from kehu_sales.confirmations.errors import (
    ConfirmationBasisNeeded,
    ConfirmationIncomplete,
    TemplateCodeTaken,
    TemplateProvesNothing,
    UnknownQuestion,
    UnknownTemplate,
)
from kehu_sales.confirmations.models import ConfirmationTemplate
from kehu_sales.confirmations.schemas import (
    ConfirmationTemplateCreate,
    ConfirmationTemplateFilters,
    ConfirmationTemplateRead,
    ConfirmationTemplateUpdate,
    OpportunityConfirmation,
)
from kehu_sales.opportunities.errors import (
    AlreadyConfirmed,
    EvaluationHasFailed,
    OpportunityInPool,
    OpportunityIsClosed,
)
from kehu_sales.opportunities.schemas import (
    OpportunityRead,
)

templates = router("/v1/confirmation-templates", "confirmation-templates")
confirming = router("/v1/opportunities", "opportunities")
READ = requires("sales:confirmation-templates:read")
WRITE = requires("sales:confirmation-templates:write")
CONFIRM = requires("sales:opportunities:write")


@templates.post(
    "",
    summary="Create a confirmation template",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(TemplateCodeTaken, TemplateProvesNothing),
)
async def create_confirmation_template(
    data: ConfirmationTemplateCreate, session: Session, response: Response
) -> ConfirmationTemplateRead:
    """Decide what makes an opportunity effective."""
    template = await service.create_template(session, data)
    response.headers["Location"] = f"/v1/confirmation-templates/{template.id}"
    return _answer(template, response)


@templates.get("", summary="List confirmation templates", dependencies=[READ])
async def list_confirmation_templates(
    session: Session, filters: Annotated[ConfirmationTemplateFilters, Query()]
) -> Page[ConfirmationTemplateRead]:
    """Templates that match all filters, a page at a time."""
    rows, cursor, count = await service.list_templates(session, filters)
    items = [ConfirmationTemplateRead.of(row) for row in rows]
    return Page(items=items, next_cursor=cursor, count=count)


@templates.get("/{template_id}", summary="Read a confirmation template", dependencies=[READ])
async def read_confirmation_template(
    template_id: UUID, session: Session, response: Response
) -> ConfirmationTemplateRead:
    """One template with its ETag."""
    return _answer(await require(session, ConfirmationTemplate, template_id), response)


@templates.patch(
    "/{template_id}",
    summary="Change a confirmation template",
    dependencies=[WRITE],
    responses=problems(TemplateCodeTaken, TemplateProvesNothing),
)
async def change_confirmation_template(
    template_id: UUID,
    data: ConfirmationTemplateUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ConfirmationTemplateRead:
    """Change or withdraw it. What was confirmed stays confirmed."""
    template = await service.change_template(session, template_id, data, expected_version=version)
    return _answer(template, response)


@confirming.post(
    "/{opportunity_id}/confirm",
    summary="Confirm an opportunity as effective",
    dependencies=[CONFIRM],
    responses=problems(
        OpportunityIsClosed,
        EvaluationHasFailed,
        OpportunityInPool,
        AlreadyConfirmed,
        ConfirmationBasisNeeded,
        UnknownTemplate,
        UnknownQuestion,
        ConfirmationIncomplete,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def confirm_opportunity(
    opportunity_id: UUID,
    data: OpportunityConfirmation,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> OpportunityRead:
    """By the customer's formal request, or by a template; `confirmation-incomplete` lists the rest.

    A potential opportunity is effective from then on, and a project may be set up for it.
    """
    opportunity = await service.confirm_opportunity(
        session, opportunity_id, data, today=today, expected_version=version
    )
    set_etag(response, opportunity)
    return OpportunityRead.of(opportunity)


def _answer(template: ConfirmationTemplate, response: Response) -> ConfirmationTemplateRead:
    set_etag(response, template)
    return ConfirmationTemplateRead.of(template)
