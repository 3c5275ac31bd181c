"""What the world hears of archives. Values of sensitive facts are never told."""

from kehu_contracts import archive as contract
from kehu_customer.archives.models import Archive, Fact, Step
from kehu_customer.customers.models import Customer
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.profiles.models import FactDefinition


def step(
    fact: Fact, definition: FactDefinition, source: FactSource, *, withdrawn: bool = False
) -> contract.FactStep:
    """Return what became of a fact, as an event tells it."""
    return contract.FactStep(
        fact_id=fact.id,
        definition_id=definition.id,
        code=definition.code,
        step=Step.WITHDRAWN if withdrawn else fact.step,
        sensitive=definition.sensitive,
        value=None if withdrawn or definition.sensitive else fact.value,
        source_code=source.code,
        known_on=fact.known_on,
        verified_on=fact.verified_on,
        due_on=fact.due_on,
    )


def archive_changed(archive: Archive, steps: list[contract.FactStep]) -> contract.ArchiveChanged:
    return contract.ArchiveChanged(
        archive_id=archive.id,
        customer_id=archive.customer_id,
        completeness=archive.completeness,
        facts=steps,
    )


def fact_due(fact: Fact, definition: FactDefinition, customer: Customer) -> contract.FactDue:
    assert fact.due_on is not None  # noqa: S101 - only what is due is told
    return contract.FactDue(
        fact_id=fact.id,
        customer_id=customer.id,
        owner_id=customer.owner_id,
        definition_id=definition.id,
        code=definition.code,
        due_on=fact.due_on,
        verified_on=fact.verified_on,
    )
