"""What is named twice in a list of a request counts once, or is refused."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import AfterValidator, ValidationError

import kehu_sales.app  # noqa: F401 - every request there is
from kehu_kernel.wire import Input, Patch
from kehu_sales.assignment.schemas import AssigneeUpdate, RuleUpdate
from kehu_sales.lists import Once
from kehu_sales.quote_policy.schemas import QuotePolicyUpdate
from kehu_sales.visit_policy.schemas import VisitPolicyUpdate

ALIKE = {
    "allocations", "commands", "commitments", "credit", "criteria", "instalments", "leaves",
    "levels", "lines", "matrix", "milestones", "proposals", "rules",
}  # fmt: skip
"""Lists in which two may be alike: two lines of one product, two instalments of one day."""
RULED = {
    "ages", "answers", "bands", "checklist", "customer_values", "questions", "serial_numbers",
    "stages", "standards", "team",
}  # fmt: skip
"""Lists in which a rule of the slice refuses those that repeat, with an error of its own."""


def inputs(base: type[Input] = Input) -> Iterator[type[Input]]:
    for one in base.__subclasses__():
        if one is not Patch and one.__module__.startswith("kehu_sales."):
            yield one
        yield from inputs(one)


def lists(kind: Any, told: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """For every list in the type of a field, what is said of it besides."""
    if get_origin(kind) is Annotated:
        yield from lists(get_args(kind)[0], (*told, *get_args(kind)[1:]))
    elif get_origin(kind) is list:
        yield told
        yield from lists(get_args(kind)[0])
    else:
        for one in get_args(kind):
            yield from lists(one)


def undecided() -> Iterator[str]:
    for model in inputs():
        for name, field in model.model_fields.items():
            for told in lists(field.annotation, tuple(field.metadata)):
                decided = any(
                    isinstance(one, AfterValidator) and one.func.__module__ == "kehu_sales.lists"
                    for one in told
                )
                if not decided and name not in ALIKE | RULED:
                    yield f"{model.__name__}.{name}"


def test_every_list_of_a_request_says_what_becomes_of_repetitions() -> None:
    assert sorted(undecided()) == []


def test_an_id_named_twice_counts_once() -> None:
    one, other = UUID(int=1), UUID(int=2)
    rule = RuleUpdate.model_validate({"employee_ids": [str(other), str(one), str(other)]})
    assert rule.employee_ids == [other, one]


SKILL = {"kind": "language", "value": "英语", "level": 3}
TYPE = {
    "code": "visit", "name_zh": "走访", "name_en": "Visit", "approval": "never", "report_hours": 24,
    "checklist": [],
}  # fmt: skip
LIMIT = {"role": "sales_manager", "discount_percent": "5"}


@pytest.mark.parametrize(
    ("model", "name", "two"),
    [
        (AssigneeUpdate, "skills", [SKILL, SKILL | {"level": 5}]),
        (VisitPolicyUpdate, "types", [TYPE, TYPE | {"name_en": "Call"}]),
        (QuotePolicyUpdate, "limits", [LIMIT, LIMIT | {"discount_percent": "15"}]),
    ],
    ids=["skills", "visit types", "limits"],
)
def test_two_that_go_by_one_name_are_refused(
    model: type[Input], name: str, two: list[dict[str, Any]]
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({name: two})
    (error,) = refused.value.errors()
    assert (error["type"], error["loc"]) == ("not_unique", (name,))
    model.model_validate({name: two[:1]})


def test_the_order_of_what_counts_once_stays() -> None:
    assert Once.func(["MO", "FR", "MO"]) == ["MO", "FR"]  # type: ignore[call-arg, arg-type]
