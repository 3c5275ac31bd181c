"""What the world hears of a segment, and of who enters and leaves it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kehu_contracts import segment as contract
from kehu_customer.segments.models import Segment, SegmentReason


def _state(segment: Segment, changed: list[str]) -> dict[str, Any]:
    return {
        "segment_id": segment.id,
        "code": segment.code,
        "name_zh": segment.name_zh,
        "name_en": segment.name_en,
        "kind": segment.kind,
        "state": segment.state,
        "rule_version": segment.rule_version,
        "changed": changed,
    }


def created(segment: Segment) -> contract.SegmentCreated:
    return contract.SegmentCreated(**_state(segment, []))


def changed(segment: Segment, fields: list[str]) -> contract.SegmentChanged:
    return contract.SegmentChanged(**_state(segment, fields))


def archived(segment: Segment, fields: list[str]) -> contract.SegmentArchived:
    return contract.SegmentArchived(**_state(segment, fields))


def moved(
    segment: Segment,
    membership_id: UUID,
    customer_id: UUID,
    *,
    entered: bool,
    reason: SegmentReason,
    facts: Sequence[str],
    at: datetime,
) -> contract.MembershipState:
    """Return that a customer entered a segment, or left it."""
    kind = contract.CustomerEnteredSegment if entered else contract.CustomerLeftSegment
    return kind(
        membership_id=membership_id,
        segment_id=segment.id,
        segment_code=segment.code,
        name_zh=segment.name_zh,
        name_en=segment.name_en,
        rule_version=segment.rule_version,
        customer_id=customer_id,
        reason=reason,
        facts=list(facts),
        at=at,
    )
