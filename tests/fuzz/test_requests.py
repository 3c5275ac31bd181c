"""Requests no client of good will sends: every answer is still a document with a code.

In the test's own process, on the services' migrated databases: many small examples, no gateway.
"""

import copy
import importlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kehu_contracts.topics import SERVICES
from kehu_kernel.process import Service
from kehu_kernel.testing.plugin import RunningService

pytestmark = pytest.mark.timeout(600)  # many examples, on a machine that may be busy
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PROBLEM = "application/problem+json"
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", " ", "\x00", "a\x00b", "\ud800", "\ufeff", "\u202e客户", "x" * 201, "x" * 5_000, "NaN",
     "1e400", "9" * 400, "0001-01-01", "9999-12-31", "10000-01-01", "-0", "\u0660", "null", "*"]
)  # fmt: skip
VALUES = TEXTS | st.sampled_from(
    [None, True, 0, -1, 10**18, 10**400, 1e308, [], {}, [[]], [None] * 500, float("nan")]
)


@pytest.fixture(params=SERVICES)
def slug(request: pytest.FixtureRequest) -> str:
    """Each of the five services."""
    return str(request.param)


@pytest.fixture
def service(slug: str) -> Service:
    """The service that the plugin's fixtures start."""
    module = importlib.import_module(f"kehu_{slug.replace('-', '_')}.__main__")
    service: Service = module.SERVICE
    return service


def well_answered(response: httpx.Response) -> None:
    """Whatever was sent: no error of ours, and a refusal is a complete problem document."""
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == PROBLEM
        body = response.json()
        assert body["code"] in {"not-found", "method-not-allowed"} or body["detail"]
        assert body["status"] == response.status_code
        assert body["request_id"] == response.headers["x-request-id"]


def _lists(running: RunningService) -> list[tuple[str, list[str]]]:
    """The lists of a service that have no id in their address, each with its sort orders."""
    found = []
    for path, operations in running.app.openapi()["paths"].items():
        parameters = {one["name"]: one for one in operations.get("get", {}).get("parameters", ())}
        if "cursor" in parameters and "{" not in path:
            sort = parameters.get("sort", {"schema": {"enum": ["-at"]}})
            found.append((path, sort["schema"].get("enum", [sort["schema"].get("const")])))
    return found


def _commands(running: RunningService) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation with a JSON body: method, address, the example of its body."""
    document = running.app.openapi()
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                schema = content["application/json"]["schema"]
                model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                found.append((method, path, model["examples"][0]))
    return found


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: (container, key)."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _leaves(value[key])


class TestLists:
    @given(
        place=st.integers(0, 1000),
        value=VALUES,
        tie=st.uuids().map(str) | TEXTS,
        more=st.dictionaries(st.sampled_from(["limit", "count", "sort", "q"]), TEXTS, max_size=2),
    )
    @EXAMPLES
    async def test_with_forged_cursors(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        place: int,
        value: Any,
        tie: str,
        more: dict[str, str],
    ) -> None:
        lists = _lists(running)
        path, orders = lists[place % len(lists)]
        sort = orders[place % len(orders)]
        raw = json.dumps([sort, value, tie]).encode()
        query = {"cursor": urlsafe_b64encode(raw).decode().rstrip("=")} | more
        if "sort" not in more and sort != "-at":
            query["sort"] = sort
        response = await client.get(path, params=_sendable(query))
        well_answered(response)
        if not more and response.status_code == 422:
            assert response.json()["code"] in {"invalid-cursor", "invalid-request"}

    @given(place=st.integers(0, 1000), cursor=TEXTS, limit=TEXTS | st.integers().map(str))
    @EXAMPLES
    async def test_with_garbage(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        place: int,
        cursor: str,
        limit: str,
    ) -> None:
        lists = _lists(running)
        path = lists[place % len(lists)][0]
        well_answered(await client.get(path, params=_sendable({"cursor": cursor})))
        well_answered(await client.get(path, params=_sendable({"limit": limit})))


def _sendable(query: dict[str, str]) -> dict[str, str]:
    return {name: text.encode("utf-8", "replace").decode() for name, text in query.items()}


class TestBodies:
    @given(place=st.integers(0, 1000), spot=st.integers(0, 1000), value=VALUES)
    @example(place=0, spot=0, value="\ud800")
    @example(place=0, spot=0, value="a\x00b")
    @EXAMPLES
    async def test_with_one_strange_value(
        self,
        client: httpx.AsyncClient,
        running: RunningService,
        place: int,
        spot: int,
        value: Any,
    ) -> None:
        commands = _commands(running)
        method, path, body = copy.deepcopy(commands[place % len(commands)])
        places = list(_leaves(body))
        if places:
            container, key = places[spot % len(places)]
            container[key] = value
        path = path.replace("{dimension}", "won_count")
        while "{" in path:
            path = path[: path.index("{")] + str(uuid4()) + path[path.index("}") + 1 :]
        headers = {"Content-Type": "application/json", "If-Match": '"1"'}
        response = await client.request(method, path, content=json.dumps(body), headers=headers)
        well_answered(response)

    @given(raw=st.binary(max_size=60) | st.sampled_from([b"[" * 50_000, b'{"a":' * 50_000]))
    @EXAMPLES
    async def test_that_are_no_json(
        self, client: httpx.AsyncClient, running: RunningService, raw: bytes
    ) -> None:
        method, path, _ = _commands(running)[0]
        path = path.replace("{dimension}", "won_count")
        response = await client.request(
            method, path, content=raw, headers={"Content-Type": "application/json"}
        )
        well_answered(response)


HEADER_BYTES = st.binary(max_size=40).map(
    lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\x00")
)
ODD = HEADER_BYTES | st.sampled_from(
    [
        b"", b" ", b"*", b"\xff\xfe", "客户".encode(), b"x" * 5000, b"zh;q=", b"zh;q=9",
        b"en;q=1,zh;q=1", b"00-0-0-01", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b'W/"1"',
        b'"' + b"9" * 400 + b'"',
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "accept-language", "traceparent", "tracestate", "x-request-id", "if-match", "accept",
        "idempotency-key", "content-type", "kehu-tenant", "x-forwarded-prefix",
    ]
)  # fmt: skip


class TestHeaders:
    @given(headers=st.dictionaries(NAMES, ODD, min_size=1, max_size=4))
    @EXAMPLES
    async def test_of_garbage(
        self, client: httpx.AsyncClient, running: RunningService, headers: dict[str, bytes]
    ) -> None:
        raw = [(name.encode(), value) for name, value in headers.items()]
        given = headers.get("x-request-id", b"").decode("latin-1")
        for method, path, body in (("GET", "/v1/audit-log", None), *_commands(running)[:3]):
            address = path.replace("{dimension}", "won_count").partition("{")[0].rstrip("/")
            response = await client.request(method, address, json=body, headers=raw)
            well_answered(response)
            request_id = response.headers["x-request-id"]
            if request_id != given:
                UUID(request_id)
