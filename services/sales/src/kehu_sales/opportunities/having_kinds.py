"""Finding the opportunities that are of a kind: the rule of `kinds`, as a condition."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, false, not_, or_

from kehu_kernel.pagination import one_of
from kehu_sales.methods.stages import Kind
from kehu_sales.opportunities.kinds import kind_of
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status


def of_kinds(wanted: Collection[Kind]) -> ColumnElement[bool]:
    """Return the condition that an opportunity is of one of these kinds.

    `kind_of` is asked for every state there is, so list and rule cannot disagree.
    """
    states = [
        _in_state(status, confirmed=confirmed, wanted=wanted)
        for status in Status
        for confirmed in (True, False)
    ]
    return or_(false(), *(state for state in states if state is not None))


def _in_state(
    status: Status, *, confirmed: bool, wanted: Collection[Kind]
) -> ColumnElement[bool] | None:
    stages = [
        kind
        for kind in (None, *Kind)
        if kind_of(status, confirmed=confirmed, stage_kind=kind) in wanted
    ]
    if not stages:
        return None
    said = Opportunity.confirmed_on.is_not(None)
    state = and_(Opportunity.status == status, said if confirmed else not_(said))
    if len(stages) == len(Kind) + 1:  # whatever its stage stands for
        return state
    standing = one_of(Opportunity.stage_kind, [kind for kind in stages if kind is not None])
    if None in stages:
        standing = or_(standing, Opportunity.stage_kind.is_(None))
    return and_(state, standing)
