"""Behaviour on the wire."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_contracts.money import Money


class BehaviourRead(BaseModel):
    """What the dealings with a customer come to."""

    customer_id: UUID = Field(description="The customer.")
    contacts: int = Field(description="How often we met, talked or wrote.")
    last_contact_on: date | None = Field(description="Business day of the last contact.")
    opportunities_open: int = Field(description="Opportunities that may still be won.")
    opportunities_won: int = Field(description="Opportunities that were won.")
    opportunities_lost: int = Field(description="Opportunities that were lost.")
    last_opportunity_on: date | None = Field(description="Day the last opportunity was opened.")
    last_won_on: date | None = Field(description="Business day an opportunity was won last.")
    won_amounts: list[Money] = Field(description="What was won altogether, per currency.")
    requests: int = Field(description="Service requests.")
    requests_open: int = Field(description="Service requests that are not closed.")
    last_request_on: date | None = Field(description="Day the last service request came in.")
    complaints: int = Field(description="Service requests that are complaints.")
    complaints_open: int = Field(description="Complaints that are not closed.")
    last_complaint_on: date | None = Field(description="Day the last complaint came in.")
    leads: int = Field(description="Leads about the customer, once it is known whose they are.")
    leads_open: int = Field(description="Leads that are worked on or being converted.")
    leads_converted: int = Field(description="Leads that qualified: they became opportunities.")
    leads_disqualified: int = Field(description="Leads that were given up.")
    last_lead_on: date | None = Field(description="Business day the last lead was captured.")
    consents_given: int = Field(
        description="How often the customer or a contact agreed to marketing."
    )
    consents_withdrawn: int = Field(
        description="How often the customer or a contact withdrew that, or refused it."
    )
    last_consent_on: date | None = Field(description="Business day that was agreed to last.")
    last_withdrawal_on: date | None = Field(description="Business day that was withdrawn last.")
