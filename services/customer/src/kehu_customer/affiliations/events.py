"""What the world hears of an affiliation."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.affiliations.models import Affiliation


def _state(affiliation: Affiliation, changed: list[str]) -> dict[str, Any]:
    return {
        "affiliation_id": affiliation.id,
        "contact_id": affiliation.contact_id,
        "customer_id": affiliation.customer_id,
        "is_main": affiliation.is_main,
        "buying_role": affiliation.buying_role,
        "started_on": affiliation.started_on,
        "ended_on": affiliation.ended_on,
        "end_reason": affiliation.end_reason,
        "changed": changed,
    }


def started(affiliation: Affiliation) -> contract.AffiliationStarted:
    return contract.AffiliationStarted(**_state(affiliation, []))


def changed(affiliation: Affiliation, fields: list[str]) -> contract.AffiliationChanged:
    return contract.AffiliationChanged(**_state(affiliation, fields))


def ended(affiliation: Affiliation, fields: list[str]) -> contract.AffiliationEnded:
    return contract.AffiliationEnded(**_state(affiliation, fields))
