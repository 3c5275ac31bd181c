"""Whether a customer can go back to what an update replaced: others may have taken it meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kehu_customer.custom_fields.errors import CustomValueTaken
from kehu_customer.custom_fields.models import CustomEntry, entries_of
from kehu_customer.customers import queries as customers
from kehu_customer.customers.errors import CustomerCodeTaken, ParentCycle
from kehu_customer.customers.models import Customer
from kehu_customer.imports import queries, reasons
from kehu_customer.imports.columns import CUSTOM, Fields
from kehu_customer.imports.models import Import, ImportRow, Outcome
from kehu_customer.imports.reasons import Reason
from kehu_kernel.session import Session

Value = tuple[UUID, str]
"""A value of a unique custom field: the field, and the key of the value."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """Who has what rows of a batch would give back."""

    fields: Fields
    columns: Mapping[str, str]
    """The header of the column of each meaning."""
    codes: dict[str, UUID]
    values: dict[Value, UUID]

    async def reasons_against(
        self, session: Session, row: ImportRow, customer: Customer
    ) -> list[Reason]:
        """Return why the row cannot be undone; with none, what it gives back is taken from now on.

        The reasons are those of `CustomerCodeTaken`, `CustomValueTaken`, `ParentCycle`.
        """
        before, found = row.before or {}, []
        code, values = before.get("code"), _values(self.fields, customer.id, before)
        if code is not None and self.codes.get(code, customer.id) != customer.id:
            found.append(reasons.of_failure(CustomerCodeTaken(), self.columns.get("code")))
        for value, name in values.items():
            if self.values.get(value, customer.id) != customer.id:
                column = self.columns.get(CUSTOM + name)
                found.append(reasons.of_failure(CustomValueTaken(), column))
        if before.get("parent_id") and await _closes_a_circle(session, customer, before):
            found.append(reasons.of_failure(ParentCycle(), self.columns.get("parent_code")))
        if not found:
            self._set_free(row, customer)
            if code is not None:
                await session.flush()  # another row of the batch may have given the code free
                self.codes[code] = customer.id
            self.values.update(dict.fromkeys(values, customer.id))
        return found

    def _set_free(self, row: ImportRow, customer: Customer) -> None:
        """Let others have what the customer gives up with the row."""
        all_of_it = row.outcome == Outcome.CREATED
        lost = row.before or {}
        if (all_of_it or "code" in lost) and customer.code is not None:
            self.codes.pop(customer.code, None)
        if all_of_it or "custom" in lost:
            for value in [one for one, who in self.values.items() if who == customer.id]:
                del self.values[value]


async def of(session: Session, job: Import, rows: Sequence[ImportRow]) -> Restoring:
    """Look up who has what the rows would give back, whoever sees them: a query for each kind."""
    fields = await queries.visible_fields(session)
    told = [(one.customer_id, one.before) for one in rows if one.customer_id and one.before]
    codes = {one["code"] for _, one in told if one.get("code") is not None}
    values = {value for who, one in told for value in _values(fields, who, one)}
    tenant_id = session.context.tenant_id
    await session.see_all_rows()
    by_code = await session.execute(
        select(Customer.code, Customer.id).where(
            Customer.tenant_id == tenant_id, Customer.code.in_(codes)
        )
    ) if codes else ()  # fmt: skip
    by_value = await session.execute(
        select(CustomEntry.field_id, CustomEntry.unique_key, CustomEntry.customer_id).where(
            CustomEntry.tenant_id == tenant_id,
            CustomEntry.field_id.in_({one[0] for one in values}),
            CustomEntry.unique_key.in_({one[1] for one in values}),
        )
    ) if values else ()  # fmt: skip
    await session.see_rows_in_scope()
    return Restoring(
        fields,
        {meaning: header for header, meaning in job.mapping.items()},
        {str(code): who for code, who in by_code},
        {(field, str(key)): who for field, key, who in by_value},
    )


def _values(fields: Fields, customer_id: UUID, before: Mapping[str, Any]) -> dict[Value, str]:
    """Return the unique values of custom fields that would come back, with the fields' codes."""
    custom = before.get("custom") or {}
    return {
        (entry.field_id, entry.unique_key): code
        for code, field in fields.items() if field.is_unique and custom.get(code) is not None
        for entry in entries_of(field, customer_id, custom[code]) if entry.unique_key is not None
    }  # fmt: skip


async def _closes_a_circle(session: Session, customer: Customer, before: Mapping[str, Any]) -> bool:
    await session.flush()  # other rows of the batch may have moved companies
    await session.see_all_rows()  # the circle may go through companies of others
    above = await customers.ancestors_of(session, UUID(before["parent_id"]))
    await session.see_rows_in_scope()
    return customer.id in above
