"""The types of visits a tenant starts with: those of the texts (4 §2.2-2.8), with their checklists.

They are data, in `defaults.json`; `source` names the lines of the text.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from kehu_sales.visit_policy.models import VisitPolicy, VisitType

FILE = Path(__file__).with_name("defaults.json")


@cache
def default_types() -> tuple[VisitType, ...]:
    """Return the three types of the texts: new customer, existing customer, key account."""
    document = json.loads(FILE.read_bytes())
    lists: dict[str, dict[str, Any]] = document["checklists"]
    types = []
    for values in document["types"]:
        items = [
            {
                "group": group,
                "code": f"{group}_{place}",
                "text_zh": one["zh"],
                "text_en": one["en"],
                "required": lists[group]["required"],
                "automatic": one.get("automatic", False),
            }
            for group in values["checklists"]
            for place, one in enumerate(lists[group]["items"], start=1)
        ]
        given = {name: value for name, value in values.items() if name != "checklists"}
        types.append(VisitType.of(given | {"active": True, "checklist": items}))
    return tuple(types)


def default_policy() -> VisitPolicy:
    """Return what holds where a tenant has decided nothing, as version 0."""
    policy = VisitPolicy(version=0, types=[], limits={})
    for one in default_types():
        policy.put_type(one)
    return policy
