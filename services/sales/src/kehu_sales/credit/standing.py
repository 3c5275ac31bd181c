"""Does a contract on account fit into the customer's credit? The one place that decides (S10, C9).

A group has one limit a year, that of its head company, and branches share it (3 L2165, L2169).
Whoever is stopped, or below a company that is, gets nothing. A customer that was never granted
credit, and a report that is missing or expired, are told; they refuse where the tenant says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from kehu_contracts.money import Money
from kehu_sales.credit.errors import CreditRefused
from kehu_sales.credit_policy.models import CreditCheckPolicy, Treatment

NOTHING = Decimal("0.00")


class CreditFinding(StrEnum):
    """What may speak against a contract on account; may grow."""

    STOPPED = "stopped"
    NO_CREDIT_FILE = "no_credit_file"
    NO_LIMIT = "no_limit"
    CURRENCY_DIFFERS = "currency_differs"
    OTHER_CURRENCY_OPEN = "other_currency_open"
    LIMIT_EXCEEDED = "limit_exceeded"
    NO_REPORT = "no_report"
    REPORT_EXPIRED = "report_expired"


WORDS = {
    CreditFinding.STOPPED: ("信用已被冻结（{reason}）", "the credit is stopped ({reason})"),
    CreditFinding.NO_CREDIT_FILE: (
        "该客户从未获得授信",
        "the customer was never granted credit",
    ),
    CreditFinding.NO_LIMIT: ("{on} 没有有效的信用额度", "no credit limit is in force on {on}"),
    CreditFinding.CURRENCY_DIFFERS: (
        "信用额度以 {currency} 计，而非 {asked}",
        "the credit limit is in {currency}, not in {asked}",
    ),
    CreditFinding.OTHER_CURRENCY_OPEN: (
        "另有以其他币种占用的信用（{open}），无法合计",
        "credit is taken in another currency ({open}), which cannot be added up",
    ),
    CreditFinding.LIMIT_EXCEEDED: (
        "额度 {limit}，已占用 {used}，超出 {short}",
        "of the limit of {limit}, {used} is used: {short} too much",
    ),
    CreditFinding.NO_REPORT: ("没有有效的资信报告", "there is no valid credit report"),
    CreditFinding.REPORT_EXPIRED: (
        "资信报告已于 {expires_on} 到期，需要重新调查",
        "the credit report expired on {expires_on}: investigate again",
    ),
}


class CreditFound(NamedTuple):
    """A finding in words; `refuses` tells a reason to refuse from a warning."""

    code: CreditFinding
    refuses: bool
    zh: str
    en: str


def _found(code: CreditFinding, *, refuses: bool = True, **facts: object) -> CreditFound:
    zh, en = WORDS[code]
    return CreditFound(code, refuses, zh.format(**facts), en.format(**facts))


@dataclass(frozen=True, slots=True)
class CreditStanding:
    """What is known here of a customer's credit on a day.

    `limit` is the one in force, `granted` whether there ever was one. `report_expires_on` is of the
    latest report. Amounts are of the whole group, by currency. What counts once, and from where:

    - `open`: contracts on account, from our own books: those in force, and those in approval, which
      were let through already.
    - `reserved`: everything else, from the customer service's last word: its exposure less the part
      of it that are contracts of ours (`CreditAccountRef.reserved`).

    So it does not matter whether the customer service has heard of a contract or a receipt yet: it
    says both figures at once, and what it counts for our contracts is taken out again.
    `published` is what it counts in all, by the head company's account; told, and not added.
    """

    customer_id: UUID
    head_id: UUID
    on: date
    stopped: bool
    stop_reason: str | None
    granted: bool
    limit: Money | None
    open: Mapping[str, Decimal]
    reserved: Mapping[str, Decimal]
    published: Money | None
    report_expires_on: date | None

    @property
    def used(self) -> dict[str, Decimal]:
        """What is taken of the credit, by currency."""
        return {
            currency: self.open.get(currency, NOTHING) + self.reserved.get(currency, NOTHING)
            for currency in self.open.keys() | self.reserved.keys()
        }

    @property
    def available(self) -> Money | None:
        """What is left of the limit in force, nothing if too much is used."""
        if self.limit is None:
            return None
        used = self.used.get(self.limit.currency, NOTHING)
        left = max(self.limit.amount - used, NOTHING)
        return Money(amount=left, currency=self.limit.currency)


def credit_findings(
    standing: CreditStanding, asked: Money, policy: CreditCheckPolicy
) -> list[CreditFound]:
    """Return everything that speaks against a contract on account of this amount."""
    found = []
    if standing.stopped:
        found.append(_found(CreditFinding.STOPPED, reason=standing.stop_reason or "-"))
    if not standing.granted:
        found += _as_decided(policy.without_file, CreditFinding.NO_CREDIT_FILE)
        return found
    found += _against_limit(standing, asked)
    expires_on = standing.report_expires_on
    if expires_on is None:
        found += _as_decided(policy.without_report, CreditFinding.NO_REPORT)
    elif expires_on <= standing.on:
        found += _as_decided(
            policy.without_report, CreditFinding.REPORT_EXPIRED, expires_on=expires_on
        )
    return found


def require_credit(asked: Money, found: list[CreditFound]) -> None:
    """Raise `CreditRefused`, with all findings, if one of them refuses."""
    against = [one for one in found if one.refuses]
    if against:
        told: list[dict[str, Any]] = [one._asdict() for one in found]
        raise CreditRefused(
            amount=asked.amount,
            currency=asked.currency,
            why_en="; ".join(one.en for one in against),
            why_zh="；".join(one.zh for one in against),
            extra={"findings": told},
        )


def _against_limit(standing: CreditStanding, asked: Money) -> list[CreditFound]:
    limit = standing.limit
    if limit is None:
        return [_found(CreditFinding.NO_LIMIT, on=standing.on)]
    if asked.currency != limit.currency:
        return [
            _found(CreditFinding.CURRENCY_DIFFERS, currency=limit.currency, asked=asked.currency)
        ]
    found = []
    others = {one: sum_ for one, sum_ in standing.used.items() if one != limit.currency}
    if others:
        listed = ", ".join(f"{amount} {currency}" for currency, amount in sorted(others.items()))
        found.append(_found(CreditFinding.OTHER_CURRENCY_OPEN, open=listed))
    used = standing.used.get(limit.currency, NOTHING)
    short = used + asked.amount - limit.amount
    if short > 0:
        found.append(
            _found(CreditFinding.LIMIT_EXCEEDED, limit=limit.amount, used=used, short=short)
        )
    return found


def _as_decided(treatment: str, code: CreditFinding, **facts: object) -> list[CreditFound]:
    if treatment == Treatment.ALLOW:
        return []
    return [_found(code, refuses=treatment == Treatment.REFUSE, **facts)]
