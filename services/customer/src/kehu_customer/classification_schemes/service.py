"""What can be done with a classification scheme."""

from uuid import UUID

from sqlalchemy import func, select

from kehu_customer.classification_schemes import events, queries
from kehu_customer.classification_schemes.defaults import default_schemes
from kehu_customer.classification_schemes.models import ClassificationScheme
from kehu_customer.classification_schemes.schemas import (
    SchemeCreate,
    SchemeDefaults,
    SchemeFilters,
    SchemeUpdate,
    stored,
    stored_numbers,
)
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

COMPOSED = ("numbers", "classes", "rules")


async def create_scheme(session: Session, data: SchemeCreate) -> ClassificationScheme:
    """Set up a scheme. Raises what `ClassificationScheme.set_up` raises.

    The database refuses a code that is taken.
    """
    scheme = ClassificationScheme(
        **data.model_dump(exclude=set(COMPOSED)), numbers=stored_numbers(data.numbers), active=True
    )
    scheme.set_up(stored(data.classes), stored(data.rules))
    audit.created(session, scheme)
    outbox.add(session, events.created(scheme), sequence=scheme.version)
    return scheme


async def change_scheme(
    session: Session, scheme_id: UUID, data: SchemeUpdate, *, expected_version: int
) -> ClassificationScheme:
    """Change a scheme. Raises what `ClassificationScheme.set_up` raises.

    Customers keep their classes until they change or the rules are run for all.
    """
    scheme = await require(
        session, ClassificationScheme, scheme_id, lock=True, expected_version=expected_version
    )
    given = data.given()
    for name in given.keys() - set(COMPOSED):
        setattr(scheme, name, given[name])
    if data.numbers is not None:
        scheme.numbers = stored_numbers(data.numbers)
    if data.classes is not None or data.rules is not None:
        scheme.set_up(
            scheme.classes if data.classes is None else stored(data.classes),
            scheme.rules if data.rules is None else stored(data.rules),
        )
    fields = audit.changed(session, scheme, "changed")
    if fields:
        outbox.add(session, events.changed(scheme, fields), sequence=scheme.version)
    return scheme


async def install_defaults(session: Session) -> SchemeDefaults:
    """Set up the schemes of the texts where the tenant has none with their code (C8).

    What is there stays, whatever the tenant has made of it: to do it twice changes nothing.
    """
    tenant_id = session.context.tenant_id
    turn = func.hashtext(f"classification-schemes:{tenant_id}")  # two at once take turns
    await session.execute(select(func.pg_advisory_xact_lock(turn)))
    codes = select(ClassificationScheme.code).where(ClassificationScheme.tenant_id == tenant_id)
    present = set(await session.scalars(codes))
    schemes = default_schemes()
    for scheme in schemes:
        if scheme.code not in present:
            await create_scheme(session, scheme)
    return SchemeDefaults(
        installed=[scheme.code for scheme in schemes if scheme.code not in present],
        kept=[scheme.code for scheme in schemes if scheme.code in present],
    )


async def list_schemes(
    session: Session, filters: SchemeFilters
) -> tuple[list[ClassificationScheme], str | None, int | None]:
    """Return one page of the schemes that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ClassificationScheme.id,
    )
