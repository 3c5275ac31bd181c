"""The parts others play when a customer trades (feature row C1; 2 L114-116, 6.2)."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_customer.trade_parties.errors import OwnTradeParty, TradePartyHasEnded
from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate


class TradeRole(StrEnum):
    """A part in a trade: 使用者, 购买者, 付款方, 最终接受者."""

    USER = "user"
    BUYER = "buyer"
    PAYER = "payer"
    FINAL_RECIPIENT = "final_recipient"


class TradeParty(Aggregate, Base):
    """Another customer that plays a part when a customer trades.

    Several may play the same part; one of them by default. Where nobody does by default, the
    customer plays the part itself.
    """

    label_zh = "交易方"
    __tablename__ = "trade_parties"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "party_id"], ["customers.tenant_id", "customers.id"]),
        Index(
            "uq_trade_parties_current",
            "tenant_id",
            "customer_id",
            "role",
            "party_id",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
        Index(
            "uq_trade_parties_default",
            "tenant_id",
            "customer_id",
            "role",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index("ix_trade_parties_party", "tenant_id", "party_id", "started_on", "id"),
        Index("ix_trade_parties_customer", "tenant_id", "customer_id", "started_on", "id"),
        Index("ix_trade_parties_started_on", "tenant_id", "started_on", "id"),
    )

    customer_id: Mapped[UUID]
    party_id: Mapped[UUID]
    role: Mapped[str]
    is_default: Mapped[bool]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]

    def require_other(self) -> None:
        """Raise `OwnTradeParty` if the party is the customer itself."""
        if self.customer_id == self.party_id:
            raise OwnTradeParty

    def require_open(self) -> None:
        """Raise `TradePartyHasEnded` if it does not play the part any more."""
        if self.ended_on is not None:
            raise TradePartyHasEnded(on=self.ended_on)

    def end(self, on: date) -> None:
        """Stop playing the part; `on` is the first day without.

        Raises `TradePartyHasEnded`, `DateBeforePrevious`.
        """
        self.require_open()
        business_day.follows(on, self.started_on)
        self.ended_on, self.is_default = on, False


def played_by(customer_id: UUID, parties: Iterable[TradeParty]) -> dict[TradeRole, UUID]:
    """Return who plays each part when the customer trades: the default party, or else itself."""
    default = {TradeRole(one.role): one.party_id for one in parties if one.is_default}
    return {role: default.get(role, customer_id) for role in TradeRole}
