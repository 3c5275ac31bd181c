"""Authentication by OIDC bearer tokens, authorisation by scopes per route.

Tokens are JWTs signed with a fixed algorithm; keys come from the issuer's JWKS and are fetched
again, at most every 10 seconds, when an unknown key id shows up. A verified token is remembered
briefly, because verifying costs as much as a whole request.
"""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import jwt
from fastapi import Request, Security
from fastapi.security import OpenIdConnect, SecurityScopes
from starlette.types import ASGIApp, Receive, Scope, Send

from kehu_contracts.access import ROLES, RowScope
from kehu_kernel.context import Actor
from kehu_kernel.edge import path_of
from kehu_kernel.errors import DomainError, IssuerUnavailable, ScopeMissing, Unauthenticated
from kehu_kernel.problems import problem_response

ALGORITHMS = ["ES256", "RS256", "EdDSA"]
REQUIRED_CLAIMS = ["exp", "iat", "iss", "aud", "sub"]
LEEWAY_SECONDS = 5
KEY_REFRESH_SECONDS = 10.0
FETCH_AGAIN_SECONDS = 1.0
CACHED_TOKENS = 10_000
ANY_TENANT = "*"
TENANT = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")


def _refuse(why_en: str, why_zh: str) -> Unauthenticated:
    return Unauthenticated(why_en=why_en, why_zh=why_zh)


class KeySet:
    """The issuer's public keys, fetched when first needed and when an unknown key id appears."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url, self._client = url, client
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._failed_at = -KEY_REFRESH_SECONDS
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str) -> jwt.PyJWK:
        """Return the key with this id.

        Raises `Unauthenticated` if the issuer has no such key, `IssuerUnavailable` if it cannot be
        asked.
        """
        if key_id not in self._keys:
            async with self._fetching:  # one fetch serves all who wait
                if time.monotonic() - self._fetched_at >= KEY_REFRESH_SECONDS:
                    await self._fetch()
        try:
            return self._keys[key_id]
        except KeyError:
            raise _refuse("it is signed by an unknown key", "签名密钥未知") from None

    async def _fetch(self) -> None:
        if time.monotonic() - self._failed_at < FETCH_AGAIN_SECONDS:
            raise IssuerUnavailable
        try:
            response = await self._client.get(self._url)
            response.raise_for_status()
            published = jwt.PyJWKSet.from_dict(response.json()).keys
        except (httpx.HTTPError, jwt.PyJWTError, ValueError) as error:
            self._failed_at = time.monotonic()
            raise IssuerUnavailable from error
        self._keys = {key.key_id: key for key in published if key.key_id}
        self._fetched_at = time.monotonic()


class TokenVerifier:
    """Turns a bearer token into the caller it proves, or raises `Unauthenticated`."""

    def __init__(
        self, keys: KeySet, *, issuer: str, audience: str, cache_seconds: float = 30.0
    ) -> None:
        self._keys, self._issuer, self._audience = keys, issuer, audience
        self._cache_seconds = cache_seconds
        self._seen: OrderedDict[tuple[bytes, str | None], tuple[float, Actor]] = OrderedDict()

    async def actor(self, token: str, tenant_header: str | None) -> Actor:
        """Return the caller whom a token proves, within the tenant that it acts for."""
        asked = (hashlib.sha256(token.encode()).digest(), tenant_header)
        now = time.time()
        remembered = self._seen.get(asked)
        if remembered and remembered[0] > now:
            return remembered[1]
        claims = await self._verify(token)
        actor = actor_from(claims, tenant_header)
        self._seen[asked] = (min(now + self._cache_seconds, float(claims["exp"])), actor)
        while len(self._seen) > CACHED_TOKENS:
            self._seen.popitem(last=False)
        return actor

    async def _verify(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise _refuse("its algorithm is not accepted", "签名算法不被接受")
            key = await self._keys.key(str(header.get("kid")))
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.ExpiredSignatureError as error:
            raise _refuse("the token has expired", "令牌已过期") from error
        except (jwt.InvalidIssuerError, jwt.InvalidAudienceError) as error:
            raise _refuse("it was issued for somebody else", "令牌并非签发给本系统") from error
        except jwt.PyJWTError as error:
            raise _refuse("the token is not valid", "令牌无效") from error


def actor_from(claims: dict[str, Any], tenant_header: str | None) -> Actor:
    """Return the caller that verified claims describe.

    Service accounts hold the tenant `*` and name the one they act for in `Kehu-Tenant`; nobody
    else may send that header with another tenant than their own. `row_scope` limits the caller to
    rows of `employee_id`, or of the employee's department; without it the caller has all rows.
    """
    tenant = claims.get("tenant")
    if tenant == ANY_TENANT:
        tenant = tenant_header
    elif tenant_header not in (None, tenant):
        raise _refuse("the token belongs to another tenant", "令牌属于其他租户")
    if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
        raise _refuse("it names no tenant", "令牌未指明租户")
    scopes: set[str] = set(str(claims.get("scope", "")).split())
    named = claims.get("roles")
    roles = frozenset(map(str, named if isinstance(named, list) else ()))
    for role in roles:
        scopes |= ROLES.get(role, frozenset())
    employee = claims.get("employee_id")
    rows = str(claims.get("row_scope", RowScope.ALL))
    if rows not in set(RowScope):
        raise _refuse("it names an unknown row scope", "令牌的数据范围未知")
    return Actor(
        subject=str(claims["sub"]),
        tenant_id=tenant,
        scopes=frozenset(scopes),
        name=str(claims.get("name") or claims["sub"]),
        employee_id=UUID(str(employee)) if employee else None,
        row_scope=RowScope(rows),
        roles=roles,
    )


class AuthenticationMiddleware:
    """Refuses every request to `/v1/` that carries no valid token, before its body is read."""

    def __init__(self, app: ASGIApp, *, verifier: TokenVerifier) -> None:
        self._app, self._verifier = app, verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not path_of(scope).startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
            if kind.lower() != "bearer" or not token:
                raise _refuse("there is none", "请求未携带令牌")
            tenant = headers.get(b"kehu-tenant")
            scope["state"]["actor"] = await self._verifier.actor(
                token.strip(), tenant.decode("latin-1") if tenant else None
            )
        except (DomainError, ValueError) as error:
            refusal = error if isinstance(error, DomainError) else _refuse("malformed", "格式错误")
            await problem_response(Request(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)


bearer = OpenIdConnect(
    openIdConnectUrl="/auth/.well-known/openid-configuration",
    scheme_name="oidc",
    description="A bearer token of the configured OpenID Connect issuer.",
    auto_error=False,
)


async def check_scopes(
    request: Request, required: SecurityScopes, _token: str | None = Security(bearer)
) -> Actor:
    """Return the caller if it holds the scopes; raises `ScopeMissing`."""
    actor: Actor = request.state.actor
    require_scopes(actor, required.scopes)
    return actor


def require_scopes(actor: Actor, scopes: Iterable[str]) -> None:
    """Raise `ScopeMissing` unless the caller holds all the scopes."""
    for scope in scopes:
        if scope not in actor.scopes:
            raise ScopeMissing(scope=scope)


def requires(scope: str) -> Any:
    """Return the dependency that admits only callers holding `scope`.

    Every route of the API has exactly one: `dependencies=[requires("customer:customers:read")]`.
    """
    return Security(check_scopes, scopes=[scope])
