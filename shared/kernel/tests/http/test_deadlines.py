"""A request has a time; when it is over, the answer says what is certain. Nothing hangs."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import httpx
import pytest

from kehu_kernel import deadline
from kehu_kernel.testing.lab import Lab, NewLab


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


class TestDeadline:
    async def test_a_command_that_is_not_done_in_time_did_nothing(self, new_lab: NewLab) -> None:
        lab = await new_lab(request_seconds=0.4)
        for delay in ({"idle": 5}, {"busy": 3}):
            answer = await lab.make(**delay)
            assert code(answer) == (503, "deadline-passed")
            assert "0.4 s" in answer.json()["detail"]
            assert answer.headers["retry-after"]
        assert await lab.count() == 0
        assert (await lab.make()).status_code == 200

    async def test_its_connection_is_not_lost_to_the_pool(self, new_lab: NewLab) -> None:
        lab = await new_lab(request_seconds=0.3, pool_size=2)
        await asyncio.gather(*(lab.make(busy=3) for _ in range(4)))
        assert {(await lab.make()).status_code for _ in range(4)} == {200}

    async def test_a_caller_may_shorten_it_but_not_lengthen(self, new_lab: NewLab) -> None:
        lab = await new_lab(request_seconds=0.6)
        short = await lab.make(idle=5, headers={"Kehu-Deadline-Ms": "100"})
        assert "0.1 s" in short.json()["detail"]
        for odd in ("90000", "-5", "soon", ""):
            answer = await lab.make(idle=5, headers={"Kehu-Deadline-Ms": odd})
            assert "0.6 s" in answer.json()["detail"]

    async def test_the_same_key_may_be_sent_again(self, new_lab: NewLab) -> None:
        lab = await new_lab(request_seconds=0.4)
        thing, key = uuid4(), {"Idempotency-Key": "k"}
        async with lab.locked():
            assert code(await lab.make(thing, headers=key)) == (503, "deadline-passed")
        assert (await lab.make(thing, headers=key)).status_code == 200
        assert "idempotency-replayed" in (await lab.make(thing, headers=key)).headers
        assert await lab.count() == 1


@asynccontextmanager
async def slow_commit(lab: Lab, what: str) -> AsyncIterator[None]:
    """Have the database do `what` in COMMIT itself, for the tenant of the test."""
    name = f"slow_{uuid4().hex[:8]}"
    await lab.as_owner(f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN {what}; RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON aggregates
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (NEW.tenant_id = '{lab.tenant}') EXECUTE FUNCTION {name}();
    """)
    try:
        yield
    finally:
        await lab.as_owner(f"DROP FUNCTION {name} CASCADE")


class TestCommit:
    async def test_is_not_given_up_with_the_rest(self, new_lab: NewLab) -> None:
        lab = await new_lab(request_seconds=0.4)
        async with slow_commit(lab, "PERFORM pg_sleep(1)"):
            assert (await lab.make()).status_code == 200
        assert await lab.count() == 1

    async def test_that_is_never_answered_is_called_unknown(
        self, new_lab: NewLab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab = await new_lab(request_seconds=5)
        monkeypatch.setattr(deadline, "COMMIT_SECONDS", 0.3)
        thing, key = uuid4(), {"Idempotency-Key": "k"}
        async with slow_commit(lab, "PERFORM pg_sleep(2)"):
            answer = await lab.make(thing, headers=key)
        assert code(answer) == (503, "outcome-unknown")
        assert "Idempotency-Key" in answer.json()["detail"]
        assert (await lab.make(thing, headers=key)).status_code == 200
        assert await lab.count() == 1

    async def test_whose_connection_is_lost_is_called_unknown(self, new_lab: NewLab) -> None:
        lab = await new_lab()
        thing, key = uuid4(), {"Idempotency-Key": "k"}
        async with slow_commit(lab, "PERFORM pg_sleep(4)"):
            command = asyncio.create_task(lab.make(thing, headers=key))
            await asyncio.sleep(0.5)
            admin = await asyncpg.connect(
                re.sub(r"//[^@]+@", "//postgres:kehu@", lab.events.urls.owner)
            )
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'COMMIT%' AND state = 'active'"
            )
            await admin.close()
            assert code(await command) == (503, "outcome-unknown")
        assert (await lab.make(thing, headers=key)).status_code == 200
        assert await lab.count() == 1


class TestTimeouts:
    async def test_a_statement(self, new_lab: NewLab) -> None:
        lab = await new_lab(statement_timeout=0.2)
        assert code(await lab.client.get("/v1/things?seconds=3")) == (503, "took-too-long")
        assert code(await lab.make(busy=3)) == (503, "took-too-long")
        assert await lab.count() == 0

    async def test_a_transaction_that_does_nothing(self, new_lab: NewLab) -> None:
        lab = await new_lab(idle_in_transaction_timeout=0.2)
        assert code(await lab.make(idle=0.8)) == (503, "unavailable")
        assert await lab.count() == 0
        assert (await lab.make()).status_code == 200

    async def test_a_lock(self, new_lab: NewLab) -> None:
        lab = await new_lab(lock_timeout=0.2)
        async with lab.locked():
            answer = await lab.make()
        assert code(answer) == (409, "concurrent-change")
        assert answer.headers["retry-after"]

    async def test_a_connection_from_the_pool(self, new_lab: NewLab) -> None:
        lab = await new_lab(pool_size=1, pool_timeout=0.2)
        busy = asyncio.create_task(lab.client.get("/v1/things?seconds=1.5"))
        await asyncio.sleep(0.3)
        async with asyncio.timeout(1):
            answer = await lab.make()
        assert code(answer) == (503, "unavailable")
        assert answer.headers["retry-after"]
        assert (await busy).status_code == 200
        assert await lab.count() == 0


class TestDiskFull:
    async def test_commands_are_refused_and_reads_go_on(self, new_lab: NewLab) -> None:
        lab = await new_lab()
        full = "RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'"
        async with slow_commit(lab, full):
            answer = await lab.make()
            assert answer.status_code == 503
            assert answer.json()["code"] in ("unavailable", "outcome-unknown")
            assert answer.headers["retry-after"]
            assert "device" not in answer.text
            assert (await lab.client.get("/v1/things")).status_code == 200
            assert await lab.count() == 0
        assert (await lab.make()).status_code == 200
