"""The API of classification schemes."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.classification_schemes import service
from kehu_customer.classification_schemes.errors import (
    ClassCodesRepeat,
    ClassesStay,
    RuleNeedsClass,
    SchemeCodeTaken,
)
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classification_schemes.schemas import (
    SchemeCreate,
    SchemeDefaults,
    SchemeFilters,
    SchemeRead,
    SchemeUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "classification schemes")
READ = requires("customer:schemes:read")
WRITE = requires("customer:schemes:write")


@routes.post(
    "/classification-schemes",
    summary="Create a classification scheme",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(SchemeCodeTaken, ClassCodesRepeat, RuleNeedsClass),
)
async def create_scheme(data: SchemeCreate, session: Session, response: Response) -> SchemeRead:
    """Set up an axis by which customers are told apart, with its classes and rules."""
    scheme = await service.create_scheme(session, data)
    response.headers["Location"] = f"/v1/classification-schemes/{scheme.id}"
    return _answer(scheme, response)


@routes.post(
    "/classification-scheme-defaults",
    summary="Install the schemes of the texts",
    dependencies=[WRITE],
)
async def install_default_schemes(session: Session) -> SchemeDefaults:
    """Set up every scheme of the texts that is not there; those that are stay as they are."""
    return await service.install_defaults(session)


@routes.get("/classification-schemes", summary="List classification schemes", dependencies=[READ])
async def list_schemes(
    session: Session, filters: Annotated[SchemeFilters, Query()]
) -> Page[SchemeRead]:
    """Schemes that match all filters, a page at a time."""
    schemes, cursor, count = await service.list_schemes(session, filters)
    return Page(
        items=[SchemeRead.of(scheme) for scheme in schemes], next_cursor=cursor, count=count
    )


@routes.get(
    "/classification-schemes/{scheme_id}",
    summary="Read a classification scheme",
    dependencies=[READ],
)
async def read_scheme(scheme_id: UUID, session: Session, response: Response) -> SchemeRead:
    """One scheme, with its ETag."""
    return _answer(await require(session, ClassificationScheme, scheme_id), response)


@routes.patch(
    "/classification-schemes/{scheme_id}",
    summary="Change a classification scheme",
    dependencies=[WRITE],
    responses=problems(SchemeCodeTaken, ClassCodesRepeat, ClassesStay, RuleNeedsClass),
)
async def change_scheme(
    scheme_id: UUID,
    data: SchemeUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> SchemeRead:
    """Change a scheme, its classes or rules; fields left out stay, and so do customers' classes."""
    scheme = await service.change_scheme(session, scheme_id, data, expected_version=version)
    return _answer(scheme, response)


def _answer(scheme: ClassificationScheme, response: Response) -> SchemeRead:
    set_etag(response, scheme)
    return SchemeRead.of(scheme)
