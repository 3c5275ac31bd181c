"""The consent ledger: entries with proof, and checks that the newest entry decides (C12)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Say = Callable[..., Awaitable[httpx.Response]]
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ["phone", "sms", "email", "wechat", "post"]


@pytest.fixture
async def person(make_contact: Make) -> dict[str, str]:
    """Whom it is about."""
    return {"contact_id": (await make_contact())["id"]}


@pytest.fixture
def say(client: httpx.AsyncClient, person: dict[str, str]) -> Say:
    """Records what the person said: given, for marketing by text message, unless told otherwise."""

    async def record(**fields: Any) -> httpx.Response:
        body = person | {
            "purpose": "marketing",
            "channel": "sms",
            "decision": "given",
            "manner": "form",
            "proof": "展会登记表",
        }
        return await client.post("/v1/consents", json=body | fields)

    return record


async def ask(
    client: httpx.AsyncClient, questions: list[dict[str, Any]], **body: Any
) -> list[dict[str, Any]]:
    """Return the answers to questions."""
    answer = await client.post("/v1/consent-checks", json={"questions": questions} | body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["answers"]
    return found


class TestLedger:
    async def test_an_entry_is_kept_with_its_proof_and_told(
        self, client: httpx.AsyncClient, say: Say, database: Database, tenant: str
    ) -> None:
        answer = await say(document_ref="SH-17", policy_version="2026-03", expires_on="2099-12-31")
        assert answer.status_code == 201, answer.text
        entry = answer.json()
        assert (await client.get(answer.headers["location"])).json() == entry
        assert (entry["proof"], entry["recorded_by"]) == ("展会登记表", "tester")
        (event,) = await emitted(database, tenant, "customer.consent-given.v1")
        assert event.data["consent_id"] == entry["id"]
        assert "proof" not in event.data
        assert [one.action for one in await audited(database, tenant)][-1] == "consent.created"
        await say(decision="withdrawn", proof=None)
        assert len(await emitted(database, tenant, "customer.consent-withdrawn.v1")) == 1
        page = (await client.get("/v1/consents", params={"channel": "sms"})).json()
        assert [one["decision"] for one in page["items"]] == ["withdrawn", "given"]

    async def test_the_product_cannot_change_an_entry(
        self, say: Say, database: Database, tenant: str
    ) -> None:
        await say()
        for statement in ("UPDATE consents SET decision = 'given'", "DELETE FROM consents"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with database.transaction(Context(tenant_id=tenant, actor="x")) as session:
                    await session.fetch(statement)

    async def test_refusals(
        self, client: httpx.AsyncClient, say: Say, customer: dict[str, Any], problem: ProblemOf
    ) -> None:
        async def refused(**fields: Any) -> tuple[int, str]:
            return problem(await say(**fields))

        nobody = {"contact_id": None}
        assert await refused(**nobody) == (422, "one-subject-needed")
        assert await refused(contact_id=str(uuid4())) == (422, "unknown-subject")
        assert await refused(**nobody, customer_id=customer["id"]) == (
            422, "subject-is-organisation",
        )  # fmt: skip
        assert await refused(proof=None) == (422, "proof-missing")
        assert await refused(expires_on="2020-01-01") == (422, "expiry-misplaced")
        assert await refused(at="2999-01-01T00:00:00Z") == (422, "consent-in-future")
        answer = await client.post(
            "/v1/consent-checks", json={"questions": [{"purpose": "service", "channel": "sms"}]}
        )
        assert problem(answer) == (422, "one-subject-needed")

    async def test_without_the_right(
        self, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        agent = client_for(tenant, roles=("service_agent",))
        assert problem(await agent.get("/v1/consents")) == (403, "scope-missing")


class TestCheck:
    async def test_the_newest_entry_wins_at_any_time(
        self, client: httpx.AsyncClient, say: Say, person: dict[str, str]
    ) -> None:
        """Whatever was said in whatever order of entry, compared with a plain model."""
        random = Random(20261121)  # noqa: S311 - the same story every time
        said = []
        for minute in random.sample(range(60), 14):
            channel = random.choice([*CHANNELS, "any"])
            decision = random.choice(["given", "withdrawn"])
            at = SINCE + timedelta(minutes=minute)
            answer = await say(channel=channel, decision=decision, at=at.isoformat())
            assert answer.status_code == 201, answer.text
            said.append((at, channel, decision))
        questions = [person | {"purpose": "marketing", "channel": one} for one in CHANNELS]
        for minute in range(-1, 61, 3):
            at = SINCE + timedelta(minutes=minute)
            answers = await ask(client, questions, at=at.isoformat())
            for channel, found in zip(CHANNELS, answers, strict=True):
                known = [one for one in said if one[0] <= at and one[1] in (channel, "any")]
                newest = max(known)[2] if known else "no_consent"
                assert (found["reason"], found["allowed"]) == (newest, newest == "given")

    async def test_another_purpose_and_another_person_are_not_covered(
        self, client: httpx.AsyncClient, say: Say, person: dict[str, str]
    ) -> None:
        await say(channel="any")
        sms = {"channel": "sms"}
        found = await ask(
            client,
            [
                person | {"purpose": "marketing"} | sms,
                person | {"purpose": "sharing"} | sms,
                {"contact_id": str(uuid4()), "purpose": "marketing"} | sms,
            ],
        )
        assert [one["reason"] for one in found] == ["given", "no_consent", "no_consent"]

    async def test_a_thousand_questions_are_one_statement(
        self, client: httpx.AsyncClient, database: Database, person: dict[str, str]
    ) -> None:
        question = person | {"purpose": "marketing", "channel": "sms"}
        with count_queries(database) as one:
            await ask(client, [question])
        with count_queries(database) as many:
            await ask(client, [question] * 1000)
        assert len(many) == len(one)

    async def test_what_holds_now_for_each_purpose_and_channel(
        self, client: httpx.AsyncClient, say: Say, person: dict[str, str], make_customer: Make
    ) -> None:
        await say(channel="any")
        await say(channel="email", decision="withdrawn")
        url = f"/v1/contacts/{person['contact_id']}/consents"
        answers = (await client.get(url)).json()["answers"]
        allowed = {(one["purpose"], one["channel"]) for one in answers if one["allowed"]}
        assert allowed == {("marketing", one) for one in CHANNELS if one != "email"}
        someone = await make_customer(kind="person", name="司马青岚")
        empty = (await client.get(f"/v1/customers/{someone['id']}/consents")).json()["answers"]
        assert not any(one["allowed"] for one in empty)
        assert (await client.get(f"/v1/contacts/{uuid4()}/consents")).status_code == 404


async def test_what_was_said_of_a_merged_record_counts_for_the_survivor(
    client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
) -> None:
    survivor = await make_customer(kind="person", name="王小波")
    merged = await make_customer(kind="person", name="Wang Xiaobo")
    said = {"purpose": "marketing", "channel": "sms", "manner": "form", "proof": "登记表"}
    for who, decision in ((survivor, "given"), (merged, "withdrawn")):
        body = said | {"customer_id": who["id"], "decision": decision}
        assert (await client.post("/v1/consents", json=body)).status_code == 201
    merge = {"survivor_id": survivor["id"], "merged_ids": [merged["id"]]}
    assert (await client.post("/v1/merges", json=merge)).status_code == 201
    for who in (survivor, merged):
        question = {"customer_id": who["id"], "purpose": "marketing", "channel": "sms"}
        (told,) = await ask(client, [question])
        assert (told["allowed"], told["reason"]) == (False, "withdrawn")
    late = said | {"customer_id": merged["id"], "decision": "given"}
    assert problem(await client.post("/v1/consents", json=late)) == (409, "customer-merged")
