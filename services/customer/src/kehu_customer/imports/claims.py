"""What rows claim in a check, which enters nothing: whoever says the same later repeats them.

A run need not remember: what earlier batches entered is on record. A check keeps a digest of each
code, reference, credit code, unique value and name of a row that would be entered. By its name
alone a row is the same only if the tenant's rules refuse equal names, and if no two credit codes
differ.
"""

import hashlib
from collections.abc import Iterator

from kehu_customer.customers.models import CustomerKind
from kehu_customer.duplicates.rules import DuplicateVerdict, Matching
from kehu_customer.imports.batches import Batch
from kehu_customer.imports.lines import Line
from kehu_customer.imports.lookups import Identity
from kehu_customer.imports.models import Outcome
from kehu_kernel.session import Session

RECALL = """
    SELECT claim, number FROM import_claims
    WHERE tenant_id = $1 AND import_id = $2 AND version = $3 AND claim = ANY($4::bigint[])
"""
REMEMBER = """
    INSERT INTO import_claims (tenant_id, import_id, version, claim, number)
    SELECT $1, $2, $3, claim, number FROM unnest($4::bigint[], $5::int[]) AS new (claim, number)
    ON CONFLICT DO NOTHING
"""
FORGET = """
    DELETE FROM import_claims WHERE ctid = ANY (ARRAY(
        SELECT claim.ctid FROM import_claims AS claim
            JOIN imports ON imports.tenant_id = claim.tenant_id AND imports.id = claim.import_id
        WHERE imports.state <> 'checking' OR imports.version <> claim.version LIMIT $1
    )) RETURNING 1
"""


async def recall(session: Session, batch: Batch) -> None:
    """Let the batch know which of its claims rows of earlier batches have made."""
    wanted = {one for line in batch.lines for one in _asked(line, batch.matching)}
    job = batch.job
    found = await session.fetch(
        RECALL, session.context.tenant_id, job.id, job.version, list(wanted)
    )
    batch.foreseen = {one["claim"]: one["number"] for one in found}


async def remember(session: Session, batch: Batch) -> None:
    """Keep what the rows of the batch that would be entered claim."""
    made: dict[int, int] = {}
    for line in batch.lines:
        if line.outcome is Outcome.CREATED:
            for one in _made(line, batch.matching):
                made.setdefault(one, line.number)
    job = batch.job
    await session.fetch(
        REMEMBER, session.context.tenant_id, job.id, job.version, [*made], [*made.values()]
    )


async def forget(session: Session, limit: int) -> int:
    """Delete some claims of checks that are over, of all tenants; return how many."""
    return len(await session.fetch(FORGET, limit))


def repeated(batch: Batch, line: Line) -> list[int]:
    """Return the rows of earlier batches that a line which would be entered repeats."""
    asked = [*map(of_identity, line.identities), *_names(line, batch.matching, asking=True)]
    return [batch.foreseen[one] for one in asked if one in batch.foreseen]


def of_identity(identity: Identity) -> int:
    """Return the claim of a code, an external reference or a credit code."""
    return _digest(identity.kind, identity.value)


def of_value(field_id: object, key: object) -> int:
    """Return the claim of a value of a unique custom field."""
    return _digest("value", str(field_id), str(key))


def _made(line: Line, matching: Matching) -> Iterator[int]:
    yield from map(of_identity, line.identities)
    for entry in line.entries:
        if entry.unique_key is not None:
            yield of_value(entry.field_id, entry.unique_key)
    yield from _names(line, matching, asking=False)


def _asked(line: Line, matching: Matching) -> Iterator[int]:
    yield from _made(line, matching)
    yield from _names(line, matching, asking=True)
    if "parent_code" in line.said:
        yield of_identity(Identity("code", str(line.said["parent_code"])))


def _names(line: Line, matching: Matching, *, asking: bool) -> Iterator[int]:
    """Yield the claims of a name: of all that are called so, and of those without a credit code.

    Who has a credit code asks for the latter: the same code is a claim of its own, another one
    tells two companies apart.
    """
    if line.subject is None or not (name := line.subject.says).core:
        return
    organisation = line.subject.kind == CustomerKind.ORGANISATION
    points = matching.points["company_name" if organisation else "person_name"]
    if matching.verdict(points) is not DuplicateVerdict.REFUSE:
        return
    parts = (line.subject.kind, name.core, name.place, str(name.group))
    bare = line.subject.credit_code is None
    if not asking or bare:
        yield _digest("name", *parts)
    if asking != bare:
        yield _digest("name without credit code", *parts)


def _digest(*parts: str) -> int:
    told = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(told).digest()[:8], signed=True)
