"""The worker that goes on with conversions: claims what is due, does step by step, records each.

Every call is made outside of transactions, every result recorded in one of its own before the next
call. A worker that dies anywhere leaves a claim that ends by itself, and steps that find what they
made before. Two workers never share a conversion; if they did, the second would change nothing.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter

from kehu_kernel import broker, clock, ids
from kehu_kernel.context import Context
from kehu_kernel.db import require
from kehu_kernel.errors import DomainError
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_marketing.conversions import queries, service
from kehu_marketing.conversions.errors import StepBroken, StepTooSlow, described
from kehu_marketing.conversions.models import Conversion, Step
from kehu_marketing.conversions.steps import run_step
from kehu_marketing.leads.models import Lead
from kehu_marketing.outbound import Outbound
from kehu_marketing.settings import Settings

log = logging.getLogger("kehu.conversions")

STEPS = Counter(
    "kehu_marketing_conversion_steps_total",
    "Steps of conversions by outcome: done, postponed, failed, overtaken.",
    ["step", "outcome"],
)

SIDE_BY_SIDE = 8
STEP_SECONDS = 25.0
CLAIM = timedelta(seconds=40)
"""Longer than a step may take with its two transactions: a claim ends only for the dead."""
LONGEST_WAIT = 60.0
STUCK_AFTER = 180.0


def wait_before(attempt: int) -> timedelta:
    """Return how long to wait before trying again: doubling from half a second to a minute."""
    return timedelta(seconds=broker.backoff(attempt, first=0.5, longest=LONGEST_WAIT))


def _explained(error: Exception) -> DomainError:
    """Return why a step was not done; what nobody foresaw is a bug, and heals with its repair."""
    if isinstance(error, DomainError):
        return error
    return StepTooSlow() if isinstance(error, TimeoutError) else StepBroken()


class ConversionWorker:
    """Goes on with the conversions of all tenants until told to stop.

    `wake_relay` is called after a commit that wrote an event.
    """

    name = "conversions"

    def __init__(
        self,
        databases: Databases,
        settings: Settings,
        outbound: Outbound,
        wake_relay: Callable[[], None],
        *,
        claim: timedelta = CLAIM,
        step_seconds: float = STEP_SECONDS,
        wait_before: Callable[[int], timedelta] = wait_before,
    ) -> None:
        self._databases = databases
        self._settings = settings
        self._outbound = outbound
        self._wake_relay = wake_relay
        self._claim = claim
        self._step_seconds = step_seconds
        self._wait_before = wait_before
        self._woken = asyncio.Event()
        self._stopping = False
        self._last_round = time.monotonic()
        self.stuck_after = STUCK_AFTER

    def wake(self) -> None:
        """Say that something was committed in this process: look at once, not at the next poll."""
        self._woken.set()

    def stuck(self) -> str | None:
        """Say so if the loop has not come round for far longer than any round takes."""
        silent = time.monotonic() - self._last_round
        return f"no round for {silent:.0f} s" if silent > self.stuck_after else None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the steps under way are finished and the claims given back."""
        stopping = asyncio.create_task(self._note(stop))
        self._last_round = time.monotonic()
        try:
            await self._rounds(stop)
        finally:
            stopping.cancel()
        await self._outbound.close()

    async def _rounds(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            self._woken.clear()
            try:
                if not await self.work():
                    await self._wait()
                failures = 0
            except Exception as error:
                failures += 1
                log.warning("conversions wait", extra={"error": repr(error)})
                await broker.pause(stop, broker.backoff(failures))
            self._last_round = time.monotonic()

    async def work(self) -> int:
        """Claim what is due and go on with it as far as it goes; return how much was claimed."""
        claim_id = ids.new_id()
        async with self._databases.worker.worker_transaction() as session:
            claimed = await queries.claim_due(
                session, claim_id, limit=SIDE_BY_SIDE, now=clock.now(), claim=self._claim
            )
        async with asyncio.TaskGroup() as group:
            for tenant_id, lead_id in claimed:
                group.create_task(self._go_on(tenant_id, lead_id, claim_id))
        return len(claimed)

    async def _note(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        self._woken.set()

    async def _wait(self) -> None:
        """Wait for work: until woken or stopped, at most until the next poll."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.conversion_poll_interval):
                await self._woken.wait()

    async def _go_on(self, tenant_id: str, lead_id: UUID, claim_id: UUID) -> None:
        """Go on with one conversion; if the database fails, the claim ends and it is due again."""
        try:
            context = Context(tenant_id=tenant_id, actor=f"system:{self.name}")
            async with self._databases.app.session(context, read_only=True) as session:
                lead = await require(session, Lead, lead_id)
                found = await queries.require(session, lead_id)
            conversion = found if found.claim_id == claim_id else None
            while conversion is not None and (step := conversion.step) is not None:
                if self._stopping:
                    async with self._transaction(conversion) as session:
                        await service.release(session, lead_id, claim_id)
                    return
                conversion = await self._do(step, lead, conversion, claim_id)
        except Exception as error:
            known = {"tenant": tenant_id, "lead": str(lead_id), "error": repr(error)}
            log.warning("conversion interrupted", extra=known)

    async def _do(
        self, step: Step, lead: Lead, conversion: Conversion, claim_id: UUID
    ) -> Conversion | None:
        """Do one step and record how it went; return the conversion if it can go on."""
        try:
            async with asyncio.timeout(self._step_seconds):
                found = await run_step(step, self._outbound, lead, conversion)
        except Exception as error:
            await self._record_failure(step, conversion, claim_id, error)
            return None
        async with self._transaction(conversion) as session:
            today = clock.today(session.context.now, self._settings.time_zone)
            recorded = await service.record_step(
                session, lead.id, claim_id, found, claim=self._claim, today=today
            )
        STEPS.labels(step, "done" if recorded else "overtaken").inc()
        self._wake_relay()
        return recorded

    async def _record_failure(
        self, step: Step, conversion: Conversion, claim_id: UUID, cause: Exception
    ) -> None:
        error, lead_id = _explained(cause), conversion.lead_id
        outcome = "postponed" if error.retryable else "failed"
        log.warning(
            "conversion step not done",
            extra={"lead": str(lead_id), "step": step, "outcome": outcome, "error": error.code},
            exc_info=cause if isinstance(error, StepBroken) else None,
        )
        async with self._transaction(conversion) as session:
            reason = described(error)
            if error.retryable:
                wait = self._wait_before(conversion.attempts + 1)
                await service.postpone_step(session, lead_id, claim_id, reason, wait=wait)
            else:
                await service.fail_step(session, lead_id, claim_id, reason)
        STEPS.labels(step, outcome).inc()
        self._wake_relay()

    def _transaction(
        self, conversion: Conversion
    ) -> contextlib.AbstractAsyncContextManager[Session]:
        """A transaction in the name of who asked for the conversion, as part of that request."""
        context = Context(
            tenant_id=conversion.tenant_id,
            actor=conversion.started_by,
            request_id=conversion.request_id,
            traceparent=conversion.traceparent,
        )
        return self._databases.app.transaction(context)
