"""The session: one object per row, one order of writing, nothing lost between savepoints."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from kehu_customer.__main__ import SERVICE
from kehu_customer.contacts.models import Contact
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, outbox
from kehu_kernel.context import Context
from kehu_kernel.db import Database, require
from kehu_kernel.errors import ConcurrentChange, NotFound
from kehu_kernel.process import Service
from kehu_kernel.session import Session
from kehu_kernel.testing.events import customer_changed
from kehu_kernel.testing.observe import audited, count_queries, emitted

New = Callable[..., Customer]


@pytest.fixture
def service() -> Service:
    """The customer service stands for all: the session is the same code in each."""
    return SERVICE


@pytest.fixture
def new() -> New:
    """Makes customers that are in no session yet."""

    def make(**fields: Any) -> Customer:
        given = {"kind": "person", "name": "李雷", "roles": ["consumer"], "state": "prospect"}
        return Customer(**given | {"created_on": date(2026, 11, 21)} | fields)

    return make


def contact_of(customer_id: UUID, *, primary: bool = False) -> Contact:
    now = datetime.now(UTC)
    return Contact(
        customer_id=customer_id, name="韩梅梅", is_primary=primary, active=True,
        version=1, created_at=now, updated_at=now,
    )  # fmt: skip


async def stored(database: Database, context: Context, new: New, **fields: Any) -> UUID:
    async with database.transaction(context) as session:
        customer = new(**fields)
        audit.created(session, customer)
    return customer.id


class TestRows:
    async def test_are_one_object_however_they_are_read(
        self, database: Database, context: Context, new: New
    ) -> None:
        row_id = await stored(database, context, new)
        async with database.session(context) as session:
            first = await require(session, Customer, row_id)
            assert await require(session, Customer, row_id, lock=True) is first
            assert await session.scalar(select(Customer).where(Customer.id == row_id)) is first
            assert await session.read(Customer, "WHERE id = $1", row_id) == [first]
            assert first.roles == ["consumer"]

    async def test_are_read_as_sql_says_and_in_its_order(
        self, database: Database, context: Context, new: New
    ) -> None:
        ids = [await stored(database, context, new, name=name) for name in ("丙", "甲", "乙")]
        which = 'WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY name COLLATE "C" FOR SHARE'
        async with database.session(context) as session:
            found = await session.read(Customer, which, context.tenant_id, ids)
        assert [one.name for one in found] == ["丙", "乙", "甲"]

    async def test_show_a_newer_read_unless_they_were_changed(
        self, database: Database, context: Context, new: New
    ) -> None:
        row_id = await stored(database, context, new, country="CN")
        async with database.session(context) as session:
            row = await require(session, Customer, row_id)
            async with database.transaction(context) as other:
                (await require(other, Customer, row_id)).country = "DE"
            assert (await require(session, Customer, row_id, lock=True)).country == "DE"
            row.country = "FR"
            assert (await require(session, Customer, row_id, lock=True)).country == "FR"

    async def test_of_another_tenant_are_not_found(
        self, database: Database, context: Context, new: New
    ) -> None:
        row_id = await stored(database, context, new)
        stranger = Context(tenant_id=f"{context.tenant_id}-b", actor="a")
        async with database.session(stranger) as session:
            with pytest.raises(NotFound):
                await require(session, Customer, row_id)

    def test_know_their_attributes(self, new: New) -> None:
        with pytest.raises(TypeError, match="colour"):
            new(colour="red")


class TestFlush:
    async def test_writes_what_others_refer_to_first(
        self, database: Database, context: Context, new: New
    ) -> None:
        customer_id = uuid4()
        async with database.transaction(context) as session:
            session.add(contact_of(customer_id))
            audit.created(session, new(id=customer_id))
        async with database.session(context) as session:
            assert await session.scalar(select(Contact.customer_id)) == customer_id

    async def test_lets_a_unique_place_pass_from_one_row_to_another(
        self, database: Database, context: Context, new: New
    ) -> None:
        customer_id = await stored(database, context, new)
        async with database.transaction(context) as session:
            session.add(contact_of(customer_id, primary=True))
        async with database.transaction(context) as session:
            old = await session.scalar(select(Contact).where(Contact.is_primary))
            assert old is not None
            old.is_primary = False
            session.add(contact_of(customer_id, primary=True))

    async def test_of_a_row_at_another_version_is_refused(
        self, database: Database, context: Context, new: New
    ) -> None:
        row_id = await stored(database, context, new)
        async with database.session(context) as session:
            row = await require(session, Customer, row_id)  # without the lock
            async with database.transaction(context) as other:
                locked = await require(other, Customer, row_id, lock=True)
                locked.country = "DE"
                audit.changed(other, locked, "changed")
            row.country = "FR"
            audit.changed(session, row, "changed")
            with pytest.raises(ConcurrentChange):
                await session.commit()

    async def test_takes_one_statement_for_rows_alike(
        self, database: Database, context: Context, new: New
    ) -> None:
        with count_queries(database) as queries:
            async with database.transaction(context) as session:
                for _ in range(20):
                    audit.created(session, new())
        assert len(queries) == 4, queries.statements  # begin, customers, journal, commit

    async def test_of_nothing_asks_nothing(self, database: Database, context: Context) -> None:
        with count_queries(database) as queries:
            async with database.transaction(context):
                pass
        assert queries.statements == []

    async def test_raises_the_errors_that_queries_raise(
        self, database: Database, context: Context, new: New
    ) -> None:
        await stored(database, context, new, code="C-1")
        async with database.session(context) as session:
            audit.created(session, new(code="C-1"))
            with pytest.raises(IntegrityError) as broken:
                await session.flush()
        cause = broken.value.orig and broken.value.orig.__cause__
        assert getattr(cause, "constraint_name", None) == "uq_customers_tenant_id_code"


class TestCommit:
    async def test_is_needed(self, database: Database, context: Context, new: New) -> None:
        async with database.session(context) as session:
            audit.created(session, new())
            await session.flush()
        async with database.session(context) as session:
            assert await session.scalars(select(Customer)) == []

    async def test_of_a_transaction_that_failed_is_no_success(
        self, database: Database, context: Context
    ) -> None:
        async with database.session(context) as session:
            with pytest.raises(DBAPIError):
                await session.execute(text("SELECT 1 / 0"))
            with pytest.raises(RuntimeError, match="failed before"):
                await session.commit()

    async def test_writes_events_in_the_order_they_were_added(
        self, database: Database, context: Context, tenant: str
    ) -> None:
        customers = [uuid4() for _ in range(9)]
        async with database.transaction(context) as session:
            for number, customer in enumerate(customers, 1):
                outbox.add(session, customer_changed(customer), sequence=number)
        keys = [event.key for event in await emitted(database, tenant)]
        assert keys == [str(customer) for customer in customers]

    async def test_of_a_read_cannot_write(
        self, database: Database, context: Context, new: New
    ) -> None:
        async with database.session(context, read_only=True) as session:
            audit.created(session, new())
            with pytest.raises(DBAPIError, match="read-only"):
                await session.commit()


class TestSavepoint:
    async def test_that_fails_undoes_itself_alone(
        self, database: Database, context: Context, new: New, tenant: str
    ) -> None:
        async def fail(session: Session) -> None:
            async with session.savepoint():
                audit.created(session, new(name="二"))
                outbox.add(session, customer_changed(uuid4()), sequence=1)
                await session.flush()
                raise LookupError

        async with database.transaction(context) as session:
            audit.created(session, new(name="一"))
            with pytest.raises(LookupError):
                await fail(session)
            audit.created(session, new(name="三"))
        async with database.session(context) as session:
            names = await session.scalars(select(Customer.name))
        assert sorted(names) == sorted(["一", "三"])
        assert len(await audited(database, tenant)) == 2
        assert await emitted(database, tenant) == []

    async def test_that_fails_makes_its_session_forget_what_it_loaded(
        self, database: Database, context: Context, new: New
    ) -> None:
        async def orphan(session: Session, row: Customer) -> None:
            async with session.savepoint():
                row.parent_id = uuid4()
                audit.changed(session, row, "changed")

        row_id = await stored(database, context, new)
        async with database.transaction(context) as session:
            row = await require(session, Customer, row_id, lock=True)
            with pytest.raises(IntegrityError):
                await orphan(session, row)
            with pytest.raises(LookupError, match="load it again"):
                audit.changed(session, row, "changed")
            again = await require(session, Customer, row_id, lock=True)
            assert again is not row
            assert again.parent_id is None


@pytest.mark.parametrize("tenant_id", ["a'; DROP TABLE customers; --", "", "a b", "租户"])
async def test_a_tenant_that_is_no_name_begins_nothing(database: Database, tenant_id: str) -> None:
    with pytest.raises(ValueError, match="not a tenant"):
        database.session(Context(tenant_id=tenant_id, actor="a"))
