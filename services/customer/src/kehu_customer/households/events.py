"""What the world hears of a household."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.households.models import Household, HouseholdMember


def _state(
    household: Household, members: list[HouseholdMember], changed: list[str]
) -> dict[str, Any]:
    return {
        "household_id": household.id,
        "name": household.name,
        "members": [
            contract.MemberOfHousehold(
                customer_id=one.customer_id,
                contact_id=one.contact_id,
                relation=one.relation,
                joined_on=one.joined_on,
            )
            for one in members
        ],
        "changed": changed,
    }


def created(household: Household) -> contract.HouseholdCreated:
    return contract.HouseholdCreated(**_state(household, [], []))


def changed(
    household: Household, members: list[HouseholdMember], fields: list[str]
) -> contract.HouseholdChanged:
    return contract.HouseholdChanged(**_state(household, members, fields))
