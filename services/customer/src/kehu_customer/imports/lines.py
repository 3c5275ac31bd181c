"""A row of the file on its way: what it says, checked by the same models as the API's own input."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from kehu_customer.contact_points.models import ContactPoint, PointKind, PointPurpose
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.schemas import ContactCreate
from kehu_customer.custom_fields.models import CustomEntry
from kehu_customer.customers.credit_code import credit_code
from kehu_customer.customers.errors import InvalidCreditCode
from kehu_customer.customers.models import Customer, CustomerKind
from kehu_customer.customers.schemas import CustomerCreate, CustomerUpdate
from kehu_customer.duplicates.keys import OF_POINTS, Key, KeyKind, Subject, host_of, keys_of
from kehu_customer.duplicates.service import Suspect
from kehu_customer.imports import reasons
from kehu_customer.imports.columns import CONTACT, POINTS, Columns, Fields, values_of
from kehu_customer.imports.lookups import Identity
from kehu_customer.imports.models import Outcome
from kehu_customer.imports.reasons import Headers, Reason
from kehu_kernel import ids
from kehu_kernel.errors import DomainError, InvalidText
from kehu_kernel.wire import Text

_TEXT: TypeAdapter[str] = TypeAdapter(Text)
NO_TEXT = re.compile("[\x00\ud800-\udfff]")
CREATED = frozenset(CustomerCreate.model_fields) - {"parent_id", "owner_id"}
CHANGED = frozenset(CustomerUpdate.model_fields) - {"parent_id"}
OF_PERSON = (PointKind.PHONE, PointKind.MOBILE, PointKind.EMAIL)
"""Kinds of numbers that a contact shows."""


@dataclass(slots=True)
class Line:
    """A row, and what is known of it so far."""

    number: int
    cells: list[str]
    said: dict[str, Any] = field(default_factory=dict)
    id: UUID = field(default_factory=ids.new_id)
    """Of the customer it may become."""
    reasons: list[Reason] = field(default_factory=list)
    new: CustomerCreate | None = None
    new_problems: list[Reason] = field(default_factory=list)
    """Why it cannot be a new customer, whatever else there is."""
    credit_code: str | None = None
    identities: list[Identity] = field(default_factory=list)
    points: list[ContactPoint] = field(default_factory=list)
    contact: Contact | None = None
    """The person at the customer whom it names, if that one is new there."""
    contact_points: list[ContactPoint] = field(default_factory=list)
    subject: Subject | None = None
    keys: list[Key] = field(default_factory=list)
    change: CustomerUpdate | None = None
    customer_id: UUID | None = None
    """Whom it updates, or whom it was skipped for."""
    customer: Customer | None = None
    """The new customer."""
    custom: dict[str, Any] = field(default_factory=dict)
    entries: list[CustomEntry] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    outcome: Outcome | None = None

    def refuse(self, error: DomainError, column: str | None = None, **more: object) -> None:
        """Note a reason not to enter it."""
        self.reasons.append(reasons.of_failure(error, column, **more))


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of a file are read."""

    columns: Columns
    headers: Headers
    fields: Fields
    currency: str
    region: str
    ignored_domains: Sequence[str]


def read_line(number: int, cells: list[str], how: Reading) -> Line:
    """Return a row as a line: what it says, whether that has the shape of a new customer."""
    line = Line(number, cells)
    wrong = [place for place, _ in how.columns if place < len(cells) and not _is_text(cells[place])]
    if wrong:
        names = dict(how.columns)
        for place in wrong:
            line.refuse(InvalidText(), how.headers[names[place]])
        return line
    line.said = values_of(cells, how.columns, how.fields, how.currency)
    line.said.setdefault("kind", CustomerKind.ORGANISATION)
    try:
        given = {name: one for name, one in line.said.items() if name in CREATED}
        line.new = CustomerCreate.model_validate(given)
    except ValidationError as error:
        line.new_problems = reasons.of_shape(error, how.headers)
    _read_credit_code(line, how.headers)
    _read_points(line, how)
    _read_contact(line, how)
    line.identities = [
        Identity(kind, str(value))
        for kind, value in (
            ("code", line.said.get("code")),
            ("external_ref", line.said.get("external_ref")),
            ("credit_code", line.credit_code),
        )
        if value is not None
    ]
    if line.new is not None:
        line.subject = _subject(line, line.new)
        line.keys = keys_of(line.subject, how.ignored_domains)
    return line


def read_change(line: Line, headers: Headers) -> None:
    """Read a line as a change of a customer that is on record; empty cells change nothing."""
    given = {name: one for name, one in line.said.items() if name in CHANGED}
    try:
        line.change = CustomerUpdate.model_validate(given)
    except ValidationError as error:
        line.reasons += reasons.of_shape(error, headers)


def own_keys(line: Line) -> list[Key]:
    """Return the keys that are entered of a new customer: contact points have their own index."""
    if not line.points or line.subject is None:
        return line.keys
    website = line.subject.website
    host = Key(KeyKind.DOMAIN, host_of(website)) if website else None
    return [one for one in line.keys if one.kind not in OF_POINTS or one == host]


def _is_text(cell: str) -> bool:
    """Tell whether the database can keep it."""
    return NO_TEXT.search(cell) is None


def _read_credit_code(line: Line, headers: Headers) -> None:
    typed = line.said.get("credit_code")
    if typed is None:
        return
    try:
        line.credit_code = credit_code(typed)
    except InvalidCreditCode as error:
        line.refuse(error, headers["credit_code"])


def _read_points(line: Line, how: Reading) -> None:
    for kind in POINTS:
        typed = line.said.get(kind)
        if typed is not None:
            point = _primary_point(kind, customer_id=line.id)
            if _write(line, point, typed, how.headers[kind], how.region):
                line.points.append(point)


def _read_contact(line: Line, how: Reading) -> None:
    """Read the person a row names, by the same model as the API's own input.

    That two companies have the same person does not make them one: it is no part of the comparison.
    """
    said = line.said.get("contact")
    if not said:
        return
    headers = {
        meaning.removeprefix(CONTACT): header
        for meaning, header in how.headers.items() if meaning.startswith(CONTACT)
    }  # fmt: skip
    try:
        data = ContactCreate.model_validate(said | {"customer_id": line.id})
    except ValidationError as error:
        line.reasons += reasons.of_shape(error, headers)
        return
    given = data.model_dump(exclude={"started_on", "is_primary"})
    line.contact = Contact(id=ids.new_id(), **given, is_primary=True, active=True)
    for kind in OF_PERSON:
        typed = given[kind]
        if typed is not None:
            point = _primary_point(kind, contact_id=line.contact.id)
            if _write(line, point, typed, headers[kind], how.region):
                line.contact_points.append(point)


def _primary_point(
    kind: str, *, customer_id: UUID | None = None, contact_id: UUID | None = None
) -> ContactPoint:
    return ContactPoint(
        id=ids.new_id(),
        customer_id=customer_id,
        contact_id=contact_id,
        kind=PointKind(kind),
        purpose=PointPurpose.WORK,
        is_primary=True,
        active=True,
    )


def _write(line: Line, point: ContactPoint, typed: str, column: str, region: str) -> bool:
    """Give a contact point its number or address; refuse the line if it is none."""
    try:
        point.write(_TEXT.validate_python(typed), None, region=region)
    except ValidationError as error:
        line.reasons += [one | {"column": column} for one in reasons.of_shape(error, {})]
    except DomainError as error:
        line.refuse(error, column)
    else:
        return True
    return False


def _subject(line: Line, new: CustomerCreate) -> Subject:
    found: Mapping[str, list[str]] = {
        kind: [str(one.normalised) for one in line.points if one.kind in kinds]
        for kind, kinds in (
            ("phones", (PointKind.PHONE, PointKind.MOBILE)),
            ("emails", (PointKind.EMAIL,)),
            ("addresses", (PointKind.ADDRESS,)),
        )
    }
    return Subject(
        new.kind,
        new.name,
        line.credit_code,
        new.website,
        **{name: tuple(values) for name, values in found.items()},
    )
