"""The base class of every event, and the field types that events share."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self, TypeAlias, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

DecimalText = Annotated[
    Decimal,
    # Never in exponent form: `str(Decimal("0E-7"))` would not match the published pattern.
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}),
]
"""A decimal that travels as a JSON string, so that no reader turns it into a float."""

Percent = Annotated[int, Field(ge=0, le=100)]
"""A whole number of percent, 0 to 100."""

Word = TypeVar("Word")
OrLater: TypeAlias = Word | str
"""A word of an enumeration in an answer, or one that a later version has written meanwhile: while
two versions run side by side, the older one shows what it does not know as it stands."""

Timestamp = AwareDatetime
"""A moment with a time zone; producers write UTC."""


class Fragment(BaseModel):
    """A part of an event: immutable, and deaf to fields it does not know (tolerant reader)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Fragment):
    """A fact that one service publishes: the state after a change, and what changed.

    Every subclass in a topic names its `type` and its `key`. A field has no default: `None` may be
    a value, but the producer must say it. Only a field that joins a published version later has
    the default `None`, and `json_schema_extra={"x-added-on": "<date>"}`.
    """

    type: ClassVar[str]
    """Name and version, `<service>.<entity>-<fact>.v<n>`."""

    key: ClassVar[str]
    """Name of the field with the aggregate's id: the Kafka key and the CloudEvents subject."""

    @property
    def aggregate_id(self) -> str:
        """The id of the aggregate this fact is about, as text."""
        return str(getattr(self, self.key))

    def to_bytes(self) -> bytes:
        """The JSON document that is published as the record's value."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Reads a record's value; raises `pydantic.ValidationError` when it does not fit."""
        return cls.model_validate_json(data)


def utc_text(moment: datetime) -> str:
    """RFC 3339 text in UTC with a `Z`; `moment` must have a time zone."""
    if moment.tzinfo is not UTC:  # which it almost always is
        if moment.utcoffset() is None:
            msg = "A moment without a time zone cannot be published."
            raise ValueError(msg)
        moment = moment.astimezone(UTC)
    return moment.isoformat().replace("+00:00", "Z")
