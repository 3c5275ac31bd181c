"""What the tests of imports share: uploading a file, letting a worker work, and looking."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_customer.imports.worker import ImportWork
from kehu_kernel.testing.plugin import RunningService

Job = dict[str, Any]
Rows = list[dict[str, Any]]
Worker = Callable[..., ImportWork]
Finish = Callable[..., Awaitable[Job]]


@pytest.fixture
def worker(running: RunningService) -> Worker:
    """Makes a worker that takes three rows at a time."""

    def make(batch: int = 3) -> ImportWork:
        return ImportWork(
            running.databases, lambda: None, batch=batch, attempts=2,
            time_zone="Asia/Shanghai", currency="CNY",
        )  # fmt: skip

    return make


@pytest.fixture(autouse=True)
async def nothing_to_do(worker: Worker) -> None:
    """A worker takes up whatever other tests have left running: here it has done so before."""
    while await worker(1000).work():
        pass


@pytest.fixture
def upload(client: httpx.AsyncClient) -> Callable[..., Awaitable[Job]]:
    """Sets up an import of a file, with the meanings that are suggested."""

    async def upload(
        content: bytes, caller: httpx.AsyncClient | None = None, *, size: int = 10_000, **body: Any
    ) -> Job:
        caller = caller or client
        answer = await caller.post("/v1/imports", json=body)
        assert answer.status_code == 201, answer.text
        url, etag = answer.headers["location"], answer.headers["etag"]
        for number, start in enumerate(range(0, len(content), size), 1):
            part = content[start : start + size]
            sent = await caller.post(f"{url}/parts/{number}", content=part)
            assert sent.status_code == 200, sent.text
            etag = sent.headers["etag"]
        preview = await caller.get(f"{url}/preview")
        assert preview.status_code == 200, preview.text
        mapped = await caller.put(
            f"{url}/mapping",
            json={"columns": preview.json()["suggested"]},
            headers={"If-Match": etag},
        )
        assert mapped.status_code == 200, mapped.text
        job: Job = mapped.json()
        return job

    return upload


Upload = Callable[..., Awaitable[Job]]


@pytest.fixture
def finish(client: httpx.AsyncClient, worker: Worker) -> Finish:
    """Lets an import do something, and the worker work until it is done."""

    async def finish(
        job: Job, what: str = "run", caller: httpx.AsyncClient | None = None, *, batch: int = 3
    ) -> Job:
        url = f"/v1/imports/{job['id']}"
        answer = await (caller or client).post(f"{url}/{what}")
        assert answer.status_code == 202, answer.text
        hand = worker(batch)
        while await hand.work():
            pass
        done: Job = (await client.get(url)).json()
        return done

    return finish


class Kit:
    """Small helpers: a file of rows, and looks at what became of it."""

    @staticmethod
    def sheet(*rows: list[str], encoding: str = "utf-8", separator: str = ",") -> bytes:
        """Return rows as a CSV file."""
        file = io.StringIO()
        csv.writer(file, delimiter=separator).writerows(rows)
        return file.getvalue().encode(encoding)

    @staticmethod
    async def customers(client: httpx.AsyncClient, **params: str) -> Rows:
        """Return the customers that match."""
        answer = await client.get("/v1/customers", params=params | {"limit": "200"})
        items: Rows = answer.json()["items"]
        return items

    @staticmethod
    async def rows_of(client: httpx.AsyncClient, job: Job, **params: str) -> Rows:
        """Return what became of rows."""
        answer = await client.get(f"/v1/imports/{job['id']}/rows", params=params)
        assert answer.status_code == 200, answer.text
        items: Rows = answer.json()["items"]
        return items

    @staticmethod
    def counts(job: Job) -> dict[str, int]:
        """Return what became of how many rows, without zeros."""
        names = ("created", "updated", "unchanged", "skipped", "refused", "undone", "kept")
        return {name: job[name] for name in names if job[name]}


@pytest.fixture(scope="session")
def kit() -> Kit:
    """The helpers."""
    return Kit()
