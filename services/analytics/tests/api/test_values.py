"""Customer values: worked examples, explanations, the pyramid, recomputing."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from kehu_analytics.testing import Stream
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries, emitted

DAY = date(2026, 3, 1)
AMOUNTS = [
    {"from": None, "to": "10000", "points": "20"},
    {"from": "10000", "to": "100000", "points": "60.5"},
    {"from": "100000", "to": None, "points": "100"},
]
RATES = [{"from": None, "to": "50", "points": "10"}, {"from": "50", "to": None, "points": "90"}]
REQUESTS = [{"from": None, "to": "1", "points": "50"}, {"from": "1", "to": None, "points": "0"}]
GRADES = [
    {"code": "C", "name_zh": "一般", "name_en": "General", "from": None, "to": "40"},
    {"code": "B", "name_zh": "潜力", "name_en": "Potential", "from": "40", "to": "70"},
    {"code": "A", "name_zh": "关键", "name_en": "Key", "from": "70", "to": None},
]
WEIGHTS = {"won_amount": "33.33", "win_rate": "33.33", "service_request_count": "33.34"}


async def put(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Set something up, or replace it."""
    now = await client.get(path)
    headers = {"If-Match": now.headers["ETag"]} if now.status_code == 200 else {}
    response = await client.put(path, json=body, headers=headers)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
async def model(client: httpx.AsyncClient) -> str:
    """An active model over three dimensions, with grades; returns its id."""
    await put(client, "/v1/scoring-options/won_amount", {"intervals": AMOUNTS})
    await put(client, "/v1/scoring-options/win_rate", {"intervals": RATES})
    await put(client, "/v1/scoring-options/service_request_count", {"intervals": REQUESTS})
    await put(client, "/v1/value-grades", {"grades": GRADES})
    return await activated(client, WEIGHTS)


async def activated(client: httpx.AsyncClient, weights: dict[str, str]) -> str:
    """Make a model and put it into force."""
    body = {"name": f"model {uuid4()}", "weights": weights}
    made = (await client.post("/v1/value-models", json=body)).json()
    response = await client.post(f"/v1/value-models/{made['id']}/activate")
    assert response.status_code == 200, response.text
    return str(made["id"])


def known_customer(stream: Stream, **changes: Any) -> UUID:
    return stream.customer(uuid4(), **changes)


class TestWorkedExamples:
    async def test_with_business(
        self, client: httpx.AsyncClient, model: str, stream: Stream, worker_database: Database
    ) -> None:
        customer = known_customer(stream, name="苏州恒远精密机械有限公司")
        stream.opportunity(uuid4(), "won", DAY, won=9_999, customer_id=customer)
        stream.opportunity(uuid4(), "won", DAY, won=1, customer_id=customer)
        stream.opportunity(uuid4(), "won", DAY, won=5_000, currency="USD", customer_id=customer)
        stream.opportunity(uuid4(), "lost", DAY, customer_id=customer)
        stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", customer_id=customer)
        await stream.fold(worker_database)
        value = (await client.get(f"/v1/values/{customer}")).json()
        # 10,000 CNY lies in the second interval: 60.5 x 33.33 % = 20.16465
        # 3 won of 4 decided = 75 %:                90 x 33.33 % = 29.997
        # no service request:                       50 x 33.34 % = 16.67
        # sum 66.83165; half-even to four places: 66.8316
        assert value["score"] == "66.8316"
        assert value["grade"] == "B"
        assert value["model_id"] == model
        assert value["customer_name"] == "苏州恒远精密机械有限公司"
        assert value["version"] == 1
        assert value["contributions"] == [
            {
                "dimension": "service_request_count", "value": "0", "from": None, "to": "1",
                "points": "50", "weight": "33.34", "contribution": "16.67",
            },
            {
                "dimension": "win_rate", "value": "75.00", "from": "50", "to": None,
                "points": "90", "weight": "33.33", "contribution": "29.997",
            },
            {
                "dimension": "won_amount", "value": "10000.00", "from": "10000", "to": "100000",
                "points": "60.5", "weight": "33.33", "contribution": "20.16465",
            },
        ]  # fmt: skip

    @pytest.mark.usefixtures("model")
    async def test_without_business_scores_what_zeros_score(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        customer = known_customer(stream)
        await stream.fold(worker_database)
        value = (await client.get(f"/v1/values/{customer}")).json()
        # 20 x 33.33 % + 10 x 33.33 % + 50 x 33.34 % = 26.669
        assert (value["score"], value["grade"]) == ("26.6690", "C")

    @pytest.mark.usefixtures("model")
    async def test_every_dimension(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        customer = known_customer(stream)
        for won in ("100.00", "100.00", "100.01"):
            stream.opportunity(uuid4(), "won", DAY, won=Decimal(won), customer_id=customer)
        for _ in range(3):
            stream.opportunity(uuid4(), "lost", DAY, customer_id=customer)
        stream.opportunity(uuid4(), "not_evaluated", DAY, amount=7, customer_id=customer)
        stream.opportunity(uuid4(), "in_progress", DAY, amount=8, customer_id=customer)
        stream.opportunity(uuid4(), "evaluation_failed", DAY, amount=9, customer_id=customer)
        kept = stream.opportunity(uuid4(), "lost", DAY, customer_id=customer)
        stream.opportunity(kept, "pooled", DAY, amount=11, customer_id=customer)
        stream.request(uuid4(), customer)
        stream.request(uuid4(), customer, "assigned")
        await stream.fold(worker_database)
        everything = [{"from": None, "to": None, "points": "1"}]
        dimensions = [d["dimension"] for d in (await client.get("/v1/dimensions")).json()]
        for dimension in dimensions:
            await put(client, f"/v1/scoring-options/{dimension}", {"intervals": everything})
        weights = dict.fromkeys(dimensions, "14") | {"won_amount": "16"}
        await activated(client, weights)
        value = (await client.get(f"/v1/values/{customer}")).json()
        assert {c["dimension"]: c["value"] for c in value["contributions"]} == {
            "won_amount": "300.01", "won_count": "3", "lost_count": "3", "win_rate": "50.00",
            "average_deal": "100.00", "open_amount": "15.00", "service_request_count": "2",
        }  # fmt: skip
        assert value["score"] == "1.0000"

    @pytest.mark.parametrize(
        ("number", "places", "rounded"),
        [
            ("0.00005", 4, "0.0000"), ("0.00015", 4, "0.0002"), ("0.00025", 4, "0.0002"),
            ("-0.00015", 4, "-0.0002"), ("-0.00025", 4, "-0.0002"), ("0.000251", 4, "0.0003"),
            ("2.5", 0, "2"), ("3.5", 0, "4"), ("12345678901234.565", 2, "12345678901234.56"),
        ],
    )  # fmt: skip
    async def test_rounding_in_the_database_is_half_even(
        self, worker_database: Database, number: str, places: int, rounded: str
    ) -> None:
        async with worker_database.worker_transaction() as session:
            found = await session.scalar(
                text("SELECT round_half_even(CAST(:n AS numeric), :p)::text"),
                {"n": Decimal(number), "p": places},
            )
        assert found == rounded

    @pytest.mark.usefixtures("model")
    async def test_an_opportunity_that_moves_to_another_customer_moves_its_value(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        one, other = known_customer(stream), known_customer(stream)
        deal = stream.opportunity(uuid4(), "won", DAY, won=200_000, customer_id=one)
        await stream.fold(worker_database)
        assert (await client.get(f"/v1/values/{one}")).json()["grade"] == "A"
        del stream.facts[:]  # the batch that moves it does not mention the customer it leaves
        stream.opportunity(deal, "won", DAY, won=200_000, customer_id=other)
        await stream.fold(worker_database)
        assert (await client.get(f"/v1/values/{one}")).json()["grade"] == "C"
        assert (await client.get(f"/v1/values/{other}")).json()["grade"] == "A"


@pytest.mark.usefixtures("model")
class TestPublishing:
    async def test_a_new_grade_is_published_once_however_often_it_is_folded(
        self, client: httpx.AsyncClient, stream: Stream, database: Database,
        worker_database: Database,
    ) -> None:  # fmt: skip
        customer = known_customer(stream)
        await stream.fold(worker_database)
        stream.opportunity(uuid4(), "won", DAY, won=150_000, customer_id=customer)
        for _ in range(3):
            await stream.fold(worker_database)
        events = await emitted(database, stream.tenant)
        assert [event.type for event in events] == ["analytics.customer-value-changed.v1"] * 2
        assert [event.sequence for event in events] == [1, 2]
        assert {event.key for event in events} == {str(customer)}
        assert [event.data["previous_grade"] for event in events] == [None, "C"]
        last = events[-1].data
        assert (last["grade"], last["score"]) == ("A", "79.9970")
        value = (await client.get(f"/v1/values/{customer}")).json()
        assert last["calculated_at"] == value["calculated_at"]
        assert value["version"] == 2

    async def test_what_changes_no_score_publishes_nothing(
        self, stream: Stream, database: Database, worker_database: Database
    ) -> None:
        customer = known_customer(stream)
        await stream.fold(worker_database)
        known = await emitted(database, stream.tenant)
        stream.customer(customer, name="新名字")
        stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", customer_id=customer)
        stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", customer_id=None)
        await stream.fold(worker_database)
        assert await emitted(database, stream.tenant) == known

    async def test_a_customer_that_becomes_known_later_gets_the_value_of_all_its_facts(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        customer = uuid4()
        stream.opportunity(uuid4(), "won", DAY, won=150_000, customer_id=customer)
        await stream.fold(worker_database)
        assert (await client.get(f"/v1/values/{customer}")).status_code == 404
        stream.customer(customer)
        await stream.fold(worker_database)
        assert (await client.get(f"/v1/values/{customer}")).json()["grade"] == "A"


async def many_customers(stream: Stream, worker_database: Database) -> dict[str, list[UUID]]:
    """Three customers of grade A, four of grade C."""
    owner = uuid4()
    best = [known_customer(stream, owner_id=owner, state="trade") for _ in range(3)]
    rest = [known_customer(stream, owner_id=uuid4(), state="prospect") for _ in range(4)]
    for number, customer in enumerate(best):
        stream.opportunity(uuid4(), "won", DAY, won=200_000 + number, customer_id=customer)
    stream.opportunity(uuid4(), "lost", DAY, customer_id=rest[0])
    await stream.fold(worker_database)
    return {"A": best, "C": rest}


@pytest.mark.usefixtures("model")
class TestPyramid:
    async def test_counts_customers_and_what_they_bought(
        self, client: httpx.AsyncClient, model: str, stream: Stream, worker_database: Database
    ) -> None:
        await many_customers(stream, worker_database)
        pyramid = (await client.get("/v1/pyramid")).json()
        assert pyramid["model_id"] == model
        assert pyramid["customers"] == 7
        assert pyramid["won_amount"] == {"amount": "600003.00", "currency": "CNY"}
        brief = [
            (
                level["grade"], level["name_zh"], level["customers"], level["customer_share"],
                level["won_amount"]["amount"], level["won_share"],
            )
            for level in pyramid["levels"]
        ]  # fmt: skip
        assert brief == [
            ("A", "关键", 3, "42.86", "600003.00", "100.00"),
            ("B", "潜力", 0, "0.00", "0.00", "0.00"),
            ("C", "一般", 4, "57.14", "0.00", "0.00"),
        ]
        assert pyramid["facts_until"] is not None

    async def test_levels_are_as_long_as_their_lists(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        groups = await many_customers(stream, worker_database)
        stream.customer(groups["C"][1], state="former")
        await stream.fold(worker_database)
        for scope, customers in (({}, 6), ({"include_former": "true"}, 7)):
            pyramid = (await client.get("/v1/pyramid", params=scope)).json()
            assert pyramid["customers"] == customers
            for level in pyramid["levels"]:
                query = scope | {"grade": level["grade"], "count": "exact"}
                page = (await client.get("/v1/values", params=query)).json()
                assert page["count"] == len(page["items"]) == level["customers"]

    async def test_of_one_owner(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        groups = await many_customers(stream, worker_database)
        owner = (stream.facts[0].event).owner_id  # type: ignore[attr-defined]
        for path in ("/v1/pyramid", "/v1/values"):
            answer = (await client.get(path, params={"owner_id": str(owner)})).json()
            assert answer.get("customers", len(answer.get("items", []))) == len(groups["A"])

    async def test_in_another_currency(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        await many_customers(stream, worker_database)
        pyramid = (await client.get("/v1/pyramid", params={"currency": "USD"})).json()
        assert pyramid["won_amount"] == {"amount": "0.00", "currency": "USD"}
        assert {level["won_share"] for level in pyramid["levels"]} == {None}


class TestWithoutModel:
    async def test_nothing_is_valued(
        self, client: httpx.AsyncClient, stream: Stream, database: Database,
        worker_database: Database, problem: Any,
    ) -> None:  # fmt: skip
        customer = known_customer(stream)
        await stream.fold(worker_database)
        assert problem(await client.get(f"/v1/values/{customer}")) == (404, "not-found")
        pyramid = (await client.get("/v1/pyramid")).json()
        assert (pyramid["model_id"], pyramid["levels"]) == (None, [])
        assert await emitted(database, stream.tenant) == []
        done = (await client.post("/v1/values/recompute")).json()
        assert done == {"customers": 1, "published": 0}


@pytest.mark.usefixtures("model")
class TestValues:
    async def test_list_pages_by_score(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        await many_customers(stream, worker_database)
        for sort, reverse in (("-score", True), ("score", False)):
            params: dict[str, Any] = {"sort": sort, "limit": 2}
            scores: list[Decimal] = []
            while True:
                page = (await client.get("/v1/values", params=params)).json()
                scores += [Decimal(item["score"]) for item in page["items"]]
                if page["next_cursor"] is None:
                    break
                params["cursor"] = page["next_cursor"]
            assert len(scores) == 7
            assert scores == sorted(scores, reverse=reverse)

    async def test_list_needs_the_same_queries_for_any_number_of_rows(
        self, client: httpx.AsyncClient, database: Database, stream: Stream,
        worker_database: Database,
    ) -> None:  # fmt: skip
        counts = []
        for _ in range(2):
            await many_customers(stream, worker_database)
            with count_queries(database) as queries:
                await client.get("/v1/values", params={"count": "exact"})
                await client.get("/v1/pyramid")
            counts.append(len(queries))
        assert counts[0] == counts[1]

    async def test_of_another_tenant_do_not_exist(
        self, client_for: Any, stream: Stream, worker_database: Database, problem: Any
    ) -> None:
        groups = await many_customers(stream, worker_database)
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        response = await stranger.get(f"/v1/values/{groups['A'][0]}")
        assert problem(response) == (404, "not-found")
        assert (await stranger.get("/v1/values")).json()["items"] == []

    async def test_recomputing_changes_nothing_that_is_right(
        self, client: httpx.AsyncClient, database: Database, stream: Stream,
        worker_database: Database,
    ) -> None:  # fmt: skip
        await many_customers(stream, worker_database)
        said = await emitted(database, stream.tenant)
        done = (await client.post("/v1/values/recompute")).json()
        assert done == {"customers": 7, "published": 0}
        assert await emitted(database, stream.tenant) == said

    async def test_recomputing_repairs(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        groups = await many_customers(stream, worker_database)
        async with worker_database.worker_transaction() as session:
            await session.execute(
                text("UPDATE customer_figures SET amounts = '{}' WHERE tenant_id = :t"),
                {"t": stream.tenant},
            )
            await session.execute(
                text("UPDATE customer_values SET score = 1, grade = 'C' WHERE tenant_id = :t"),
                {"t": stream.tenant},
            )
        await client.post("/v1/values/recompute")
        value = (await client.get(f"/v1/values/{groups['A'][0]}")).json()
        assert (value["grade"], value["score"]) == ("A", "79.9970")

    async def test_refusals(
        self, client_for: Any, client: httpx.AsyncClient, tenant: str, problem: Any
    ) -> None:
        representative = client_for(tenant, roles=("sales_representative",))
        response = await representative.post("/v1/values/recompute")
        assert problem(response) == (403, "scope-missing")
        assert (await representative.get("/v1/values")).status_code == 200
        service_account = client_for(tenant, roles=("service_account",))
        for path in ("/v1/values", f"/v1/values/{uuid4()}", "/v1/pyramid"):
            assert problem(await service_account.get(path)) == (403, "scope-missing")
        assert problem(await client.get("/v1/values", params={"color": "red"}))[0] == 422
        assert problem(await client.get("/v1/pyramid", params={"currency": "yuan"}))[0] == 422
        assert problem(await client.get("/v1/values/none")) == (422, "invalid-request")
