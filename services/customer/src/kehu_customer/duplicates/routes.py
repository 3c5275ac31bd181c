"""The duplicates API: check, scan, review, rules."""

from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from kehu_customer.contact_points.errors import InvalidEmailAddress, InvalidPhoneNumber
from kehu_customer.customers.errors import InvalidCreditCode
from kehu_customer.duplicates import queries, service
from kehu_customer.duplicates.errors import PairIsDecided, ThresholdsCross
from kehu_customer.duplicates.models import DuplicatePair, DuplicateRules
from kehu_customer.duplicates.schemas import (
    DuplicateCheck,
    DuplicateCheckResult,
    DuplicateRulesRead,
    DuplicateRulesUpdate,
    DuplicateScan,
    DuplicateScanResult,
    PairDismissal,
    PairFilters,
    PairRead,
)
from kehu_kernel.auth import require_scopes, requires
from kehu_kernel.db import require
from kehu_kernel.errors import InvalidHeader
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "duplicates")
READ = requires("customer:duplicates:read")
WRITE = requires("customer:duplicates:write")
ALLOW = "customer:duplicates:allow"
LONGEST_REASON = 200


async def _allowed_duplicate(
    request: Request,
    kehu_allow_duplicate: Annotated[
        str | None,
        Header(
            description="Create the customer although it looks like a duplicate: why, in UTF-8 or "
            "percent-encoded, 200 characters at most. Needs the scope "
            "`customer:duplicates:allow`; the reason is kept in the audit log."
        ),
    ] = None,
) -> str | None:
    if kehu_allow_duplicate is None:
        return None
    require_scopes(request.state.actor, [ALLOW])
    reason = unquote(_as_sent(kehu_allow_duplicate)).strip()
    if not reason or reason.lower() in {"true", "1", "yes"} or len(reason) > LONGEST_REASON:
        raise InvalidHeader(
            header="Kehu-Allow-Duplicate",
            why_en="say in words why there should be two, in 200 characters at most",
            why_zh="请用不超过 200 个字符说明为何需要重复建档",
        )
    return reason


def _as_sent(header: str) -> str:
    """Return a header as UTF-8; the server takes its bytes for Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


AllowedDuplicate = Annotated[str | None, Depends(_allowed_duplicate)]
"""Why a duplicate may be entered, if somebody said so. Raises `ScopeMissing`, `InvalidHeader`."""


@routes.post(
    "/duplicate-checks",
    summary="Check for duplicates",
    dependencies=[READ],
    responses=problems(InvalidCreditCode, InvalidPhoneNumber, InvalidEmailAddress),
)
async def check_for_duplicates(data: DuplicateCheck, session: Session) -> DuplicateCheckResult:
    """Who may be the same customer as one that is not entered yet; nothing is recorded."""
    return await service.check(session, data)


@routes.post("/duplicate-scans", summary="Scan for duplicates", dependencies=[WRITE])
async def scan_for_duplicates(data: DuplicateScan, session: Session) -> DuplicateScanResult:
    """Look for duplicates of a lot of customers, and put new pairs up for review.

    Go on with `after` = `next_after` until that is null.
    """
    return await service.scan(session, data)


@routes.get("/duplicates", summary="List possible duplicates", dependencies=[READ])
async def list_duplicates(
    session: Session, filters: Annotated[PairFilters, Query()]
) -> Page[PairRead]:
    """The review queue: pairs of customers that match all filters, a page at a time."""
    pairs, cursor, count = await service.list_pairs(session, filters)
    items = [PairRead.of(pair) for pair in pairs]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/duplicates/{pair_id}", summary="Read a possible duplicate", dependencies=[READ])
async def read_duplicate(pair_id: UUID, session: Session, response: Response) -> PairRead:
    """One pair, with its ETag."""
    return _answer(await require(session, DuplicatePair, pair_id), response)


@routes.post(
    "/duplicates/{pair_id}/dismiss",
    summary="Dismiss a possible duplicate",
    dependencies=[WRITE],
    responses=problems(PairIsDecided),
)
async def dismiss_duplicate(
    pair_id: UUID,
    data: PairDismissal,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> PairRead:
    """Decide that they are two customers: the pair does not come up again."""
    pair = await service.dismiss_pair(session, pair_id, data, expected_version=version)
    return _answer(pair, response)


@routes.get("/duplicate-rules", summary="Read the rules about duplicates", dependencies=[READ])
async def read_duplicate_rules(session: Session, response: Response) -> DuplicateRulesRead:
    """What the tenant has decided, or the defaults, with the ETag."""
    return _answer_rules(await queries.rules_of(session), response)


@routes.patch(
    "/duplicate-rules",
    summary="Change the rules about duplicates",
    dependencies=[WRITE],
    responses=problems(ThresholdsCross),
)
async def change_duplicate_rules(
    data: DuplicateRulesUpdate, session: Session, version: ExpectedVersion, response: Response
) -> DuplicateRulesRead:
    """Change rules; fields left out stay. They hold for what is entered or scanned from now on."""
    rules = await service.change_rules(session, data, expected_version=version)
    return _answer_rules(rules, response)


def _answer(pair: DuplicatePair, response: Response) -> PairRead:
    set_etag(response, pair)
    return PairRead.of(pair)


def _answer_rules(rules: DuplicateRules, response: Response) -> DuplicateRulesRead:
    set_etag(response, rules)
    return DuplicateRulesRead.of(rules)
