"""From a request to a function of the API and back: arguments checked, answer encoded.

FastAPI reads the functions' signatures and writes the documents. What it learnt there is turned
into one plan per route, when the route is made. At run time FastAPI would prepare for forms, files,
generators, threads and overrides, which costs as much as everything else a request does (ADR 0014).
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette._utils import get_route_path
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.routing import Match, Router
from starlette.types import Receive, Scope, Send

from kehu_kernel.auth import check_scopes

MISSING: Any = object()
NO_BODY = frozenset({204, 304})
Errors = list[Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that comes with a request."""

    field: ModelField
    key: str
    """Its name in the request."""
    place: tuple[str, ...]
    """Where it is, for errors."""

    def checked(self, value: object, errors: Errors) -> Any:
        """Return the value as the function wants it, its default if it is missing."""
        if value is MISSING:
            if self.field.field_info.is_required():
                missing = {"type": "missing", "loc": self.place, "msg": "Field required"}
                errors.append(missing)
                return None
            return self.field.get_default()
        value, wrong = self.field.validate(value, {}, loc=self.place)
        errors += wrong
        return value


@dataclass(frozen=True, slots=True)
class Plan:
    """A function, and where its arguments come from."""

    call: Callable[..., Awaitable[Any]]
    dependencies: tuple[tuple[str, "Plan"], ...]
    path: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    filters: tuple[Parameter, frozenset[str]] | None
    """A model of all query parameters, and which of those may be given more than once."""
    headers: tuple[Parameter, ...]
    body: Parameter | None
    request: str | None
    response: str | None

    async def arguments(
        self, request: Request, response: Response, body: object, errors: Errors
    ) -> dict[str, Any]:
        """Return the arguments; what is wrong with them is added to `errors`."""
        found: dict[str, Any] = {}
        for name, needed in self.dependencies:
            its = await needed.arguments(request, response, body, errors)
            if not errors:
                found[name] = await needed.call(**its)
        for one in self.path:
            found[one.field.name] = one.checked(request.path_params[one.key], errors)
        for one in self.query:
            value = request.query_params.get(one.key, MISSING)
            found[one.field.name] = one.checked(value, errors)
        if self.filters is not None:
            model, several = self.filters
            filters = _as_model(request.query_params, several)
            found[model.field.name] = model.checked(filters, errors)
        for one in self.headers:
            value = request.headers.get(one.key, MISSING)
            found[one.field.name] = one.checked(value, errors)
        if self.body is not None:
            found[self.body.field.name] = self.body.checked(body, errors)
        if self.request is not None:
            found[self.request] = request
        if self.response is not None:
            found[self.response] = response
        return found


class IndexedRoutes:
    """Finds the operation for a request among those of its collection, the first `/v1/...` part.

    A router asks each of its routes in turn, and a service has a hundred. What no operation fits is
    the router's business, as are other paths, methods that are not allowed, start and end.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._collections: dict[str, list[APIRoute]] = {}
        for route in router.routes:
            if isinstance(route, APIRoute):
                self._collections.setdefault(_collection(route.path), []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._collections.get(_collection(get_route_path(scope)), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    await route.app(scope, receive, send)
                    return
        await self._router(scope, receive, send)


def _collection(path: str) -> str:
    return "/".join(path.split("/", 3)[:3])


class Dispatch:
    """Calls the function of a route: `await dispatch(request)` returns its answer."""

    def __init__(self, route: APIRoute) -> None:
        self._plan = _plan(route.dependant)
        self._known = _known(route.dependant)
        self._status = route.status_code or 200
        self._answer: ModelField | None = route.response_field

    async def __call__(self, request: Request) -> Response:
        """Raises `RequestValidationError` for a request that is not as documented."""
        errors: Errors = []
        if self._known is not None and request.scope["query_string"]:
            _refuse_unknown(request.query_params, self._known)
        body = MISSING if self._plan.body is None else await _body(request)
        given = Response(status_code=self._status)
        arguments = await self._plan.arguments(request, given, body, errors)
        if errors:
            raise RequestValidationError(errors, body=body)
        result = await self._plan.call(**arguments)
        if isinstance(result, Response):
            return result
        return self._encoded(result, given)

    def _encoded(self, result: object, given: Response) -> Response:
        status = given.status_code  # the function may have chosen another
        if self._answer is None or status in NO_BODY:
            response = Response(status_code=status)
        else:
            value, wrong = self._answer.validate(result)
            if wrong:
                raise TypeError(f"not the documented answer: {wrong}")
            content = self._answer.serialize_json(value)
            response = Response(content, status, media_type="application/json")
        response.raw_headers += [one for one in given.raw_headers if one[0] != b"content-length"]
        return response


def _plan(dependant: Dependant) -> Plan:
    """Return the plan for what FastAPI found in a signature.

    Raises `TypeError` for what is not served here: cookies, several bodies, functions that are no
    coroutines. (Forms FastAPI refuses itself.)
    """
    call, bodies = dependant.call, dependant.body_params
    if len(bodies) > 1 or dependant.cookie_params or not iscoroutinefunction(call):
        raise TypeError(f"{call} asks for what no operation needs")
    models = [one for one in dependant.query_params if _is_model(one)]
    scalars = [one for one in dependant.query_params if one not in models]
    return Plan(
        call=call,
        # The scopes are checked by the route: FastAPI has to know of them for the documents only.
        dependencies=tuple(
            (one.name or "", _plan(one))
            for one in dependant.dependencies
            if one.call is not check_scopes
        ),
        path=tuple(_parameter(one, "path") for one in dependant.path_params),
        query=tuple(_parameter(one, "query") for one in scalars),
        filters=(Parameter(models[0], "", ("query",)), _several(models[0])) if models else None,
        headers=tuple(_parameter(one, "header") for one in dependant.header_params),
        body=Parameter(bodies[0], "", ("body",)) if bodies else None,
        request=dependant.request_param_name,
        response=dependant.response_param_name,
    )


def _parameter(field: ModelField, where: str) -> Parameter:
    key = field.alias
    if where == "header" and key == field.name:
        key = key.replace("_", "-")
    return Parameter(field, key, (where, key))


def _known(dependant: Dependant) -> frozenset[str] | None:
    """Return the names of all query parameters; None if a model has them and forbids others."""
    if any(_is_model(one) for one in dependant.query_params):
        return None
    names = {one.alias for one in dependant.query_params}
    for one in dependant.dependencies:
        names |= _known(one) or frozenset()
    return frozenset(names)


def _is_model(field: ModelField) -> bool:
    kind = field.field_info.annotation
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _several(field: ModelField) -> frozenset[str]:
    """Return the fields of a model that are lists."""
    model: Any = field.field_info.annotation
    shapes = {name: one.annotation for name, one in model.model_fields.items()}
    return frozenset(
        model.model_fields[name].alias or name
        for name, shape in shapes.items()
        if getattr(shape, "__origin__", shape) in (list, set, frozenset, tuple)
    )


def _as_model(given: QueryParams, several: frozenset[str]) -> dict[str, Any]:
    """Return the query as a document; of a single value that is given again, the last counts."""
    document: dict[str, Any] = {}
    for name, value in given.multi_items():
        if name in several:
            document.setdefault(name, []).append(value)
        else:
            document[name] = value
    return document


def _refuse_unknown(given: QueryParams, known: frozenset[str]) -> None:
    unknown = [
        {"type": "extra_forbidden", "loc": ("query", name), "msg": "Unknown parameter"}
        for name in given
        if name not in known
    ]
    if unknown:
        raise RequestValidationError(unknown)


async def _body(request: Request) -> object:
    """Return the JSON body, `MISSING` if there is none, and the bytes if they are not JSON."""
    raw = await request.body()
    if not raw:
        return MISSING
    if not _is_json(request.headers.get("content-type", "")):
        return raw
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        wrong = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}
        raise RequestValidationError([wrong]) from error
    except (ValueError, RecursionError) as error:  # no text, or nested without end
        raise HTTPException(400, "There was an error parsing the body") from error


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
