"""The demo's API client: every POST carries a key of its own, so that a load can be repeated."""

import re
import time
from typing import Any

import httpx

from kehu_local.errors import LocalError

PATIENCE_SECONDS = 60.0
STAYS_AS_IT_IS = 428  # to replace what is there, its ETag would be needed
DONE_BEFORE = 412


class Api:
    """Calls the services through the gateway, as the demo tenant's administrator.

    A load that was interrupted is simply run again: each POST has the same `Idempotency-Key` every
    time, so what was done is answered from memory and the rest is done.
    """

    def __init__(self, gateway_url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=f"{gateway_url}/api",
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(
        self,
        path: str,
        body: dict[str, Any],
        *,
        key: str,
        again_if: frozenset[str] = frozenset(),
    ) -> dict[str, Any]:
        """Send a command and return its answer; raise `LocalError` if it is refused.

        `again_if` are codes of refusals that pass: of what a service has not heard of yet.

        Answers that say "try again" (503, a retryable conflict, a service that is not there yet)
        are tried again for a minute.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = {"Idempotency-Key": re.sub(r"[^A-Za-z0-9.-]+", "-", f"demo-{key}")}
        while True:
            response = self._client.post(path, json=body, headers=headers)
            if response.is_success:
                answer: dict[str, Any] = response.json()
                return answer
            again = response.status_code in (502, 503) or "retry-after" in response.headers
            again = again or response.json().get("code") in again_if
            if not again or time.monotonic() > deadline:
                raise LocalError(f"{path} refused {key}: {response.text}")
            time.sleep(0.5)

    def put_new(self, path: str, body: dict[str, Any]) -> None:
        """Set something up unless it is there; raise `LocalError` if it is refused."""
        response = self._client.put(path, json=body)
        if not response.is_success and response.status_code != STAYS_AS_IT_IS:
            raise LocalError(f"{path}: {response.text}")

    def patch_at(self, path: str, body: dict[str, Any], *, version: int) -> None:
        """Change what stands at a version; what went on since has been changed before.

        Raises `LocalError` if it is refused.
        """
        response = self._client.patch(path, json=body, headers={"If-Match": f'"{version}"'})
        if not response.is_success and response.status_code != DONE_BEFORE:
            raise LocalError(f"{path}: {response.text}")

    def change(self, path: str, body: dict[str, Any]) -> None:
        """Change something as it stands. Raises `LocalError` if it is refused."""
        etag = self._client.get(path).headers["etag"]
        response = self._client.patch(path, json=body, headers={"If-Match": etag})
        if not response.is_success:
            raise LocalError(f"{path}: {response.text}")

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Return what is at an address; raise `LocalError` if it does not answer 200."""
        response = self._client.get(path, params=parameters)
        if not response.is_success:
            raise LocalError(f"{path}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer

    def found(self, path: str, **parameters: Any) -> bool:
        """Return whether a list has any match."""
        return bool(self.get(path, limit=1, **parameters)["items"])
