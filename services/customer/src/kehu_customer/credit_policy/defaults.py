"""The ratios of the texts with their labels and thresholds: data, in `defaults.json`.

`source` names the place in the texts. Where they give no number, or it was lost in print (the best
quick to current ratio, L2288; the upper bound of the cash ratio, L2294), there is none.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

from kehu_customer.credit_policy.thresholds import Ratio

FILE = Path(__file__).with_name("defaults.json")


class RatioDefault(NamedTuple):
    """A ratio as the texts have it; thresholds are percent."""

    name_zh: str
    name_en: str
    formula_zh: str
    formula_en: str
    source: str
    attention_below: str | None
    good_from: str | None
    attention_above: str | None


@cache
def default_ratios() -> dict[Ratio, RatioDefault]:
    """Return every ratio, in the order of the texts."""
    listed = orjson.loads(FILE.read_bytes())
    return {Ratio(one.pop("ratio")): RatioDefault(**one) for one in listed}
