"""Competitors on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.amounts import PriceInput, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, shown
from kehu_sales.competitors.models import (
    Advantage,
    ComparisonSheet,
    Competitor,
    FileState,
    OpportunityCompetitor,
    Threat,
    balance_of,
)
from kehu_sales.lists import Once, unlike

ID = "019364c2-7d5e-7000-8000-00000000000"
WEBSITE = "Address of its web site: a host, or with http:// or https:// before it."
PAGE = r"[hH][tT][tT][pP][sS]?://[^\s/?#]+"
HOST = r"[^\s:/?#]+|[^\s:/?#.]+(\.[^\s:/?#.]+)+:\d+"  # with a port only where there is a dot
WebAddress = Annotated[Text, Field(pattern=rf"^({PAGE}|{HOST})([/?#]\S*)?$")]
"""What a browser opens as a page: no other scheme, such as one that runs a script."""
Weight = Annotated[DecimalText, Field(ge=0, max_digits=6, decimal_places=2), Written(digits(4, 2))]


class OfferInput(Input):
    """A product of the competitor."""

    name: Text = Field(description="What it is called.")
    price: PriceInput | None = Field(None, description="What it costs, as far as we know.")
    note: LongText | None = Field(None, description="What is to be said of it.")


Offers = Annotated[list[OfferInput], Field(max_length=200), unlike("name")]
Sources = Annotated[list[Text], Field(max_length=100), Once]


class CompetitorCreate(Input):
    """A new file of a competitor; a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "神州数码",
                    "website": "https://www.example.com",
                    "strengths": "渠道广，账期长",
                    "weaknesses": "本地服务人员少",
                    "products": [
                        {
                            "name": "DC 工作站",
                            "price": {"amount": "4300.00", "currency": "CNY"},
                        }
                    ],
                    "sources": ["客户信息中心", "招标公告"],
                }
            ]
        }
    )

    name: Text = Field(description="Name, unique.")
    website: WebAddress | None = Field(None, description=WEBSITE)
    strengths: LongText | None = Field(None, description="What it is good at.")
    weaknesses: LongText | None = Field(None, description="What it is not good at.")
    strategy: LongText | None = Field(None, description="How it competes, and how to meet that.")
    products: Offers = Field(default_factory=list, description="What it sells, at which prices.")
    sources: Sources = Field(default_factory=list, description="Where we know it from.")


class CompetitorUpdate(Patch):
    """Changes to a draft; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"weaknesses": "交付周期长"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"name", "products", "sources"})

    name: Text | None = Field(None, description="Name, unique.")
    website: WebAddress | None = Field(None, description=WEBSITE)
    strengths: LongText | None = Field(None, description="What it is good at.")
    weaknesses: LongText | None = Field(None, description="What it is not good at.")
    strategy: LongText | None = Field(None, description="How it competes.")
    products: Offers | None = Field(None, description="What it sells; replaces all.")
    sources: Sources | None = Field(None, description="Where we know it from; replaces all.")


class CompetitorOfferRead(BaseModel):
    """A product of the competitor."""

    name: str = Field(description="What it is called.")
    price: Money | None = Field(description="What it costs, as far as we know.")
    note: str | None = Field(description="What is to be said of it.")


class CompetitorRead(BaseModel):
    """The file of a competitor."""

    id: UUID = Field(description="The competitor's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as COMP-2026-000001.")
    name: str = Field(description="Name.")
    website: str | None = Field(description="Address of its web site.")
    strengths: str | None = Field(description="What it is good at.")
    weaknesses: str | None = Field(description="What it is not good at.")
    strategy: str | None = Field(description="How it competes.")
    products: list[CompetitorOfferRead] = Field(description="What it sells, at which prices.")
    sources: list[str] = Field(description="Where we know it from.")
    state: OrLater[FileState] = Field(
        description="How far it is: only an approved one was audited."
    )
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, found: Competitor) -> Self:
        """Return the file as the API shows it."""
        return shown(cls, found)


class CompetitorFilters(PageParams):
    """Filters of the list of competitors; all must match."""

    number: str | None = Field(None, description="With exactly this number.")
    state: FileState | None = Field(None, description="In this state.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["created_at", "-created_at", "name", "-name", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class TakePartInput(Input):
    """That a competitor takes part in an opportunity."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"opportunity_id": f"{ID}5", "competitor_id": f"{ID}6", "threat": "high"}]
        }
    )

    opportunity_id: UUID = Field(description="The opportunity.")
    competitor_id: UUID = Field(description="The competitor.")
    threat: Threat = Field(Threat.MEDIUM, description="How dangerous it is.")
    note: LongText | None = Field(None, description="What it is up to.")


class TakePartUpdate(Patch):
    """Changes to a competitor's part; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"threat", "active"})

    threat: Threat | None = Field(None, description="How dangerous it is.")
    active: Flag | None = Field(None, description="False: it gave up, or was entered by mistake.")
    note: LongText | None = Field(None, description="What it is up to.")


class TakePartRead(BaseModel):
    """That a competitor takes part in an opportunity."""

    id: UUID = Field(description="The entry's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    opportunity_id: UUID = Field(description="The opportunity.")
    competitor_id: UUID = Field(description="The competitor.")
    threat: OrLater[Threat] = Field(description="How dangerous it is.")
    active: bool = Field(description="Whether it still takes part.")
    note: str | None = Field(description="What it is up to.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, found: OpportunityCompetitor) -> Self:
        """Return the entry as the API shows it."""
        return shown(cls, found)


class TakePartFilters(PageParams):
    """Filters of who takes part where; all must match."""

    opportunity_id: UUID | None = Field(None, description="In this opportunity.")
    competitor_id: UUID | None = Field(None, description="This competitor.")
    threat: Threat | None = Field(None, description="This dangerous.")
    active: bool | None = Field(None, description="Still taking part, or not.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class CriterionInput(Input):
    """One row of a comparison."""

    criterion: Text = Field(description="By what is compared, such as price or service.")
    ours: LongText = Field(description="What we offer.")
    theirs: LongText = Field(description="What they offer.")
    advantage: Advantage = Field(description="Who is better.")
    weight: Weight | None = Field(None, description="How much it counts; 1 if omitted.")


Criteria = Annotated[list[CriterionInput], Field(min_length=1, max_length=100)]


class SheetCreate(Input):
    """A new comparison sheet, for an opportunity or a product."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "与神州数码对比",
                    "competitor_id": f"{ID}6",
                    "opportunity_id": f"{ID}5",
                    "criteria": [
                        {
                            "criterion": "价格",
                            "ours": "4600 元",
                            "theirs": "4300 元",
                            "advantage": "theirs",
                            "weight": "3",
                        },
                        {
                            "criterion": "服务响应",
                            "ours": "4 小时到场",
                            "theirs": "次日到场",
                            "advantage": "ours",
                            "weight": "2",
                        },
                    ],
                }
            ]
        }
    )

    title: Text = Field(description="What it is called.")
    competitor_id: UUID = Field(description="The competitor.")
    opportunity_id: UUID | None = Field(None, description="The opportunity it is for.")
    product_id: UUID | None = Field(None, description="The product of ours it is about.")
    criteria: Criteria = Field(description="The rows, in order.")


class SheetUpdate(Patch):
    """Changes to a comparison sheet; fields left out stay. `criteria` replaces all rows."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "对比（二次报价后）"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"title", "criteria"})

    title: Text | None = Field(None, description="What it is called.")
    criteria: Criteria | None = Field(None, description="The rows, in order.")


class CriterionRead(BaseModel):
    """One row of a comparison."""

    criterion: str = Field(description="By what is compared.")
    ours: str = Field(description="What we offer.")
    theirs: str = Field(description="What they offer.")
    advantage: OrLater[Advantage] = Field(description="Who is better.")
    weight: DecimalText | None = Field(description="How much it counts; null: 1.")


class BalanceRead(BaseModel):
    """How a comparison stands, in percent of the weights; they add up to 100."""

    ours: Decimal = Field(description="Share that speaks for us.")
    theirs: Decimal = Field(description="Share that speaks for them.")
    even: Decimal = Field(description="Share that speaks for neither.")


class SheetRead(BaseModel):
    """A comparison sheet."""

    id: UUID = Field(description="The sheet's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    title: str = Field(description="What it is called.")
    competitor_id: UUID = Field(description="The competitor.")
    opportunity_id: UUID | None = Field(description="The opportunity it is for.")
    product_id: UUID | None = Field(description="The product of ours it is about.")
    criteria: list[CriterionRead] = Field(description="The rows, in order.")
    balance: BalanceRead | None = Field(description="How it stands; null if nothing has weight.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, sheet: ComparisonSheet) -> Self:
        """Return the sheet as the API shows it."""
        found = balance_of(sheet.criteria)
        balance: dict[str, Any] | None = None
        if found is not None:
            balance = {"ours": found.ours, "theirs": found.theirs, "even": found.even}
        return shown(cls, sheet, balance=balance)


class SheetFilters(PageParams):
    """Filters of the list of comparison sheets; all must match."""

    competitor_id: UUID | None = Field(None, description="With this competitor.")
    opportunity_id: UUID | None = Field(None, description="For this opportunity.")
    product_id: UUID | None = Field(None, description="About this product.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class WinRateQuery(BaseModel):
    """Of which days; both included, both may be left open."""

    model_config = ConfigDict(extra="forbid")

    closed_from: Day | None = Field(None, alias="from", description="Closed then or later.")
    closed_to: Day | None = Field(None, alias="to", description="Closed then or earlier.")


class WinRateRead(BaseModel):
    """How we do against one competitor."""

    competitor_id: UUID = Field(description="The competitor.")
    number: str = Field(description="Number of its file.")
    name: str = Field(description="Its name.")
    won: int = Field(description="Opportunities we won in which it took part.")
    lost_to: int = Field(description="Opportunities we lost to it.")
    lost_to_others: int = Field(
        description="Opportunities in which it took part, lost to another, or to nobody known."
    )
    open: int = Field(description="Opportunities under way in which it takes part.")
    win_rate: Decimal | None = Field(
        description="Percent won of those won or lost to it; null if there are none."
    )
    won_amounts: list[Money] = Field(description="What was won, per currency.")
    lost_amounts: list[Money] = Field(description="What was expected of those lost to it.")


class WinRates(BaseModel):
    """How we do against each competitor."""

    items: list[WinRateRead] = Field(description="Whom we lose most to first.")
