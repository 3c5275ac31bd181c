"""One way to write a number or address, however it was typed: what is compared and looked up."""

import unicodedata
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from kehu_customer.contact_points.errors import InvalidEmailAddress, InvalidPhoneNumber


class Normal(NamedTuple):
    """A number or address in its one form, and a phone number's extension."""

    value: str
    extension: str | None = None


def phone(typed: str, region: str) -> Normal:
    """Return a phone number in E.164, as `+8613800000000`, and its extension.

    `region` is where a number without a country code is. A number only has to be possible (as long
    as numbers there are): which ranges are in use changes faster than any list of them. Raises
    `InvalidPhoneNumber`.
    """
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhoneNumber(region=region) from error
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidPhoneNumber(region=region)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Normal(e164, number.extension or None)


def email(typed: str) -> Normal:
    """Return an e-mail address without regard to capitals. Raises `InvalidEmailAddress`.

    The standard tells capitals before the @ apart; no provider that anybody uses does, and two
    records of one person are worse.
    """
    try:
        valid = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidEmailAddress from error
    return Normal(valid.normalized.lower())


def address(street: str, parts: dict[str, str]) -> Normal:
    """Return a postal address as one line, without regard to capitals, width and spaces."""
    line = " ".join([*(parts[name] for name in sorted(parts)), street])
    return Normal(" ".join(unicodedata.normalize("NFKC", line).casefold().split()))
