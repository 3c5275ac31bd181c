"""Saved views: filters, order and columns of the customer list, one's own or shared (C15)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]

VIEW = {
    "name": "华东重点客户",
    "filters": {"state": ["trade", "prospect"], "in_pool": True, "sort": "-created_at"},
    "columns": ["name", "code", "owner_id"],
}


@pytest.fixture
def save(client: httpx.AsyncClient) -> Make:
    """Saves a view, as the administrator."""

    async def saved(**fields: Any) -> dict[str, Any]:
        response = await client.post("/v1/saved-views", json=VIEW | fields)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return saved


async def test_the_address_of_a_view_lists_what_it_asks_for(
    client: httpx.AsyncClient, save: Make, make_customer: Make
) -> None:
    wanted = await make_customer(name="上海锐达仪器有限公司")
    ended = await make_customer(name="宁波同和物流有限公司")
    await client.post(f"/v1/customers/{ended['id']}/end", json={"reason": "停业"})
    view = await save()
    listed = await client.get(view["list_url"])
    assert listed.status_code == 200, listed.text
    assert [one["id"] for one in listed.json()["items"]] == [wanted["id"]]
    assert (view["audience"], view["retired_fields"]) == ("me", [])


class TestChecked:
    @pytest.mark.parametrize(
        ("filters", "named"),
        [
            ({"colour": "red"}, "colour"),
            ({"state": ["dormant"]}, "state"),
            ({"owner_id": "王芳"}, "owner_id"),
            ({"limit": 10}, "limit"),
            ({"sort": "colour"}, "sort"),
            ({"custom": {"a": 1}}, "custom"),
        ],
        ids=["unknown", "value", "id", "of-a-page", "order", "shape"],
    )
    async def test_a_filter_the_list_does_not_know_is_refused_by_its_name(
        self, client: httpx.AsyncClient, problem: ProblemOf, filters: dict[str, Any], named: str
    ) -> None:
        refused = await client.post("/v1/saved-views", json=VIEW | {"filters": filters})
        assert problem(refused) == (422, "view-filter-invalid")
        assert named in refused.json()["detail"]

    async def test_a_column_no_customer_has_is_refused_by_its_name(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        for column in ("colour", "custom.colour"):
            refused = await client.post("/v1/saved-views", json=VIEW | {"columns": [column]})
            assert problem(refused) == (422, "view-column-unknown")
            assert column in refused.json()["detail"]

    async def test_a_custom_field_that_was_retired_is_told(
        self, client: httpx.AsyncClient, save: Make, problem: ProblemOf
    ) -> None:
        field = {"code": "taste", "name_zh": "口味", "name_en": "Taste", "type": "text",
                 "indexed": True, "max_length": 20}  # fmt: skip
        made = (await client.post("/v1/custom-fields", json=field)).json()
        view = await save(filters={"custom": ["taste:spicy"]}, columns=["custom.taste"])
        assert view["retired_fields"] == []
        retired = await client.patch(
            f"/v1/custom-fields/{made['id']}",
            json={"active": False},
            headers={"If-Match": '"1"'},
        )
        assert retired.status_code == 200, retired.text
        read = (await client.get(f"/v1/saved-views/{view['id']}")).json()
        assert read["retired_fields"] == ["taste"]
        again = VIEW | {"filters": {"custom": ["taste:spicy"]}}
        saved = await client.post("/v1/saved-views", json=again | {"name": "旧字段"})
        assert saved.json()["retired_fields"] == ["taste"]  # customers keep their values
        shown = await client.post("/v1/saved-views", json=VIEW | {"columns": ["custom.taste"]})
        assert problem(shown) == (422, "view-column-unknown")


class TestShared:
    @pytest.fixture
    async def colleague(
        self, client_for: ClientFor, tenant: str, make_employee: Make
    ) -> httpx.AsyncClient:
        """Somebody else, in a department of their own."""
        employee = await make_employee()
        return client_for(
            tenant,
            subject="colleague",
            employee_id=employee["id"],
            roles=("sales_representative",),
        )

    async def test_a_view_of_ones_own_does_not_exist_for_others(
        self, colleague: httpx.AsyncClient, save: Make, problem: ProblemOf
    ) -> None:
        view = await save()
        assert (await colleague.get("/v1/saved-views")).json()["items"] == []
        assert problem(await colleague.get(f"/v1/saved-views/{view['id']}")) == (404, "not-found")
        chosen = await colleague.put(
            "/v1/default-view", json={"view_id": view["id"]}, headers={"If-Match": '"0"'}
        )
        assert problem(chosen) == (404, "not-found")

    async def test_one_shared_with_all_is_used_by_others_and_changed_by_nobody_else(
        self, colleague: httpx.AsyncClient, save: Make, problem: ProblemOf
    ) -> None:
        view = await save(audience="all")
        assert (await colleague.get(view["list_url"])).status_code == 200
        path = f"/v1/saved-views/{view['id']}"
        etag = (await colleague.get(path)).headers["ETag"]
        changed = await colleague.patch(path, json={"name": "我的"}, headers={"If-Match": etag})
        assert problem(changed) == (403, "view-of-others")
        assert problem(await colleague.post(f"{path}/delete")) == (403, "view-of-others")

    async def test_one_shared_with_a_department_is_for_its_people(
        self,
        client_for: ClientFor,
        tenant: str,
        colleague: httpx.AsyncClient,
        make_employee: Make,
    ) -> None:
        boss = await make_employee()
        department = boss["department_id"]
        mate = await make_employee(department_id=department)
        leader = client_for(tenant, subject="boss", employee_id=boss["id"])
        made = await leader.post("/v1/saved-views", json=VIEW | {"audience": "department"})
        assert made.json()["department_id"] == department, made.text
        fellow = client_for(tenant, subject="mate", employee_id=mate["id"])
        assert len((await fellow.get("/v1/saved-views")).json()["items"]) == 1
        assert (await colleague.get("/v1/saved-views")).json()["items"] == []

    async def test_sharing_needs_a_right_and_with_a_department_an_employee(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        for who, audience in ((colleague, "all"), (client, "department")):
            refused = await who.post("/v1/saved-views", json=VIEW | {"audience": audience})
            assert problem(refused) == (403, "sharing-not-allowed")


class TestNames:
    async def test_two_of_one_name_are_refused_until_the_first_is_deleted(
        self, client: httpx.AsyncClient, save: Make, problem: ProblemOf
    ) -> None:
        view = await save()
        taken = await client.post("/v1/saved-views", json=VIEW)
        assert problem(taken) == (409, "view-name-taken")
        deleted = await client.post(f"/v1/saved-views/{view['id']}/delete")
        assert deleted.status_code == 200, deleted.text
        gone = await client.get(f"/v1/saved-views/{view['id']}")
        assert problem(gone) == (404, "not-found")
        await save()


class TestDefault:
    async def test_everybody_begins_with_the_own_choice(
        self, client: httpx.AsyncClient, save: Make, client_for: ClientFor, tenant: str
    ) -> None:
        view = await save(audience="all")
        assert (await client.get("/v1/default-view")).json() == {"version": 0, "view_id": None}
        chosen = await client.put(
            "/v1/default-view", json={"view_id": view["id"]}, headers={"If-Match": '"0"'}
        )
        assert chosen.json() == {"version": 1, "view_id": view["id"]}
        other = client_for(tenant, subject="other")
        assert (await other.get("/v1/default-view")).json()["view_id"] is None

    async def test_a_view_that_is_no_more_is_the_plain_list(
        self, client: httpx.AsyncClient, save: Make
    ) -> None:
        view = await save()
        await client.put(
            "/v1/default-view", json={"view_id": view["id"]}, headers={"If-Match": '"0"'}
        )
        await client.post(f"/v1/saved-views/{view['id']}/delete")
        assert (await client.get("/v1/default-view")).json() == {"version": 1, "view_id": None}


async def test_changes_are_audited(
    client: httpx.AsyncClient, save: Make, database: Database, tenant: str
) -> None:
    view = await save()
    changed = await client.patch(
        f"/v1/saved-views/{view['id']}", json={"name": "华东客户"}, headers={"If-Match": '"1"'}
    )
    assert changed.json()["name"] == "华东客户"
    actions = [one.action for one in await audited(database, tenant)]
    assert actions == ["saved-view.created", "saved-view.changed"]
