"""One way to write a number or address, however it was typed: what is compared and looked up."""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from kehu_customer.contact_points.errors import InvalidEmailAddress, InvalidPhoneNumber

PLAIN_MOBILE = re.compile(r"(\+86 ?)?(1(?:[345689][0-9]|7[0-8]))[ -]?([0-9]{4})[ -]?([0-9]{4})")
PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|cn|net|org)",
    re.ASCII | re.IGNORECASE,
)
LONGEST_PLAIN_EMAIL = 63
"""An address that is no longer breaks no limit of length in any of its parts."""


class Normal(NamedTuple):
    """A number or address in its one form, and a phone number's extension."""

    value: str
    extension: str | None = None


def phone(typed: str, region: str) -> Normal:
    """Return a phone number in E.164, as `+8613800000000`, and its extension.

    `region` is where a number without a country code is. A number only has to be possible (as long
    as numbers there are): which ranges are in use changes faster than any list of them. Raises
    `InvalidPhoneNumber`.

    A mobile number of mainland China as almost everybody writes it is read here: the library would
    say the same (a test asks it), and takes forty times as long.
    """
    plain = PLAIN_MOBILE.fullmatch(typed)
    if plain is not None and (plain[1] or region == "CN"):
        return Normal(f"+86{plain[2]}{plain[3]}{plain[4]}")
    return phone_by_library(typed, region)


def phone_by_library(typed: str, region: str) -> Normal:
    """Return what `phone` returns, of whatever number there is. Raises `InvalidPhoneNumber`."""
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
    records of one person are worse. An address of plain letters in a common domain is read here:
    the library would say the same (a test asks it), and takes a hundred times as long.
    """
    if len(typed) <= LONGEST_PLAIN_EMAIL and "--" not in typed and PLAIN_EMAIL.fullmatch(typed):
        return Normal(typed.lower())
    return email_by_library(typed)


def email_by_library(typed: str) -> Normal:
    """Return what `email` returns, of whatever address there is. Raises `InvalidEmailAddress`."""
    try:
        valid = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidEmailAddress from error
    return Normal(valid.normalized.lower())


def address(street: str, parts: dict[str, str]) -> Normal:
    """Return a postal address as one line, without regard to capitals, width and spaces."""
    line = " ".join([*(parts[name] for name in sorted(parts)), street])
    return Normal(" ".join(unicodedata.normalize("NFKC", line).casefold().split()))
