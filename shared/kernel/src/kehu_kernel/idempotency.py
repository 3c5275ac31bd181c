"""Idempotency-Key: a repeated POST has one effect and gets the first answer again.

The key is claimed in the same transaction as the effect, so the two can never come apart: a
command that fails, or a process that dies, leaves no claim and may simply be sent again. A
concurrent duplicate waits on the unique key until the first commits, at most the lock timeout.
"""

import hashlib
import re
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request
from sqlalchemy import Index, LargeBinary
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column
from starlette.responses import Response

from kehu_kernel.columns import PlumbingBase
from kehu_kernel.errors import IdempotencyKeyInUse, IdempotencyKeyReused, InvalidHeader
from kehu_kernel.session import Session

LOCK_TIMEOUT = "55P03"
KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')
CLAIM = """
    INSERT INTO idempotency_keys (tenant_id, actor, key, fingerprint, created_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1
"""
KEPT_HEADERS = ("content-type", "etag", "location")


class IdempotencyKey(PlumbingBase):
    """A claimed key and, once the command has committed, the answer that was given."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


def key_of(request: Request) -> str | None:
    """Return the request's Idempotency-Key, with or without the quotes of the draft standard."""
    header = request.headers.get("idempotency-key")
    if header is None or request.method != "POST":
        return None
    match = KEY.fullmatch(header)
    if match is None:
        raise InvalidHeader(
            header="Idempotency-Key",
            why_en="1 to 255 visible ASCII characters without quotes are expected",
            why_zh="应为 1 至 255 个可见 ASCII 字符，不含引号",
        )
    return match.group(1)


async def claim(session: Session, request: Request, key: str) -> Response | None:
    """Claim the key for this request; return the stored answer if it already has one.

    Raises `IdempotencyKeyReused` if the key belongs to a different request, and
    `IdempotencyKeyInUse` if the first request does not finish within the lock timeout.
    """
    context = session.context
    asked = f"{request.method} {request.url.path}?{request.url.query}"
    based_on = request.headers.get("if-match", "")
    fingerprint = hashlib.sha256(f"{asked}\n{based_on}\n".encode() + await request.body()).digest()
    owner = (context.tenant_id, context.actor, key)
    try:
        if await session.fetch(CLAIM, *owner, fingerprint, context.now):
            return None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_TIMEOUT:
            raise IdempotencyKeyInUse from error
        raise
    first = await session.get(IdempotencyKey, owner)
    if first is None or first.status is None:
        raise IdempotencyKeyInUse
    if first.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Response(
        first.body, first.status, {**(first.headers or {}), "Idempotency-Replayed": "true"}
    )


def remember(session: Session, key: str, response: Response) -> None:
    """Have the answer stored beside the claim, in the command's transaction."""
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    answer = (key, response.status_code, orjson.dumps(kept).decode(), bytes(response.body))
    session.journal.answer = answer
