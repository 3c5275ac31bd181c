"""What is named twice in a list of a request: it counts once, or it is refused."""

from operator import attrgetter
from typing import Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


def _once(named: list[Any]) -> list[Any]:
    return list(dict.fromkeys(named))


Once = AfterValidator(_once)
"""For ids, codes and words: what is named twice counts once, in the first place."""


def unlike(*names: str) -> AfterValidator:
    """For things that are known by these fields: two of them alike are refused (`not_unique`)."""
    key = attrgetter(*names)

    def differ(things: list[Any]) -> list[Any]:
        if len({key(one) for one in things}) < len(things):
            raise PydanticCustomError("not_unique", "Named twice")
        return things

    return AfterValidator(differ)
