"""What can be done with the definition of a custom field."""

from uuid import UUID

from kehu_customer.custom_fields import events, queries
from kehu_customer.custom_fields.models import LONGEST_INDEXED, CustomField, FieldType
from kehu_customer.custom_fields.schemas import FieldCreate, FieldFilters, FieldUpdate, stored
from kehu_customer.custom_fields.values import is_hidden
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_field(session: Session, data: FieldCreate) -> CustomField:
    """Define a field. Raises `FieldMakesNoSense`; the database refuses a code that is taken."""
    field = CustomField(
        **data.model_dump(exclude={"options"}), options=stored(data.options), active=True
    )
    if field.type == FieldType.TEXT and field.max_length is None:
        field.max_length = LONGEST_INDEXED
    field.require_sense()
    audit.created(session, field)
    outbox.add(session, events.created(field), sequence=field.version)
    return field


async def read_field(session: Session, field_id: UUID) -> CustomField:
    """Return a definition. Raises `NotFound`, also if the caller must not know of the field."""
    field = await require(session, CustomField, field_id)
    if is_hidden(field, session.context.scopes):
        raise NotFound.of(CustomField, field_id)
    return field


async def change_field(
    session: Session, field_id: UUID, data: FieldUpdate, *, expected_version: int
) -> CustomField:
    """Change a definition. Raises `NotFound`, `OptionsStay`, `FieldMakesNoSense`.

    Values that customers have stay, also where they would not be accepted any more. Who must not
    know of the field cannot lift its restriction either.
    """
    await read_field(session, field_id)
    field = await require(
        session, CustomField, field_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    if given.pop("options", None) is not None and data.options is not None:
        field.replace_options(stored(data.options))
    for name, value in given.items():
        setattr(field, name, value)
    field.require_sense()
    fields = audit.changed(session, field, "changed")
    if fields:
        outbox.add(session, events.changed(field, fields), sequence=field.version)
    return field


async def list_fields(
    session: Session, filters: FieldFilters
) -> tuple[list[CustomField], str | None, int | None]:
    """Return one page of the fields that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CustomField.id,
    )
