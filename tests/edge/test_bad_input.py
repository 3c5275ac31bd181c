"""Whatever is sent to any service, the answer is a problem document, and nothing is lost."""

import importlib
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kehu_contracts.topics import SERVICES
from kehu_kernel.process import Service
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_kernel.testing.tokens import AUDIENCE, ISSUER, TestIssuer

A_LIST = {
    "customer": "/v1/customers",
    "sales": "/v1/opportunities",
    "service-desk": "/v1/requests",
    "marketing": "/v1/leads",
    "analytics": "/v1/values",
}
A_POST = A_LIST | {"analytics": "/v1/value-models"}


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


def problem(response: httpx.Response, status: int, code: str) -> Mapping[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: Mapping[str, Any] = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["detail"]
    return body


class TestTokens:
    async def _status(
        self, running: RunningService, slug: str, token: str | None
    ) -> httpx.Response:
        transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://kehu.test") as client:
            return await client.get(A_LIST[slug], headers=headers)

    async def test_none(self, running: RunningService, slug: str) -> None:
        response = await self._status(running, slug, None)
        problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"].startswith("Bearer")

    async def test_garbage(self, running: RunningService, slug: str) -> None:
        problem(await self._status(running, slug, "not.a.token"), 401, "unauthenticated")

    async def test_expired(
        self, running: RunningService, slug: str, issuer: TestIssuer, tenant: str
    ) -> None:
        token = issuer.token(tenant, exp=int(time.time()) - 60)
        body = problem(await self._status(running, slug, token), 401, "unauthenticated")
        assert "expired" in body["detail"]

    async def test_signed_by_somebody_else(
        self, running: RunningService, slug: str, issuer: TestIssuer, tenant: str
    ) -> None:
        token = issuer.token(tenant, key=ec.generate_private_key(ec.SECP256R1()))
        problem(await self._status(running, slug, token), 401, "unauthenticated")

    async def test_unsigned(self, running: RunningService, slug: str, tenant: str) -> None:
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "x", "iat": now, "exp": now + 60,
            "tenant": tenant, "roles": ["administrator"],
        }  # fmt: skip
        token = jwt.encode(claims, None, algorithm="none", headers={"kid": "test-key"})
        problem(await self._status(running, slug, token), 401, "unauthenticated")

    @pytest.mark.parametrize("claim", [{"aud": "another"}, {"iss": "https://evil.test"}])
    async def test_for_somebody_else(
        self,
        running: RunningService,
        slug: str,
        issuer: TestIssuer,
        tenant: str,
        claim: dict[str, str],
    ) -> None:
        token = issuer.token(tenant, **claim)
        problem(await self._status(running, slug, token), 401, "unauthenticated")

    @pytest.mark.parametrize("name", ["", "*", "UPPER", "a b", "a\n", "x' OR 'a'='a"])
    async def test_with_a_tenant_that_is_none(
        self, running: RunningService, slug: str, issuer: TestIssuer, name: str
    ) -> None:
        problem(await self._status(running, slug, issuer.token(name)), 401, "unauthenticated")

    @pytest.mark.parametrize("claim", [{"employee_id": 7}, {"employee_id": "x"}])
    async def test_with_an_employee_that_is_none(
        self, running: RunningService, slug: str, issuer: TestIssuer, tenant: str, claim: Any
    ) -> None:
        token = issuer.token(tenant, **claim)
        problem(await self._status(running, slug, token), 401, "unauthenticated")

    async def test_with_a_role_that_is_none(
        self, running: RunningService, slug: str, issuer: TestIssuer, tenant: str
    ) -> None:
        roles: Any = (["administrator"],)
        token = issuer.token(tenant, roles=roles)
        problem(await self._status(running, slug, token), 403, "scope-missing")

    async def test_tenant_header_of_another_tenant(
        self, client: httpx.AsyncClient, slug: str
    ) -> None:
        response = await client.get(A_LIST[slug], headers={"Kehu-Tenant": "somebody-else"})
        problem(response, 401, "unauthenticated")

    async def test_without_the_scope(self, client_for: ClientFor, slug: str, tenant: str) -> None:
        response = await client_for(tenant, roles=()).get(A_LIST[slug])
        body = problem(response, 403, "scope-missing")
        assert f"{slug}:" in body["detail"]


class TestRequests:
    async def test_unknown_address(self, client: httpx.AsyncClient) -> None:
        problem(await client.get("/v1/nothing-here"), 404, "not-found")
        problem(await client.get("/nothing-here"), 404, "not-found")

    async def test_unknown_id(self, client: httpx.AsyncClient, slug: str) -> None:
        problem(await client.get(f"{A_LIST[slug]}/{uuid4()}"), 404, "not-found")

    async def test_id_that_is_none(self, client: httpx.AsyncClient, slug: str) -> None:
        body = problem(await client.get(f"{A_LIST[slug]}/17"), 422, "invalid-request")
        assert body["errors"][0]["pointer"].startswith("/path/")

    async def test_method_not_allowed(self, client: httpx.AsyncClient, slug: str) -> None:
        response = await client.delete(A_LIST[slug])
        problem(response, 405, "method-not-allowed")
        assert {"GET"} <= set(response.headers["allow"].split(", "))

    async def test_malformed_json(self, client: httpx.AsyncClient, slug: str) -> None:
        response = await client.post(
            A_POST[slug], content=b'{"name": ', headers={"Content-Type": "application/json"}
        )
        problem(response, 400, "malformed-json")

    @pytest.mark.parametrize("raw", [b"\xff", b"[" * 100_000])
    async def test_a_body_that_is_no_text_or_has_no_end_of_nesting(
        self, client: httpx.AsyncClient, slug: str, raw: bytes
    ) -> None:
        response = await client.post(
            A_POST[slug], content=raw, headers={"Content-Type": "application/json"}
        )
        problem(response, 400, "malformed-json")

    async def test_wrong_type_and_unknown_field(self, client: httpx.AsyncClient, slug: str) -> None:
        response = await client.post(A_POST[slug], json={"no_such_field": 1})
        body = problem(response, 422, "invalid-request")
        assert ("/no_such_field", "extra_forbidden") in {
            (error["pointer"], error["code"]) for error in body["errors"]
        }

    async def test_in_chinese(self, client: httpx.AsyncClient, slug: str) -> None:
        response = await client.post(
            A_POST[slug], json={"no_such_field": 1}, headers={"Accept-Language": "zh-CN,en;q=0.5"}
        )
        body = problem(response, 422, "invalid-request")
        assert body["title"] == "请求内容无效"
        assert response.headers["content-language"] == "zh"
        assert "不允许的字段" in {error["message"] for error in body["errors"]}

    async def test_oversized_body(
        self, client: httpx.AsyncClient, slug: str, running: RunningService
    ) -> None:
        limit = running.settings.max_body_bytes
        response = await client.post(A_POST[slug], content=b" " * (limit + 1))
        problem(response, 413, "body-too-large")

    async def test_unknown_query_parameter(self, client: httpx.AsyncClient, slug: str) -> None:
        response = await client.get(A_LIST[slug], params={"colour": "red"})
        body = problem(response, 422, "invalid-request")
        assert body["errors"][0]["code"] == "extra_forbidden"

    @pytest.mark.parametrize("limit", ["0", "201", "many"])
    async def test_page_size_out_of_range(
        self, client: httpx.AsyncClient, slug: str, limit: str
    ) -> None:
        problem(await client.get(A_LIST[slug], params={"limit": limit}), 422, "invalid-request")

    @pytest.mark.parametrize("cursor", ["x", "e30", "W10", "WyJuYW1lIiwxLDJd"])
    async def test_forged_cursor(self, client: httpx.AsyncClient, slug: str, cursor: str) -> None:
        problem(await client.get(A_LIST[slug], params={"cursor": cursor}), 422, "invalid-cursor")

    @pytest.mark.parametrize(
        ("sort", "value"),
        [("-at", "0001-01-01T00:00:00+14:00"), ("-at", "9999-12-31T23:59:59-12:00")],
    )
    async def test_forged_cursor_that_no_column_can_hold(
        self, client: httpx.AsyncClient, sort: str, value: str
    ) -> None:
        forged = urlsafe_b64encode(orjson.dumps([sort, value, uuid4()])).decode()
        response = await client.get("/v1/audit-log", params={"cursor": forged})
        problem(response, 422, "invalid-cursor")

    @pytest.mark.parametrize("key", ["", "a" * 256, "with space", 'quo"te'])
    async def test_malformed_idempotency_key(
        self, client: httpx.AsyncClient, slug: str, key: str
    ) -> None:
        response = await client.post(A_POST[slug], json={}, headers={"Idempotency-Key": key})
        problem(response, 400, "invalid-header")

    async def test_null_character_in_text(self, client: httpx.AsyncClient, slug: str) -> None:
        problem(await client.get(A_LIST[slug], params={"cursor": "\x00"}), 422, "invalid-cursor")
        response = await client.get("/v1/audit-log", params={"actor": "a\x00b"})
        problem(response, 422, "invalid-text")


class TestOperationalRoutes:
    async def test_metrics_name_the_route_template(
        self, client: httpx.AsyncClient, slug: str
    ) -> None:
        await client.get(f"{A_LIST[slug]}/{uuid4()}")
        metrics = (await client.get("/metrics")).text
        assert f'route="{A_LIST[slug]}/{{' in metrics

    async def test_answer_without_a_token(self, running: RunningService) -> None:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://kehu.test") as client:
            for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"):
                assert (await client.get(path)).status_code == 200, path

    async def test_api_page_needs_no_internet(self, running: RunningService) -> None:
        transport = httpx.ASGITransport(running.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://kehu.test") as client:
            page = (await client.get("/docs")).text
            assert "https://" not in page.replace("https://github.com", "")
            for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
                assert f"/docs/assets/{asset}" in page
                assert (await client.get(f"/docs/assets/{asset}")).status_code == 200
