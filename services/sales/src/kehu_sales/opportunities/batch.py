"""Hundreds of commands in one transaction, where each may fail without harming the others.

A savepoint and a flush per command would cost more than the commands. So all rows they need are
locked and loaded at once, the commands are decided in memory, and everything is written at the end.
A refused command has touched nothing, see `decisions`.

The database itself can still refuse what a concurrent transaction did first. Then everything is
undone to the savepoint around the batch and the commands run one by one, each in its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, update
from sqlalchemy.exc import IntegrityError

from kehu_kernel import numbering, rows
from kehu_kernel.context import Actor
from kehu_kernel.db import explain, explained
from kehu_kernel.errors import DomainError, NotFound
from kehu_kernel.session import Session
from kehu_sales.assignment.queries import have_automatic_rules, take_turn
from kehu_sales.close_reasons.errors import UnknownCloseReason
from kehu_sales.close_reasons.service import reasons_in_use
from kehu_sales.collisions import entry
from kehu_sales.collisions.comparison import Watch
from kehu_sales.collisions.models import AtEntry
from kehu_sales.collisions.queries import policy_of
from kehu_sales.competitors.queries import load_competitors
from kehu_sales.customers.service import load_customers
from kehu_sales.directory.service import load_staff
from kehu_sales.grading.regrading import regrade
from kehu_sales.methods.queries import load_methods, past_versions
from kehu_sales.opportunities import decisions, queries, service
from kehu_sales.opportunities.batch_schemas import (
    CreateCommand,
    EvaluateCommand,
    LoseCommand,
    PromoteCommand,
    StepCommand,
    SubmitCommand,
    WinCommand,
)
from kehu_sales.opportunities.decisions import Known
from kehu_sales.opportunities.errors import CONSTRAINTS, LabelTaken, UnknownLabel
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.products.queries import load_products

Commands = Sequence[CreateCommand | StepCommand]

COLUMNS = tuple(Opportunity.__mapper__.column_attrs.keys())
_TABLE = cast("Table", Opportunity.__table__)
WRITE_ALL = (
    update(_TABLE)
    .where(
        _TABLE.c.tenant_id == bindparam("to_tenant_id"),
        _TABLE.c.id == bindparam("to_id"),
    )
    .values({name: bindparam(f"to_{name}") for name in COLUMNS if name not in ("tenant_id", "id")})
)
"""Writes a locked opportunity as a whole."""


EMPLOYEES = ("owner_id", "evaluator_id", "next_evaluator_id")
OUTCOMES = {"win": "won", "lose": "lost"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one command."""

    opportunity_id: UUID | None
    version: int | None
    failure: DomainError | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who sends the batch, when, and the currency of opportunities without any amount."""

    actor: Actor
    today: date
    currency: str


async def run_batch(
    session: Session, commands: Commands, circumstances: Circumstances
) -> list[Outcome]:
    """Carry out the commands; return what became of each, in the same order.

    Where collisions are refused, or opportunities are assigned, each new one must be known before
    the next is looked at: then the commands run one by one.
    """
    if await _in_turn(session, commands):
        return await _one_by_one(session, commands, circumstances)
    try:
        async with session.savepoint():
            return await _Together(session, circumstances).run(commands)
    except IntegrityError as error:
        if explain(error, CONSTRAINTS) is None:
            raise
    return await _one_by_one(session, commands, circumstances)


class _Together:
    """Decides all commands on what was loaded at once."""

    def __init__(self, session: Session, circumstances: Circumstances) -> None:
        self._session = session
        self._circumstances = circumstances
        self._known = Known()
        self._opportunities: dict[UUID, Opportunity] = {}
        self._changed: dict[UUID, Opportunity] = {}
        self._labels: dict[str, Opportunity] = {}
        self._watch: Watch | None = None

    async def run(self, commands: Commands) -> list[Outcome]:
        await self._load(commands)
        prepared = self._prepare_all(commands)
        numbers = await self._numbers(prepared)
        outcomes = []
        for index, command in enumerate(commands):
            if isinstance(command, CreateCommand):
                outcome = self._create(command, prepared[index], numbers.get(index, ""))
            else:
                outcome = self._step(command)
            outcomes.append(outcome)
        await self._look_for_collisions(prepared)
        await self._session.flush()
        await self._write_changes()
        return await self._graded(outcomes)

    async def _graded(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Grade what the commands changed, all at once.

        The last command about an opportunity answers with the version that its grade made.
        """
        changed = {one.id: one for one in (*self._changed.values(), *self._labels.values())}
        before = {one.id: one.version for one in changed.values()}
        await regrade(self._session, changed.values(), today=self._circumstances.today)
        return [
            replace(one, version=changed[one.opportunity_id].version)
            if one.opportunity_id in changed and one.version == before[one.opportunity_id]
            else one
            for one in outcomes
        ]

    async def _look_for_collisions(self, prepared: dict[int, Opportunity | DomainError]) -> None:
        """Open collisions of what is new, and still open after all commands."""
        new = [one for one in prepared.values() if isinstance(one, Opportunity)]
        if self._watch is not None and new:
            today = self._circumstances.today
            await entry.enter_all(self._session, self._watch, new, today=today, are_new=True)

    def _prepare_all(self, commands: Commands) -> dict[int, Opportunity | DomainError]:
        """Return every opportunity to create, or why it cannot be, by the command's index."""
        prepared: dict[int, Opportunity | DomainError] = {}
        labels: set[str] = set()
        for index, command in enumerate(commands):
            if isinstance(command, CreateCommand):
                try:
                    prepared[index] = self._prepare(command, labels)
                except DomainError as failure:
                    prepared[index] = failure
        return prepared

    def _prepare(self, command: CreateCommand, labels: set[str]) -> Opportunity:
        if command.ref in labels:
            raise LabelTaken(ref=command.ref)
        opportunity = decisions.prepare(
            command,
            self._known,
            today=self._circumstances.today,
            currency=self._circumstances.currency,
            reporter_id=self._circumstances.actor.employee_id,
        )
        if command.external_ref is not None:
            self._known.taken_references.add(command.external_ref)
        if command.ref is not None:
            labels.add(command.ref)
        return opportunity

    async def _numbers(self, prepared: dict[int, Opportunity | DomainError]) -> dict[int, str]:
        """Return a number for every new opportunity, in their order, by the command's index."""
        by_year = defaultdict(list)
        for index, opportunity in prepared.items():
            if isinstance(opportunity, Opportunity):
                by_year[opportunity.opened_on.year].append(index)
        numbers: dict[int, str] = {}
        for year, indexes in sorted(by_year.items()):
            taken = await numbering.next_numbers(
                self._session, service.NUMBER_PREFIX, year=year, count=len(indexes)
            )
            numbers.update(zip(indexes, taken, strict=True))
        return numbers

    def _create(
        self, command: CreateCommand, prepared: Opportunity | DomainError, number: str
    ) -> Outcome:
        if isinstance(prepared, DomainError):
            return Outcome(None, None, prepared)
        decisions.enter(self._session, prepared, number)
        rows.settle(prepared)  # the next step is compared with what it is now
        if command.ref is not None:
            self._labels[command.ref] = prepared
        return Outcome(prepared.id, prepared.version, None)

    def _step(self, command: StepCommand) -> Outcome:
        opportunity = None
        try:
            opportunity = self._named(command)
            self._decide(opportunity, command)
        except DomainError as failure:
            return Outcome(opportunity.id if opportunity else None, None, failure)
        rows.settle(opportunity)  # written as a whole by `_write_changes`, if not new
        if opportunity.id in self._opportunities:
            self._changed[opportunity.id] = opportunity
        return Outcome(opportunity.id, opportunity.version, None)

    def _named(self, command: StepCommand) -> Opportunity:
        if command.ref is not None:
            if command.ref not in self._labels:
                raise UnknownLabel(ref=command.ref)
            return self._labels[command.ref]
        opportunity = self._opportunities.get(command.opportunity_id or UUID(int=0))
        if opportunity is None:
            raise NotFound.of(Opportunity, command.opportunity_id)
        return opportunity

    def _decide(self, opportunity: Opportunity, command: StepCommand) -> None:
        session, today, known = self._session, self._circumstances.today, self._known
        code = getattr(command, "reason_code", None)
        if code is not None and (OUTCOMES[command.op], code) not in known.reasons:
            raise UnknownCloseReason(reason=code, outcome=OUTCOMES[command.op])
        known.require_competitor(getattr(command, "competitor_id", None))
        match command:
            case SubmitCommand():
                decisions.submit(session, opportunity, command, known.staff, today=today)
            case EvaluateCommand():
                method, actor = known.methods[opportunity.method_id], self._circumstances.actor
                decisions.evaluate(
                    session, opportunity, command, method, known.staff, actor=actor, today=today
                )
            case PromoteCommand():
                stages, actor = known.stages(opportunity), self._circumstances.actor
                recorded = known.recorded.get(opportunity.id, {})
                decisions.promote(
                    session, opportunity, command, stages, recorded, actor=actor, today=today
                )
            case WinCommand():
                actor = self._circumstances.actor
                decisions.win(session, opportunity, command, known, actor=actor, today=today)
            case LoseCommand():
                decisions.lose(session, opportunity, command, today=today)

    async def _write_changes(self) -> None:
        """Write the opportunities that existed before: one statement, sent once for all of them.

        They were locked within the caller's sight; once decided they may be out of it. What is new
        is written already: it has to be in sight.
        """
        if self._changed:
            await self._session.see_all_rows()
            await self._session.execute(
                WRITE_ALL,
                [
                    {f"to_{name}": getattr(opportunity, name) for name in COLUMNS}
                    for _, opportunity in sorted(self._changed.items())
                ],
            )

    async def _load(self, commands: Commands) -> None:
        """Lock and load whatever any command needs, a statement per table."""
        session = self._session
        creates = [command for command in commands if isinstance(command, CreateCommand)]
        steps = [command for command in commands if not isinstance(command, CreateCommand)]
        self._opportunities = await _lock_all(session, {step.opportunity_id for step in steps})
        existing = self._opportunities.values()
        customers = {row.customer_id for row in existing} | {new.customer_id for new in creates}
        methods = {row.method_id for row in existing} | {new.method_id for new in creates}
        rivals = {getattr(one, "competitor_id", None) for one in commands}
        products = {line.product_id for new in creates for line in new.lines}
        owned = [new.customer_id for new in creates if new.owner_id is not None]
        self._watch = await entry.watch_over(session, owned)
        won = [one.opportunity_id for one in steps if isinstance(one, WinCommand)]
        named = {getattr(one, name, None) for one in commands for name in EMPLOYEES}
        departments = {new.department_id for new in creates}
        references = [new.external_ref for new in creates if new.external_ref is not None]
        loaded = await load_methods(session, _given(methods), default=None in methods)
        older = {
            (row.method_id, row.method_version)
            for row in existing
            if not decisions.is_newest(row, loaded[row.method_id])
        }
        past = await past_versions(session, older)
        followed = {
            row.id: decisions.followed(row, loaded[row.method_id], past) for row in existing
        }
        counted = [row for row in followed if service.asks_for_records(followed[row])]
        self._known = Known(
            customers=await load_customers(session, _given(customers)),
            products=await load_products(session, products),
            methods=loaded,
            competitors=await load_competitors(session, _given(rivals)),
            past_versions=past,
            recorded=await queries.recorded_in_stages(session, counted),
            agreed=await queries.agreed_amounts(session, _given(won)),
            staff=await load_staff(session, named, departments),
            taken_references=await queries.taken_references(session, references),
            reasons=await reasons_in_use(session)
            if any(getattr(step, "reason_code", None) for step in steps)
            else set(),
        )


async def _in_turn(session: Session, commands: Commands) -> bool:
    """Whether the tenant refuses collisions, or rules assign, and the batch has to do with it."""
    creates = [one for one in commands if isinstance(one, CreateCommand)]
    ownerless = [one for one in creates if one.owner_id is None]
    if any(one.assign for one in ownerless):
        return True
    if ownerless and await have_automatic_rules(session):
        return True
    if len(ownerless) == len(creates):
        return False
    return (await policy_of(session)).at_entry == AtEntry.REFUSE


def _given(ids: Iterable[UUID | None]) -> list[UUID]:
    return [given for given in ids if given is not None]


async def _lock_all(
    session: Session, opportunity_ids: Iterable[UUID | None]
) -> dict[UUID, Opportunity]:
    """Lock the opportunities in the order of their ids, so that two batches cannot deadlock."""
    ids = _given(opportunity_ids)
    if not ids:
        return {}
    # Who records a collision of one does not wait for us: the key stays.
    found = await session.read(
        Opportunity,
        "WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        session.context.tenant_id,
        ids,
    )
    return {row.id: row for row in found}


async def _one_by_one(
    session: Session, commands: Commands, circumstances: Circumstances
) -> list[Outcome]:
    """Carry out each command in its own savepoint: slow, but the database has the last word."""
    await _hold_all(session, commands)
    outcomes = []
    labels: dict[str, UUID] = {}
    for command in commands:
        opportunity_id = None
        try:
            if not isinstance(command, CreateCommand):
                opportunity_id = _id_of(command, labels)
            elif command.ref in labels:
                raise LabelTaken(ref=command.ref)
            with explained(CONSTRAINTS):
                async with session.savepoint():
                    opportunity = await _run_one(session, command, opportunity_id, circumstances)
            await session.see_rows_in_scope()  # what one command may see is not for the next one
        except DomainError as failure:
            found = None if isinstance(failure, NotFound) else opportunity_id
            outcomes.append(Outcome(found, None, failure))
        else:
            outcomes.append(Outcome(opportunity.id, opportunity.version, None))
            if isinstance(command, CreateCommand) and command.ref is not None:
                labels[command.ref] = opportunity.id
    return outcomes


async def _hold_all(session: Session, commands: Commands) -> None:
    """Wait once for whatever any command waits for, in the order in which everybody does.

    Opportunities, the turn to assign, related customers; numbers come last. Taken command by
    command, two batches in another order would wait for each other.
    """
    creates = [one for one in commands if isinstance(one, CreateCommand)]
    steps = [one for one in commands if not isinstance(one, CreateCommand)]
    await _lock_all(session, {step.opportunity_id for step in steps})
    if any(one.owner_id is None for one in creates):
        await take_turn(session)
    await entry.watch_over(session, [one.customer_id for one in creates])


def _id_of(command: StepCommand, labels: dict[str, UUID]) -> UUID:
    if command.opportunity_id is not None:
        return command.opportunity_id
    if command.ref is None or command.ref not in labels:
        raise UnknownLabel(ref=command.ref)
    return labels[command.ref]


async def _run_one(
    session: Session,
    command: CreateCommand | StepCommand,
    opportunity_id: UUID | None,
    circumstances: Circumstances,
) -> Opportunity:
    today = circumstances.today
    if isinstance(command, CreateCommand):
        currency = circumstances.currency
        opportunity, _ = await service.create_opportunity(
            session,
            command,
            today=today,
            currency=currency,
            reporter_id=circumstances.actor.employee_id,
        )
        return opportunity
    known_id = opportunity_id or UUID(int=0)
    match command:
        case SubmitCommand():
            return await service.submit_opportunity(session, known_id, command, today=today)
        case EvaluateCommand():
            return await service.evaluate_opportunity(
                session, known_id, command, actor=circumstances.actor, today=today
            )
        case PromoteCommand():
            return await service.promote_opportunity(
                session, known_id, command, actor=circumstances.actor, today=today
            )
        case WinCommand():
            return await service.win_opportunity(
                session, known_id, command, actor=circumstances.actor, today=today
            )
        case LoseCommand():
            return await service.lose_opportunity(session, known_id, command, today=today)
