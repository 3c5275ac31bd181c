"""The conversion API."""

from uuid import UUID

from fastapi import Response, status

from kehu_kernel.auth import requires
from kehu_kernel.http import OptionalVersion, Session, router
from kehu_kernel.problems import problems
from kehu_marketing.conversions import queries, service
from kehu_marketing.conversions.models import ConversionState
from kehu_marketing.conversions.schemas import ConversionRead
from kehu_marketing.language import Language
from kehu_marketing.leads.errors import LeadNotOpen

routes = router("/v1/leads", "conversions")


@routes.post(
    "/{lead_id}/convert",
    summary="Convert a lead",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[requires("marketing:leads:convert")],
    responses={
        status.HTTP_200_OK: {"model": ConversionRead, "description": "It was converted before."},
        **problems(LeadNotOpen),
    },
)
async def convert_lead(
    lead_id: UUID,
    session: Session,
    version: OptionalVersion,
    language: Language,
    response: Response,
) -> ConversionRead:
    """Turn a lead into an opportunity; its customer and contact are made where they do not exist.

    The work is done afterwards, usually within a second: `Location` names where to watch it. Asking
    again never converts a lead twice.
    """
    conversion = await service.convert_lead(
        session, lead_id, language=language, expected_version=version
    )
    if conversion.state == ConversionState.COMPLETED:
        response.status_code = status.HTTP_200_OK
    response.headers["Location"] = f"/v1/leads/{lead_id}/conversion"
    return ConversionRead.of(conversion, language)


@routes.get(
    "/{lead_id}/conversion",
    summary="Read the conversion of a lead",
    dependencies=[requires("marketing:leads:read")],
)
async def read_conversion(lead_id: UUID, session: Session, language: Language) -> ConversionRead:
    """How far the conversion is, and why it waits or failed. 404 if it was never asked for."""
    return ConversionRead.of(await queries.require(session, lead_id), language)
