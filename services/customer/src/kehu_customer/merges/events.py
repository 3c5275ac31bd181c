"""What the world hears of a merge: every service that names a customer moves its references."""

from typing import Any
from uuid import UUID

from kehu_contracts import customer as contract
from kehu_customer.merges.models import Merge


def _state(merge: Merge) -> dict[str, Any]:
    return {
        "merge_id": merge.id,
        "survivor_id": merge.survivor_id,
        "merged_ids": [UUID(one) for one in merge.merged_ids],
    }


def merged(merge: Merge) -> contract.CustomerMerged:
    return contract.CustomerMerged(**_state(merge), reason=merge.reason)


def unmerged(merge: Merge) -> contract.CustomerUnmerged:
    return contract.CustomerUnmerged(**_state(merge), reason=merge.undo_reason)
