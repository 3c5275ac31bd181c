"""What schemathesis loads: our own checks of an answer, and references that lead somewhere.

It is loaded into the process of `st run`; `test_documents.py` starts that.
"""

import json
import os
import re
from typing import Any

import schemathesis

KNOWN: dict[str, str] = json.loads(os.environ.get("KEHU_FUZZ_KNOWN", "{}"))
GENERATED_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[^7][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{11}[^0]")
EXAMPLE_ID = re.compile(r"019364c2-7d5e-7000-8000-[0-9a-f]{12}")
NOT_UNDERSTOOD = {"invalid-request", "malformed-json", "malformed-request"}


def problem_of(response: Any) -> dict[str, Any] | None:
    """Return the answer's problem document, if it is one."""
    kinds = response.headers.get("content-type", [""])
    is_problem = kinds[0].startswith("application/problem+json")
    return response.json() if is_problem else None


@schemathesis.check
def every_code_is_documented(ctx: Any, response: Any, case: Any) -> None:
    """A refusal has a code that the document lists for this operation and status."""
    problem = problem_of(response)
    documented = case.operation.definition.raw["responses"].get(str(response.status_code))
    if problem is None or documented is None:  # the status itself is another check's business
        return
    assert f"`{problem['code']}`" in documented["description"], (
        f"{problem['code']} is not documented for {response.status_code}"
    )


@schemathesis.check
def valid_data_is_understood(ctx: Any, response: Any, case: Any) -> None:
    """What fits the document may be refused by a rule, but never as badly formed."""
    problem = problem_of(response)
    if problem is None or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    assert problem["code"] not in NOT_UNDERSTOOD, f"refused as {problem['code']}"


@schemathesis.check
def refusals_speak_the_callers_language(ctx: Any, response: Any, case: Any) -> None:
    """Every refusal says in which language it is, and is in it."""
    problem = problem_of(response)
    if problem is None:
        return
    language = response.headers["content-language"][0]
    chinese = re.search(r"[\u4e00-\u9fff]", problem["title"]) is not None
    assert (language == "zh") == chinese, f"{problem['title']!r} is not {language}"


@schemathesis.hook
def map_body(ctx: Any, body: Any) -> Any:
    """Let most references name something that is there; ids ending in 0 stay as they were."""
    return _referring(body)


@schemathesis.hook
def map_query(ctx: Any, query: Any) -> Any:
    """Let most filters name something that is there."""
    return _referring(query)


def _referring(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_referring(item, name.removesuffix("s")) for item in value]
    if isinstance(value, dict):
        return {key: _referring(item, key) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)  # to JSON the same number; Python would write 7.0, which nobody sends
    if name in KNOWN and isinstance(value, str):
        invented = GENERATED_ID.fullmatch(value) or EXAMPLE_ID.fullmatch(value)
        return KNOWN[name] if invented else value
    return value
