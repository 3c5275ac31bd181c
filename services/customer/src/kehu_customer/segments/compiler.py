"""What the rule of a segment means in SQL: the one truth for previews, runs and changes (C7).

A condition is true, false, or NULL where something is not known; NULL counts as false, also under
`not`. What callers give is always a bound parameter.
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import singledispatch
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from kehu_customer.behaviour.models import Behaviour
from kehu_customer.classifications.models import Classification
from kehu_customer.contact_points.models import ContactPoint
from kehu_customer.contacts.models import Contact
from kehu_customer.custom_fields.models import FieldType
from kehu_customer.customers.models import Customer
from kehu_customer.segments import rules
from kehu_customer.segments.rules import CUSTOM, Condition

Test = ColumnElement[bool]
COUNTS = frozenset(
    {
        "contacts",
        "opportunities_open",
        "opportunities_won",
        "opportunities_lost",
        "requests",
        "requests_open",
        "complaints",
        "complaints_open",
        "leads",
        "leads_open",
        "leads_converted",
        "leads_disqualified",
        "consents_given",
        "consents_withdrawn",
    }
)
"""Quantities that are 0, and not unknown, for a customer without dealings."""


OF_CUSTOMER = (
    "id", "name", "kind", "state", "roles", "industry", "country", "source", "value_grade",
    "value_score", "employee_count", "founded_year", "annual_revenue", "annual_revenue_currency",
    "created_on", "promoted_on", "ended_on", "owner_id", "department_id", "parent_id", "custom",
)  # fmt: skip
OF_BEHAVIOUR = (
    *sorted(COUNTS), "last_contact_on", "last_opportunity_on", "last_won_on", "last_request_on",
    "last_complaint_on", "last_lead_on", "last_consent_on", "last_withdrawal_on", "won_amounts",
)  # fmt: skip


class Terms(NamedTuple):
    """What a rule is asked about."""

    facts: FromClause
    """The customers, a column per fact."""
    today: date
    types: Mapping[str, str]
    """Types of the custom fields, by code."""


def facts_of_all(tenant_id: str) -> FromClause:
    """Return what is known of every customer: not of those merged into others.

    Each fact is looked up where a rule asks for it, if it comes to that.
    """
    return _facts(tenant_id).subquery("facts")


def facts_of_some(tenant_id: str, customer_ids: Collection[UUID]) -> FromClause:
    """Return what is known of these customers, looked up once however many rules ask for it.

    Left to itself, PostgreSQL would plan each look-up once per rule, with the policies of its
    tables: that takes a minute for fifty rules.
    """
    ids = bindparam(None, list(customer_ids), type_=ARRAY(Uuid))
    some = _facts(tenant_id).where(Customer.id == any_(ids))
    return some.cte("facts").prefix_with("MATERIALIZED")


def _facts(tenant_id: str) -> Select[Any]:
    same = and_(Behaviour.tenant_id == Customer.tenant_id, Behaviour.customer_id == Customer.id)
    return (
        select(
            *(getattr(Customer, name) for name in OF_CUSTOMER),
            *(getattr(Behaviour, name) for name in OF_BEHAVIOUR),
            _classes(tenant_id).label("classes"),
            _reachable_by(tenant_id).label("reachable_by"),
        )
        .select_from(Customer.__table__.outerjoin(Behaviour.__table__, same))
        .where(Customer.tenant_id == tenant_id, Customer.merged_into_id.is_(None))
    )


def _classes(tenant_id: str) -> ColumnElement[Any]:
    """Return the classes a customer is in now, each as `<scheme> <class>`."""
    each = cast(Classification.scheme_id, Text) + " " + Classification.class_code
    return func.array(
        select(each)
        .where(
            Classification.tenant_id == tenant_id,
            Classification.customer_id == Customer.id,
            Classification.ended_at.is_(None),
        )
        .correlate(Customer)
        .scalar_subquery(),
        type_=ARRAY(Text),
    )


def _reachable_by(tenant_id: str) -> ColumnElement[Any]:
    """Return the kinds of numbers and addresses in use, of a customer and its active contacts."""
    used = select(ContactPoint.kind).where(ContactPoint.tenant_id == tenant_id, ContactPoint.active)
    own = used.where(ContactPoint.customer_id == Customer.id).correlate(Customer)
    theirs = (
        used.join(
            Contact,
            and_(
                Contact.tenant_id == ContactPoint.tenant_id, Contact.id == ContactPoint.contact_id
            ),
        )
        .where(Contact.customer_id == Customer.id, Contact.active)
        .correlate(Customer)
    )
    return func.array(union_all(own, theirs).scalar_subquery(), type_=ARRAY(Text))


@singledispatch
def matching(rule: Condition, _terms: Terms) -> Test:
    """Return what the rule asks of a customer whose `facts` the terms have."""
    raise TypeError(f"no condition: {rule!r}")


@matching.register
def _(rule: rules.All, terms: Terms) -> Test:
    return and_(true(), *(matching(part, terms) for part in rule.of))


@matching.register
def _(rule: rules.AnyOf, terms: Terms) -> Test:
    return or_(false(), *(matching(part, terms) for part in rule.of))


@matching.register
def _(rule: rules.Not, terms: Terms) -> Test:
    return ~func.coalesce(matching(rule.of, terms), false())


@matching.register
def _(rule: rules.SegmentBetween, terms: Terms) -> Test:
    return _between(_number(rule.fact, terms.facts), rule.at_least, rule.below)


@matching.register
def _(rule: rules.AmountBetween, terms: Terms) -> Test:
    return _between(_amount(rule.fact, rule.currency, terms.facts), rule.at_least, rule.below)


@matching.register
def _(rule: rules.HeldBy, terms: Terms) -> Test:
    held: Test = terms.facts.c[rule.fact].in_(rule.ids)
    return held


def day_of(fact: str, facts: FromClause) -> ColumnElement[date]:
    """Return the day that a fact is, NULL if it is not known."""
    if fact.startswith(f"{CUSTOM}."):
        return cast(_custom(fact, facts).astext, Date)
    return facts.c[fact]


def _code(fact: str) -> str:
    return fact.removeprefix(f"{CUSTOM}.")


def _custom(fact: str, facts: FromClause) -> Any:
    return facts.c.custom[_code(fact)]


@matching.register
def _(rule: rules.SegmentOneOf, terms: Terms) -> Test:
    if rule.fact == "roles":
        played: Test = terms.facts.c.roles.overlap(cast(array(rule.values), ARRAY(Text)))
        return played
    if not rule.fact.startswith(f"{CUSTOM}."):
        given: Test = terms.facts.c[rule.fact].in_(rule.values)
        return given
    found = _custom(rule.fact, terms.facts)
    several = terms.types[_code(rule.fact)] == FieldType.MULTI_CHOICE
    if several:
        held: Test = found.has_any(cast(array(rule.values), ARRAY(Text)))
        return held
    one: Test = found.astext.in_(rule.values)
    return one


def _number(fact: str, facts: FromClause) -> ColumnElement[Any]:
    if fact.startswith(f"{CUSTOM}."):
        return cast(_custom(fact, facts).astext, Numeric)
    return func.coalesce(facts.c[fact], 0) if fact in COUNTS else facts.c[fact]


def _amount(fact: str, currency: str, facts: FromClause) -> ColumnElement[Any]:
    """Return the amount in a currency, NULL if it is not known in that one."""
    if fact == "won_amount":
        return cast(facts.c.won_amounts[currency].astext, Numeric)
    if fact == "annual_revenue":
        return case((facts.c.annual_revenue_currency == currency, facts.c.annual_revenue))
    money = _custom(fact, facts)
    same = money["currency"].astext == currency
    return case((same, cast(money["amount"].astext, Numeric)))


def _between(number: ColumnElement[Any], at_least: Any, below: Any) -> Test:
    ends: list[Test] = [number.is_not(None)]
    if at_least is not None:
        ends.append(number >= at_least)
    if below is not None:
        ends.append(number < below)
    return and_(*ends)


@matching.register
def _(rule: rules.DayBetween, terms: Terms) -> Test:
    day = day_of(rule.fact, terms.facts)
    ends: list[Test] = [day.is_not(None)]
    if rule.first is not None:
        ends.append(day >= rule.first)
    if rule.last is not None:
        ends.append(day <= rule.last)
    return and_(*ends)


@matching.register
def _(rule: rules.DaysAgo, terms: Terms) -> Test:
    """Compare the day itself with a fixed one, so that an index on it can be used."""
    day = day_of(rule.fact, terms.facts)
    ends: list[Test] = [day.is_not(None)]
    if rule.at_least is not None:
        ends.append(day <= terms.today - timedelta(days=rule.at_least))
    if rule.below is not None:
        ends.append(day > terms.today - timedelta(days=rule.below))
    return and_(*ends)


@matching.register
def _(rule: rules.SegmentKnown, terms: Terms) -> Test:
    if rule.fact == "roles":
        there: Test = func.cardinality(terms.facts.c.roles) > 0
    elif rule.fact == "won_amount":
        there = func.coalesce(terms.facts.c.won_amounts, cast({}, JSONB)) != cast({}, JSONB)
    elif rule.fact in COUNTS:
        there = true()
    elif rule.fact.startswith(f"{CUSTOM}."):
        there = terms.facts.c.custom.has_key(_code(rule.fact))
    else:
        there = terms.facts.c[rule.fact].is_not(None)
    return there if rule.known else ~there


@matching.register
def _(rule: rules.InClass, terms: Terms) -> Test:
    wanted = [f"{rule.scheme_id} {code}" for code in rule.classes]
    among: Test = terms.facts.c.classes.overlap(cast(array(wanted), ARRAY(Text)))
    return among


@matching.register
def _(rule: rules.Reachable, terms: Terms) -> Test:
    some: Test = terms.facts.c.reachable_by.overlap(cast(array(rule.by), ARRAY(Text)))
    return some
