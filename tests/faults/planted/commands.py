"""The storm over the commands: users of three tenants at the API, whose server dies under them.

Users create, change, list and read customers. Requests die just before and just after their commit,
and some users hang up. Who got no answer asks again, with the same Idempotency-Key. When it is over
every acknowledged write must be there, every key must have had one effect, every change one event
and one audit entry, and nobody may have seen anything of another tenant.
"""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from faults import checks
from faults.checks import Written
from faults.planted.fate import Died, Fate
from kehu_customer.customers import queries
from kehu_kernel import idempotency, outbox
from kehu_kernel.context import Context
from kehu_kernel.session import Session
from kehu_kernel.testing.plugin import ClientFor, RunningService

PATH = "/v1/customers"
USERS, ACTIONS, TRIES = 9, 20, 30


@dataclass
class Diary:
    """What the users of one tenant know."""

    tenant: str
    asked: list[str] = field(default_factory=list)
    """Names of customers that were to be created, once each."""
    created: list[str] = field(default_factory=list)
    """Names of those for which the answer said so."""
    written: list[tuple[str, int]] = field(default_factory=list)
    """Customers with the versions that answers confirmed."""
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Every customer in any answer: its tenant (its name says so) and name."""

    def see(self, customer: dict[str, Any]) -> None:
        """Note a customer that an answer showed."""
        self.seen.append((customer["name"].partition("/")[0], customer["name"]))


class CommandStorm:
    """One storm, at the customer service with tenants of its own."""

    def __init__(self, running: RunningService, client_for: ClientFor, tenant: str, seed: int):
        self.running, self.seed = running, seed
        self.fate = Fate(seed)
        self._diaries = [Diary(f"{tenant}-{number}") for number in range(3)]
        self._clients = {diary.tenant: client_for(diary.tenant) for diary in self._diaries}

    async def rage(self) -> list[str]:
        """Let it rage; return every broken promise."""
        with self._deadly_commits():
            await asyncio.gather(*(self._user(number) for number in range(USERS)))
        await asyncio.sleep(0.2)  # for what goes on after its user has hung up
        found = []
        for diary in self._diaries:
            found += await self._violations(diary)
        return found

    @contextmanager
    def _deadly_commits(self) -> Iterator[None]:
        """Let requests die before and after the commit of what they wrote."""
        run = Session._run

        async def mortal(session: Session, call: Any, sql: str, *arguments: object) -> Any:
            ours = sql == "COMMIT" and session._engine is self.running.database.engine
            if ours:
                self.fate.moment("before the commit", every=12, at_most=12)
            found = await run(session, call, sql, *arguments)
            if ours:
                self.fate.moment("after the commit", every=12, at_most=12)
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Session, "_run", mortal)
            yield

    async def _user(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + number)
        diary = self._diaries[number % len(self._diaries)]
        for action in range(ACTIONS):
            do = chance.choice([self._create, self._create, self._change, self._look])
            await do(diary, chance, f"{diary.tenant}/{number}-{action}")

    async def _create(self, diary: Diary, chance: random.Random, name: str) -> None:
        diary.asked.append(name)
        body = {"kind": "organisation", "name": name}
        for _ in range(TRIES):
            answer = await self._ask(
                diary, chance, "POST", PATH, json=body, headers={"Idempotency-Key": name}
            )
            if answer is not None and answer.status_code == 201:
                diary.created.append(name)
                self._confirmed(diary, answer)
                return
            await asyncio.sleep(0.02)

    async def _change(self, diary: Diary, chance: random.Random, name: str) -> None:
        if not diary.written:
            return
        url = f"{PATH}/{chance.choice(diary.written)[0]}"
        present = await self._ask(diary, chance, "GET", url)
        if present is None or present.status_code != 200:
            return
        answer = await self._ask(
            diary, chance, "PATCH", url,
            json={"industry": name}, headers={"If-Match": present.headers["etag"]},
        )  # fmt: skip
        if answer is not None and answer.status_code == 200:
            self._confirmed(diary, answer)

    async def _look(self, diary: Diary, chance: random.Random, _name: str) -> None:
        answer = await self._ask(diary, chance, "GET", PATH, params={"limit": 200})
        if answer is not None and answer.status_code == 200:
            for customer in answer.json()["items"]:
                diary.see(customer)
        other = chance.choice([one for one in self._diaries if one is not diary])
        if other.written:
            url = f"{PATH}/{chance.choice(other.written)[0]}"
            answer = await self._ask(diary, chance, "GET", url)
            if answer is not None and answer.status_code == 200:
                diary.see(answer.json())

    def _confirmed(self, diary: Diary, answer: httpx.Response) -> None:
        customer = answer.json()
        diary.see(customer)
        diary.written.append((customer["id"], customer["version"]))

    async def _ask(
        self, diary: Diary, chance: random.Random, method: str, url: str, **more: Any
    ) -> httpx.Response | None:
        """Return the answer, or None if there was none: who asked does not know what was done."""
        patience = (
            chance.random() / 50
            if self.fate.strikes("user hangs up", every=15, at_most=12)
            else 30.0
        )
        try:
            async with asyncio.timeout(patience):
                return await self._clients[diary.tenant].request(method, url, **more)
        except (Died, TimeoutError):
            return None

    async def _violations(self, diary: Diary) -> list[str]:
        tenant = {"t": diary.tenant}
        context = Context(tenant_id=diary.tenant, actor="auditor")
        async with self.running.database.session(context, read_only=True) as session:
            customers = await session.execute(
                text("SELECT id::text, version, name FROM customers WHERE tenant_id = :t"), tenant
            )
            versions, names = {}, []
            for key, version, name in customers:
                versions[key] = version
                names.append(name)
            audited = await session.execute(
                text("SELECT entity_id::text, version FROM audit_log WHERE tenant_id = :t"), tenant
            )
            entries = [(key, version) for key, version in audited]
            rows = await session.execute(
                text(
                    "SELECT topic, key, tenant_id, event_id, type, sequence, payload "
                    "FROM outbox WHERE tenant_id = :t ORDER BY id"
                ),
                tenant,
            )
            events = [Written(*row) for row in rows]
        changes = [(key, n) for key, newest in versions.items() for n in range(1, newest + 1)]
        return [
            *checks.acknowledged_but_missing(diary.created, names),
            *checks.acknowledged_but_missing(diary.written, changes),
            *checks.effects_not_once(diary.asked, names),
            *checks.changes_without_their_event(
                [(diary.tenant, *change) for change in changes], events
            ),
            *(f"audit: {one}" for one in checks.effects_not_once(changes, entries)),
            *checks.foreign_rows(diary.tenant, diary.seen),
        ]


def commit_after_the_response(_storm: CommandStorm, patch: pytest.MonkeyPatch) -> None:
    """The answer is given before the commit: who dies between the two has lied."""
    commit, release = Session.commit, Session._release
    late: dict[Session, asyncio.Task[None] | None] = {}

    async def commit_later(self: Session) -> None:
        late[self] = None

    async def release_later(self: Session) -> None:
        if self in late and late[self] is None:
            late[self] = asyncio.create_task(finish(self))
        else:
            await release(self)

    async def finish(session: Session) -> None:
        try:
            await asyncio.sleep(0.001)
            await commit(session)
        except Died:
            pass
        finally:
            await release(session)

    patch.setattr(Session, "commit", commit_later)
    patch.setattr(Session, "_release", release_later)


def idempotency_key_claimed_apart(storm: CommandStorm, patch: pytest.MonkeyPatch) -> None:
    """The claim commits first: who dies before the effect leaves a key that never has one."""
    claim = idempotency.claim

    async def claim_apart(session: Session, *asked: Any) -> Any:
        async with storm.running.database.session(session.context) as own:
            replay = await claim(own, *asked)
            await own.commit()
        return replay

    patch.setattr(idempotency, "claim", claim_apart)


def event_after_the_commit(storm: CommandStorm, patch: pytest.MonkeyPatch) -> None:
    """The event is written in a second transaction: who dies between the two changed in silence."""
    add, commit = outbox.add, Session.commit
    later: dict[Session, list[Any]] = {}

    def add_later(session: Session, *told: Any, **more: Any) -> None:
        later.setdefault(session, []).append((told, more))

    async def commit_then_tell(self: Session) -> None:
        await commit(self)
        for told, more in later.pop(self, []):
            async with storm.running.database.session(self.context) as second:
                add(second, *told, **more)
                await commit(second)

    patch.setattr(outbox, "add", add_later)
    patch.setattr(Session, "commit", commit_then_tell)


def tenant_filter_forgotten(_storm: CommandStorm, patch: pytest.MonkeyPatch) -> None:
    """The list of customers asks for those of everybody."""
    matching = queries.matching

    def of_everybody(_tenant_id: str, filters: Any) -> Any:
        query = matching("", filters)
        query._where_criteria = query._where_criteria[1:]
        return query

    patch.setattr(queries, "matching", of_everybody)
