"""Which record each field of the survivor comes from (C5): pure rules, no database."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.merges.errors import SourceNotMember


class SurvivorshipRule(StrEnum):
    """Where a field comes from unless somebody says: 保留记录优先, 最新优先."""

    SURVIVOR_FIRST = "survivor_first"
    NEWEST = "newest"


class Field(StrEnum):
    """Fields of which one record's value survives.

    The owner is none of them: the survivor keeps its own, or stays in the pool, because every
    change of owner is a hand-over.
    """

    NAME = "name"
    CODE = "code"
    EXTERNAL_REF = "external_ref"
    PARENT = "parent_id"
    INDUSTRY = "industry"
    COUNTRY = "country"
    SOURCE = "source"
    CREDIT_CODE = "credit_code"
    WEBSITE = "website"
    FOUNDED_YEAR = "founded_year"
    EMPLOYEE_COUNT = "employee_count"
    ANNUAL_REVENUE = "annual_revenue"


TOGETHER = {
    Field.ANNUAL_REVENUE: ("annual_revenue", "annual_revenue_currency"),
}
"""Fields that only make sense with each other."""
BOUND = (*TOGETHER.values(), ("created_on", "state", "promoted_on"))
"""What the database ties together: undoing a merge, all of it goes back, or nothing."""
UNIQUE = (Field.CODE, Field.EXTERNAL_REF)
"""Fields that no two records may have: the one that gives it loses it."""


def columns_of(field: Field) -> tuple[str, ...]:
    """Return the attributes a field stands for."""
    return TOGETHER.get(field, (field.value,))


def sources(
    survivor: Customer,
    losers: Sequence[Customer],
    chosen: Mapping[Field, UUID],
    rule: SurvivorshipRule,
) -> dict[Field, Customer]:
    """Return the record from which each field comes.

    What somebody chose; else by the rule, from a record that has a value: from the survivor or,
    where it has none or the newest is asked for, from the one that changed last. Raises
    `SourceNotMember`.
    """
    members = {one.id: one for one in (survivor, *losers)}
    order = _in_order(survivor, losers, rule)
    found = {}
    for field in Field:
        if field in chosen:
            if chosen[field] not in members:
                raise SourceNotMember(field=field.value)
            found[field] = members[chosen[field]]
        else:
            found[field] = next((one for one in order if _has(one, field)), survivor)
    return found


def custom_values(
    survivor: Customer,
    losers: Sequence[Customer],
    chosen: Mapping[str, UUID],
    rule: SurvivorshipRule,
) -> dict[str, object]:
    """Return the values of custom fields that survive, by the same rule for each field.

    Raises `SourceNotMember`.
    """
    members = {one.id: one for one in (survivor, *losers)}
    values: dict[str, object] = {}
    for one in reversed(_in_order(survivor, losers, rule)):
        values |= one.custom
    for code, source in chosen.items():
        if source not in members:
            raise SourceNotMember(field=code)
        values.pop(code, None)
        if code in members[source].custom:
            values[code] = members[source].custom[code]
    return {code: values[code] for code in sorted(values)}


def combine(survivor: Customer, losers: Sequence[Customer]) -> None:
    """Give the survivor what all records say together: roles, first day, how far the relation is.

    If one of them is a trade customer, the customer is, since the first day one was.
    """
    everybody = (survivor, *losers)
    survivor.roles = sorted({role for one in everybody for role in one.roles})
    survivor.created_on = min(one.created_on for one in everybody)
    trading = [one.promoted_on for one in everybody if one.promoted_on and one.ended_on is None]
    if trading:
        survivor.state, survivor.promoted_on = CustomerState.TRADE, min(trading)


def _in_order(
    survivor: Customer, losers: Sequence[Customer], rule: SurvivorshipRule
) -> list[Customer]:
    """Return the records, the one to be asked first at the front."""
    if rule is SurvivorshipRule.NEWEST:
        return sorted((survivor, *losers), key=lambda one: (one.updated_at, one.id), reverse=True)
    rest = sorted(losers, key=lambda one: (one.updated_at, one.id), reverse=True)
    return [survivor, *rest]


def _has(customer: Customer, field: Field) -> bool:
    if field is Field.NAME:  # a stand-in is no name
        return not customer.anonymous
    return getattr(customer, columns_of(field)[0]) is not None
