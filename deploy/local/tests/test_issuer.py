"""The development issuer: what its tokens say, and who gets one."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from kehu_local.config import LocalConfig
from kehu_local.issuer import Issuer, mint_token, routes


@pytest.fixture
async def client(config: LocalConfig) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/auth", routes=routes(Issuer.load(config)))])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=config.gateway_url) as client:
        yield client


async def _claims(client: httpx.AsyncClient, config: LocalConfig, token: str) -> dict[str, object]:
    discovered = (await client.get("/auth/.well-known/openid-configuration")).json()
    assert discovered["issuer"] == config.issuer_url
    published = jwt.PyJWKSet.from_dict((await client.get(discovered["jwks_uri"])).json())
    key = published[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token, key, algorithms=["ES256"], audience="kehu", issuer=config.issuer_url
    )
    return claims


async def test_a_minted_token_verifies_with_the_published_key(
    client: httpx.AsyncClient, config: LocalConfig
) -> None:
    employee = uuid4()
    token = mint_token(
        config, tenant="demo", subject="li", roles=["analyst"], name="李雷",
        employee_id=employee, ttl=60,
    )  # fmt: skip
    claims = await _claims(client, config, token)
    expires, issued = claims.pop("exp"), claims.pop("iat")
    assert isinstance(issued, int)
    assert abs(issued - time.time()) < 5
    assert expires == issued + 60
    assert claims == {
        "iss": config.issuer_url,
        "aud": "kehu",
        "sub": "li",
        "tenant": "demo",
        "roles": ["analyst"],
        "name": "李雷",
        "employee_id": str(employee),
    }


def test_key_and_secrets_stay_the_same_and_private(config: LocalConfig) -> None:
    first, second = Issuer.load(config), Issuer.load(config)
    assert first.public_key == second.public_key
    assert first.secrets == second.secrets
    for path in (config.home / "issuer").iterdir():
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("basic", [True, False], ids=["basic", "in the form"])
async def test_a_service_account_gets_a_token_for_all_tenants(
    client: httpx.AsyncClient, config: LocalConfig, basic: bool
) -> None:
    secret = Issuer.load(config).secrets["marketing"]
    form = {"grant_type": "client_credentials"}
    headers = {}
    if basic:
        headers["Authorization"] = "Basic " + b64encode(f"marketing:{secret}".encode()).decode()
    else:
        form |= {"client_id": "marketing", "client_secret": secret}
    answer = await client.post("/auth/token", data=form, headers=headers)
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    claims = await _claims(client, config, body["access_token"])
    assert (claims["sub"], claims["tenant"]) == ("service:marketing", "*")
    assert claims["roles"] == ["service_account"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "marketing", "client_secret": "no"},
            401,
            "invalid_client",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": ""},
            401,
            "invalid_client",
        ),
    ],
)
async def test_nobody_else_gets_one(
    client: httpx.AsyncClient, form: dict[str, str], status: int, error: str
) -> None:
    answer = await client.post("/auth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_broken_authorization_header_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/auth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": "Basic !!!"},
    )
    assert answer.status_code == 401
