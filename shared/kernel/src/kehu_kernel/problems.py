"""Every error is RFC 9457 problem+json, in Chinese or English, with a stable code."""

import logging
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from kehu_kernel.errors import (
    DeadlinePassed,
    DomainError,
    OutcomeUnknown,
    Overloaded,
    Unavailable,
)
from kehu_kernel.field_problems import sentence

MEDIA_TYPE = "application/problem+json"
CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
log = logging.getLogger("kehu.http")


class FieldProblem(BaseModel):
    """One field that was not accepted."""

    pointer: str = Field(description="JSON pointer into the body, or `?name` / `/path/name`.")
    code: str = Field(description="Stable code of the violation.")
    message: str = Field(description="What is wrong, in the request's language.")


class Problem(BaseModel):
    """An RFC 9457 problem document. `code` is stable; texts follow `Accept-Language`."""

    type: str = Field(description="`urn:kehu:problem:<code>`.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong and what to do.")
    code: str = Field(description="Stable code of this failure.")
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="Quote it when you ask for help.")
    errors: list[FieldProblem] = Field(description="The fields that were not accepted.")


TITLES_ZH = {
    400: "请求有误", 401: "未认证", 403: "没有权限", 404: "未找到", 405: "方法不被允许",
    409: "状态冲突", 412: "版本冲突", 413: "请求过大", 415: "媒体类型不支持", 422: "请求内容无效",
    428: "缺少前置条件", 429: "请求过多", 500: "服务器内部错误", 503: "服务暂时不可用",
}  # fmt: skip

HTTP_DETAILS = {
    404: ("not-found", "There is nothing at this address.", "该地址不存在。"),
    405: ("method-not-allowed", "This address does not support the method.",
          "该地址不支持此方法。"),
    400: ("malformed-json", "The body is not valid JSON.", "请求正文不是有效的 JSON。"),
    500: ("internal-error", "An unexpected error occurred; it has been recorded.",
          "发生意外错误，已记录。"),
}  # fmt: skip


def language_of(accept_language: str | None) -> str:
    """Return `zh` or `en`, whichever the Accept-Language header prefers; English by default."""
    best, weight = "en", 0.0
    for part in (accept_language or "").lower().split(","):
        tag, _, parameter = part.strip().partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameter) if parameter else None
        quality = float(match.group(1)) if match else 1.0
        primary = tag.split("-")[0]
        if primary in ("zh", "en") and quality > weight:
            best, weight = primary, quality
    return best


def problem_response(request: Request, error: DomainError) -> Response:
    """Return a business failure as a problem document."""
    language = language_of(request.headers.get("accept-language"))
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="kehu"'
    if isinstance(error, Overloaded):  # those refused together should not come back together
        headers["Retry-After"] = str(random.randint(1, 3))  # noqa: S311 - spreading, not a secret
    elif error.retryable:
        headers["Retry-After"] = "1"
    detail = error.message(language)
    return _document(request, language, error.status, error.code, detail, (), error.extra, headers)


def _document(
    request: Request,
    language: str,
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    standard = HTTPStatus(status).phrase
    problem = {  # the fields of `Problem`, without the cost of building one: refusals must be cheap
        **(extra or {}),
        "type": f"urn:kehu:problem:{code}",
        "title": TITLES_ZH.get(status, standard) if language == "zh" else standard,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.scope["path"],
        "request_id": getattr(request.state, "request_id", ""),
        "errors": [error.model_dump() for error in errors],
    }
    return Response(
        orjson.dumps(problem, default=str),
        status,
        {**(headers or {}), "Content-Language": language},
        media_type=MEDIA_TYPE,
    )


async def _on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this type only
    return problem_response(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type only
    language = language_of(request.headers.get("accept-language"))
    problems = []
    for item in error.errors():
        code = str(item["type"])
        if code == "missing" and item["loc"] == ("body",):
            code = "body_missing"
        message = sentence(code, item.get("ctx", {}), language)
        pointer = _pointer(item["loc"], error.body)
        problems.append(FieldProblem(pointer=pointer, code=code, message=message))
    malformed = any(problem.code == "json_invalid" for problem in problems)
    status = HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.UNPROCESSABLE_ENTITY
    code = "malformed-json" if malformed else "invalid-request"
    en = "The body is not valid JSON." if malformed else "The request has fields with errors."
    zh = "请求正文不是有效的 JSON。" if malformed else "请求中有字段不符合要求。"
    return _document(request, language, status, code, zh if language == "zh" else en, problems)


def _pointer(location: Sequence[str | int], body: object) -> str:
    where, *rest = location
    if where == "body":
        rest = list(_places(rest, body))
    path = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    if where == "body":
        return f"/{path}" if rest and not isinstance(rest[0], int) else ""
    return {"query": "?", "path": "/path/", "header": "header:"}.get(str(where), "") + path


def _places(location: Sequence[str | int], body: object) -> Iterator[str | int]:
    """Yield what of a location is there: the validator also names which kind it took a part for."""
    here = body
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(here, dict):
            inner = here.get(part)
            if last or isinstance(inner, (dict, list)):
                yield part
                here = inner
        elif isinstance(here, list):
            if isinstance(part, int) and part < len(here):
                yield part
                here = here[part]
        elif not isinstance(body, (dict, list)):
            yield part


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    language = language_of(request.headers.get("accept-language"))
    phrase = str(error.detail)
    code, en, zh = HTTP_DETAILS.get(
        error.status_code, (re.sub(r"\W+", "-", phrase.lower()), phrase, phrase)
    )
    detail = zh if language == "zh" else en
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed(request)))
    return _document(request, language, error.status_code, code, detail, headers=headers)


def _allowed(request: Request) -> set[str]:
    """Return the methods of all routes at the request's address, not just of the first one."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return methods


def unexpected(request: Request, error: Exception, failure: DomainError | None) -> Response:
    """Return the problem document for an exception that no operation declared.

    `failure` is what it means, if anything; else it is a bug of ours: logged with its traceback
    and answered 500 without any detail.
    """
    if failure is not None:
        if isinstance(failure, (Unavailable, DeadlinePassed, OutcomeUnknown)):
            log.warning("%s: %s", failure.code, type(error).__name__)
        return problem_response(request, failure)
    log.exception("unexpected error", exc_info=error)
    language = language_of(request.headers.get("accept-language"))
    code, en, zh = HTTP_DETAILS[500]
    return _document(request, language, 500, code, zh if language == "zh" else en)


def install(app: FastAPI) -> None:
    """Answer every declared failure of the app with a problem document."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


def problems(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` entry that documents business failures of an operation."""
    documented: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = documented.setdefault(int(error.status), {"description": "", "content": CONTENT})
        summary = (error.__doc__ or "").strip().splitlines()[0]
        entry["description"] += f"`{error.code}`: {summary}\n\n"
    return documented
