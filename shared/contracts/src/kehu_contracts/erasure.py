"""Facts about the erasure of a person from all services."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event


class ErasureState(Event):
    """The erasure of a person. It names nobody: only ids, which say nothing once it is done."""

    key: ClassVar[str] = "erasure_id"

    erasure_id: UUID = Field(description="The erasure.")
    subject_ids: list[UUID] = Field(
        description="The customer or contact, and the records that were merged into it."
    )
    legal_basis: str = Field(
        description="Why: `request`, `consent_withdrawn`, `purpose_ended`, `unlawful`, `law`."
    )
    state: str = Field(description="`ordered` or `completed`.")


class ErasureOrdered(ErasureState):
    """Blank what you hold of these persons, keep it blank, and acknowledge."""

    type: ClassVar[str] = "customer.erasure-ordered.v1"


class ErasureCompleted(ErasureState):
    """All services have acknowledged."""

    type: ClassVar[str] = "customer.erasure-completed.v1"


class ErasureAcknowledgement(Event):
    """A service holds no personal value of the persons any more, and lets none in.

    Each service publishes its own, `<service>.<service>-erasure-acknowledged.v1`.
    """

    key: ClassVar[str] = "erasure_id"

    erasure_id: UUID = Field(description="The erasure.")
    counts: dict[str, int] = Field(description="How many rows were blanked, by table.")
