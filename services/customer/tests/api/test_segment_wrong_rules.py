"""Rules of segments that make no sense are refused, each place by its pointer (C7)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
STEEL = {"test": "one_of", "fact": "industry", "values": ["钢铁"]}


class TestWrongRules:
    @pytest.mark.parametrize(
        ("rule", "pointer"),
        [
            ({"test": "some", "of": []}, "/rule"),
            (STEEL | {"fact": "colour"}, "/rule/fact"),
            (STEEL | {"values": []}, "/rule/values"),
            (
                {"test": "all", "of": [{"test": "not", "of": STEEL | {"values": [7]}}]},
                "/rule/of/0/of/values/0",
            ),
        ],
        ids=["test", "fact", "no-values", "deep-value"],
    )
    async def test_what_the_document_does_not_allow_is_named_with_its_path(
        self, client: httpx.AsyncClient, rule: Any, pointer: str
    ) -> None:
        answer = await client.post("/v1/segment-previews", json={"rule": rule})
        assert answer.status_code == 422, answer.text
        found = [error["pointer"] for error in answer.json()["errors"]]
        assert pointer in found, found

    @pytest.mark.parametrize(
        ("leaf", "problem"),
        [
            (STEEL | {"fact": "custom.nothing"}, "unknown-field"),
            (
                {"test": "between", "fact": "custom.taste", "at_least": "1", "below": None},
                "wrong-test",
            ),
            ({"test": "one_of", "fact": "custom.taste", "values": ["sour"]}, "unknown-value"),
            ({"test": "one_of", "fact": "state", "values": ["dead"]}, "unknown-value"),
            (
                {"test": "between", "fact": "contacts", "at_least": "3", "below": "3"},
                "empty-interval",
            ),
            (
                {
                    "test": "day_between",
                    "fact": "created_on",
                    "first": "2026-02-01",
                    "last": "2026-01-01",
                },
                "empty-interval",
            ),
            ({"test": "in_class", "scheme_id": str(uuid4()), "classes": ["key"]}, "unknown-scheme"),
            (
                {
                    "test": "amount_between",
                    "fact": "won_amount",
                    "currency": "RMB",
                    "at_least": "1",
                    "below": None,
                },
                "unknown-currency",
            ),
            ({"test": "held_by", "fact": "owner_id", "ids": [NOBODY]}, "unknown-holder"),
            ({"test": "held_by", "fact": "department_id", "ids": [NOBODY]}, "unknown-holder"),
            ({"test": "held_by", "fact": "parent_id", "ids": [NOBODY]}, "unknown-holder"),
        ],
        ids=[
            "field",
            "type",
            "option",
            "state",
            "interval",
            "days",
            "scheme",
            "currency",
            "owner",
            "department",
            "parent",
        ],
    )
    async def test_what_makes_no_sense_is_named_with_its_path(
        self, client: httpx.AsyncClient, taste: dict[str, Any], leaf: Any, problem: str
    ) -> None:
        rule = {"test": "all", "of": [STEEL, {"test": "not", "of": leaf}]}
        answer = await client.post("/v1/segment-previews", json={"rule": rule})
        assert (answer.status_code, answer.json()["code"]) == (422, "segment-rule-invalid")
        assert answer.json()["conditions"] == [{"pointer": "/rule/of/1/of", "problem": problem}]

    async def test_a_class_that_the_scheme_does_not_have(
        self, client: httpx.AsyncClient, scheme: dict[str, Any]
    ) -> None:
        rule = {"test": "in_class", "scheme_id": scheme["id"], "classes": ["key", "gold"]}
        answer = await client.post("/v1/segment-previews", json={"rule": rule})
        assert answer.json()["conditions"] == [{"pointer": "/rule", "problem": "unknown-class"}]

    async def test_of_several_who_hold_customers_each_has_to_exist_for_the_caller(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_employee: Make,
        make_customer: Make,
    ) -> None:  # fmt: skip
        fang, lei = await make_employee(), await make_employee()
        company = await make_customer(owner_id=lei["id"])
        held = {"test": "held_by", "fact": "owner_id", "ids": [fang["id"], lei["id"]]}
        below = {"test": "held_by", "fact": "parent_id", "ids": [company["id"]]}
        body = {"rule": {"test": "any", "of": [held, below]}}
        assert (await client.post("/v1/segment-previews", json=body)).status_code == 200
        limited = client_for(tenant, employee_id=fang["id"], row_scope="own")
        refused = await limited.post(
            "/v1/segment-previews", json=body, headers={"Accept-Language": "zh"}
        )
        assert refused.json()["conditions"] == [
            {"pointer": "/rule/of/1", "problem": "unknown-holder"}
        ]
        assert refused.json()["detail"] == (
            "规则无法使用：第 2 项条件：其中有员工、部门或上级公司不存在。"
        )

    @pytest.mark.parametrize("levels", [6, 200, 400, 20_000])
    async def test_a_tree_without_end_is_refused(
        self, client: httpx.AsyncClient, levels: int
    ) -> None:
        rule = (
            '{"test":"not","of":' * levels
            + '{"test":"known","fact":"kind","known":true}'
            + "}" * levels
        )
        answer = await client.post(
            "/v1/segment-previews",
            content=f'{{"rule":{rule}}}',
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in (400, 422), answer.text

    async def test_a_tree_as_deep_as_allowed_is_understood(self, client: httpx.AsyncClient) -> None:
        rule: dict[str, Any] = STEEL
        for _ in range(4):
            rule = {"test": "not", "of": rule}
        assert (await client.post("/v1/segment-previews", json={"rule": rule})).status_code == 200

    async def test_too_many_conditions_are_refused(self, client: httpx.AsyncClient) -> None:
        rule = {"test": "any", "of": [STEEL] * 50}
        answer = await client.post("/v1/segment-previews", json={"rule": rule})
        assert answer.json()["conditions"] == [{"pointer": "/rule", "problem": "too-large"}]

    async def test_a_field_that_the_caller_must_not_see_does_not_exist(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str
    ) -> None:
        field = {
            "code": "debt", "name_zh": "欠款", "name_en": "Debt", "type": "number",
            "visible_to": "customer:credit:read",
        }  # fmt: skip
        assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
        body = {"rule": {"test": "known", "fact": "custom.debt", "known": True}}
        marketer = client_for(tenant, roles=("marketer",))
        refused = await marketer.post("/v1/segment-previews", json=body)
        assert refused.json()["conditions"] == [{"pointer": "/rule", "problem": "unknown-field"}]
        assert (await client.post("/v1/segment-previews", json=body)).status_code == 200


class TestWrongFacts:
    """A fact that is not known is named by its place, with those that are."""

    async def test_says_which_facts_a_test_can_look_at(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        rule = {
            "test": "all",
            "of": [
                STEEL,
                {"test": "not", "of": {"test": "one_of", "fact": "industri", "values": ["钢铁"]}},
                {"test": "known", "fact": "Custom.x", "known": True},
                {"test": "between", "fact": "contacts", "at_least": "1"},
            ],
        }
        answer = await client.post("/v1/segment-previews", json={"rule": rule})
        assert problem(answer) == (422, "invalid-request")
        told = {one["pointer"]: one for one in answer.json()["errors"]}
        assert told.keys() == {"/rule/of/1/of/fact", "/rule/of/2/fact", "/rule/of/3/below"}
        assert told["/rule/of/1/of/fact"]["code"] == "unknown_fact"
        assert told["/rule/of/1/of/fact"]["message"] == (
            "There is no such fact that this test can look at; one of: kind, state, roles, "
            "industry, country, source, value_grade, custom.<code>"
        )
        assert "owner_id" in told["/rule/of/2/fact"]["message"]
        chinese = await client.post(
            "/v1/segment-previews", json={"rule": rule}, headers={"Accept-Language": "zh"}
        )
        assert "可用的有：kind、state、" in str(chinese.json()["errors"])
