"""The values of custom fields: the one function that checks them, wherever a customer is written.

API, import and merge all create and change customers by the same two use cases, and those come
here. Who lacks the scope of a restricted field does not know of it: it cannot be given, is not
asked for, and stays as it is.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, or_, select

from kehu_customer.custom_fields import queries
from kehu_customer.custom_fields.errors import CustomFieldsInvalid, InvalidValue, Problem
from kehu_customer.custom_fields.models import (
    CustomEntry,
    CustomField,
    FieldType,
    Target,
    entries_of,
)
from kehu_customer.customers.models import Customer
from kehu_customer.departments.models import Department
from kehu_customer.employees.models import Employee
from kehu_customer.labels import Labelled
from kehu_customer.territories.models import Territory
from kehu_kernel.session import Session

Values = dict[str, Any]
TARGETS: dict[str, Any] = {
    Target.CUSTOMER: Customer,
    Target.EMPLOYEE: Employee,
    Target.DEPARTMENT: Department,
    Target.TERRITORY: Territory,
}


def merged(
    fields: Mapping[str, CustomField],
    given: Mapping[str, object],
    before: Values,
    *,
    creating: bool,
    scopes: frozenset[str] | None,
) -> Values:
    """Return the values after a change; null clears, what is not given stays.

    A new customer gets the defaults, and must have the required ones. Raises `CustomFieldsInvalid`
    with all problems at once. `scopes` are the caller's; None sees everything.
    """
    seen = {code: field for code, field in fields.items() if not is_hidden(field, scopes)}
    after: Values = dict(before)
    problems: list[tuple[str, Problem]] = []
    for code, value in given.items():
        try:
            accepted = _accepted(seen.get(code), value, before.get(code))
        except InvalidValue as error:
            known = seen.get(code)
            problems.append((Labelled(code, known.name_zh) if known else code, error.problem))
        else:
            after[code] = accepted
    if creating:
        for code in fields.keys() - (given.keys() & seen.keys()):
            if fields[code].default_value is not None:
                after[code] = fields[code].default_value
            elif fields[code].required and code in seen:
                problems.append((Labelled(code, fields[code].name_zh), Problem.REQUIRED))
    if problems:
        raise CustomFieldsInvalid.of(sorted(problems))
    return {code: after[code] for code in sorted(after) if after[code] is not None}


def _accepted(field: CustomField | None, value: object, before: object) -> Any:
    """Return a value as it is stored, None to clear. Raises `InvalidValue`."""
    if field is None or not (field.active or value is None or value == before):
        raise InvalidValue(Problem.UNKNOWN_FIELD)
    if value is None and field.required and field.active:
        raise InvalidValue(Problem.REQUIRED)
    if value is None or value == before:  # what it has already may stay: a retired option, say
        return value
    return field.accept(value)


def is_hidden(field: CustomField, scopes: frozenset[str] | None) -> bool:
    """Whether a caller with these scopes must not know of the field."""
    return scopes is not None and field.visible_to is not None and field.visible_to not in scopes


async def record_values(
    session: Session, customer: Customer, given: Mapping[str, object], *, creating: bool = False
) -> None:
    """Give a customer values of custom fields. Raises `CustomFieldsInvalid`.

    The caller has locked the customer and writes the audit entry. The database refuses a value that
    must be unique and is not.
    """
    fields = await queries.fields_for(session, list(given), creating=creating)
    before: Values = {} if creating else customer.custom
    scopes = session.context.scopes
    after = merged(fields, given, before, creating=creating, scopes=scopes)
    changed = {
        code: fields[code] for code in after.keys() | before.keys()
        if after.get(code) != before.get(code)
    }  # fmt: skip
    await _require_references(session, changed, after)
    customer.custom = after
    searchable = [field for field in changed.values() if field.searchable]
    if searchable and not creating:
        await session.execute(
            delete(CustomEntry).where(
                CustomEntry.tenant_id == session.context.tenant_id,
                CustomEntry.customer_id == customer.id,
                CustomEntry.field_id.in_([field.id for field in searchable]),
            )
        )
    for field in searchable:
        if field.code in after:
            for entry in entries_of(field, customer.id, after[field.code]):
                session.add(entry)


async def _require_references(
    session: Session, changed: Mapping[str, CustomField], after: Values
) -> None:
    """Refuse references that lead nowhere: one query for each kind of object."""
    asked: dict[str, dict[str, str]] = {}
    for code, field in changed.items():
        if field.type == FieldType.REFERENCE and code in after:
            asked.setdefault(str(field.reference_to), {})[code] = after[code]
    problems = []
    for target, references in asked.items():
        model = TARGETS[target]
        ids = select(model.id).where(
            model.tenant_id == session.context.tenant_id,
            or_(*(model.id == wanted for wanted in set(references.values()))),
        )
        there = {str(found) for found in await session.scalars(ids)}
        problems += [
            (changed[code].label, Problem.UNKNOWN_REFERENCE)
            for code, wanted in references.items()
            if wanted not in there
        ]
    if problems:
        raise CustomFieldsInvalid.of(sorted(problems))
