"""Keeping the local copy of credit: the newest word about each limit, report and account."""

from collections.abc import Sequence
from typing import Any

from kehu_contracts.credit import CreditAccountState, CreditLimitState, CreditReportState
from kehu_kernel.copies import keep_newest
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales.credit.models import CreditAccountRef, CreditLimitRef, CreditReportRef


async def record_credit(session: Session, facts: Sequence[Fact]) -> None:
    """Keep what events say of customers' credit; `session` is the worker's."""
    await keep_newest(session, CreditLimitRef, facts, CreditLimitState, _limit)
    await keep_newest(session, CreditReportRef, facts, CreditReportState, _report)
    await keep_newest(session, CreditAccountRef, facts, CreditAccountState, _account)


def _limit(event: CreditLimitState) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "starts_on": event.starts_on,
        "ends_on": event.ends_on,
        "amount": event.amount.amount,
        "currency": event.amount.currency,
    }


def _report(event: CreditReportState) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "reported_on": event.reported_on,
        "expires_on": event.expires_on,
        "superseded": event.superseded_at is not None,
    }


def _account(event: CreditAccountState) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "exposure": event.exposure and event.exposure.amount,
        "contracted": event.contracted and event.contracted.amount,
        "currency": event.currency,
        "blocked": event.blocked,
        "block_reason": event.block_reason,
    }
