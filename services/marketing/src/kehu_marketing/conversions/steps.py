"""The three steps of a conversion, each safe to repeat at any time.

A thing that is made carries `external_ref = "lead:<lead id>"`, which its service keeps unique for
ever, and is asked for with an idempotency key, which makes a quick repetition cheap. So a step that
was interrupted anywhere finds what it made before.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from kehu_kernel import clock
from kehu_marketing.conversions.errors import (
    AmbiguousCustomer,
    ContactOfAnotherCustomer,
    CustomerServedElsewhere,
    PickedContactMissing,
    PickedCustomerHasEnded,
    PickedCustomerMissing,
    SalesLagsBehind,
)
from kehu_marketing.conversions.models import Conversion, Step
from kehu_marketing.leads.models import Lead
from kehu_marketing.leads.schemas import revenue_of
from kehu_marketing.outbound import Errand, OtherService, Outbound, ServiceRefused

FORMER = "former"
CURRENT = ("prospect", "trade")
MANY = 200  # the longest page of a list
OWNER_PATIENCE = timedelta(minutes=10)
"""So long sales may not have heard of the owner yet; after it nobody of that id is employed."""


async def run_step(
    step: Step, outbound: Outbound, lead: Lead, conversion: Conversion
) -> UUID | None:
    """Do a step and return what it found or made.

    Raises `DomainError`s: `retryable` ones if the step may succeed later, others if it cannot.
    """
    errand = Errand(
        tenant_id=conversion.tenant_id,
        request_id=conversion.request_id,
        traceparent=conversion.traceparent,
        language=conversion.language,
    )
    if step is Step.CUSTOMER:
        return await _customer(outbound, errand, lead)
    if step is Step.CONTACT:
        return await _contact(outbound, errand, lead, conversion.customer_id)
    return await _opportunity(outbound, errand, lead, conversion)


async def _customer(outbound: Outbound, errand: Errand, lead: Lead) -> UUID:
    """Take the picked customer, or the current one of the typed name, or make it.

    One that is certainly on record under a name written otherwise is taken, too.
    """
    if lead.customer_id is not None:
        return await _picked_customer(outbound, errand, lead.customer_id)
    named = await outbound.get(
        "customer", "/v1/customers", errand, name=lead.customer_name, state=CURRENT, limit=MANY
    )
    if len(named["items"]) == 1:
        return UUID(named["items"][0]["id"])
    if named["items"]:
        ours = [one for one in named["items"] if one["external_ref"] == reference_of(lead)]
        if not ours:
            raise AmbiguousCustomer(name=lead.customer_name)
        return UUID(ours[0]["id"])
    body = {"kind": "organisation", "name": lead.customer_name, "source": lead.source}
    if lead.owner_id is not None:
        body["owner_id"] = str(lead.owner_id)
    try:
        made = await _make("customer", "/v1/customers", outbound, errand, lead, Step.CUSTOMER, body)
    except ServiceRefused as refusal:
        if refusal.problem_code == "duplicate-customer":
            return _on_record(refusal, lead)
        raise
    return UUID(made["merged_into_id"] or made["id"])


def _on_record(refusal: ServiceRefused, lead: Lead) -> UUID:
    """Return the one customer that the typed one certainly is.

    Raises `AmbiguousCustomer` if several may be meant, `CustomerServedElsewhere` if none may be
    seen.
    """
    candidates = refusal.problem.get("candidates") or []
    seen = [one["customer_id"] for one in candidates if one["customer_id"]]
    if not seen:
        department = ", ".join(one["served_by"] or "?" for one in candidates)
        raise CustomerServedElsewhere(department=department, name=lead.customer_name) from refusal
    if len(candidates) > 1:
        raise AmbiguousCustomer(name=lead.customer_name) from refusal
    return UUID(seen[0])


async def _picked_customer(outbound: Outbound, errand: Errand, customer_id: UUID) -> UUID:
    try:
        customer = await outbound.get("customer", f"/v1/customers/{customer_id}", errand)
    except ServiceRefused as refusal:
        if refusal.answer == HTTPStatus.NOT_FOUND:
            raise PickedCustomerMissing from refusal
        raise
    if customer["state"] == FORMER:
        raise PickedCustomerHasEnded(name=customer["name"])
    return UUID(customer["id"])  # another one, if the picked one was merged


async def _contact(
    outbound: Outbound, errand: Errand, lead: Lead, customer_id: UUID | None
) -> UUID | None:
    """Take the picked contact, or the customer's of the typed name, or make it; or have none."""
    if lead.contact_id is not None:
        return await _picked_contact(outbound, errand, lead.contact_id, customer_id)
    if lead.contact_name is None:
        return None
    named = await outbound.get(
        "customer",
        "/v1/contacts",
        errand,
        customer_id=customer_id,
        q=lead.contact_name[:100],
        limit=MANY,
    )
    for one in named["items"]:
        if one["name"] == lead.contact_name:
            return UUID(one["id"])
    body = {
        "customer_id": str(customer_id),
        "name": lead.contact_name,
        "phone": lead.contact_phone,
        "email": lead.contact_email,
    }
    made = await _make("customer", "/v1/contacts", outbound, errand, lead, Step.CONTACT, body)
    if made["customer_id"] != str(customer_id):
        # An earlier conversion, which failed, made it for the customer the lead had then.
        raise ContactOfAnotherCustomer(name=made["name"])
    return UUID(made["id"])


async def _picked_contact(
    outbound: Outbound, errand: Errand, contact_id: UUID, customer_id: UUID | None
) -> UUID:
    try:
        contact = await outbound.get("customer", f"/v1/contacts/{contact_id}", errand)
    except ServiceRefused as refusal:
        if refusal.answer == HTTPStatus.NOT_FOUND:
            raise PickedContactMissing from refusal
        raise
    if contact["customer_id"] != str(customer_id):
        raise ContactOfAnotherCustomer(name=contact["name"])
    return contact_id


async def _opportunity(
    outbound: Outbound, errand: Errand, lead: Lead, conversion: Conversion
) -> UUID:
    """Make the opportunity, linked to the lead, the customer and the contact."""
    body: dict[str, Any] = {
        "topic": lead.topic,
        "lead_id": str(lead.id),
        "customer_id": str(conversion.customer_id),
        "contact_id": str(conversion.contact_id) if conversion.contact_id else None,
        "owner_id": str(lead.owner_id) if lead.owner_id else None,
        "source": lead.source,
        "need": lead.need,
        "expected_close_on": lead.expected_close_on and lead.expected_close_on.isoformat(),
    }
    revenue = revenue_of(lead)
    if lead.interests:
        body["lines"] = lead.interests  # their sum is the opportunity's revenue
    elif revenue is not None:
        body["expected_revenue"] = revenue.model_dump(mode="json")
    try:
        made = await _make(
            "sales", "/v1/opportunities", outbound, errand, lead, Step.OPPORTUNITY, body
        )
    except ServiceRefused as refusal:
        patient = clock.now() - conversion.started_at < OWNER_PATIENCE
        lags = {"unknown-customer"} | ({"unknown-employee"} if patient else set())
        if refusal.problem_code in lags:
            raise SalesLagsBehind from refusal
        raise
    return UUID(made["id"])


async def _make(
    service: OtherService,
    path: str,
    outbound: Outbound,
    errand: Errand,
    lead: Lead,
    step: Step,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Create something that carries the lead's reference, or find what an earlier try made.

    A refusal may only mean that it exists: the reference is taken, or the key was used when the
    lead still read otherwise. What carries the reference is ours in any case.
    """
    reference = reference_of(lead)
    given = {name: value for name, value in body.items() if value is not None}
    try:
        return await outbound.post(
            service, path, errand, given | {"external_ref": reference}, key=f"lead-{lead.id}-{step}"
        )
    except ServiceRefused:
        found = await outbound.get(service, path, errand, external_ref=reference, limit=1)
        if not found["items"]:
            raise
        earlier: dict[str, Any] = found["items"][0]
        return earlier


def reference_of(lead: Lead) -> str:
    """Return the external reference of everything made from this lead."""
    return f"lead:{lead.id}"
