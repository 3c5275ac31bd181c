"""What a plan makes of a request: arguments, refusals, the answer."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Cookie, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from kehu_kernel.dispatch import Dispatch, IndexedRoutes


class Thing(BaseModel):
    """A body, and an answer."""

    name: str
    size: int = 1


class Filters(BaseModel):
    """All query parameters of a list."""

    model_config = ConfigDict(extra="forbid")

    state: list[str] = []
    limit: int = 50


def asked(body: bytes = b"", query: bytes = b"", headers: tuple[Any, ...] = ()) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query}
    return Request({**scope, "headers": list(headers), "path_params": {"number": "7"}}, receive)


JSON = ((b"content-type", b"application/json; charset=utf-8"),)


async def told(call: Callable[..., Awaitable[Any]], request: Request, **options: Any) -> Response:
    return await Dispatch(APIRoute("/{number}", call, methods=["POST"], **options))(request)


async def places(call: Callable[..., Awaitable[Any]], request: Request) -> list[tuple[Any, str]]:
    with pytest.raises(RequestValidationError) as refusal:
        await told(call, request)
    return [(error["loc"], error["type"]) for error in refusal.value.errors()]


async def take(number: int, data: Thing, response: Response) -> Thing:
    response.headers["ETag"] = f'"{number}"'
    return data


class TestAnswer:
    async def test_is_the_encoded_result_with_the_function_s_headers(self) -> None:
        answer = await told(take, asked(b'{"name": "x"}', headers=JSON), status_code=201)
        assert (answer.status_code, json.loads(answer.body)) == (201, {"name": "x", "size": 1})
        assert answer.headers["etag"] == '"7"'
        assert answer.headers["content-length"] == str(len(answer.body))

    async def test_may_have_a_status_that_the_function_chose(self) -> None:
        async def later(number: int, response: Response) -> Thing:
            response.status_code = 202
            return Thing(name=str(number))

        assert (await told(later, asked())).status_code == 202

    async def test_without_a_body(self) -> None:
        async def remove(number: int) -> None:
            assert number == 7

        answer = await told(remove, asked(), status_code=204)
        assert (answer.status_code, answer.body) == (204, b"")

    async def test_may_be_made_by_the_function(self) -> None:
        async def own() -> Response:
            return Response("as it is", 418)

        assert (await told(own, asked(), response_model=None)).status_code == 418

    async def test_that_is_not_as_documented_is_a_bug(self) -> None:
        async def wrong() -> Thing:
            return "no thing"  # type: ignore[return-value]

        with pytest.raises(TypeError, match="documented"):
            await told(wrong, asked())


class TestArguments:
    async def test_every_fault_is_told_at_once(self) -> None:
        async def many(number: int, page: int, data: Thing) -> None: ...

        request = asked(b'{"size": "big"}', b"page=one", JSON)
        assert await places(many, request) == [
            (("query", "page"), "int_parsing"),
            (("body", "name"), "missing"),
            (("body", "size"), "int_parsing"),
        ]

    @pytest.mark.parametrize(
        ("body", "headers", "type_"),
        [
            (b"", JSON, "missing"),
            (b'{"name": ', JSON, "json_invalid"),
            (b'{"name": "x"}', (), "model_attributes_type"),
            (b'{"name": "x"}', ((b"content-type", b"text/plain"),), "model_attributes_type"),
        ],
    )
    async def test_a_body_that_is_none(self, body: bytes, headers: Any, type_: str) -> None:
        assert [kind for _, kind in await places(take, asked(body, headers=headers))] == [type_]

    @pytest.mark.parametrize("body", [b'{"name": "\xff"}', b"[" * 200_000])
    async def test_a_body_that_cannot_be_read(self, body: bytes) -> None:
        with pytest.raises(HTTPException) as refusal:
            await told(take, asked(body, headers=JSON))
        assert refusal.value.status_code == 400

    async def test_a_kind_of_json(self) -> None:
        patch = ((b"content-type", b"application/merge-patch+json"),)
        assert (await told(take, asked(b'{"name": "x"}', headers=patch))).status_code == 200

    async def test_a_list_may_be_given_several_times_and_of_others_the_last_counts(self) -> None:
        async def listed(filters: Annotated[Filters, Query()]) -> Filters:
            return filters

        answer = await told(listed, asked(query=b"state=a&limit=1&state=b&limit=2"))
        assert json.loads(answer.body) == {"state": ["a", "b"], "limit": 2}
        assert await places(listed, asked(query=b"sate=a")) == [
            (("query", "sate"), "extra_forbidden")
        ]

    async def test_an_unknown_parameter(self) -> None:
        async def one(page: int = 1) -> None:
            assert page == 1

        assert await places(one, asked(query=b"pgae=2")) == [(("query", "pgae"), "extra_forbidden")]

    async def test_of_dependencies(self) -> None:
        async def double(number: int, x_more: Annotated[int, Header()] = 0) -> int:
            return 2 * number + x_more

        async def sum_of(found: Annotated[int, Depends(double)], request: Request) -> int:
            assert request.method == "POST"
            return found

        answer = await told(sum_of, asked(headers=((b"x-more", b"5"),)))
        assert answer.body == b"19"
        bad = asked(headers=((b"x-more", b"much"),))
        assert await places(sum_of, bad) == [(("header", "x-more"), "int_parsing")]


async def with_cookie(visit: Annotated[str, Cookie()]) -> None: ...
async def with_two_bodies(one: Thing, other: Thing) -> None: ...
def in_a_thread() -> None: ...


@pytest.mark.parametrize("call", [with_cookie, with_two_bodies, in_a_thread])
def test_what_no_plan_serves_is_refused_when_the_route_is_made(call: Any) -> None:
    with pytest.raises(TypeError):
        Dispatch(APIRoute("/", call))


class TestIndexedRoutes:
    @pytest.fixture
    def found(self) -> Callable[[str, str], Awaitable[str]]:
        router = APIRouter()

        async def served(request: Request) -> str:
            return request.scope["route"].path  # type: ignore[no-any-return]

        for path in ("/v1/things", "/v1/things/{id}", "/v1/{any}/parts", "/healthz"):
            router.add_api_route(path, served)

        async def ask(method: str, path: str) -> str:
            scope: Scope = {"type": "http", "method": method, "path": path, "query_string": b""}
            seen: list[str] = []

            async def remember(scope: Scope, _receive: Receive, _send: Send) -> None:
                seen.append(scope["route"].path)

            for route in router.routes:
                if isinstance(route, APIRoute):
                    route.app = remember
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Router, "__call__", by_the_router)
                await IndexedRoutes(router)(scope, _nothing, _nowhere)
            return seen[0] if seen else scope["asked"]  # type: ignore[no-any-return]

        return ask

    @pytest.mark.parametrize(
        ("method", "path", "route"),
        [
            ("GET", "/v1/things", "/v1/things"),
            ("GET", "/v1/things/7", "/v1/things/{id}"),
            ("GET", "/healthz", "/healthz"),
            ("DELETE", "/v1/things", "the router"),  # says what is allowed
            ("GET", "/v1/others/parts", "the router"),
            ("GET", "/v1", "the router"),
            ("GET", "/", "the router"),
        ],
    )
    async def test_asks_the_router_only_where_no_operation_fits(
        self, found: Callable[[str, str], Awaitable[str]], method: str, path: str, route: str
    ) -> None:
        assert await found(method, path) == route


async def by_the_router(_router: Router, scope: Scope, _receive: Receive, _send: Send) -> None:
    scope["asked"] = "the router"


async def _nothing() -> Message:
    return {"type": "http.request"}


async def _nowhere(_message: Message) -> None: ...
