"""What archives ask for: profiles, definitions of facts, sources, and those of the texts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Define = Callable[..., Awaitable[httpx.Response]]
NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
PROFILE = {
    "code": "hospital",
    "name_zh": "医院",
    "name_en": "Hospital",
    "kind": "organisation",
    "roles": ["public_body"],
    "sections": [
        {"code": "wards", "name_zh": "科室", "name_en": "Wards"},
        {"code": "purchasing", "name_zh": "采购", "name_en": "Purchasing", "weight": "2.5"},
    ],
}
SOURCE = {"code": "fair", "name_zh": "展会", "name_en": "Fair", "needs_confirmation": False}
MILD = {"code": "mild", "name_zh": "清淡", "name_en": "Mild"}
SPICY = {"code": "spicy", "name_zh": "辣", "name_en": "Spicy"}


@pytest.fixture
async def profile(client: httpx.AsyncClient) -> dict[str, Any]:
    """A profile with two sections."""
    response = await client.post("/v1/profiles", json=PROFILE)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


@pytest.fixture
def define(client: httpx.AsyncClient, profile: dict[str, Any]) -> Define:
    """Defines a fact of the profile."""

    async def define(**fields: Any) -> httpx.Response:
        body = {
            "profile_id": profile["id"],
            "section_code": "wards",
            "code": "beds",
            "name_zh": "床位",
            "name_en": "Beds",
            "type": "number",
        }
        return await client.post("/v1/fact-definitions", json=body | fields)

    return define


async def patch(client: httpx.AsyncClient, path: str, **given: Any) -> httpx.Response:
    version = given.pop("version", 1)
    return await client.patch(f"/v1/{path}", json=given, headers={"If-Match": f'"{version}"'})


class TestProfiles:
    async def test_are_set_up_and_changed(
        self,
        client: httpx.AsyncClient,
        profile: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        weights = [section["weight"] for section in profile["sections"]]
        assert (weights, profile["roles"]) == (["1", "2.5"], ["public_body"])
        url = f"profiles/{profile['id']}"
        assert (await client.get(f"/v1/{url}")).json() == profile
        sections = [section | {"active": False} for section in profile["sections"]]
        changed = await patch(client, url, sections=sections, roles=None, kind=None)
        assert changed.headers["etag"] == '"2"', changed.text
        assert (changed.json()["roles"], changed.json()["kind"]) == ([], None)
        events = await emitted(database, tenant)
        assert [event.type for event in events] == [
            "customer.profile-created.v1", "customer.profile-changed.v1"
        ]  # fmt: skip
        assert events[1].data["changed"] == ["kind", "roles", "sections"]
        assert (await audited(database, tenant))[-1].action == "profile.changed"

    async def test_refused(
        self, client: httpx.AsyncClient, profile: dict[str, Any], problem: ProblemOf
    ) -> None:
        assert problem(await client.post("/v1/profiles", json=PROFILE)) == (
            409, "profile-code-taken"
        )  # fmt: skip
        wards, purchasing = profile["sections"]
        url = f"profiles/{profile['id']}"
        for sections, answer in (
            ([wards], (409, "sections-stay")),
            ([wards, purchasing, wards], (422, "section-codes-repeat")),
            ([], (422, "invalid-request")),
            ([wards, purchasing | {"weight": "-1"}], (422, "invalid-request")),
            ([wards, purchasing | {"weight": 1}], (422, "invalid-request")),
        ):
            assert problem(await patch(client, url, sections=sections)) == answer
        twice = PROFILE | {"code": "other", "sections": [wards, wards]}
        assert problem(await client.post("/v1/profiles", json=twice)) == (
            422, "section-codes-repeat"
        )  # fmt: skip


class TestDefinitions:
    async def test_are_asked_at_once(
        self, client: httpx.AsyncClient, define: Define, database: Database, tenant: str
    ) -> None:
        response = await define(validity_months=6, weight="0.5", data_group="transaction")
        made = response.json()
        assert response.status_code == 201, made
        assert (made["validity_months"], made["weight"]) == (6, "0.5")
        assert (made["sensitive"], made["active"]) == (False, True)
        (event,) = await emitted(database, tenant, "customer.fact-definition-created.v1")
        assert (event.key, event.data["data_group"]) == (made["id"], "transaction")
        hospital = {"kind": "organisation", "name": "市一医院", "roles": ["public_body"]}
        customer = (await client.post("/v1/customers", json=hospital)).json()
        archive = (await client.get(f"/v1/customers/{customer['id']}/archive")).json()
        assert archive["sections"][0]["missing"] == ["beds"]
        assert (archive["sections"][1]["completeness"], archive["asked"]) == (None, 1)

    @pytest.mark.parametrize(
        ("fields", "answer"),
        [
            ({"profile_id": NOBODY}, (422, "unknown-profile")),
            ({"section_code": "roof"}, (422, "unknown-section")),
            ({"type": "choice"}, (422, "field-makes-no-sense")),
            ({"options": [MILD]}, (422, "field-makes-no-sense")),
            ({"max_length": 7}, (422, "field-makes-no-sense")),
            ({"type": "reference"}, (422, "invalid-request")),
            ({"data_group": "other"}, (422, "invalid-request")),
            ({"validity_months": 0}, (422, "invalid-request")),
            ({"weight": "1e3"}, (422, "invalid-request")),
            ({"sensitive": "yes"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self, define: Define, problem: ProblemOf, fields: dict[str, Any], answer: tuple[int, str]
    ) -> None:
        assert problem(await define(**fields)) == answer

    async def test_each_code_once_in_a_profile(self, define: Define, problem: ProblemOf) -> None:
        await define()
        assert problem(await define()) == (409, "fact-code-taken")

    async def test_are_changed_and_retired(
        self, client: httpx.AsyncClient, define: Define, problem: ProblemOf
    ) -> None:
        made = (await define(code="food", type="choice", options=[MILD, SPICY])).json()
        url = f"fact-definitions/{made['id']}"
        assert problem(await patch(client, url, options=[MILD])) == (409, "options-stay")
        assert problem(await patch(client, url, section_code="roof")) == (422, "unknown-section")
        assert problem(await patch(client, url, code="x")) == (422, "invalid-request")
        moved = await patch(client, url, section_code="purchasing", sensitive=True, active=False)
        assert (moved.json()["section_code"], moved.json()["version"]) == ("purchasing", 2)
        found = await client.get("/v1/fact-definitions", params={"active": "false"})
        assert [one["code"] for one in found.json()["items"]] == ["food"]

    @pytest.mark.parametrize(
        ("kind", "good", "bad"),
        [
            ("text", "三甲", ""),
            ("number", "12.50", 12.5),
            ("date", "2026-03-01", "1 March"),
            ("choice", "mild", "sweet"),
            ("multi_choice", ["mild", "spicy"], "mild"),
            ("money", {"amount": "9.50", "currency": "CNY"}, "9.50"),
            ("flag", False, "false"),
        ],
    )
    async def test_each_type_takes_its_values(
        self, client: httpx.AsyncClient, define: Define, kind: str, good: Any, bad: Any
    ) -> None:
        options = [MILD, SPICY] if "choice" in kind else []
        assert (await define(code="it", type=kind, options=options)).is_success
        assert (await client.post("/v1/fact-sources", json=SOURCE)).is_success
        hospital = {"kind": "organisation", "name": "市一医院", "roles": ["public_body"]}
        customer = (await client.post("/v1/customers", json=hospital)).json()
        url = f"customers/{customer['id']}/archive/hospital/wards"
        for value, status in ((bad, 422), (None, 422), (good, 200)):
            facts = {"it": {"value": value}}
            response = await patch(client, url, version=0, source_code="fair", facts=facts)
            assert response.status_code == status, response.text
        stored = response.json()["sections"][0]["facts"][0]["fact"]["value"]
        assert stored == ("12.5" if kind == "number" else good)


class TestSources:
    async def test_are_entered_changed_and_retired(
        self, client: httpx.AsyncClient, problem: ProblemOf, database: Database, tenant: str
    ) -> None:
        made = (await client.post("/v1/fact-sources", json=SOURCE)).json()
        assert problem(await client.post("/v1/fact-sources", json=SOURCE)) == (
            409, "source-code-taken"
        )  # fmt: skip
        url = f"fact-sources/{made['id']}"
        changed = await patch(client, url, needs_confirmation=True, active=False)
        assert changed.json()["version"] == 2
        assert (await client.get(f"/v1/{url}")).json() == changed.json()
        found = await client.get("/v1/fact-sources", params={"active": "true"})
        assert found.json()["items"] == []
        (event,) = await emitted(database, tenant, "customer.fact-source-changed.v1")
        assert event.data["changed"] == ["active", "needs_confirmation"]

    async def test_from_a_retired_one_come_no_new_facts(
        self, client: httpx.AsyncClient, define: Define, problem: ProblemOf
    ) -> None:
        await define()
        source = (await client.post("/v1/fact-sources", json=SOURCE)).json()
        await patch(client, f"fact-sources/{source['id']}", active=False)
        hospital = {"kind": "organisation", "name": "市一医院", "roles": ["public_body"]}
        customer = (await client.post("/v1/customers", json=hospital)).json()
        url = f"customers/{customer['id']}/archive/hospital/wards"
        facts = {"beds": {"value": "800"}}
        response = await patch(client, url, version=0, source_code="fair", facts=facts)
        assert problem(response) == (422, "unknown-source")


class TestDefaults:
    async def test_the_eight_sources_and_four_profiles_of_the_texts(
        self, client: httpx.AsyncClient
    ) -> None:
        installed = (await client.post("/v1/archive-defaults", json={})).json()
        assert len(installed["installed_sources"]) == 8
        assert installed["installed_profiles"] == [
            "person", "enterprise", "retail_terminal", "dealer"
        ]  # fmt: skip
        profiles = (await client.get("/v1/profiles")).json()["items"]
        sections = {one["code"]: len(one["sections"]) for one in profiles}
        assert (sections["person"], sections["enterprise"]) == (10, 4)
        sources = (await client.get("/v1/fact-sources")).json()["items"]
        assert [one["code"] for one in sources if not one["needs_confirmation"]] == ["internal"]
        credit = await client.get("/v1/fact-definitions", params={"code": "credit_standing"})
        assert credit.json()["items"][0]["validity_months"] == 12
        facts = await client.get("/v1/fact-definitions", params={"limit": 200, "count": "exact"})
        asked = {(one["profile_id"], one["section_code"]) for one in facts.json()["items"]}
        assert len(asked) == sum(sections.values())  # no section asks nothing
        groups = {one["data_group"] for one in facts.json()["items"]}
        assert groups == {"descriptive", "promotion", "transaction"}

    async def test_twice_and_at_once_they_are_installed_once(
        self, client: httpx.AsyncClient, profile: dict[str, Any], database: Database, tenant: str
    ) -> None:
        body: dict[str, Any] = {}
        answers = await asyncio.gather(
            *(client.post("/v1/archive-defaults", json=body) for _ in range(3))
        )
        assert sorted(len(one.json()["installed_profiles"]) for one in answers) == [0, 0, 4]
        created = await emitted(database, tenant, "customer.profile-created.v1")
        assert len(created) == 5

    async def test_what_the_tenant_has_made_of_them_stays(self, client: httpx.AsyncClient) -> None:
        await client.post("/v1/fact-sources", json=SOURCE | {"code": "internal"})
        await client.post("/v1/profiles", json=PROFILE | {"code": "internal"})
        answer = (await client.post("/v1/archive-defaults", json={})).json()
        assert (answer["kept_sources"], answer["kept_profiles"]) == (["internal"], [])
        found = await client.get("/v1/fact-sources", params={"code": "internal"})
        assert found.json()["items"][0]["name_en"] == "Fair"


class TestRights:
    async def test_reading_does_not_allow_writing(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        profile: dict[str, Any],
        tenant: str,
        problem: ProblemOf,
    ) -> None:
        reader = client_for(tenant, roles=("sales_representative",))
        assert (await reader.get(f"/v1/profiles/{profile['id']}")).is_success
        for path in ("profiles", "fact-definitions", "fact-sources", "archive-defaults"):
            assert problem(await reader.post(f"/v1/{path}", json={})) == (403, "scope-missing")

    async def test_another_tenant_sees_nothing(
        self, client_for: ClientFor, profile: dict[str, Any], define: Define
    ) -> None:
        definition = (await define()).json()
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        for path, made in (("profiles", profile), ("fact-definitions", definition)):
            assert (await stranger.get(f"/v1/{path}")).json()["items"] == []
            assert (await stranger.get(f"/v1/{path}/{made['id']}")).status_code == 404

    async def test_lists_take_the_same_few_queries(
        self, client: httpx.AsyncClient, define: Define, database: Database
    ) -> None:
        await define()
        await define(code="rooms")
        for path in ("profiles", "fact-definitions", "fact-sources"):
            with count_queries(database) as queries:
                assert (await client.get(f"/v1/{path}")).is_success
            assert len(queries) == 3, queries.statements
