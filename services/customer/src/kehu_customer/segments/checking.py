"""Whether a rule can be used: its size, and whether what it names exists and is of that type."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.money import CURRENCIES
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.custom_fields.models import CustomField, FieldType
from kehu_customer.custom_fields.values import is_hidden
from kehu_customer.customers.models import Customer, CustomerKind, CustomerRole, CustomerState
from kehu_customer.departments.models import Department
from kehu_customer.employees.models import Employee
from kehu_customer.segments import rules
from kehu_customer.segments.errors import Problem, SegmentRuleInvalid
from kehu_customer.segments.rules import CUSTOM, Condition
from kehu_kernel.session import Session

Fields = Mapping[str, CustomField]
Schemes = Mapping[UUID, ClassificationScheme]
Holders = Mapping[str, set[UUID]]

TESTED: Mapping[type, frozenset[str]] = {
    rules.SegmentOneOf: frozenset(
        {FieldType.TEXT, FieldType.CHOICE, FieldType.MULTI_CHOICE, FieldType.REFERENCE}
    ),
    rules.SegmentBetween: frozenset({FieldType.NUMBER}),
    rules.AmountBetween: frozenset({FieldType.MONEY}),
    rules.DayBetween: frozenset({FieldType.DATE}),
    rules.DaysAgo: frozenset({FieldType.DATE}),
    rules.SegmentKnown: frozenset(FieldType),
}
"""Which custom fields each kind of condition can look at."""
VALUES: Mapping[str, frozenset[str]] = {
    "kind": frozenset(CustomerKind),
    "state": frozenset(CustomerState),
    "roles": frozenset(CustomerRole),
}
"""Facts that have no other values."""
HOLDERS: Mapping[str, type[Employee | Department | Customer]] = {
    "owner_id": Employee,
    "department_id": Department,
    "parent_id": Customer,
}
"""Whom a customer can belong to. Who has left, and what was merged, may still be asked for."""


def require_small(rule: Condition, *, deepest: int, largest: int) -> None:
    """Refuse a tree that nests deeper, or has more conditions. Raises `SegmentRuleInvalid`."""
    if rules.depth(rule) > deepest:
        raise SegmentRuleInvalid.of([("/rule", Problem.TOO_DEEP)])
    if sum(1 for _ in rules.nodes(rule)) > largest:
        raise SegmentRuleInvalid.of([("/rule", Problem.TOO_LARGE)])


async def require_sense(session: Session, rule: Condition) -> dict[str, str]:
    """Refuse a rule that names what does not exist, or that cannot hold; return its field types.

    A custom field, or a company, that the caller must not see does not exist for the caller: who is
    in the segment would tell of it. Raises `SegmentRuleInvalid` with all problems at once.
    """
    fields = await fields_of(session, [rule])
    scopes = session.context.scopes
    seen = {code: one for code, one in fields.items() if not is_hidden(one, scopes)}
    schemes = await _schemes_of(session, rule)
    holders = await _holders_of(session, rule)
    problems = [
        (pointer, problem)
        for pointer, node in rules.nodes(rule)
        for problem in _problems(node, seen, schemes, holders)
    ]
    if problems:
        raise SegmentRuleInvalid.of(problems)
    return {code: field.type for code, field in fields.items()}


async def fields_of(session: Session, found: list[Condition]) -> dict[str, CustomField]:
    """Return the custom fields that rules look at, by code; asks only if there are any."""
    codes = {code for rule in found for code in rules.custom_codes(rule)}
    if not codes:
        return {}
    query = select(CustomField).where(
        CustomField.tenant_id == session.context.tenant_id, CustomField.code.in_(sorted(codes))
    )
    return {field.code: field for field in await session.scalars(query)}


async def _schemes_of(session: Session, rule: Condition) -> dict[UUID, ClassificationScheme]:
    ids = {leaf.scheme_id for leaf in rules.leaves(rule) if isinstance(leaf, rules.InClass)}
    if not ids:
        return {}
    query = select(ClassificationScheme).where(
        ClassificationScheme.tenant_id == session.context.tenant_id,
        ClassificationScheme.id.in_(sorted(ids)),
    )
    return {scheme.id: scheme for scheme in await session.scalars(query)}


async def _holders_of(session: Session, rule: Condition) -> dict[str, set[UUID]]:
    """Return which of the employees, departments and companies of a rule exist, by fact."""
    asked: dict[str, set[UUID]] = {}
    for leaf in rules.leaves(rule):
        if isinstance(leaf, rules.HeldBy):
            asked.setdefault(leaf.fact, set()).update(leaf.ids)
    found: dict[str, set[UUID]] = {}
    for fact, ids in asked.items():
        model = HOLDERS[fact]
        query = select(model.id).where(
            model.tenant_id == session.context.tenant_id, model.id.in_(sorted(ids))
        )
        found[fact] = set(await session.scalars(query))
    return found


def _problems(
    node: Condition, fields: Fields, schemes: Schemes, holders: Holders
) -> Iterator[Problem]:
    fact = getattr(node, "fact", "")
    if fact.startswith(f"{CUSTOM}."):
        yield from _of_field(node, fields.get(fact.removeprefix(f"{CUSTOM}.")))
    match node:
        case rules.SegmentOneOf() if fact in VALUES:
            if not VALUES[fact].issuperset(node.values):
                yield Problem.UNKNOWN_VALUE
        case rules.SegmentBetween() | rules.AmountBetween() | rules.DaysAgo():
            if node.at_least is not None and node.below is not None and node.at_least >= node.below:
                yield Problem.EMPTY_INTERVAL
        case rules.DayBetween():
            if node.first is not None and node.last is not None and node.first > node.last:
                yield Problem.EMPTY_INTERVAL
        case rules.InClass():
            yield from _of_class(node, schemes.get(node.scheme_id))
        case rules.HeldBy():
            if not holders[node.fact].issuperset(node.ids):
                yield Problem.UNKNOWN_HOLDER
    if isinstance(node, rules.AmountBetween) and node.currency not in CURRENCIES:
        yield Problem.UNKNOWN_CURRENCY


def _of_field(node: Condition, field: CustomField | None) -> Iterator[Problem]:
    if field is None:
        yield Problem.UNKNOWN_FIELD
    elif field.type not in TESTED[type(node)]:
        yield Problem.WRONG_TEST
    elif isinstance(node, rules.SegmentOneOf) and not _can_be(field, node.values):
        yield Problem.UNKNOWN_VALUE


def _can_be(field: CustomField, values: list[str]) -> bool:
    return not field.options or {one["code"] for one in field.options}.issuperset(values)


def _of_class(node: rules.InClass, scheme: ClassificationScheme | None) -> Iterator[Problem]:
    if scheme is None:
        yield Problem.UNKNOWN_SCHEME
    elif not {one["code"] for one in scheme.classes}.issuperset(node.classes):
        yield Problem.UNKNOWN_CLASS
