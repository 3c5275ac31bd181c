"""Which phone numbers and e-mail addresses a lead may have: those a contact may have (M5).

The customer service makes contact points of them when the lead is converted
(`kehu_customer.contact_points.normal`); what it would refuse then is refused at entry. The rule
stands here a second time: contracts depend on pydantic alone, the kernel has no business words, and
marketing needs no normal form. `tests/contracts/test_numbers.py` holds both to the same answers.
"""

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from kehu_marketing.leads.errors import InvalidEmailAddress, InvalidPhoneNumber


def require_phone(typed: str, region: str) -> None:
    """Raise `InvalidPhoneNumber` unless a number may look like this.

    `region` (ISO 3166) is where a number without a country code is. A number only has to be
    possible: as long as numbers there are. Without a region only one with a country code is looked
    at.
    """
    if not region and not typed.lstrip("( ").startswith("+"):
        return
    try:
        number = phonenumbers.parse(typed, region or None)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhoneNumber(region=region) from error
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidPhoneNumber(region=region)


def require_email(typed: str) -> None:
    """Raise `InvalidEmailAddress` unless an address may look like this; nobody asks its domain."""
    try:
        validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidEmailAddress from error
