"""What can be done with contracts of sales: hear of them, list them."""

from kehu_contracts.contracting import ContractFact
from kehu_customer.credit_contracts import queries
from kehu_customer.credit_contracts.counting import count_contracts
from kehu_customer.credit_contracts.models import CreditContract
from kehu_customer.credit_contracts.schemas import CreditContractFilters
from kehu_customer.customers.models import Customer
from kehu_customer.customers.service import take_turns
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def record_contract(session: Session, contract: ContractFact, sequence: int) -> None:
    """Keep what sales says of a contract, unless something newer is known; count what it takes.

    Also what takes nothing is kept: an older event that comes later must not count. Raises
    `NotFound` about a customer who does not exist here.
    """
    await take_turns(session)
    await require(session, Customer, contract.customer_id)
    key = (session.context.tenant_id, contract.contract_id)
    known = await session.get(CreditContract, key)
    if known is not None and known.sequence >= sequence:
        return
    if known is None:
        new = CreditContract.of(contract, sequence)
        session.add(new)
        if new.taken:
            await count_contracts(session, [contract.customer_id])
        return
    before = known.customer_id, known.currency, known.taken
    known.follow(contract, sequence)
    if (known.customer_id, known.currency, known.taken) != before:
        await count_contracts(session, {before[0], known.customer_id})


async def list_contracts(
    session: Session, filters: CreditContractFilters
) -> tuple[list[CreditContract], str | None, int | None]:
    """Return one page of the contracts that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=CreditContract.id,
    )
