"""What the world hears of price lists."""

from typing import Any

from kehu_contracts import quoting
from kehu_sales.price_lists.models import PriceList


def _state(found: PriceList, changed: list[str]) -> dict[str, Any]:
    return {
        "price_list_id": found.id,
        "number": found.number,
        "name": found.name,
        "audience": found.audience,
        "customer_id": found.customer_id,
        "segment_id": found.segment_id,
        "audience_code": found.audience_code,
        "currency": found.currency,
        "tax_included": found.tax_included,
        "starts_on": found.starts_on,
        "ends_on": found.ends_on,
        "owner_id": found.owner_id,
        "state": found.state,
        "line_count": found.line_count,
        "changed": changed,
    }


def created(found: PriceList) -> quoting.PriceListCreated:
    return quoting.PriceListCreated(**_state(found, []))


def changed(found: PriceList, fields: list[str]) -> quoting.PriceListChanged:
    return quoting.PriceListChanged(**_state(found, fields))


def approved(found: PriceList, fields: list[str]) -> quoting.PriceListApproved:
    return quoting.PriceListApproved(**_state(found, fields))
