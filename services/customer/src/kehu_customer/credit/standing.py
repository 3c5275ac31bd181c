"""May this customer take on more? The one place that decides, and says why (C9; 3 L2165-2169).

A group has one limit a year, that of its head company; branches share it. Whoever is blocked, or
below a company that is, gets nothing. An expired report is told, and refuses only where the credit
policy says so.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from kehu_customer.credit.errors import CreditRefused

NOTHING = Decimal("0.00")


class CreditFinding(StrEnum):
    """What may speak against more credit."""

    CUSTOMER_HAS_ENDED = "customer_has_ended"
    BLOCKED = "blocked"
    NO_LIMIT = "no_limit"
    CURRENCY_DIFFERS = "currency_differs"
    GROUP_OWES_IN_OTHER_CURRENCY = "group_owes_in_other_currency"
    LIMIT_EXCEEDED = "limit_exceeded"
    NO_REPORT = "no_report"
    REPORT_EXPIRED = "report_expired"


WORDS = {
    CreditFinding.CUSTOMER_HAS_ENDED: (
        "与该客户的业务关系已终止",
        "the relation with the customer has ended",
    ),
    CreditFinding.BLOCKED: ("信用已被冻结（{reason}）", "the credit is blocked ({reason})"),
    CreditFinding.NO_LIMIT: ("{on} 没有有效的信用额度", "no limit is in force on {on}"),
    CreditFinding.CURRENCY_DIFFERS: (
        "信用额度以 {currency} 计，而非 {asked}",
        "the limit is in {currency}, not in {asked}",
    ),
    CreditFinding.GROUP_OWES_IN_OTHER_CURRENCY: (
        "集团内有以其他币种占用的信用，无法合计",
        "a company of the group has taken credit in another currency, which cannot be added up",
    ),
    CreditFinding.LIMIT_EXCEEDED: (
        "额度 {limit}，已用 {used}，超出 {short}",
        "of the limit of {limit}, {used} is used: {short} too much",
    ),
    CreditFinding.NO_REPORT: ("没有资信报告", "there is no credit report"),
    CreditFinding.REPORT_EXPIRED: (
        "资信报告已于 {expires_on} 到期，需要重新调查",
        "the credit report expired on {expires_on}: investigate again",
    ),
}


class Found(NamedTuple):
    """A finding in words; `refuses` tells a reason to refuse from a warning."""

    code: CreditFinding
    refuses: bool
    zh: str
    en: str


def _found(code: CreditFinding, *, refuses: bool = True, **facts: object) -> Found:
    zh, en = WORDS[code]
    return Found(code, refuses, zh.format(**facts), en.format(**facts))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the credit of a customer stands on a day. Amounts are in `currency`.

    `used` is what the whole group has taken: `contracted`, what contracts of sales take, and
    `reserved`, what reservations have outstanding. `used_by_customer` is what of it this customer
    has, of both. `elsewhere` is the part of `used` that is not on the head company's account:
    companies that joined the group took it before. `contracting` names the customers whose
    contracts take credit.
    """

    customer_id: UUID
    head_id: UUID
    on: date
    ended: bool
    block_reason: str | None
    limit: Decimal | None
    currency: str | None
    used: Decimal
    contracted: Decimal
    used_by_customer: Decimal
    elsewhere: Decimal
    currencies_mixed: bool
    contracting: frozenset[UUID]
    report_id: UUID | None
    report_expires_on: date | None
    report_valid: bool
    report_required: bool

    @property
    def reserved(self) -> Decimal:
        """What of it reservations of the whole group have outstanding; sales says it so, too."""
        return self.used - self.contracted

    @property
    def available(self) -> Decimal:
        """What is left of the limit, nothing if there is none or too much is used."""
        return max((self.limit or NOTHING) - self.used, NOTHING)

    @property
    def exceeded(self) -> Decimal:
        """What is used beyond the limit, by contracts that passed it or a limit put lower."""
        return max(self.used - (self.limit or NOTHING), NOTHING)

    @property
    def ceiling(self) -> Decimal:
        """What of the limit is there for the head company's account."""
        return (self.limit or NOTHING) - self.elsewhere

    def findings(self, amount: Decimal, currency: str) -> list[Found]:
        """Return everything that speaks against taking on this amount."""
        found = []
        if self.ended:
            found.append(_found(CreditFinding.CUSTOMER_HAS_ENDED))
        if self.block_reason is not None:
            found.append(_found(CreditFinding.BLOCKED, reason=self.block_reason))
        found += self._against_limit(amount, currency)
        if not self.report_valid:
            found.append(self._about_report())
        return found

    def _against_limit(self, amount: Decimal, currency: str) -> list[Found]:
        if self.limit is None:
            return [_found(CreditFinding.NO_LIMIT, on=self.on)]
        if currency != self.currency:
            return [_found(CreditFinding.CURRENCY_DIFFERS, currency=self.currency, asked=currency)]
        if self.currencies_mixed:
            return [_found(CreditFinding.GROUP_OWES_IN_OTHER_CURRENCY)]
        short = self.used + amount - self.limit
        if short > 0:
            exceeded = _found(
                CreditFinding.LIMIT_EXCEEDED, limit=self.limit, used=self.used, short=short
            )
            return [exceeded]
        return []

    def _about_report(self) -> Found:
        if self.report_expires_on is None:
            return _found(CreditFinding.NO_REPORT, refuses=self.report_required)
        return _found(
            CreditFinding.REPORT_EXPIRED,
            refuses=self.report_required,
            expires_on=self.report_expires_on,
        )

    def require(self, amount: Decimal, currency: str) -> None:
        """Raise `CreditRefused`, with all findings, if the customer may not take on the amount."""
        findings = self.findings(amount, currency)
        against = [one for one in findings if one.refuses]
        if against:
            told: list[dict[str, Any]] = [one._asdict() for one in findings]
            raise CreditRefused(
                amount=amount,
                currency=currency,
                why_en="; ".join(one.en for one in against),
                why_zh="；".join(one.zh for one in against),
                extra={"findings": told},
            )
