"""The API of classifications: who is in which class, and who was."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.classification_schemes.errors import (
    ClassRetired,
    SchemeRetired,
    UnknownClass,
    UnknownScheme,
)
from kehu_customer.classifications import service
from kehu_customer.classifications.errors import (
    AlreadyInClass,
    ClassificationOver,
    EffectiveInFuture,
    EffectiveTooEarly,
)
from kehu_customer.classifications.models import Classification
from kehu_customer.classifications.schemas import (
    ClassificationCreate,
    ClassificationFilters,
    ClassificationRead,
    ClassificationRemoval,
    RulesRun,
    RulesRunResult,
)
from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "classifications")
READ = requires("customer:classifications:read")
WRITE = requires("customer:classifications:write")


@routes.post(
    "/classifications",
    summary="Put a customer into a class",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownCustomer,
        CustomerHasEnded,
        UnknownScheme,
        SchemeRetired,
        UnknownClass,
        ClassRetired,
        AlreadyInClass,
        EffectiveInFuture,
        EffectiveTooEarly,
    ),
)
async def classify_customer(
    data: ClassificationCreate, session: Session, response: Response
) -> ClassificationRead:
    """Classify a customer by hand, with a reason; no rule changes that unless told to."""
    classification = await service.classify_customer(session, data)
    response.headers["Location"] = f"/v1/classifications/{classification.id}"
    return _answer(classification, response)


@routes.get("/classifications", summary="List classifications", dependencies=[READ])
async def list_classifications(
    session: Session, filters: Annotated[ClassificationFilters, Query()]
) -> Page[ClassificationRead]:
    """Classes of customers as they are and as they were, a page at a time, newest first."""
    found, cursor, count = await service.list_classifications(session, filters)
    return Page(
        items=[ClassificationRead.of(classification) for classification in found],
        next_cursor=cursor,
        count=count,
    )


@routes.get(
    "/classifications/{classification_id}", summary="Read a classification", dependencies=[READ]
)
async def read_classification(
    classification_id: UUID, session: Session, response: Response
) -> ClassificationRead:
    """One classification with its reason or explanation, with its ETag."""
    return _answer(await require(session, Classification, classification_id), response)


@routes.post(
    "/classifications/{classification_id}/remove",
    summary="Take a customer out of a class",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, ClassificationOver, EffectiveInFuture, EffectiveTooEarly),
)
async def remove_class(
    classification_id: UUID,
    data: ClassificationRemoval,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> ClassificationRead:
    """End a classification by hand, with a reason; the record stays as history."""
    classification = await service.remove_class(
        session, classification_id, data, expected_version=version
    )
    return _answer(classification, response)


@routes.post(
    "/classification-schemes/{scheme_id}/run",
    summary="Let rules classify customers",
    dependencies=[requires("customer:schemes:write")],
    responses=problems(SchemeRetired),
)
async def run_rules(scheme_id: UUID, data: RulesRun, session: Session) -> RulesRunResult:
    """Apply the rules of a scheme to the next lot of customers; repeat until `next_after` ends."""
    return await service.run_rules(session, scheme_id, data)


def _answer(classification: Classification, response: Response) -> ClassificationRead:
    set_etag(response, classification)
    return ClassificationRead.of(classification)
