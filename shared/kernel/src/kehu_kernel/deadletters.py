"""`dlq list | replay | discard`: the operator's hand on parked events."""

import argparse
import sys
from collections.abc import Sequence

from kehu_kernel import parking
from kehu_kernel.db import Database
from kehu_kernel.records import Lane


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the `dlq` command and its sub-commands to a service's command line."""
    dlq = commands.add_parser("dlq", help="list, replay or discard parked events")
    actions = dlq.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="show the aggregates that wait, and why")
    replay = actions.add_parser("replay", help="handle waiting events again, in order")
    replay.add_argument("--tenant", help="only aggregates of this tenant")
    replay.add_argument("--key", help="only the aggregate with this id")
    discard = actions.add_parser("discard", help="give up the event that blocks its aggregate")
    discard.add_argument("id", type=int, help="the id that `dlq list` shows")
    discard.add_argument("--reason", required=True, help="why; it is kept")


async def run(
    chosen: argparse.Namespace, database: Database, replayers: Sequence[parking.Replayer]
) -> int:
    """Run what the command line asks for; `database` is entered with the worker role.

    Returns the exit status: 1 if an aggregate still waits after a replay.
    """
    failed = 0
    for replayer in replayers:
        if chosen.action == "discard":
            async with database.worker_transaction() as session:
                lane = await parking.discard(
                    session, chosen.id, consumer=replayer.consumer, reason=chosen.reason
                )
            _say(f"discarded {chosen.id}; replay {lane.key} to handle what waits behind it")
            continue
        async with database.worker_transaction() as session:
            waiting = await parking.list_parked(session, replayer.consumer)
        if chosen.action == "list":
            _show(replayer.consumer, waiting)
            continue
        for parked in waiting:
            if _chosen(parked.lane, chosen):
                done = await parking.replay(replayer, parked.lane)
                failed += done.failure is not None
                _say(f"{parked.lane.key}: {done.handled} handled, {done.failure or 'free again'}")
    return 1 if failed else 0


def _chosen(lane: Lane, chosen: argparse.Namespace) -> bool:
    return chosen.tenant in (None, lane.tenant_id) and chosen.key in (None, lane.key)


def _show(consumer: str, waiting: Sequence[parking.ParkedLane]) -> None:
    _say(f"{consumer}: {len(waiting)} aggregates wait")
    for parked in waiting:
        _say(
            f"  id {parked.first_id}  {parked.lane.tenant_id}  {parked.lane.key}  {parked.type}"
            f"  {parked.waiting} waiting since {parked.parked_at:%Y-%m-%d %H:%M}"
            f"  after {parked.attempts} attempts: {parked.reason}"
        )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
