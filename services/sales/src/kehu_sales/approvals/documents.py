"""Which documents can be approved, and how each is told what was decided.

To have documents of another kind approved: add the kind to `DocumentKind`, call `service.start`
with the locked document when it is submitted, and enter here what happens to it afterwards.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from kehu_kernel.session import Session
from kehu_sales.amendments.service import approval_decided as amendment_decided
from kehu_sales.approvals.models import Approval, DocumentKind
from kehu_sales.competitors.service import approval_decided as competitor_decided
from kehu_sales.contracts.service import approval_decided as contract_decided
from kehu_sales.later import known
from kehu_sales.price_lists.service import approval_decided as price_list_decided
from kehu_sales.projects.service import approval_decided as project_decided
from kehu_sales.quotes.service import approval_decided as quote_decided
from kehu_sales.samples.service import approval_decided as sample_decided

DECIDED: Mapping[DocumentKind, Callable[[Session, Approval], Awaitable[None]]] = {
    DocumentKind.PRICE_LIST: price_list_decided,
    DocumentKind.PROJECT: project_decided,
    DocumentKind.QUOTE: quote_decided,
    DocumentKind.SAMPLE: sample_decided,
    DocumentKind.COMPETITOR: competitor_decided,
}
DECIDED_ON: Mapping[DocumentKind, Callable[[Session, Approval, date], Awaitable[None]]] = {
    DocumentKind.CONTRACT: contract_decided,
    DocumentKind.CONTRACT_AMENDMENT: amendment_decided,
}
"""Documents that come into force on the day of the decision."""


async def tell(session: Session, approval: Approval, today: date) -> None:
    """Have the document follow a decision, in the same transaction; it may refuse.

    Raises `MadeByLaterVersion` for a kind of document that this version does not know.
    """
    kind = known(DocumentKind, approval.kind)
    if kind in DECIDED_ON:
        await DECIDED_ON[kind](session, approval, today)
    else:
        await DECIDED[kind](session, approval)
