"""Calling other services: as this service's own account, on behalf of somebody in one tenant."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import httpx

from kehu_kernel.errors import DomainError
from kehu_marketing.settings import Settings

EARLY_SECONDS = 30.0
"""A token is renewed this long before it expires, so that it never expires on its way."""

OtherService = Literal["customer", "sales"]


SERVICES_ZH = {"customer": "客户", "sales": "销售", "identity": "身份认证"}
"""The services that are called, in Chinese."""


class ServiceUnreachable(DomainError):
    """Another service gives no answer, or not yet; the same call may succeed later."""

    code = "service-unreachable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The {service} service gives no answer ({why}); the call is repeated."
    zh = "{service}系统暂无应答（{why}），系统将自动重试。"
    zh_words = SERVICES_ZH
    retryable = True


class ServiceRefused(DomainError):
    """Another service said no; repeating the same call cannot help.

    `problem_code` is the stable code of its problem document, `answer` the HTTP status, `problem`
    the document itself.
    """

    code = "service-refused"
    status = HTTPStatus.CONFLICT
    en = "The {service} service refused: {detail}"
    zh = "{service}系统拒绝了请求：{detail}"
    zh_words = SERVICES_ZH

    def __init__(
        self,
        *,
        service: str,
        answer: int,
        problem_code: str,
        detail: str,
        problem: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(service=service, detail=detail)
        self.answer, self.problem_code = answer, problem_code
        self.problem = problem or {}


@dataclass(frozen=True, slots=True)
class Errand:
    """On whose behalf a call is made: the request and the trace it continues go along."""

    tenant_id: str
    request_id: str
    traceparent: str | None
    language: str

    def headers(self) -> dict[str, str]:
        """The headers that tell the other service so."""
        headers = {
            "Kehu-Tenant": self.tenant_id,
            "X-Request-Id": self.request_id,
            "Accept-Language": self.language,
        }
        return headers | ({"traceparent": self.traceparent} if self.traceparent else {})


class Outbound:
    """The other services' APIs. Makes no retries: the caller knows when to come back."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._urls = {"customer": settings.customer_url, "sales": settings.sales_url}
        self._token, self._renew_at = "", 0.0
        self._renewing = asyncio.Lock()

    async def get(
        self, service: OtherService, path: str, errand: Errand, **query: Any
    ) -> dict[str, Any]:
        """Read something, or what it has become part of. Raises as `post` does."""
        return await self._call(
            "GET", service, path, errand.headers(), params=query, follow_redirects=True
        )

    async def post(
        self, service: OtherService, path: str, errand: Errand, body: dict[str, Any], *, key: str
    ) -> dict[str, Any]:
        """Do something, once for each `key`. Raises `ServiceUnreachable`, `ServiceRefused`."""
        headers = errand.headers() | {"Idempotency-Key": key}
        return await self._call("POST", service, path, headers, json=body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(
        self, method: str, service: OtherService, path: str, headers: dict[str, str], **more: Any
    ) -> dict[str, Any]:
        headers["Authorization"] = f"Bearer {await self._bearer()}"
        # What the other service does after we have stopped waiting is done for nobody.
        headers["Kehu-Deadline-Ms"] = str(int(self._settings.call_timeout * 1000))
        url = self._urls[service].rstrip("/") + path
        response = await self._send(service, method, url, headers=headers, **more)
        if response.is_success:
            return _document(service, response)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._renew_at = 0.0  # keys were rotated, or clocks differ: try with a new token
        raise _failure(service, response)

    async def _bearer(self) -> str:
        async with self._renewing:
            if time.monotonic() >= self._renew_at:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        """Get a token by client credentials (RFC 6749, 4.4)."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.service_client_id,
            "client_secret": self._settings.service_client_secret.get_secret_value(),
        }
        issuer = "identity"
        response = await self._send(issuer, "POST", self._settings.oidc_token_url, data=form)
        if not response.is_success:
            # Wrong credentials are the operator's to mend; no lead should fail for them.
            raise ServiceUnreachable(service=issuer, why=f"HTTP {response.status_code}")
        granted = _document(issuer, response)
        lifetime = float(granted.get("expires_in", 60.0))
        self._token = str(granted["access_token"])
        self._renew_at = time.monotonic() + max(lifetime - EARLY_SECONDS, lifetime / 2)

    async def _send(self, service: str, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, url, **more)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServiceUnreachable(service=service, why=type(error).__name__) from error


def _document(service: str, response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ServiceUnreachable(service=service, why="unreadable answer")
    return document


def _failure(service: str, response: httpx.Response) -> DomainError:
    """Tell a refusal from a failure that will pass.

    Our services say `Retry-After` with every failure that a repetition may heal (409 for a race,
    503); the rest follows from the status.
    """
    status = response.status_code
    passing = status in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if passing or not refused or "retry-after" in response.headers:
        return ServiceUnreachable(service=service, why=f"HTTP {status}")
    problem = _document(service, response)
    detail = str(problem.get("detail") or f"HTTP {status}")
    fields = [f"{one['pointer']}: {one['message']}" for one in problem.get("errors") or ()]
    return ServiceRefused(
        service=service,
        answer=status,
        problem_code=str(problem.get("code") or f"http-{status}"),
        detail=" ".join([detail, *fields]),
        problem=problem,
    )
