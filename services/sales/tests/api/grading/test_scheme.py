"""Grading schemes through the API: weights, levels, rules, and what is refused (S4)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from kehu_kernel.context import Context
from kehu_kernel.db import Database

ProblemOf = Callable[[httpx.Response], tuple[int, str]]
SCHEME = "/v1/grading-scheme"
NAMES = (
    "urgency", "importance", "need_difficulty", "competition", "customer_value", "customer_risk",
    "customer_activity",
)  # fmt: skip
LEVEL = {"code": "a", "name": "a", "from_score": "9", "handling_days": 1}


class TestScheme:
    async def test_weights_follow_from_judgements_and_versions_are_kept(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], problem: ProblemOf
    ) -> None:
        matrix = [["1"] * 8 for _ in range(8)]
        for other in range(1, 8):
            matrix[0][other], matrix[other][0] = "3", "1/3"
        judged = await client.patch(SCHEME, json={"matrix": matrix}, headers={"If-Match": '"1"'})
        weights = {one["indicator"]: one["weight"] for one in judged.json()["indicators"]}
        assert weights["predicted_revenue"] == "0.300000"
        assert (judged.json()["consistency_ratio"], judged.json()["version"]) == ("0.0000", 2)
        matrix[1][2], matrix[2][1] = "9", "1/9"
        matrix[2][3], matrix[3][2] = "9", "1/9"
        refused = await client.patch(SCHEME, json={"matrix": matrix}, headers={"If-Match": '"2"'})
        assert problem(refused) == (422, "judgements-inconsistent")
        assert float(refused.json()["ratio"]) > 0.1
        assert {refused.json()["first"], refused.json()["second"]} <= {
            "urgency", "importance", "need_difficulty"
        }  # fmt: skip
        past = (await client.get(f"{SCHEME}/versions")).json()["items"]
        assert [one["number"] for one in past] == [1]
        assert past[0]["matrix"] is None

    @pytest.mark.parametrize(
        ("body", "code"),
        [({"weights": dict.fromkeys(("predicted_revenue", *NAMES), "0.2")}, "weights-unsound"),
         ({"matrix": [["2"] * 8] * 8}, "matrix-not-reciprocal"),
         ({"rules": [{"level": "x", "kind": "social_influence"}]}, "unknown-level"),
         ({"rules": [{"level": "major", "kind": "value_above"}]}, "rule-unclear"),
         ({"standards": [{"indicator": "urgency",
                          "bands": [{"from_value": "1", "score": "1", "name": "x"}]}]},
          "bands-unsound"),
         ({"levels": [{"code": "a", "name": "a", "from_score": "1", "handling_days": 1}] * 3},
          "levels-unsound"),
         ({"customer_values": [{"grade": "A", "value": "6"}]}, "scheme-outside-scale"),
         ({"rules": [{"level": "major", "kind": "social_influence"}] * 2}, "scheme-repeats"),
         ({"levels": [LEVEL | {"leader_id": str(UUID(int=1))},
                      LEVEL | {"code": "b", "name": "b", "from_score": "5", "handling_days": 2},
                      LEVEL | {"code": "c", "name": "c", "from_score": "0", "handling_days": 3}],
           "rules": []}, "unknown-employee"),
         ({"levels": [LEVEL,
                      LEVEL | {"code": "b", "name": "b", "from_score": "5", "handling_days": 3},
                      LEVEL | {"code": "c", "name": "c", "from_score": "0", "handling_days": 3}],
           "rules": []}, "limit-not-shorter"),
         ({"largest_ratio": "0.11"}, "invalid-request"),
         ({"matrix": [["1"] * 7] * 8}, "invalid-request")],
        ids=["weights", "reciprocal", "level", "rule", "bands", "levels", "scale", "twice",
             "leader", "limit", "ratio", "seven"],
    )  # fmt: skip
    async def test_refused(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], problem: ProblemOf, body: Any,
        code: str,
    ) -> None:  # fmt: skip
        refused = await client.patch(SCHEME, json=body, headers={"If-Match": '"1"'})
        assert problem(refused) == (422, code)

    async def test_what_is_given_twice_is_named_all_at_once(
        self, client: httpx.AsyncClient, in_force: dict[str, Any]
    ) -> None:
        rule = {"kind": "value_above", "indicator": "predicted_revenue"}
        body = {
            "standards": [{"indicator": "urgency", "bands": [{"score": "1", "name": "x"}]}] * 2,
            "rules": [rule | {"level": "major", "value": "500000"},
                      rule | {"level": "ordinary", "value": "500000.00"}],
            "customer_values": [{"grade": "A", "value": "1"}, {"grade": "A", "value": "2"}],
            "levels": [one | {"name": "级别"} for one in in_force["levels"]],
        }  # fmt: skip
        headers = {"If-Match": '"1"', "Accept-Language": "zh"}
        refused = (await client.patch(SCHEME, json=body, headers=headers)).json()
        assert refused["code"] == "scheme-repeats"
        assert refused["detail"] == (
            "以下内容重复填写：“紧急程度”的分值标准、直接定级规则“预测收入高于 500000”、"
            "级别名称“级别”、客户价值等级 A。"
        )

    async def test_limits_of_an_older_scheme_stay_until_levels_are_given(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], database: Database,
        context: Context, problem: ProblemOf,
    ) -> None:  # fmt: skip
        async with database.transaction(context) as session:
            await session.fetch(
                "UPDATE grading_schemes SET content = jsonb_set(content,"
                " '{levels,1,handling_days}', content #> '{levels,0,handling_days}')"
            )
        body: dict[str, Any] = {"customer_values": [{"grade": "A", "value": "5"}]}
        changed = await client.patch(SCHEME, json=body, headers={"If-Match": '"1"'})
        assert changed.status_code == 200, changed.text
        levels = [one | {"name_en": None} for one in changed.json()["levels"]]
        refused = await client.patch(SCHEME, json={"levels": levels}, headers={"If-Match": '"2"'})
        assert problem(refused) == (422, "limit-not-shorter")

    async def test_a_process_that_knows_no_handling_standard_reads_a_scheme_without_one(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], database: Database,
        context: Context,
    ) -> None:  # fmt: skip
        levels = [one | {"name": f"{one['name']}级"} for one in in_force["levels"]]
        await client.patch(SCHEME, json={"levels": levels}, headers={"If-Match": '"1"'})
        async with database.transaction(context) as session:
            ((content,),) = await session.fetch("SELECT content::text FROM grading_schemes")
        assert "handling_standard" not in content

    async def test_a_limit_that_was_raised_before_is_capped(
        self, client: httpx.AsyncClient, in_force: dict[str, Any], problem: ProblemOf,
        database: Database, context: Context,
    ) -> None:  # fmt: skip
        async with database.transaction(context) as session:
            await session.fetch("UPDATE grading_schemes SET largest_ratio = 1")
        matrix = [["1"] * 8 for _ in range(8)]
        matrix[1][2], matrix[2][1] = "9", "1/9"
        matrix[2][3], matrix[3][2] = "9", "1/9"
        refused = await client.patch(SCHEME, json={"matrix": matrix}, headers={"If-Match": '"1"'})
        assert problem(refused) == (422, "judgements-inconsistent")
        assert refused.json()["limit"] == "0.1"
