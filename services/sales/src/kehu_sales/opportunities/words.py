"""The words of an opportunity's life: its states, and what is told of it."""

from enum import StrEnum


class Status(StrEnum):
    """Where it stands: 未评估, 评估中, 进行中, 评估未通过, 赢单, 输单, 储备中 (in the pool)."""

    NOT_EVALUATED = "not_evaluated"
    IN_EVALUATION = "in_evaluation"
    IN_PROGRESS = "in_progress"
    EVALUATION_FAILED = "evaluation_failed"
    WON = "won"
    LOST = "lost"
    POOLED = "pooled"


class Result(StrEnum):
    """What an evaluator decides."""

    PASS = "pass"  # noqa: S105 - a decision, not a password
    PASS_TO_NEXT = "pass_to_next"  # noqa: S105 - same
    REJECT = "reject"
    FAIL = "fail"


class Interest(StrEnum):
    """How interested the customer is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class NeedKind(StrEnum):
    """Whether the customer voiced the need by a formal request, or does not voice it (L2894)."""

    EXPLICIT = "explicit"
    LATENT = "latent"


class ReporterRole(StrEnum):
    """What the employee who reported an opportunity does; anybody may report (L2894)."""

    ACCOUNT_MANAGER = "account_manager"
    MAINTENANCE = "maintenance"
    ORDER_ACCEPTANCE = "order_acceptance"
    ANALYST = "analyst"
    MANAGER = "manager"
    OTHER = "other"


class Confirmation(StrEnum):
    """What made an opportunity effective (L2828)."""

    FORMAL_REQUEST = "formal_request"
    TEMPLATE = "template"
