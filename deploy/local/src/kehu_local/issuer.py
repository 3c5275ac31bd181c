"""A token issuer for development: it gives anybody on this machine any right in any tenant.

It speaks the part of OpenID Connect that services need (discovery, keys, client credentials). The
private key and the secrets of the service accounts lie in KEHU_HOME, readable by their owner only.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kehu_contracts.access import RowScope
from kehu_local.config import AUDIENCE, LocalConfig

ALGORITHM = "ES256"
SERVICE_ACCOUNTS = ("marketing",)
SERVICE_TOKEN_SECONDS = 900
DEVELOPER_TOKEN_SECONDS = 12 * 3600
ALL_TENANTS = "*"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs tokens with one key; `secrets` maps service accounts to their secrets."""

    url: str
    key: ec.EllipticCurvePrivateKey
    secrets: dict[str, str]

    @classmethod
    def load(cls, config: LocalConfig) -> "Issuer":
        """Read key and secrets from KEHU_HOME; they are made the first time."""
        folder = config.home / "issuer"
        pem = _keep(folder / "key.pem", _new_key)
        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{folder / 'key.pem'} is not an elliptic curve key")
        accounts = _keep(folder / "service-accounts.json", _new_secrets)
        return cls(config.issuer_url, key, json.loads(accounts))

    def mint(
        self,
        *,
        tenant: str,
        subject: str,
        roles: Sequence[str],
        name: str | None = None,
        employee_id: UUID | None = None,
        row_scope: RowScope = RowScope.ALL,
        ttl: int = DEVELOPER_TOKEN_SECONDS,
    ) -> str:
        """Return a signed token that is valid from now for `ttl` seconds."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + ttl,
            "tenant": tenant,
            "roles": list(roles),
            "name": name or subject,
        }
        if employee_id is not None:
            claims["employee_id"] = str(employee_id)
        if row_scope != RowScope.ALL:
            claims["row_scope"] = row_scope.value
        return jwt.encode(claims, self.key, ALGORITHM, headers={"kid": self.public_key["kid"]})

    @property
    def public_key(self) -> dict[str, str]:
        """The public key as a JSON Web Key; its id is the RFC 7638 thumbprint."""
        public = self.key.public_key().public_numbers()
        point = {
            "crv": "P-256",
            "kty": "EC",
            "x": _base64url(public.x.to_bytes(32)),
            "y": _base64url(public.y.to_bytes(32)),
        }
        thumbprint = hashlib.sha256(json.dumps(point, separators=(",", ":")).encode()).digest()
        return {**point, "kid": _base64url(thumbprint), "alg": ALGORITHM, "use": "sig"}

    def is_account(self, client_id: str, client_secret: str) -> bool:
        """Tell whether this is a service account with its secret."""
        expected = self.secrets.get(client_id, "")
        return bool(expected) and hmac.compare_digest(expected.encode(), client_secret.encode())


def mint_token(
    config: LocalConfig,
    *,
    tenant: str,
    subject: str,
    roles: Sequence[str],
    name: str | None = None,
    employee_id: UUID | None = None,
    row_scope: RowScope = RowScope.ALL,
    ttl: int = DEVELOPER_TOKEN_SECONDS,
) -> str:
    """Return a token of the local issuer; nothing needs to run."""
    issuer = Issuer.load(config)
    return issuer.mint(
        tenant=tenant,
        subject=subject,
        roles=roles,
        name=name,
        employee_id=employee_id,
        row_scope=row_scope,
        ttl=ttl,
    )


def routes(issuer: Issuer) -> list[Route]:
    """Return the issuer's routes, below the path its address ends with."""

    async def discovery(_request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": issuer.url,
                "jwks_uri": f"{issuer.url}/jwks.json",
                "token_endpoint": f"{issuer.url}/token",
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
            }
        )

    async def keys(_request: Request) -> Response:
        return JSONResponse({"keys": [issuer.public_key]})

    async def token(request: Request) -> Response:
        body = await request.body()
        form = {key: values[0] for key, values in parse_qs(body.decode(errors="replace")).items()}
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "Only client_credentials is supported.")
        client_id, client_secret = _credentials(request.headers.get("authorization"), form)
        if not issuer.is_account(client_id, client_secret):
            return _refusal(401, "invalid_client", "No such service account, or a wrong secret.")
        access_token = issuer.mint(
            tenant=ALL_TENANTS,
            subject=f"service:{client_id}",
            roles=["service_account"],
            name=client_id,
            ttl=SERVICE_TOKEN_SECONDS,
        )
        return JSONResponse(
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": SERVICE_TOKEN_SECONDS,
            },
            headers={"Cache-Control": "no-store"},
        )

    return [
        Route("/.well-known/openid-configuration", discovery),
        Route("/jwks.json", keys),
        Route("/token", token, methods=["POST"]),
    ]


def _refusal(status: int, error: str, description: str) -> Response:
    """Return an error as OAuth 2.0 words it (RFC 6749, section 5.2)."""
    headers = {"Cache-Control": "no-store"}
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        headers["WWW-Authenticate"] = "Basic"
    return JSONResponse({"error": error, "error_description": description}, status, headers)


def _credentials(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):  # not base64, or not text: there are no credentials then
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            return unquote_plus(name), unquote_plus(secret)
        return "", ""
    return form.get("client_id", ""), form.get("client_secret", "")


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _new_secrets() -> bytes:
    return json.dumps({name: secrets.token_urlsafe(24) for name in SERVICE_ACCOUNTS}).encode()


def _keep(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the file's content; the first caller makes it, and everybody sees the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(make())
        with suppress(FileExistsError):  # another process was faster: its file counts
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
