"""The language a caller wants texts in."""

from typing import Annotated

from fastapi import Depends, Request

from kehu_kernel.problems import language_of


async def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


Language = Annotated[str, Depends(_language)]
"""`zh` or `en`, by the request's Accept-Language."""
