"""The fact of the sales service that a tenant has decided how something is done."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event


class PolicyChanged(Event):
    """A tenant decided how something is done: a policy, an approval chain, a scheme, a rule.

    Its new content is read from the API, by whoever may see it.
    """

    key: ClassVar[str] = "policy_id"
    type: ClassVar[str] = "sales.policy-changed.v1"

    policy_id: UUID = Field(description="The policy; it keeps its id.")
    policy: str = Field(
        description="Which one: visit-policy, quote-policy, contract-policy, receivable-policy, "
        "credit-check-policy, collision-policy, idle-policy, forecast-rules, grading-scheme, "
        "approval-chain or assignment-rule; may grow."
    )
    changed_settings: list[str] = Field(
        description="Names of what was decided anew; empty when it was decided for the first time."
    )


EVENTS: tuple[type[Event], ...] = (PolicyChanged,)
