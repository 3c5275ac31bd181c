"""The language a caller wants texts in, and the region its phone numbers are of."""

from typing import Annotated

from fastapi import Depends, Request

from kehu_kernel.problems import language_of


async def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


async def _phone_region(request: Request) -> str:
    region: str = request.app.state.settings.phone_region
    return region


PhoneRegion = Annotated[str, Depends(_phone_region)]
"""Where phone numbers without a country code are."""
Language = Annotated[str, Depends(_language)]
"""`zh` or `en`, by the request's Accept-Language."""
