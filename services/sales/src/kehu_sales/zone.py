"""The tenant's time zone, for operations that cut days."""

from typing import Annotated

from fastapi import Depends, Request


async def _zone(request: Request) -> str:
    zone: str = request.app.state.settings.time_zone
    return zone


Zone = Annotated[str, Depends(_zone)]
