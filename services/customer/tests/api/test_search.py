"""One box over names, pinyin, numbers, codes and addresses, and who may see what it finds (C15)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_customer.search import queries
from kehu_customer.search.index import Key, renew
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
Ask = Callable[..., Awaitable[list[dict[str, Any]]]]
Learn = Callable[..., Awaitable[None]]


@pytest.fixture
def learn(worker_database: Database, tenant: str) -> Learn:
    """Has the index learn of customers, as its consumer does."""

    async def renewed(*customers: dict[str, Any]) -> None:
        async with worker_database.worker_transaction() as session:
            await renew(session, [Key(tenant, UUID(one["id"])) for one in customers])

    return renewed


@pytest.fixture
def ask(client: httpx.AsyncClient) -> Ask:
    """Types something into the box."""

    async def asked(q: str, **params: Any) -> list[dict[str, Any]]:
        response = await client.get("/v1/search", params={"q": q} | params)
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    return asked


@pytest.fixture
async def huaqiang(
    make_customer: Make, make_contact: Make, make_point: Make, learn: Learn
) -> dict[str, Any]:
    """深圳市华强电子科技有限公司, with a contact, numbers and an address."""
    made = await make_customer(
        name="深圳市华强电子科技有限公司",
        code="C-2026-0815",
        credit_code="91440300MA5FQWB81N" if False else None,
        website="https://www.huaqiang-dz.cn",
    )
    contact = await make_contact(customer_id=made["id"], name="赵立新")
    await make_point(contact_id=contact["id"], kind="mobile", value="138 2345 6789")
    await make_point(contact_id=contact["id"], kind="email", value="Lixin.Zhao@huaqiang-dz.cn")
    await make_point(customer_id=made["id"], kind="phone", value="0755-83791234")
    await make_point(
        customer_id=made["id"],
        kind="address",
        value="深南大道 2008 号华强大厦",
        address={"province": "广东省", "city": "深圳市", "district": "福田区"},
    )
    await learn(made)
    return made


@pytest.mark.parametrize(
    ("typed", "field", "manner"),
    [
        ("深圳市华强电子科技有限公司", "name", "equal"),
        ("深圳市華強電子科技有限公司", "name", "equal"),
        ("华强电子科技", "name", "equal"),
        ("c20260815", "code", "equal"),
        ("C-2026", "code", "start"),
        ("华强电", "name", "start"),
        ("深圳市华", "name", "start"),
        ("华强", "name", "start"),
        ("电子", "name", "inside"),
        ("科技有限公司", "name", "inside"),
        ("华强 科技", "name", "inside"),
        ("+86 138 2345 6789", "phone", "equal"),
        ("13823456789", "phone", "equal"),
        ("6789", "phone", "end"),
        ("0755-83791234", "phone", "equal"),
        ("lixin.zhao@huaqiang-dz.cn", "email", "equal"),
        ("huaqiang-dz.cn", "website", "domain"),
        ("huaqiangdianzikeji", "name", "sound"),
        ("huaqiang", "name", "sound_start"),
        ("Hua Qiang", "name", "sound_start"),
        ("dianzi", "name", "sound_inside"),
        ("华qiang", "name", "sound_start"),
        ("hqdz", "name", "initials"),
        ("szshq", "name", "initials"),
        ("dzkj", "name", "initials_inside"),
        ("花墙电子", "name", "sound_start"),
        ("华弱电子", "name", "typo"),
        ("福田区深南大道", "address", "address"),
        ("赵立新", "name", "equal"),
        ("立新", "name", "inside"),
        ("zhaolixin", "name", "sound_start"),
    ],
)
async def test_a_company_is_found_by(
    typed: str, field: str, manner: str, huaqiang: dict[str, Any], ask: Ask
) -> None:
    (hit,) = await ask(typed)
    assert hit["customer"]["id"] == huaqiang["id"]
    assert (hit["field"], hit["manner"]) == (field, manner)


async def test_who_is_meant_most_surely_comes_first(
    make_customer: Make, learn: Learn, ask: Ask
) -> None:
    names = ["恒远集团", "上海恒远物流有限公司", "新恒远贸易有限公司", "衡源食品有限公司"]
    made = [await make_customer(name=name) for name in names]
    await learn(*made)
    hits = await ask("恒远")
    assert [one["customer"]["name"] for one in hits] == names
    assert [one["score"] for one in hits] == sorted((one["score"] for one in hits), reverse=True)
    assert (hits[0]["reason_en"], hits[0]["reason_zh"]) == ("The name is the same", "名称相同")


async def test_what_many_have_is_found_once_each(
    make_customer: Make, learn: Learn, ask: Ask
) -> None:
    stems = "甲乙丙丁戊己庚辛壬癸"
    made = [await make_customer(name=f"{one}{one}山科技有限公司") for one in stems]
    await learn(*made)
    hits = await ask("科技", limit=50)
    assert sorted(one["customer"]["id"] for one in hits) == sorted(one["id"] for one in made)


class TestAnswers:
    async def test_what_contacts_say_names_the_contact(
        self, huaqiang: dict[str, Any], ask: Ask
    ) -> None:
        (hit,) = await ask("13823456789")
        assert hit["contact"]["name"] == "赵立新"
        assert hit["matched"] == "+8613823456789"
        assert (await ask("13823456789", type="customers")) == []
        assert (await ask("华强", type="contacts")) == []

    async def test_a_former_customer_comes_last(
        self, client: httpx.AsyncClient, make_customer: Make, learn: Learn, ask: Ask
    ) -> None:
        former = await make_customer(name="瑞丰贸易有限公司")
        present = await make_customer(name="瑞丰食品机械有限公司")
        await client.post(f"/v1/customers/{former['id']}/end", json={"reason": "停业"})
        await learn(former, present)
        hits = await ask("瑞丰")
        assert [one["customer"]["id"] for one in hits] == [present["id"], former["id"]]

    async def test_a_record_that_was_merged_answers_with_the_one_to_use(
        self, client: httpx.AsyncClient, make_customer: Make, learn: Learn, ask: Ask
    ) -> None:
        survivor = await make_customer(name="盛达仪表有限公司")
        merged = await make_customer(name="启明光学有限公司")
        body = {"survivor_id": survivor["id"], "merged_ids": [merged["id"]]}
        done = await client.post("/v1/merges", json=body)
        assert done.status_code == 201, done.text
        await learn(survivor, merged)
        (hit,) = await ask("启明光学")
        assert hit["customer"]["id"] == survivor["id"]
        assert hit["customer"]["name"] == "盛达仪表有限公司"
        assert hit["matched"] == "启明光学有限公司"

    async def test_a_name_that_was_changed_is_not_shown_before_the_index_has_learnt(
        self, client: httpx.AsyncClient, make_customer: Make, learn: Learn, ask: Ask
    ) -> None:
        made = await make_customer(name="天翔软件有限公司")
        await learn(made)
        await client.patch(
            f"/v1/customers/{made['id']}",
            json={"name": "飞腾软件有限公司"},
            headers={"If-Match": '"1"'},
        )
        assert await ask("天翔") == []
        assert await ask("飞腾") == []
        await learn(made)
        assert len(await ask("飞腾")) == 1

    async def test_it_says_when_there_are_more(
        self, client: httpx.AsyncClient, make_customer: Make, learn: Learn
    ) -> None:
        await learn(*[await make_customer(name=f"宏泰{one}有限公司") for one in ("食品", "化工")])
        answer = (await client.get("/v1/search", params={"q": "宏泰", "limit": 1})).json()
        assert (len(answer["items"]), answer["more"]) == (1, True)
        answer = (await client.get("/v1/search", params={"q": "宏泰"})).json()
        assert (len(answer["items"]), answer["more"]) == (2, False)

    @pytest.mark.parametrize("typed", ["%", "'; --", "，", "有限公司", "\\", "{1,2}", "a" * 100])
    async def test_what_says_nothing_finds_nobody(self, typed: str, ask: Ask) -> None:
        assert await ask(typed) == []


class TestWhoSees:
    async def test_another_tenant_finds_nothing(
        self, huaqiang: dict[str, Any], client_for: ClientFor
    ) -> None:
        stranger = client_for("tenant-of-strangers")
        for typed in ("华强", "13823456789", "huaqiang"):
            answer = (await stranger.get("/v1/search", params={"q": typed})).json()
            assert answer == {"items": [], "more": False}

    async def test_what_others_look_after_is_not_found_and_not_counted(
        self,
        client_for: ClientFor,
        tenant: str,
        make_employee: Make,
        make_customer: Make,
        learn: Learn,
    ) -> None:
        fang, lei = await make_employee(), await make_employee()
        own = await make_customer(name="星海电子有限公司", owner_id=fang["id"])
        theirs = await make_customer(name="星海物流有限公司", owner_id=lei["id"])
        pool = await make_customer(name="星海食品有限公司")
        await learn(own, theirs, pool)
        for scope in ("own", "department"):
            caller = client_for(tenant, employee_id=fang["id"], row_scope=scope)
            answer = (await caller.get("/v1/search", params={"q": "星海"})).json()
            found = {one["customer"]["id"] for one in answer["items"]}
            assert found == {own["id"], pool["id"]}
            assert answer["more"] is False

    async def test_a_customer_that_was_given_away_is_hidden_before_the_index_has_learnt(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        make_employee: Make,
        make_customer: Make,
        learn: Learn,
    ) -> None:
        fang, lei = await make_employee(), await make_employee()
        made = await make_customer(name="远航船舶有限公司", owner_id=fang["id"])
        await learn(made)
        await client.post(f"/v1/customers/{made['id']}/hand-over", json={"owner_id": lei["id"]})
        caller = client_for(tenant, employee_id=fang["id"], row_scope="own")
        answer = await caller.get("/v1/search", params={"q": "远航"})
        assert answer.json()["items"] == []

    async def test_who_may_not_read_contacts_does_not_find_by_them(
        self, client_for: ClientFor, tenant: str, huaqiang: dict[str, Any]
    ) -> None:
        analyst = client_for(tenant, roles=("analyst",))
        for typed, hits in (("华强", 1), ("赵立新", 0), ("13823456789", 0), ("huaqiang-dz.cn", 0)):
            answer = (await analyst.get("/v1/search", params={"q": typed})).json()
            assert len(answer["items"]) == hits, typed


async def test_a_search_costs_the_same_queries_however_many_are_found(
    make_customer: Make, learn: Learn, ask: Ask, database: Database
) -> None:
    places = ("苏州", "宁波", "青岛", "厦门")
    lines = ("食品", "化工", "软件", "包装", "服装")
    made = [
        await make_customer(name=f"{place}{line}宏图有限公司", code=f"{place}{line}")
        for place in places for line in lines
    ]  # fmt: skip
    await learn(*made)
    with count_queries(database) as sent:
        assert len(await ask("宏图")) == len(made)
    assert len(sent.statements) <= 6


async def test_what_was_found_is_read_by_its_keys(
    running: RunningService, cluster: Cluster, tenant: str
) -> None:
    """Also under row-level security, which keeps indexes from what the planner takes for leaky."""
    async with planner(cluster.superuser(running.settings.database_url), "kehu_app") as app:
        plan = await app.plan(queries.RECORDS, tenant, [UUID(int=1)])

    def conditions(node: dict[str, Any]) -> list[str]:
        below = [one for part in node.get("Plans", ()) for one in conditions(part)]
        by = node.get("Index Cond") or node.get("Recheck Cond", "")
        return [by, *below] if node.get("Relation Name") == "customers" else below

    found = [one.replace("tenant_id = ", "") for one in conditions(plan)]
    assert len(found) == 2
    assert all("id = " in one for one in found), found
