"""The API of archives: what is known of a customer, and the history of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from kehu_customer.archives import defaults, queries, service
from kehu_customer.archives.errors import (
    FactIsHistory,
    FactIsSensitive,
    FactsInvalid,
    ProfileNotAsked,
    ReasonMissing,
    SourceMissing,
)
from kehu_customer.archives.models import Fact
from kehu_customer.archives.queries import Dossier
from kehu_customer.archives.schemas import (
    DueRun,
    FactConfirmation,
    FactCorrection,
    FactFilters,
    FactWithdrawal,
    RefreshRun,
    SectionUpdate,
)
from kehu_customer.archives.views import (
    ArchiveDefaults,
    ArchiveRead,
    DueResult,
    FactRead,
    RefreshResult,
    page_of,
)
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_customer.fact_sources.errors import UnknownSource
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

of_customer = router("/v1/customers", "archives")
routes = router("/v1", "archives")
READ = requires("customer:archives:read")
WRITE = requires("customer:archives:write")
RUN = requires("customer:profiles:write")
SectionPart = Annotated[str, Path(max_length=60, description="Code, as the archive shows it.")]


@of_customer.get(
    "/{customer_id}/archive", summary="Read the archive of a customer", dependencies=[READ]
)
async def read_archive(
    customer_id: UUID, session: Session, today: Today, response: Response
) -> ArchiveRead:
    """What is asked and known of a customer, section by section, how completely, what is missing.

    Sensitive facts are there without their values, unless you hold `customer:archives:sensitive`.
    """
    dossier = await queries.open_archive(session, customer_id)
    set_etag(response, dossier.archive)
    return ArchiveRead.of(dossier, today=today, scopes=session.context.scopes)


@of_customer.patch(
    "/{customer_id}/archive/{profile_code}/{section_code}",
    summary="Record facts of a section",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded,
        ProfileNotAsked,
        FactsInvalid,
        UnknownSource,
        SourceMissing,
        ReasonMissing,
        FactIsSensitive,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def record_section(
    customer_id: UUID,
    profile_code: SectionPart,
    section_code: SectionPart,
    data: SectionUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> ArchiveRead:
    """Record, correct and withdraw facts of a whole section, all or none.

    `If-Match` is the ETag of the archive. An archive without facts has the ETag `"0"`.
    """
    dossier = await service.record_section(
        session,
        customer_id,
        profile_code,
        section_code,
        data,
        today=today,
        expected_version=version,
    )
    set_etag(response, dossier.archive)
    return ArchiveRead.of(dossier, today=today, scopes=session.context.scopes)


@routes.get("/facts", summary="List facts", dependencies=[READ])
async def list_facts(
    session: Session, filters: Annotated[FactFilters, Query()], today: Today
) -> Page[FactRead]:
    """Facts as they are and as they were, a page at a time; with `due_by`, those to verify."""
    facts, cursor, count = await service.list_facts(session, filters)
    forms = await queries.forms(session)
    scopes = session.context.scopes
    items = page_of(facts, forms.definitions, forms.sources, today=today, scopes=scopes)
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/facts/{fact_id}", summary="Read a fact", dependencies=[READ])
async def read_fact(fact_id: UUID, session: Session, today: Today, response: Response) -> FactRead:
    """One version of a fact with its source and verification, with its ETag."""
    fact = await require(session, Fact, fact_id)
    forms = await queries.forms(session)
    set_etag(response, fact)
    scopes = session.context.scopes
    return page_of([fact], forms.definitions, forms.sources, today=today, scopes=scopes)[0]


@routes.post(
    "/facts/{fact_id}/correct",
    summary="Correct a fact",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded,
        FactIsHistory,
        FactIsSensitive,
        FactsInvalid,
        UnknownSource,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def correct_fact(
    fact_id: UUID,
    data: FactCorrection,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> FactRead:
    """Say what is so instead, and why; answers with the next version, which has its own id."""
    dossier, fact = await service.correct_fact(
        session, fact_id, data, today=today, expected_version=version
    )
    return _answer(session, dossier, fact, today, response)


@routes.post(
    "/facts/{fact_id}/confirm",
    summary="Confirm a fact",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded, FactIsHistory, FactIsSensitive, DateInFuture, DateBeforePrevious
    ),
)
async def confirm_fact(
    fact_id: UUID,
    data: FactConfirmation,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> FactRead:
    """Note that somebody made sure of it; answers with the next version, which has its own id."""
    dossier, fact = await service.confirm_fact(
        session, fact_id, data, today=today, expected_version=version
    )
    return _answer(session, dossier, fact, today, response)


@routes.post(
    "/facts/{fact_id}/withdraw",
    summary="Withdraw a fact",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, FactIsHistory, FactIsSensitive),
)
async def withdraw_fact(
    fact_id: UUID,
    data: FactWithdrawal,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> FactRead:
    """Take a fact out of the archive, with the reason; the record stays as history."""
    dossier, fact = await service.withdraw_fact(session, fact_id, data, expected_version=version)
    return _answer(session, dossier, fact, today, response)


@routes.post(
    "/archive-defaults",
    summary="Install the profiles and sources of the texts",
    dependencies=[RUN],
)
async def install_default_archives(session: Session) -> ArchiveDefaults:
    """Set up the profiles with their facts, and the sources, that are not there; others stay."""
    return await defaults.install(session)


@routes.post("/archive-refreshes", summary="Refresh archives", dependencies=[RUN])
async def refresh_archives(data: RefreshRun, session: Session) -> RefreshResult:
    """Work out completeness and due days of the next lot; repeat until `next_after` ends."""
    return await service.refresh_archives(session, data)


@routes.post("/due-facts/announcements", summary="Tell of facts that are due", dependencies=[RUN])
async def announce_due_facts(data: DueRun, session: Session, today: Today) -> DueResult:
    """Publish an event for each fact whose due day has come, once; repeat while there is more."""
    return await service.announce_due(session, data, today=today)


def _answer(
    session: Session, dossier: Dossier, fact: Fact, today: Today, response: Response
) -> FactRead:
    set_etag(response, fact)
    forms = dossier.forms
    scopes = session.context.scopes
    return page_of([fact], forms.definitions, forms.sources, today=today, scopes=scopes)[0]
