"""The demo's figures, compared with figures computed from the files by other means: plain csv."""

import csv
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from kehu_local.config import DEMO_TENANT
from kehu_local.demo import files
from kehu_local.demo.api import Api
from kehu_local.demo.load import load_into
from kehu_local.testing import System, User, eventually

FOLDER = Path(__file__).parents[2] / "deploy/local/data/crm-sales-opportunities"
SUCCESS_RATE = {"prospecting": 20, "engaging": 60}
LAST_DAY = "2017-12-31"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PIPELINE = rows("sales_pipeline.csv")
PRICES = {row["product"]: Decimal(row["sales_price"]) for row in rows("products.csv")}
PRICES["GTXPro"] = PRICES["GTX Pro"]


def funnel_on(day: str) -> dict[str, tuple[int, Decimal]]:
    """Count and amount by stage at the end of a day, from the files alone.

    An opportunity engages on its engage date and leaves the funnel on its close date. Those that
    were only prospected have no date: they are there from the files' last day.
    """
    found: dict[str, tuple[int, Decimal]] = {}
    for row in PIPELINE:
        engaged, closed = row["engage_date"], row["close_date"]
        if engaged:
            stage, here = "engaging", engaged <= day and (not closed or closed > day)
        else:
            stage, here = "prospecting", day >= LAST_DAY
        if here:
            count, amount = found.get(stage, (0, Decimal(0)))
            found[stage] = (count + 1, amount + PRICES[row["product"]])
    return found


@pytest.fixture(scope="module")
def demo(system: System) -> User:
    """Somebody of the demo tenant, after the demo was loaded through the APIs."""
    user = system.user(DEMO_TENANT)
    api = Api(system.config.gateway_url, user.http.headers["Authorization"].split()[1])
    with Progress(disable=True) as progress:
        load_into(api, files.read(), progress)
    api.close()
    return user


@pytest.mark.timeout(600)
class TestDemo:
    @pytest.mark.parametrize(
        "day", ["2016-10-19", "2016-12-31", "2017-03-01", "2017-07-01", "2017-11-15", LAST_DAY]
    )
    def test_funnel_as_of_a_day_equals_the_files(self, demo: User, day: str) -> None:
        expected = funnel_on(day)
        blocks = demo.get("/analytics/v1/funnel", as_of=day)["currencies"]
        stages = [stage for block in blocks for stage in block["stages"]]
        shown = {
            stage["stage_code"]: (stage["count"], Decimal(stage["amount"]["amount"]))
            for stage in stages
            if stage["count"]
        }
        assert shown == expected
        for stage in stages:
            count, amount = expected.get(stage["stage_code"], (0, Decimal(0)))
            weighted = amount * SUCCESS_RATE[stage["stage_code"]] / 100
            assert Decimal(stage["weighted_amount"]["amount"]) == weighted.quantize(
                Decimal("0.01"), ROUND_HALF_EVEN
            )
            assert self._behind(demo, day, stage["stage_code"]) == count

    @staticmethod
    def _behind(demo: User, day: str, stage: str) -> int:
        """Page through the opportunities behind a figure."""
        seen: set[str] = set()
        cursor: dict[str, Any] = {}
        while True:
            page = demo.get(
                "/analytics/v1/funnel/opportunities",
                as_of=day, stage_code=stage, limit=200, **cursor,
            )  # fmt: skip
            ids = {item["opportunity_id"] for item in page["items"]}
            assert not ids & seen
            seen |= ids
            if page["next_cursor"] is None:
                return len(seen)
            cursor = {"cursor": page["next_cursor"]}

    @pytest.mark.parametrize(
        ("start", "end"),
        [("2016-01-01", LAST_DAY), ("2017-03-01", "2017-03-31"), ("2017-10-01", LAST_DAY)],
    )
    def test_win_rate_and_amounts_equal_the_files(self, demo: User, start: str, end: str) -> None:
        closed = [row for row in PIPELINE if start <= (row["close_date"] or "9999") <= end]
        stages = Counter(row["deal_stage"] for row in closed)
        amount = sum(Decimal(row["close_value"]) for row in closed if row["deal_stage"] == "Won")
        rate = Decimal(100 * stages["Won"]) / (stages["Won"] + stages["Lost"])
        total = demo.get("/analytics/v1/win-rate", **{"from": start, "to": end})["total"]
        assert (total["won"], total["lost"]) == (stages["Won"], stages["Lost"])
        assert [Decimal(one["amount"]) for one in total["won_amounts"]] == [amount]
        assert abs(Decimal(total["win_rate"]) - rate) <= Decimal("0.01")

    def test_whole_file_is_there(self, demo: User) -> None:
        listed = demo.get("/sales/v1/opportunities", limit=1, count="exact")
        assert listed["count"] >= len(PIPELINE)
        customers = demo.get("/customer/v1/customers", limit=1, count="exact")
        assert customers["count"] >= 85

    def test_subsidiaries_have_their_parents(self, demo: User) -> None:
        parents = {row["account"]: row["subsidiary_of"] for row in rows("accounts.csv")}
        [acme] = demo.get("/customer/v1/customers", name="Acme Corporation")["items"]
        children = demo.get("/customer/v1/customers", parent_id=acme["id"])["items"]
        assert {child["name"] for child in children} == {
            name for name, parent in parents.items() if parent == "Acme Corporation"
        }
        assert acme["industry"] == "technology"  # the file says technolgy

    def test_customer_values_come_back_to_the_customer(self, demo: User) -> None:
        def graded() -> list[dict[str, Any]] | None:
            page = demo.get("/customer/v1/customers", limit=200, state="trade")["items"]
            return page if page and all(one["value_grade"] for one in page) else None

        customers = eventually(graded)
        pyramid = demo.get("/analytics/v1/pyramid")
        for one in customers:
            value = demo.get(f"/analytics/v1/values/{one['id']}")
            assert value["grade"] == one["value_grade"]
            parts = sum(Decimal(part["contribution"]) for part in value["contributions"])
            assert abs(parts - Decimal(value["score"])) <= Decimal("0.001")
        assert sum(level["customers"] for level in pyramid["levels"]) >= len(customers)
        won = sum(Decimal(row["close_value"]) for row in PIPELINE if row["deal_stage"] == "Won")
        assert pyramid["won_amount"] == {"amount": f"{won:.2f}", "currency": "USD"}

    def test_won_amount_of_a_customer_equals_the_files(self, demo: User) -> None:
        won = [
            row for row in PIPELINE if row["deal_stage"] == "Won" and row["account"] == "Hottechi"
        ]
        [customer] = demo.get("/customer/v1/customers", name="Hottechi")["items"]
        value = demo.get(f"/analytics/v1/values/{customer['id']}")
        by_dimension = {part["dimension"]: part["value"] for part in value["contributions"]}
        assert Decimal(by_dimension["won_amount"]) == sum(
            Decimal(row["close_value"]) for row in won
        )

    def test_loading_again_changes_nothing(self, demo: User, system: System) -> None:
        def count() -> int:
            found: int = demo.get("/sales/v1/opportunities", limit=1, count="exact")["count"]
            return found

        all_and_one_converted_lead = len(PIPELINE) + 1
        eventually(lambda: count() == all_and_one_converted_lead)
        api = Api(system.config.gateway_url, demo.http.headers["Authorization"].split()[1])
        with Progress(disable=True) as progress:
            load_into(api, files.read(), progress)
        api.close()
        assert count() == all_and_one_converted_lead
