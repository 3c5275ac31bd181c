"""What the world hears of a consent."""

from kehu_contracts import consent as contract
from kehu_customer.consents.models import Consent, Decision


def recorded(consent: Consent) -> contract.ConsentGiven | contract.ConsentWithdrawn:
    given = consent.decision == Decision.GIVEN
    kind = contract.ConsentGiven if given else contract.ConsentWithdrawn
    return kind(
        consent_id=consent.id,
        customer_id=consent.customer_id,
        contact_id=consent.contact_id,
        purpose=consent.purpose,
        channel=consent.channel,
        at=consent.at,
        manner=consent.manner,
        policy_version=consent.policy_version,
        expires_on=consent.expires_on,
    )
