"""Calling other services: the token, what goes along, and what an answer means."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from kehu_marketing.outbound import Errand, Outbound, ServiceRefused, ServiceUnreachable
from kehu_marketing.settings import Settings

ERRAND = Errand(
    "demo", "request-1", "00-0273708b8f4466683bff0507ef6e7fe6-16aebb4a155d1aa5-01", "zh"
)
PROBLEM = {"code": "customer-has-ended", "detail": "The relation has ended.", "errors": []}


def settings() -> Settings:
    return Settings(
        database_url="postgresql://x/x",
        worker_database_url="postgresql://x/x",
        oidc_issuer="https://issuer.test",
        oidc_jwks_url="https://issuer.test/jwks.json",
        oidc_token_url="https://issuer.test/token",
        service_client_id="kehu-marketing",
        service_client_secret=SecretStr("secret"),
        customer_url="http://customer.test/",
        sales_url="http://sales.test/base",
    )


class Network:
    """The other end: grants tokens, and answers everything else as told."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer
        self.lifetime = 3600
        self.grant = 200
        self.requests: list[httpx.Request] = []
        self.tokens: list[str] = []
        transport = httpx.MockTransport(self._handle)
        self.outbound = Outbound(httpx.AsyncClient(transport=transport), settings())

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "issuer.test":
            self.requests.append(request)
            return self.answer(request)
        form = request.content.decode()
        expected = "grant_type=client_credentials&client_id=kehu-marketing&client_secret=secret"
        assert form == expected
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        granted = {"access_token": self.tokens[-1], "expires_in": self.lifetime}
        return httpx.Response(self.grant, json=granted)


def answering(status: int, document: Any = None, **headers: str) -> Network:
    return Network(lambda _: httpx.Response(status, json=document, headers=headers))


class TestCall:
    async def test_says_on_whose_behalf(self) -> None:
        network = answering(200, {"id": "1"})
        assert await network.outbound.get("sales", "/v1/x", ERRAND, q="一", state=("a", "b")) == {
            "id": "1"
        }
        (request,) = network.requests
        assert request.url.path == "/base/v1/x"
        assert request.url.params.multi_items() == [("q", "一"), ("state", "a"), ("state", "b")]
        assert request.headers["authorization"] == "Bearer token-1"
        assert request.headers["kehu-tenant"] == "demo"
        assert request.headers["x-request-id"] == "request-1"
        assert request.headers["traceparent"] == ERRAND.traceparent
        assert request.headers["accept-language"] == "zh"

    async def test_a_command_carries_its_key(self) -> None:
        network = answering(201, {"id": "1"})
        await network.outbound.post("customer", "/v1/x", ERRAND, {"name": "一"}, key="lead-1")
        (request,) = network.requests
        assert str(request.url) == "http://customer.test/v1/x"
        assert request.headers["idempotency-key"] == "lead-1"
        assert request.content.decode() == '{"name":"一"}'


class TestToken:
    async def test_is_used_again_while_it_is_good(self) -> None:
        network = answering(200, {})
        for _ in range(3):
            await network.outbound.get("sales", "/v1/x", ERRAND)
        assert network.tokens == ["token-1"]

    async def test_is_renewed_before_it_expires(self) -> None:
        network = answering(200, {})
        network.lifetime = 0
        await network.outbound.get("sales", "/v1/x", ERRAND)
        await network.outbound.get("sales", "/v1/x", ERRAND)
        assert network.tokens == ["token-1", "token-2"]

    async def test_is_renewed_after_it_was_refused(self) -> None:
        network = answering(401, PROBLEM)
        with pytest.raises(ServiceUnreachable):
            await network.outbound.get("sales", "/v1/x", ERRAND)
        network.answer = lambda _: httpx.Response(200, json={})
        await network.outbound.get("sales", "/v1/x", ERRAND)
        assert network.requests[-1].headers["authorization"] == "Bearer token-2"

    async def test_that_is_not_granted_is_a_matter_for_the_operator(self) -> None:
        network = answering(200, {})
        network.grant = 401
        with pytest.raises(ServiceUnreachable, match=r"identity service .*HTTP 401"):
            await network.outbound.get("sales", "/v1/x", ERRAND)
        assert network.requests == []


class TestAnswer:
    @pytest.mark.parametrize("status", [401, 408, 425, 429, 500, 502, 503, 302])
    async def test_that_a_repetition_may_heal(self, status: int) -> None:
        network = answering(status, PROBLEM)
        with pytest.raises(ServiceUnreachable, match=f"HTTP {status}"):
            await network.outbound.get("sales", "/v1/x", ERRAND)

    async def test_409_that_a_repetition_may_heal(self) -> None:
        network = answering(409, PROBLEM, **{"retry-after": "1"})
        with pytest.raises(ServiceUnreachable, match="HTTP 409"):
            await network.outbound.get("sales", "/v1/x", ERRAND)

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
    async def test_that_is_a_refusal(self, status: int) -> None:
        with pytest.raises(ServiceRefused) as caught:
            await answering(status, PROBLEM).outbound.get("sales", "/v1/x", ERRAND)
        assert (caught.value.answer, caught.value.problem_code) == (status, "customer-has-ended")
        assert caught.value.message("en") == "The sales service refused: The relation has ended."

    async def test_that_names_fields(self) -> None:
        fields = [{"pointer": "/email", "code": "x", "message": "格式不符合要求"}]
        network = answering(422, PROBLEM | {"detail": "请求内容无效。", "errors": fields})
        with pytest.raises(ServiceRefused) as caught:
            await network.outbound.get("customer", "/v1/x", ERRAND)
        assert caught.value.message("zh").endswith("请求内容无效。 /email: 格式不符合要求")

    @pytest.mark.parametrize("content", [b"<html>", b"[1]", b""])
    @pytest.mark.parametrize("status", [200, 404])
    async def test_that_cannot_be_read(self, status: int, content: bytes) -> None:
        network = Network(lambda _: httpx.Response(status, content=content))
        with pytest.raises(ServiceUnreachable, match="unreadable"):
            await network.outbound.get("sales", "/v1/x", ERRAND)

    async def test_that_does_not_come(self) -> None:
        def broken(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused", request=request)

        with pytest.raises(ServiceUnreachable, match="ConnectError"):
            await Network(broken).outbound.get("sales", "/v1/x", ERRAND)
