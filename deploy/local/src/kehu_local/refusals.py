"""What the gateway says when it has no answer of a service to pass on."""

import logging
import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kehu_local.ports import HOST

log = logging.getLogger("kehu.gateway")


def unreachable(request: Request, slug: str, port: int) -> Response:
    """The request could not be sent: nothing was done."""
    url = f"http://{HOST}:{port}"
    log.warning("%s cannot be reached at %s", slug, url)
    return problem(
        request,
        502,
        "service-unreachable",
        f"The {slug} service does not answer at {url}; nothing was done. "
        f"See `make status` and `.venv/bin/kehu logs {slug}`; `make up` starts it again.",
        f"{slug} 服务在 {url} 没有响应，本次操作未生效。"
        f"请查看 `make status` 和 `.venv/bin/kehu logs {slug}`；`make up` 可重新启动。",
    )


def unknown_outcome(request: Request, slug: str) -> Response:
    """It was sent, and no answer came."""
    log.warning("%s closed the connection before it answered", slug)
    return problem(
        request,
        502,
        "outcome-unknown",
        f"The {slug} service broke off before it answered. The request may have had its effect or "
        "not: repeat it with the same Idempotency-Key, or read the object before you try again.",
        f"{slug} 服务在答复之前中断，请求可能已生效，也可能未生效。"
        "请使用相同的 Idempotency-Key 重试，或先读取该对象再决定。",
    )


def overloaded(request: Request, slug: str) -> Response:
    """Too many wait for the service; this one was not sent."""
    return problem(
        request,
        503,
        "overloaded",
        f"Too many requests wait for the {slug} service. Nothing was done; try again shortly.",
        f"等待 {slug} 服务的请求过多。本次操作未生效，请稍后重试。",
    )


def too_slow(request: Request, slug: str, seconds: float) -> Response:
    """No answer came in time."""
    return problem(
        request,
        504,
        "service-too-slow",
        f"The {slug} service did not answer within {seconds:.0f} seconds. Whether the "
        f"request had its effect is not known. See `.venv/bin/kehu logs {slug}`.",
        f"{slug} 服务在 {seconds:.0f} 秒内没有答复，请求是否生效未知。"
        f"请查看 `.venv/bin/kehu logs {slug}`。",
    )


def unknown_service(request: Request, known: list[str]) -> Response:
    """There is no service of this name."""
    names = ", ".join(known)
    return problem(
        request,
        404,
        "unknown-service",
        f"There is no such service. There are: {names}.",
        f"没有这个服务。现有服务：{names}。",
    )


TITLES = {
    404: ("Not Found", "未找到"),
    502: ("Bad Gateway", "网关错误"),
    503: ("Service Unavailable", "服务暂时不可用"),
    504: ("Gateway Timeout", "网关超时"),
}


def problem(request: Request, status: int, code: str, en: str, zh: str) -> Response:
    """Return a problem document in the language of the caller, as the services write them."""
    chinese = request.headers.get("accept-language", "").lower().startswith("zh")
    request_id = request.headers.get("x-request-id") or str(uuid.uuid4())
    return JSONResponse(
        {
            "type": f"urn:kehu:problem:{code}",
            "title": TITLES[status][chinese],
            "status": status,
            "detail": zh if chinese else en,
            "code": code,
            "instance": request.url.path,
            "request_id": request_id,
            "errors": [],
        },
        status,
        {
            "X-Request-Id": request_id,
            "Content-Language": "zh" if chinese else "en",
            **({"Retry-After": "1"} if status >= 500 else {}),  # noqa: PLR2004 - HTTP's own
        },
        media_type="application/problem+json",
    )
