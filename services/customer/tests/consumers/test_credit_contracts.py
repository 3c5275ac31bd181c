"""Contracts of sales take credit, by their events: signed, paid, amended, cancelled (C9, S10)."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts import contracting, examples
from kehu_contracts.money import Money
from kehu_contracts.topics import SALES
from kehu_customer.consumers import HANDLERS
from kehu_customer.credit_contracts.service import record_contract
from kehu_kernel import clock, ids, parking
from kehu_kernel.consumer import SideEffects
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_kernel.subscription import Partition
from kehu_kernel.testing.events import RecordedDeadLetters, TestRecord, fact_of
from kehu_kernel.testing.observe import audited, count_queries, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Deliver = Callable[..., Awaitable[None]]
YEAR = clock.today(clock.now(), "Asia/Shanghai").year
EXPOSURE = "customer.credit-exposure-changed.v1"
CONTRACTS = "/v1/credit-contracts"
SIGNED = contracting.ContractApproved.from_bytes(
    examples.load(contracting.ContractApproved.type)[0].data
)
DRAFTED, MOVED, APPROVED, COLLECTED, AMENDED, FULFILLED, CANCELLED = (
    contracting.ContractCreated,
    contracting.ContractChanged,
    contracting.ContractApproved,
    contracting.ContractCollected,
    contracting.ContractAmended,
    contracting.ContractFulfilled,
    contracting.ContractCancelled,
)
CAUSE = {"reason": "客户加购"}


class Signed:
    """A contract as sales tells of it; every step is the next event about it."""

    def __init__(self, tenant: str, customer: str, total: str, currency: str = "CNY") -> None:
        self.id, self.tenant, self.step = ids.new_id(), tenant, 0
        self.number = f"CON-{YEAR}-{self.id.int % 10**6:06}"
        self.says: dict[str, Any] = {
            "contract_id": self.id,
            "number": self.number,
            "customer_id": UUID(customer),
            "currency": currency,
            "total": Decimal(total),
            "collected": Decimal(0),
            "on_account": True,
            "state": "draft",
        }

    def tell(self, kind: type[contracting.ContractFact] = MOVED, **changes: Any) -> Fact:
        """Return the next fact: what changed, and everything else as it was."""
        self.says |= changes
        self.step += 1
        says = dict(self.says)
        currency = says.pop("currency")
        money = {
            name: Money(amount=Decimal(says.pop(name)), currency=currency)
            for name in ("total", "collected")
        }
        fields = SIGNED.model_dump() | says | money | (CAUSE if kind is AMENDED else {})
        event = kind.model_validate(fields)
        return fact_of(event, self.tenant, sequence=self.step)

    def sign(self) -> Fact:
        """It comes into force."""
        return self.tell(APPROVED, state="approved")

    @property
    def open(self) -> Decimal:
        """What is open of it, as the texts mean it."""
        runs = self.says["state"] in ("in_approval", "approved") and self.says["on_account"]
        return Decimal(self.says["total"]) - Decimal(self.says["collected"]) if runs else Decimal(0)


@pytest.fixture
def dead_letters() -> RecordedDeadLetters:
    """What could not be handled."""
    return RecordedDeadLetters()


@pytest.fixture
def deliver(database: Database, dead_letters: RecordedDeadLetters) -> Deliver:
    """Hands facts to the service as its consumer does: one after the other, or side by side."""
    consumer = SideEffects(
        HANDLERS,
        consumer="customer",
        database=database,
        dead_letters=dead_letters,
        after_commit=lambda: None,
    )

    async def deliver(*facts: Fact, lanes: int = 1) -> None:
        first = uuid4().int % 2**40
        batch: dict[Partition, Sequence[TestRecord]] = {}
        for lane in range(lanes):
            batch[Partition(SALES.name, lane)] = [
                TestRecord(
                    SALES.name,
                    lane,
                    first + n,
                    one.envelope.key,
                    one.envelope.data,
                    one.envelope.headers(),
                )
                for n, one in enumerate(facts[lane::lanes])
            ]
        while batch := {place: left for place, left in batch.items() if left}:
            steps = await consumer.process(batch)
            for place, step in steps.items():  # what met another transaction is tried again
                batch[place] = [one for one in batch[place] if one.offset >= step.next_offset]

    return deliver


@pytest.fixture
async def head(make_customer: Make) -> str:
    """A head company without a limit."""
    return str((await make_customer(name="总公司"))["id"])


@pytest.fixture
async def branch(make_customer: Make, head: str) -> str:
    """A branch of a branch of the head company."""
    region = await make_customer(name="华东分公司", parent_id=head)
    return str((await make_customer(name="苏州办事处", parent_id=region["id"]))["id"])


async def grant(
    client: httpx.AsyncClient, customer: str, amount: str = "1000.00", **fields: Any
) -> httpx.Response:
    limit = {"amount": amount, "currency": fields.pop("currency", "CNY")}
    body = {"customer_id": customer, "year": YEAR, "amount": limit, "reason": "年度授信"}
    return await client.post("/v1/credit-limits", json=body | fields)


@pytest.fixture
async def limit(client: httpx.AsyncClient, head: str) -> dict[str, Any]:
    """A limit of 1,000.00 CNY of the head company for this year."""
    response = await grant(client, head)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def credit(client: httpx.AsyncClient, customer: str) -> dict[str, Any]:
    response = await client.get(f"/v1/customers/{customer}/credit")
    assert response.status_code == 200, response.text
    read: dict[str, Any] = response.json()
    return read


async def used(client: httpx.AsyncClient, customer: str) -> str:
    return str((await credit(client, customer))["used"])


async def reserve(client: httpx.AsyncClient, customer: str, amount: str) -> httpx.Response:
    body = {"customer_id": customer, "source_kind": "order", "source_key": uuid4().hex}
    money = {"amount": amount, "currency": "CNY"}
    return await client.post("/v1/credit-reservations", json=body | {"amount": money})


async def move(client: httpx.AsyncClient, customer: str, parent: str | None) -> None:
    url = f"/v1/customers/{customer}"
    seen = {"If-Match": (await client.get(url)).headers["etag"]}
    answer = await client.patch(url, json={"parent_id": parent}, headers=seen)
    assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("limit")
class TestLifeOfAContract:
    async def test_signing_takes_receipts_release_and_the_end_frees_the_rest(
        self, client: httpx.AsyncClient, head: str, branch: str, tenant: str, deliver: Deliver
    ) -> None:
        one = Signed(tenant, branch, "700.00")
        steps = [
            (one.tell(DRAFTED), "0.00"),
            (one.tell(state="in_approval"), "700.00"),
            (one.tell(state="draft"), "0.00"),
            (one.sign(), "700.00"),
            (one.tell(COLLECTED, collected="300.00"), "400.00"),
            (one.tell(AMENDED, total="900.00"), "600.00"),
            (one.tell(COLLECTED, collected="100.00"), "800.00"),  # a receipt was reversed
            (one.tell(AMENDED, total="100.00"), "0.00"),
            (one.tell(FULFILLED, state="fulfilled"), "0.00"),
            (one.tell(COLLECTED, collected="0.00", state="approved"), "100.00"),
            (one.tell(CANCELLED, state="cancelled"), "0.00"),
        ]
        for fact, taken in steps:
            await deliver(fact)
            assert await used(client, head) == taken, fact.event
            of_branch = await credit(client, branch)
            assert (of_branch["used"], of_branch["contracted"], of_branch["reserved"]) == (
                taken, taken, "0.00"
            )  # fmt: skip
            assert of_branch["used_by_customer"] == taken

    async def test_the_account_lists_contracts_by_number_and_tells_its_exposure(
        self,
        client: httpx.AsyncClient,
        head: str,
        branch: str,
        tenant: str,
        deliver: Deliver,
        database: Database,
    ) -> None:
        small, large = Signed(tenant, head, "100.00"), Signed(tenant, branch, "250.00")
        await deliver(small.sign(), large.sign())
        assert (await reserve(client, head, "50.00")).status_code == 201
        read = await credit(client, head)
        shown = ("used", "contracted", "reserved", "used_by_customer", "available")
        assert [read[name] for name in shown] == ["400.00", "350.00", "50.00", "150.00", "600.00"]
        assert [(one["number"], one["taken"]["amount"]) for one in read["contracts"]] == [
            (large.number, "250.00"), (small.number, "100.00")
        ]  # fmt: skip
        event = (await emitted(database, tenant, EXPOSURE))[-1]
        assert event.data["exposure"] == {"amount": "400.00", "currency": "CNY"}
        assert event.data["contracted"] == {"amount": "350.00", "currency": "CNY"}
        counted = [
            (one.action, one.actor)
            for one in await audited(database, tenant)
            if one.action.endswith("contracts-counted")
        ]
        assert counted == 2 * [("credit-account.contracts-counted", "system:customer")]
        listed = await client.get(CONTRACTS, params={"customer_id": branch, "taking": "true"})
        assert [one["id"] for one in listed.json()["items"]] == [str(large.id)]
        single = (await client.get(f"{CONTRACTS}/{small.id}")).json()
        assert (single["state"], single["taken"]) == (
            "approved", {"amount": "100.00", "currency": "CNY"}
        )  # fmt: skip

    async def test_one_that_is_paid_before_delivery_takes_none(
        self, client: httpx.AsyncClient, head: str, tenant: str, deliver: Deliver
    ) -> None:
        one = Signed(tenant, head, "700.00")
        await deliver(one.tell(APPROVED, state="approved", on_account=False))
        assert await used(client, head) == "0.00"
        await deliver(one.tell(AMENDED, on_account=True))
        assert await used(client, head) == "700.00"

    async def test_what_passed_the_limit_counts_all_the_same(
        self,
        client: httpx.AsyncClient,
        head: str,
        tenant: str,
        deliver: Deliver,
        database: Database,
        problem: ProblemOf,
    ) -> None:
        assert (await reserve(client, head, "900.00")).status_code == 201
        overridden = Signed(tenant, head, "400.00")
        await deliver(overridden.sign())
        read = await credit(client, head)
        assert [read[name] for name in ("used", "available", "exceeded")] == [
            "1300.00", "0.00", "300.00"
        ]  # fmt: skip
        told = (await emitted(database, tenant, EXPOSURE))[-1].data["exposure"]["amount"]
        assert told == "1300.00"
        assert problem(await reserve(client, head, "0.01")) == (409, "credit-refused")
        await deliver(overridden.tell(COLLECTED, collected="350.00"))
        assert problem(await reserve(client, head, "50.01")) == (409, "credit-refused")
        assert (await reserve(client, head, "50.00")).status_code == 201

    async def test_amounts_in_another_currency_are_not_added_up(
        self, client: httpx.AsyncClient, head: str, branch: str, tenant: str, deliver: Deliver
    ) -> None:
        one = Signed(tenant, branch, "5.00", "USD")
        await deliver(one.sign())
        read = await credit(client, head)
        assert (read["used"], read["contracts"][0]["taken"]["currency"]) == ("0.00", "USD")
        refused = await reserve(client, head, "1.00")
        assert [one["code"] for one in refused.json()["findings"] if one["refuses"]] == [
            "group_owes_in_other_currency"
        ]
        await deliver(one.tell(CANCELLED, state="cancelled"))
        assert (await reserve(client, head, "1.00")).status_code == 201


class TestWithoutAnAccount:
    async def test_what_is_open_counts_once_there_is_a_limit(
        self,
        client: httpx.AsyncClient,
        head: str,
        branch: str,
        tenant: str,
        deliver: Deliver,
        problem: ProblemOf,
        database: Database,
    ) -> None:
        one = Signed(tenant, branch, "700.00")
        await deliver(one.sign(), one.tell(COLLECTED, collected="100.00"))
        assert (await credit(client, head))["used"] == "0.00"
        assert await emitted(database, tenant, EXPOSURE) == []
        assert problem(await grant(client, head, "599.99")) == (409, "limit-below-used")
        assert (await grant(client, head, "600.00")).status_code == 201
        assert (await credit(client, head))["available"] == "0.00"
        (told,) = await emitted(database, tenant, EXPOSURE)
        assert told.data["contracted"]["amount"] == "600.00"

    async def test_a_block_opens_an_account_that_counts_from_the_first_limit_on(
        self, client: httpx.AsyncClient, head: str, tenant: str, deliver: Deliver
    ) -> None:
        await client.post(f"/v1/customers/{head}/credit/block", json={"reason": "黑名单"})
        await deliver(Signed(tenant, head, "700.00").sign())
        assert await used(client, head) == "0.00"
        assert (await grant(client, head)).status_code == 201
        assert await used(client, head) == "700.00"

    async def test_about_a_customer_who_does_not_exist_it_waits_for_somebody(
        self, tenant: str, deliver: Deliver, dead_letters: RecordedDeadLetters, database: Database
    ) -> None:
        await deliver(Signed(tenant, str(uuid4()), "1.00").sign())
        assert len(dead_letters.published) == 1
        async with database.transaction(Context(tenant, "tester")) as session:
            waiting = await parking.list_parked(session, "customer")
        assert len(waiting) == 1


@pytest.mark.usefixtures("limit")
class TestDelivery:
    async def test_again_and_in_any_order_it_ends_the_same(
        self,
        client: httpx.AsyncClient,
        head: str,
        tenant: str,
        deliver: Deliver,
        database: Database,
    ) -> None:
        one = Signed(tenant, head, "700.00")
        drafted, signed = one.tell(DRAFTED), one.sign()
        paid = one.tell(COLLECTED, collected="200.00")
        await deliver(paid)
        assert await used(client, head) == "500.00"
        told = len(await emitted(database, tenant, EXPOSURE))
        again = fact_of(signed.event, tenant, sequence=2)  # replayed under another id
        await deliver(signed, paid, drafted, again)
        assert await used(client, head) == "500.00"
        assert len(await emitted(database, tenant, EXPOSURE)) == told

    async def test_a_cancellation_that_overtakes_the_signing_stays(
        self, client: httpx.AsyncClient, head: str, tenant: str, deliver: Deliver
    ) -> None:
        one = Signed(tenant, head, "700.00")
        signed, cancelled = one.sign(), one.tell(CANCELLED, state="cancelled")
        await deliver(cancelled, signed)
        assert await used(client, head) == "0.00"

    async def test_a_crash_before_the_commit_leaves_nothing_and_the_repetition_does_it_once(
        self,
        client: httpx.AsyncClient,
        head: str,
        tenant: str,
        deliver: Deliver,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        signed = Signed(tenant, head, "700.00").sign()
        cut = Session.commit
        monkeypatch.setattr(Session, "commit", _power_failure)
        with pytest.raises(RuntimeError, match="power"):
            await _record(database, tenant, signed)
        monkeypatch.setattr(Session, "commit", cut)
        assert await used(client, head) == "0.00"
        assert (await client.get(CONTRACTS)).json()["items"] == []
        await deliver(signed)
        await deliver(signed)
        assert await used(client, head) == "700.00"
        assert len(await emitted(database, tenant, EXPOSURE)) == 1

    async def test_costs(
        self, head: str, tenant: str, deliver: Deliver, database: Database
    ) -> None:
        one = Signed(tenant, head, "700.00")
        await deliver(one.sign())
        with count_queries(database) as queries:
            await deliver(one.tell(COLLECTED, collected="200.00"))
        assert len(queries) == 11, queries.statements


async def _power_failure(session: Session) -> None:
    await session.flush()
    raise RuntimeError("power failure")


async def _record(database: Database, tenant: str, fact: Fact) -> None:
    async with database.transaction(Context(tenant, "system:customer")) as session:
        await record_contract(session, fact.event, fact.envelope.sequence)


class TestGroups:
    @pytest.mark.usefixtures("limit")
    async def test_contracts_count_where_the_company_belongs_today(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        head: str,
        tenant: str,
        deliver: Deliver,
        database: Database,
    ) -> None:
        joining = str((await make_customer(name="被收购公司"))["id"])
        assert (await grant(client, joining, "500.00")).status_code == 201
        await deliver(
            Signed(tenant, joining, "300.00").sign(), Signed(tenant, head, "50.00").sign()
        )
        await move(client, joining, head)
        read = await credit(client, head)
        assert (read["used"], read["contracted"]) == ("350.00", "350.00")
        told = {one.key: one.data for one in await emitted(database, tenant, EXPOSURE)}
        by_customer = {one["customer_id"]: one["exposure"]["amount"] for one in told.values()}
        assert by_customer == {joining: "0.00", head: "350.00"}
        await move(client, joining, None)
        assert [await used(client, one) for one in (joining, head)] == ["300.00", "50.00"]

    @pytest.mark.usefixtures("limit")
    async def test_a_record_merged_into_a_branch_takes_from_its_group_and_unmerged_no_more(
        self, client: httpx.AsyncClient, make_customer: Make, head: str, branch: str,
        tenant: str, deliver: Deliver,
    ) -> None:  # fmt: skip
        double = str((await make_customer(name="晨曦贸易行"))["id"])
        below = str((await make_customer(name="晨曦物流", parent_id=double))["id"])
        contracts = [Signed(tenant, one, "100.00") for one in (double, below, branch)]
        await deliver(*(one.sign() for one in contracts))
        assert await used(client, head) == "100.00"
        body = {"survivor_id": branch, "merged_ids": [double]}
        assert (await client.post("/v1/merges", json=body | {"dry_run": True})).is_success
        assert await used(client, head) == "100.00"
        merge = (await client.post("/v1/merges", json=body)).json()
        assert [(await credit(client, one))["used"] for one in (head, branch)] == 2 * ["300.00"]
        assert (await credit(client, branch))["used_by_customer"] == "200.00"
        listed = await client.get(CONTRACTS, params={"customer_id": branch, "count": "exact"})
        assert listed.json()["count"] == 2
        await deliver(contracts[0].tell(COLLECTED, collected="40.00"))  # names the merged record
        assert await used(client, head) == "260.00"
        undone = await client.post(f"/v1/merges/{merge['id']}/undo", json={})
        assert undone.status_code == 200, undone.text
        assert await used(client, head) == "100.00"
        assert (await grant(client, double)).status_code == 201
        assert await used(client, double) == "160.00"

    async def test_a_head_company_that_gets_its_first_limit_takes_over_what_branches_counted(
        self, client: httpx.AsyncClient, make_customer: Make, tenant: str, deliver: Deliver
    ) -> None:
        branch = str((await make_customer(name="启明电子"))["id"])
        assert (await grant(client, branch, "500.00")).status_code == 201
        await deliver(Signed(tenant, branch, "300.00").sign())
        head = str((await make_customer(name="远洋控股"))["id"])
        await move(client, branch, head)
        assert await used(client, head) == "300.00"  # no account above: it stays where it was
        assert (await grant(client, head, "900.00")).status_code == 201
        read = await credit(client, head)
        assert (read["used"], read["available"]) == ("300.00", "600.00")

    async def test_an_open_contract_speaks_against_an_erasure(
        self, client: httpx.AsyncClient, make_customer: Make, tenant: str, deliver: Deliver
    ) -> None:
        person = await make_customer(name="司马青岚", kind="person")
        await deliver(Signed(tenant, person["id"], "300.00").sign())
        await client.post(f"/v1/customers/{person['id']}/end", json={"reason": "申请删除"})
        why = {"legal_basis": "request", "reason": "本人申请"}
        refused = await client.post("/v1/erasures", json={"customer_id": person["id"]} | why)
        assert refused.status_code == 409, refused.text
        assert "credit_open" in refused.text


class TestTwoAtOnce:
    @pytest.mark.usefixtures("limit")
    async def test_contracts_reservations_and_receipts_add_up(
        self, client: httpx.AsyncClient, head: str, branch: str, tenant: str, deliver: Deliver
    ) -> None:
        signed = [Signed(tenant, one, "100.00") for one in 4 * [head, branch]]
        facts = [one.sign() for one in signed]
        answers, _ = await asyncio.gather(
            asyncio.gather(*(reserve(client, head, "50.00") for _ in range(6))),
            deliver(*facts, lanes=4),
        )
        let = sum(one.status_code == 201 for one in answers)
        assert {one.status_code for one in answers} <= {201, 409}
        assert await used(client, head) == f"{800 + 50 * let}.00"

    @pytest.mark.parametrize("chance", range(4))
    async def test_a_first_limit_a_move_and_contracts_at_once(
        self, client: httpx.AsyncClient, make_customer: Make, head: str, tenant: str,
        deliver: Deliver, chance: int,
    ) -> None:  # fmt: skip
        joining = str((await make_customer(name="被收购公司"))["id"])
        facts = [Signed(tenant, one, "100.00").sign() for one in 3 * [head, joining]]
        random.Random(chance).shuffle(facts)  # noqa: S311
        await asyncio.gather(
            deliver(*facts, lanes=3),
            grant(client, head, "5000.00"),
            move(client, joining, head),
        )
        assert await used(client, head) == "600.00"


def a_life(contract: Signed, chance: random.Random) -> list[Fact]:
    """Return the events of a contract that goes as chance wants."""
    facts = [contract.tell(DRAFTED), contract.tell(state="in_approval"), contract.sign()]
    for _ in range(chance.randrange(6)):
        total, collected = Decimal(contract.says["total"]), Decimal(contract.says["collected"])
        step = chance.choice(("collect", "take back", "amend", "on account"))
        if step == "collect":
            share = (total - collected) / 2
            facts.append(contract.tell(COLLECTED, collected=(collected + share).quantize(total)))
        elif step == "take back":
            facts.append(contract.tell(COLLECTED, collected=(collected / 3).quantize(total)))
        elif step == "amend":
            facts.append(contract.tell(AMENDED, total=collected + chance.randrange(200)))
        else:
            facts.append(contract.tell(AMENDED, on_account=chance.random() < 0.7))
    if chance.random() < 0.3:
        facts.append(contract.tell(CANCELLED, state="cancelled"))
    return facts


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_in_whatever_order_the_exposure_is_the_sum_of_what_is_open(
    client: httpx.AsyncClient, make_customer: Make, tenant: str, deliver: Deliver, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same each time
    names = ("总公司", "苏州精机", "晨曦贸易", "启明电子")
    head, *others = [str((await make_customer(name=one))["id"]) for one in names]
    signed = [Signed(tenant, one, "500.00") for one in 2 * [head, *others]]
    facts = [fact for one in signed for fact in a_life(one, chance)]
    newest: dict[UUID, Fact] = {}
    facts += chance.sample(facts, len(facts) // 3)  # delivered again
    chance.shuffle(facts)
    parents: dict[str, str | None] = dict.fromkeys(others)
    granted = False
    for place, fact in enumerate(facts):
        await deliver(fact)
        known = newest.get(fact.event.contract_id)
        if known is None or known.envelope.sequence < fact.envelope.sequence:
            newest[fact.event.contract_id] = fact
        if place == len(facts) // 4:
            granted = (await grant(client, head, "9000.00")).status_code == 201
        if chance.random() < 0.15:
            one = chance.choice(others)
            parents[one] = None if parents[one] else head
            await move(client, one, parents[one])
        if granted:
            group = {head, *(one for one, parent in parents.items() if parent)}
            expected = sum(
                (opened(each.event) for each in newest.values()
                 if str(each.event.customer_id) in group), Decimal("0.00"),
            )  # fmt: skip
            assert Decimal(await used(client, head)) == expected, place
    assert granted


def opened(event: contracting.ContractFact) -> Decimal:
    """Return what is open of a contract, said once more in other words."""
    if event.state in ("draft", "fulfilled", "cancelled") or not event.on_account:
        return Decimal("0.00")
    return event.total.amount - event.collected.amount


async def test_who_sees_one_branch_sees_what_the_group_uses_but_not_whose_contracts(
    client: httpx.AsyncClient,
    client_for: Any,
    make_customer: Make,
    make_employee: Make,
    tenant: str,
    deliver: Deliver,
) -> None:
    fang, lei = await make_employee(), await make_employee(name="李雷")
    head = (await make_customer(name="总公司", owner_id=lei["id"]))["id"]
    mine = (await make_customer(name="苏州精机", owner_id=fang["id"], parent_id=head))["id"]
    assert (await grant(client, head)).status_code == 201
    theirs, own = Signed(tenant, head, "100.00"), Signed(tenant, mine, "200.00")
    await deliver(theirs.sign(), own.sign())
    seen = client_for(tenant, employee_id=fang["id"], row_scope="own")
    read = await credit(seen, mine)
    assert (read["used"], read["contracted"]) == ("300.00", "300.00")
    assert [one["number"] for one in read["contracts"]] == [own.number]
