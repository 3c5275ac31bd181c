"""The API of grading."""

from uuid import UUID

from fastapi import Response

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.http import ExpectedVersion, Session, Today, router, set_etag
from kehu_kernel.problems import problems
from kehu_sales.directory.errors import UnknownEmployee
from kehu_sales.grading import queries, service
from kehu_sales.grading.errors import (
    BandsUnsound,
    GradingNotSetUp,
    JudgementsInconsistent,
    LeaderUnclear,
    LevelsUnsound,
    LimitNotShorter,
    MatrixNotReciprocal,
    NotEffectiveYet,
    RuleUnclear,
    ScaleUnsound,
    SchemeOutsideScale,
    SchemeRepeats,
    UnknownLevel,
    ValueOutsideScale,
    WeightsUnsound,
)
from kehu_sales.grading.schemas import (
    AssessmentInput,
    GradeRead,
    SchemeRead,
    SchemeUpdate,
    SchemeVersionRead,
    SchemeVersions,
)
from kehu_sales.opportunities.errors import EvaluationHasFailed, OpportunityIsClosed
from kehu_sales.opportunities.routes import Currency

routes = router("/v1/grading-scheme", "grading")
grades = router("/v1/opportunities", "grading")
READ = requires("sales:grading:read")
WRITE = requires("sales:grading:write")
READ_ONE = requires("sales:opportunities:read")
WRITE_ONE = requires("sales:opportunities:write")


@routes.get("", summary="Read the grading scheme", dependencies=[READ])
async def read_grading_scheme(
    session: Session, currency: Currency, response: Response
) -> SchemeRead:
    """The scheme in force, or the defaults as version 0, by which nothing is graded yet."""
    found = await queries.scheme_or_default(session, currency=currency)
    set_etag(response, found)
    return SchemeRead.of(found)


@routes.patch(
    "",
    summary="Change the grading scheme",
    dependencies=[WRITE],
    responses=problems(
        WeightsUnsound,
        MatrixNotReciprocal,
        JudgementsInconsistent,
        BandsUnsound,
        LevelsUnsound,
        LeaderUnclear,
        LimitNotShorter,
        UnknownLevel,
        RuleUnclear,
        ScaleUnsound,
        SchemeOutsideScale,
        SchemeRepeats,
        UnknownEmployee,
    ),
)
async def change_grading_scheme(
    data: SchemeUpdate,
    session: Session,
    currency: Currency,
    version: ExpectedVersion,
    response: Response,
) -> SchemeRead:
    """Put a new version of the scheme in force; the first change, even of nothing, begins grading.

    Opportunities are graded again lot by lot, by the worker; until then `stale` is true of a grade.
    """
    found = await service.change_scheme(session, data, currency=currency, expected_version=version)
    set_etag(response, found)
    return SchemeRead.of(found)


@routes.get("/versions", summary="List former grading schemes", dependencies=[READ])
async def list_grading_schemes(session: Session) -> SchemeVersions:
    """The schemes that were in force before."""
    found = await queries.past_schemes(session)
    return SchemeVersions(items=[SchemeVersionRead.of(one) for one in found])


@grades.get("/{opportunity_id}/grade", summary="Explain a grade", dependencies=[READ_ONE])
async def read_grade(opportunity_id: UUID, session: Session, response: Response) -> GradeRead:
    """Why an opportunity is of its level: each indicator's value, band, score and weight."""
    opportunity, assessment, stale = await service.read_grade(session, opportunity_id)
    set_etag(response, opportunity)
    return GradeRead.of(opportunity, assessment, stale=stale)


@grades.put(
    "/{opportunity_id}/assessment",
    summary="Assess an opportunity",
    dependencies=[WRITE_ONE],
    responses=problems(
        OpportunityIsClosed,
        EvaluationHasFailed,
        GradingNotSetUp,
        NotEffectiveYet,
        ValueOutsideScale,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def assess_opportunity(
    opportunity_id: UUID,
    data: AssessmentInput,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> GradeRead:
    """Say what the indicators are worth: the opportunity is graded at once.

    Replaces what was said before. The ETag is the opportunity's.
    """
    opportunity, assessment = await service.assess(
        session, opportunity_id, data, today=today, expected_version=version
    )
    set_etag(response, opportunity)
    return GradeRead.of(opportunity, assessment, stale=False)
