"""What the newest entry of the consent ledger means (C12)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from kehu_customer.consents.errors import (
    ConsentInFuture,
    ExpiryMisplaced,
    OneSubjectNeeded,
    ProofMissing,
)
from kehu_customer.consents.models import Consent, ConsentReason, Decision, answer
from kehu_kernel.errors import DomainError

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
TODAY = date(2026, 11, 20)
SOUND = {"contact_id": uuid4(), "decision": "given", "at": NOW, "proof": "勾选"}


def test_who_never_said_anything_gave_no_consent() -> None:
    assert answer(None, None, TODAY) == ConsentReason.NO_CONSENT


def test_who_withdrew_is_not_contacted() -> None:
    assert answer(Decision.WITHDRAWN, None, TODAY) == ConsentReason.WITHDRAWN


def test_a_consent_holds_up_to_its_last_day() -> None:
    assert answer(Decision.GIVEN, TODAY, TODAY) == ConsentReason.GIVEN
    assert answer(Decision.GIVEN, TODAY, TODAY + timedelta(days=1)) == ConsentReason.EXPIRED


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"customer_id": uuid4()}, OneSubjectNeeded),
        ({"contact_id": None}, OneSubjectNeeded),
        ({"at": NOW + timedelta(seconds=1)}, ConsentInFuture),
        ({"proof": None}, ProofMissing),
        ({"expires_on": TODAY - timedelta(days=1)}, ExpiryMisplaced),
        ({"decision": "withdrawn", "expires_on": TODAY}, ExpiryMisplaced),
    ],
    ids=["two", "nobody", "tomorrow", "no proof", "over before", "a withdrawal expires"],
)
def test_what_proves_nothing_is_refused(
    fields: dict[str, object], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        Consent(**SOUND | fields).require_sound(NOW, TODAY)


def test_a_withdrawal_needs_no_proof() -> None:
    Consent(**SOUND | {"decision": "withdrawn", "proof": None}).require_sound(NOW, TODAY)
