"""What a customer is like where prices are told (4 section 6.1)."""

from collections.abc import Iterable

from sqlalchemy import ARRAY, ForeignKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.quote_advice.rules import Trait


class QuotationTraits(Aggregate, Base):
    """The traits that were kept of a customer, under the customer's id; until then none, version 0.

    `traits`: in the order of the texts, each once. They may contradict each other, as people do.
    """

    label_zh = "客户报价特征"
    __tablename__ = "quotation_traits"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], ["customer_refs.tenant_id", "customer_refs.id"]),
    )

    traits: Mapped[list[str]] = mapped_column(ARRAY(Text))

    def say(self, traits: Iterable[Trait]) -> None:
        """Keep these traits, and no others."""
        told = set(traits)
        self.traits = [trait for trait in Trait if trait in told]
