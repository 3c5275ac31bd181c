"""What the world hears of competitors."""

from typing import Any

from kehu_contracts import market
from kehu_sales.competitors.models import (
    ComparisonSheet,
    Competitor,
    FileState,
    OpportunityCompetitor,
)


def _file(found: Competitor, changed: list[str]) -> dict[str, Any]:
    return {
        "competitor_id": found.id,
        "number": found.number,
        "name": found.name,
        "website": found.website,
        "strengths": found.strengths,
        "weaknesses": found.weaknesses,
        "strategy": found.strategy,
        "products": [one["name"] for one in found.products],
        "sources": found.sources,
        "state": found.state,
        "changed": changed,
    }


def entered(found: Competitor) -> market.CompetitorEntered:
    return market.CompetitorEntered(**_file(found, []))


def changed(found: Competitor, fields: list[str]) -> market.CompetitorFact:
    approved = found.state == FileState.APPROVED and "state" in fields
    event = market.CompetitorApproved if approved else market.CompetitorChanged
    return event(**_file(found, fields))


def _part(found: OpportunityCompetitor, changed: list[str]) -> dict[str, Any]:
    return {
        "opportunity_competitor_id": found.id,
        "opportunity_id": found.opportunity_id,
        "competitor_id": found.competitor_id,
        "threat": found.threat,
        "active": found.active,
        "note": found.note,
        "changed": changed,
    }


def took_part(found: OpportunityCompetitor) -> market.CompetitorTookPart:
    return market.CompetitorTookPart(**_part(found, []))


def part_changed(found: OpportunityCompetitor, fields: list[str]) -> market.CompetitorPartChanged:
    return market.CompetitorPartChanged(**_part(found, fields))


def _sheet(found: ComparisonSheet, changed: list[str]) -> dict[str, Any]:
    return {
        "comparison_sheet_id": found.id,
        "title": found.title,
        "competitor_id": found.competitor_id,
        "opportunity_id": found.opportunity_id,
        "product_id": found.product_id,
        "criteria": [one["criterion"] for one in found.criteria],
        "changed": changed,
    }


def compared(found: ComparisonSheet) -> market.ComparisonSheetEntered:
    return market.ComparisonSheetEntered(**_sheet(found, []))


def comparison_changed(found: ComparisonSheet, fields: list[str]) -> market.ComparisonSheetChanged:
    return market.ComparisonSheetChanged(**_sheet(found, fields))
