"""Reading the demo files: their dirt is repaired where it is certain, and always reported."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

DATA = Path(__file__).parents[3] / "data" / "crm-sales-opportunities"

SPELLING = {
    "technolgy": "technology",
    "Philipines": "Philippines",
    "GTXPro": "GTX Pro",
}
"""Certain misspellings in the files, and what is meant."""


@dataclass(frozen=True, slots=True)
class Account:
    """A company of accounts.csv; revenue in US dollars."""

    name: str
    sector: str
    founded_year: int
    revenue: Decimal
    employees: int
    country: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Product:
    """A product of products.csv; price in US dollars."""

    name: str
    series: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Agent:
    """A sales person of sales_teams.csv."""

    name: str
    manager: str
    office: str


@dataclass(frozen=True, slots=True)
class Deal:
    """An opportunity of sales_pipeline.csv; the close value in US dollars."""

    id: str
    agent: str
    product: str
    account: str | None
    stage: str
    engaged_on: date | None
    closed_on: date | None
    close_value: Decimal | None


@dataclass(slots=True)
class DemoData:
    """All four files, cleaned, and what was found wrong with them."""

    accounts: list[Account]
    products: list[Product]
    agents: list[Agent]
    deals: list[Deal]
    dirt: Counter[str] = field(default_factory=Counter)

    @property
    def last_day(self) -> date:
        """The last day that anything happened on, for all we know the day of the files."""
        days = [day for deal in self.deals for day in (deal.engaged_on, deal.closed_on) if day]
        return max(days)


def read(folder: Path = DATA) -> DemoData:
    """Read the files in `folder`. Raises `OSError` or `ValueError` if one is missing or broken."""
    dirt: Counter[str] = Counter()

    def clean(file: str, value: str) -> str:
        if value in SPELLING:
            dirt[f"{file}: '{value}' read as '{SPELLING[value]}'"] += 1
        return SPELLING.get(value, value)

    accounts = [
        Account(
            name=row["account"],
            sector=clean("accounts.csv", row["sector"]),
            founded_year=int(row["year_established"]),
            revenue=Decimal(row["revenue"]) * 1_000_000,
            employees=int(row["employees"]),
            country=clean("accounts.csv", row["office_location"]),
            parent=row["subsidiary_of"] or None,
        )
        for row in _rows(folder / "accounts.csv")
    ]
    products = [
        Product(row["product"], row["series"], Decimal(row["sales_price"]))
        for row in _rows(folder / "products.csv")
    ]
    agents = [
        Agent(row["sales_agent"], row["manager"], row["regional_office"])
        for row in _rows(folder / "sales_teams.csv")
    ]
    deals = [
        Deal(
            id=row["opportunity_id"],
            agent=row["sales_agent"],
            product=clean("sales_pipeline.csv", row["product"]),
            account=row["account"] or None,
            stage=row["deal_stage"],
            engaged_on=_day(row["engage_date"]),
            closed_on=_day(row["close_date"]),
            close_value=Decimal(row["close_value"]) if row["close_value"] else None,
        )
        for row in _rows(folder / "sales_pipeline.csv")
    ]
    for deal in deals:
        if deal.account is None:
            dirt[f"sales_pipeline.csv: {deal.stage} without an account, loaded without one"] += 1
        if deal.engaged_on is None:
            dirt[f"sales_pipeline.csv: {deal.stage} without a date, dated the files' last day"] += 1
    idle = {agent.name for agent in agents} - {deal.agent for deal in deals}
    if idle:
        dirt["sales_teams.csv: sales people without any opportunity, entered all the same"] = len(
            idle
        )
    return DemoData(accounts, products, agents, deals, dirt)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [{name: value.strip() for name, value in row.items()} for row in rows]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
