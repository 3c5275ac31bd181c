"""The Chinese company set of the demo, compared with its files read by other means: plain csv."""

import csv
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.progress import Progress

from kehu_local.demo import chinese, scenes, selling
from kehu_local.demo.api import Api
from kehu_local.testing import System, User, eventually, ids

CUSTOMERS = "/customer/v1/customers"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()  # where days are cut
PART = 120
"""So many of the 304 companies: all that duplicates are planted of, in half the time."""


def rows(name: str) -> list[dict[str, str]]:
    with (chinese.DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


COMPANIES = rows("companies")[:PART]
REFS = {row["ref"] for row in COMPANIES}
REASONS = {
    "legal_form": "same_name",
    "traditional": "same_name",
    "sound": "same_sound",
    "pinyin": "same_sound",
    "without_place": "same_name_less_precise",
    "phone": "same_phone",
}


def some() -> chinese.Chinese:
    """The files' first companies and their people."""
    data = chinese.read()
    contacts = [one for one in data.contacts if one["company"] in REFS]
    return replace(data, companies=data.companies[:PART], contacts=contacts)


@pytest.fixture(scope="module")
def demo(system: System) -> User:
    """Somebody of a tenant into which the set was loaded; playing its scenes again does nothing."""
    user = system.user("demo-cn")
    api = Api(system.config.gateway_url, user.http.headers["Authorization"].split()[1])
    assert not scenes.is_complete(api)
    data = some()
    with Progress(disable=True) as progress:
        chinese.load_into(api, data, scenes.SCENES, progress)
    for _, play in scenes.SCENES:
        play(api, data)
    assert scenes.is_complete(api)
    api.close()
    return user


def every(user: User, path: str, **filters: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = user.get(path, limit=200, **filters, **cursor)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


def by_ref(user: User) -> dict[str, dict[str, Any]]:
    """The customers of the files, merged ones left out."""
    prefix = "demo:"
    return {one["external_ref"].removeprefix(prefix): one for one in every(user, CUSTOMERS)}


@pytest.mark.timeout(600)
class TestChineseDemo:
    def test_companies_have_their_parents_states_and_sizes(self, demo: User) -> None:
        found = by_ref(demo)
        assert set(found) >= REFS
        id_of = {ref: one["id"] for ref, one in found.items()} | {"": None}
        for row in COMPANIES:
            one = found[row["ref"]]
            assert (one["name"], one["state"]) == (row["name"], row["state"])
            assert (one["parent_id"], one["credit_code"]) == (
                id_of[row["parent"]],
                row["credit_code"],
            )
        [scheme] = demo.get("/customer/v1/classification-schemes", code="cn-size")["items"]
        large = every(demo, CUSTOMERS, scheme_id=scheme["id"], class_code="large")
        assert {one["id"] for one in large} == {
            id_of[row["ref"]] for row in COMPANIES if int(row["employees"]) >= 1000
        }

    def test_planted_duplicates_wait_for_review_with_their_reasons(self, demo: User) -> None:
        found = by_ref(demo)
        pairs = {
            frozenset((one["first_id"], one["second_id"])): one
            for one in every(demo, "/customer/v1/duplicates", state="open")
        }
        planted = rows("duplicates")
        decided = {next(one["ref"] for one in planted if one["form"] == form)
                   for form in (scenes.MERGED, scenes.DISMISSED)}  # fmt: skip
        for row in planted:
            if row["ref"] not in decided:
                pair = pairs[frozenset((found[row["ref"]]["id"], found[row["of"]]["id"]))]
                assert REASONS[row["form"]] in pair["reasons"], row
        assert demo.get("/customer/v1/duplicate-rules")["refuse_from"] == 85  # strict again

    def test_one_pair_is_merged_and_the_old_record_leads_to_the_survivor(self, demo: User) -> None:
        [merge] = demo.get("/customer/v1/merges")["items"]
        old = demo.http.get(f"{CUSTOMERS}/{merge['merged_ids'][0]}")
        assert (old.status_code, old.json()["merged_into_id"]) == (307, merge["survivor_id"])
        [dismissed] = demo.get("/customer/v1/duplicates", state="dismissed")["items"]
        assert dismissed["decision_reason"] == "同名的另一家公司"

    def test_the_leaver_left_nothing_behind(self, demo: User) -> None:
        [leaver] = demo.get("/customer/v1/employees", code=scenes.LEAVER)["items"]
        [successor] = demo.get("/customer/v1/employees", code=scenes.SUCCESSOR)["items"]
        assert leaver["active"] is False
        assert every(demo, CUSTOMERS, owner_id=leaver["id"]) == []
        now = {one["external_ref"] for one in every(demo, CUSTOMERS, owner_id=successor["id"])}
        assert now == {
            f"demo:{row['ref']}"
            for row in COMPANIES
            if row["owner"] in {scenes.LEAVER, scenes.SUCCESSOR}
        }
        still_open = {"status": ["not_evaluated", "in_evaluation", "in_progress"]}
        for path, asked in (("/sales/v1/opportunities", still_open), ("/marketing/v1/leads", {})):
            eventually(
                lambda path=path, asked=asked: (
                    not demo.get(path, owner_id=leaver["id"], **asked)[  # type: ignore[misc]
                        "items"
                    ]
                )
            )
            assert demo.get(path, owner_id=successor["id"])["items"]

    def test_segments_hold_whom_their_rules_mean_of_the_files(self, demo: User) -> None:
        [segment] = demo.get("/customer/v1/segments", code="large-exporters")["items"]
        eventually(lambda: not demo.get(f"/customer/v1/segments/{segment['id']}")["computing"])
        id_of = {ref: one["id"] for ref, one in by_ref(demo).items()}
        expected = {
            id_of[row["ref"]]
            for row in COMPANIES
            if int(row["employees"]) >= 1000
            and float(row["export_share"]) >= 60
            and row["state"] != "former"
        }
        assert expected
        members = every(demo, f"/customer/v1/segments/{segment['id']}/members")
        assert {one["customer_id"] for one in members} == expected
        [visits] = demo.get("/customer/v1/segments", code="spring-visits")["items"]
        assert visits["size"] == scenes.VISITS
        codes = {one["code"] for one in every(demo, "/customer/v1/segments")}
        assert {"pyramid-top", "silent", "life-cycle-exploration"} < codes

    def test_the_pool_archives_and_credit_have_something_to_show(self, demo: User) -> None:
        free = {row["ref"] for row in COMPANIES if not row["owner"]}
        pool = {one["external_ref"].removeprefix("demo:")
                for one in every(demo, CUSTOMERS, in_pool=True)}  # fmt: skip
        assert free < pool  # and those that were given to it
        heads = {row["parent"] for row in COMPANIES} & {
            row["ref"] for row in COMPANIES if not row["parent"] and row["state"] != "former"
        }
        known = {one["external_ref"].removeprefix("demo:")
                 for one in every(demo, CUSTOMERS, completeness_from="1")}  # fmt: skip
        assert known == heads
        assert demo.get("/customer/v1/facts", due_by="2999-12-31", limit=1)["items"]
        reports = every(demo, "/customer/v1/credit-reports")
        expired = {one["customer_id"] for one in reports if one["expires_on"] <= TODAY}
        tasks = demo.get("/customer/v1/credit-investigations", state="open", limit=200)
        assert expired
        assert ids(tasks, "customer_id") == expired

    def test_business_is_as_far_as_the_story_says(self, demo: User) -> None:
        sales = "/sales/v1"
        quotes = every(demo, f"{sales}/quotes")
        contracts = every(demo, f"{sales}/contracts")
        projects = every(demo, f"{sales}/projects")
        turns = selling.DEALS // len(selling.FAR)
        waiting = [one for one in quotes if one["state"] == "in_approval"]
        assert [len(quotes), len(contracts), len(projects)] == [5 * turns + 1, 4 * turns, 2 * turns]
        assert len(waiting) == 1
        opportunities = {one["id"]: one for one in every(demo, f"{sales}/opportunities")}
        for contract in contracts:
            found = opportunities[contract["opportunity_id"]]
            assert (found["status"], found["won_amount"]) == ("won", contract["total"])
        pursued = {opportunities[one["opportunity_id"]]["status"] for one in quotes}
        assert pursued == {"won", "in_progress"}
        for path in ("competitors", "comparison-sheets", "samples", "forecast-calls", "targets"):
            assert len(every(demo, f"{sales}/{path}")) == 1, path
        assert {one["quote_id"] for one in contracts} < {one["id"] for one in quotes}
        assert {one["contract_id"] for one in projects} < {one["id"] for one in contracts}
        closed = [one for one in projects if one["state"] == "closed"]
        assert len(closed) == turns
        receipts = every(demo, f"{sales}/receipts")
        assert len(receipts) == len(contracts)
        for contract in contracts:
            first = contract["instalments"][0]["amount"]
            assert contract["collected"] == first, "the first instalment was paid"
        files = "/service-desk/v1/product-files"
        for project in projects:
            eventually(lambda one=project: demo.get(files, project_id=one["id"])["items"])  # type: ignore[misc]
