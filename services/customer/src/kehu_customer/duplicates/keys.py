"""Match keys: the texts by which a customer is found again, however it is written (C5).

Only customers that share a key are compared, so a check costs a few look-ups by index, however many
customers there are. Phone numbers, e-mail and postal addresses are no keys of their own: contact
points have them in one form already, under an index.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from kehu_customer.contact_points import normal
from kehu_customer.customers.models import CustomerKind
from kehu_customer.duplicates import names
from kehu_customer.duplicates.names import Name
from kehu_customer.duplicates.words import words

FREE_MAIL = words("free_mail")
"""Domains where everybody has a mail box: they tell nothing about a company."""

ORGANISATION = CustomerKind.ORGANISATION.value  # Python 3.11 looks members up by a function
HAN = re.compile(r"[\u3400-\u9fff]")


class KeyKind(StrEnum):
    """What a key is made of."""

    CREDIT_CODE = "credit_code"
    NAME = "name"
    SOUND = "sound"
    START = "start"
    END = "end"
    DOMAIN = "domain"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


STRONGEST = frozenset({KeyKind.CREDIT_CODE, KeyKind.NAME})
"""Of two creates at once that share one of these, the second waits for the first."""
OF_POINTS = frozenset({KeyKind.DOMAIN, KeyKind.PHONE, KeyKind.EMAIL, KeyKind.ADDRESS})
"""Keys that contact points have; a website has a domain, too."""


class Key(NamedTuple):
    """One key."""

    kind: KeyKind
    key: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of a customer that is compared with others.

    Contact points are in their normal forms.
    """

    kind: str
    name: str
    credit_code: str | None = None
    website: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def says(self) -> Name:
        """What the name says."""
        return said(self.kind, self.name)


def said(kind: str, name: str) -> Name:
    """Return what the name of an organisation or person says."""
    return names.company(name) if kind == ORGANISATION else names.person(name)


def keys_of(subject: Subject, ignored_domains: Iterable[str] = ()) -> list[Key]:
    """Return the keys of a customer, sorted; the tenant's ignored domains are none."""
    name = subject.says
    found = {Key(KeyKind.NAME, name.core), Key(KeyKind.SOUND, name.sound)} if name.core else set()
    if subject.kind == ORGANISATION:
        found |= _ends(name.core)
    if subject.credit_code is not None:
        found.add(Key(KeyKind.CREDIT_CODE, subject.credit_code))
    domains = {domain_of(email) for email in subject.emails}
    domains.add(host_of(subject.website) if subject.website else "")
    unwanted = FREE_MAIL | {""} | set(ignored_domains)
    found |= {Key(KeyKind.DOMAIN, domain) for domain in domains - unwanted}
    for kind, values in (
        (KeyKind.PHONE, subject.phones),
        (KeyKind.EMAIL, subject.emails),
        (KeyKind.ADDRESS, subject.addresses),
    ):
        found |= {Key(kind, value) for value in values}
    return sorted(found)


def _ends(core: str) -> set[Key]:
    """Return how a name starts and ends: one wrong character leaves one of them as it was."""
    if HAN.search(core):
        length = 3 if len(core) >= 6 else 2  # noqa: PLR2004 - two halves of it
        least = 4
    else:
        length, least = 5, 8
    if len(core) < least:
        return set()
    return {Key(KeyKind.START, core[:length]), Key(KeyKind.END, core[-length:])}


def domain_of(email: str) -> str:
    """Return the domain of an e-mail address in its normal form."""
    return email.rpartition("@")[2]


def host_of(website: str) -> str:
    """Return the host of a website without `www.`, empty if there is none in it."""
    address = website.strip() if "//" in website else f"//{website.strip()}"
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:  # brackets that hold no address
        return ""
    return unicodedata.normalize("NFKC", host).casefold().removeprefix("www.").rstrip(".")


def address_key(street: str) -> str:
    """Return a postal address as contact points hold it, typed in one line."""
    return normal.address(street, {}).value
