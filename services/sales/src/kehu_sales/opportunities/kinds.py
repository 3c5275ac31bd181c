"""Which of the text's five kinds an opportunity is (4 §5.2), whatever way it has gone here."""

from kehu_sales.methods.stages import Kind


def kind_of(status: str, *, confirmed: bool, stage_kind: Kind | None) -> Kind:
    """Return the kind of an opportunity: one answer for each of its states.

    - Won is successful: the contract is signed (L2834). Nothing else ever is.
    - Whatever failed, was lost, or lies in the pool is potential again (L2906-2912).
    - Before it is in progress: effective once it is confirmed, by the customer's formal request or
      by the confirmation template (L2828); potential until then.
    - In progress: what its stage stands for, but effective at least where it was confirmed; a stage
      that stands for nothing is one of an evaluated, so effective, opportunity. A stage after the
      order does not make an order: the most is target.
    """
    evident = Kind.EFFECTIVE if confirmed else Kind.POTENTIAL
    match status:
        case "won":
            return Kind.SUCCESSFUL
        case "lost" | "evaluation_failed" | "pooled":
            return Kind.POTENTIAL
        case "in_progress":
            reached = stage_kind or Kind.EFFECTIVE
            return min(max(reached, evident, key=_rank), Kind.TARGET, key=_rank)
        case _:
            return evident


def _rank(kind: Kind) -> int:
    return kind.rank
