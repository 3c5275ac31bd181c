"""When two opportunities collide (撞单): related customer, like products and time, two hands (S13).

The rule is pure: what it needs of two opportunities is a `Side` each, and how their customers are
related a `Kinship`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Relation(StrEnum):
    """How the customers of two opportunities are related, the closest first.

    The same (also by a merge), one above the other in the company tree, below the same parent,
    suspected to be one and the same, or elsewhere in the same tree.
    """

    SAME = "same"
    PARENT = "parent"
    SISTER = "sister"
    DUPLICATE = "duplicate"
    GROUP = "group"


class Overlap(StrEnum):
    """What two opportunities have in common: a product, a category, or no lines to tell them by."""

    PRODUCT = "product"
    CATEGORY = "category"
    UNSPECIFIED = "unspecified"


class Policy(Protocol):
    """What a tenant has decided about when opportunities collide."""

    relations: list[str]
    by_category: bool
    without_lines: bool
    within_days: int | None
    across_departments: bool


@dataclass(frozen=True, slots=True)
class Side:
    """What counts of an open opportunity."""

    opportunity_id: UUID
    customer_id: UUID
    owner_id: UUID | None
    department_id: UUID | None
    opened_on: date
    product_ids: frozenset[UUID] = frozenset()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clash:
    """Why two opportunities collide."""

    relation: Relation
    overlap: Overlap


def widens(former: Policy, now: Policy) -> bool:
    """Whether what collides by the rules of now may not have by the former ones."""
    former_days, days = former.within_days, now.within_days
    longer = former_days is not None and (days is None or days > former_days)
    return (
        longer
        or not {*now.relations} <= {*former.relations}
        or (now.by_category and not former.by_category)
        or (now.without_lines and not former.without_lines)
        or (former.across_departments and not now.across_departments)
    )


def collides(one: Side, other: Side, kinship: "Kinship", policy: Policy) -> Clash | None:
    """Return why two open opportunities collide, None if they do not.

    They do if they are in two hands, of customers that are the same or related, about products of
    which one is the same or alike, opened at most `within_days` apart.
    """
    if not in_two_hands(one, other, across_departments=policy.across_departments):
        return None
    if policy.within_days is not None:
        apart = abs((one.opened_on - other.opened_on).days)
        if apart > policy.within_days:
            return None
    relation = kinship.relation(one.customer_id, other.customer_id)
    overlap = _overlap(one, other, policy)
    if relation is None or relation not in policy.relations or overlap is None:
        return None
    return Clash(relation, overlap)


def in_two_hands(one: Side, other: Side, *, across_departments: bool) -> bool:
    """Whether two people work on them; `across_departments`: only if of two departments.

    What nobody works on yet is in no hand.
    """
    if one.owner_id is None or other.owner_id is None or one.owner_id == other.owner_id:
        return False
    return not across_departments or one.department_id != other.department_id


def _overlap(one: Side, other: Side, policy: Policy) -> Overlap | None:
    if not one.product_ids or not other.product_ids:
        return Overlap.UNSPECIFIED if policy.without_lines else None
    if one.product_ids & other.product_ids:
        return Overlap.PRODUCT
    if policy.by_category and one.categories & other.categories:
        return Overlap.CATEGORY
    return None


@dataclass(frozen=True, slots=True)
class Relative:
    """A customer record: its parent company, and the record that it was merged into."""

    id: UUID
    parent_id: UUID | None = None
    merged_into_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Kinship:
    """How customers are related: records by id, and pairs that may be one customer."""

    records: Mapping[UUID, Relative] = field(default_factory=dict)
    suspected: Collection[frozenset[UUID]] = frozenset()

    @classmethod
    def of(cls, records: Iterable[Relative], pairs: Iterable[tuple[UUID, UUID]]) -> "Kinship":
        """Return the kinship that records and suspected pairs make."""
        known = {record.id: record for record in records}
        unpaired = cls(known)
        suspected = {
            frozenset((unpaired.customer(one), unpaired.customer(other))) for one, other in pairs
        }
        return cls(known, suspected)

    def relation(self, one: UUID, other: UUID) -> Relation | None:
        """Return the closest relation of two records' customers; None if there is none."""
        one, other = self.customer(one), self.customer(other)
        if one == other:
            return Relation.SAME
        above_one, above_other = self.ancestors(one), self.ancestors(other)
        if one in above_other or other in above_one:
            return Relation.PARENT
        if above_one and above_other and above_one[0] == above_other[0]:
            return Relation.SISTER
        if frozenset((one, other)) in self.suspected:
            return Relation.DUPLICATE
        return Relation.GROUP if set(above_one) & set(above_other) else None

    def customer(self, record_id: UUID) -> UUID:
        """Return the record under which a customer goes on."""
        record = self.records.get(record_id)
        return (record and record.merged_into_id) or record_id

    def ancestors(self, customer_id: UUID) -> list[UUID]:
        """Return the companies above a customer, the parent first.

        Facts that come late may make a circle for a moment: it is gone through once.
        """
        above: list[UUID] = []
        record = self.records.get(customer_id)
        while record is not None and record.parent_id is not None:
            parent = self.customer(record.parent_id)
            if parent in (customer_id, *above):
                break
            above.append(parent)
            record = self.records.get(parent)
        return above
