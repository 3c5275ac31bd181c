"""What the world hears of a lead: never phone numbers or e-mail addresses."""

from typing import Any

from kehu_contracts import marketing as contract
from kehu_marketing.leads.models import Lead


def _state(lead: Lead, changed: list[str]) -> dict[str, Any]:
    return {
        "lead_id": lead.id,
        "number": lead.number,
        "topic": lead.topic,
        "source": lead.source,
        "customer_id": lead.customer_id,
        "customer_name": lead.customer_name,
        "contact_id": lead.contact_id,
        "contact_name": lead.contact_name,
        "owner_id": lead.owner_id,
        "status": lead.status,
        "opportunity_id": lead.opportunity_id,
        "created_on": lead.created_on,
        "changed": changed,
    }


def created(lead: Lead) -> contract.LeadCreated:
    return contract.LeadCreated(**_state(lead, []))


def changed(lead: Lead, fields: list[str]) -> contract.LeadChanged:
    return contract.LeadChanged(**_state(lead, fields))


def converted(lead: Lead, fields: list[str]) -> contract.LeadConverted:
    return contract.LeadConverted(**_state(lead, fields))
