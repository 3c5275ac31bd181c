"""An OIDC issuer for tests: real keys, real JWKS over HTTP, any claims a test wants."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER = "https://issuer.test"
AUDIENCE = "kehu"
KEY_ID = "test-key"


class TestIssuer:
    """Signs tokens; `jwks_url` serves the public key."""

    __test__ = False

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        document = json.dumps({"keys": [public | {"kid": KEY_ID, "alg": "ES256"}]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.jwks_url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def close(self) -> None:
        """Stop serving keys."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(
        self,
        tenant: str,
        *,
        roles: tuple[str, ...] = ("administrator",),
        subject: str = "tester",
        key: Any = None,
        **claims: Any,
    ) -> str:
        """Return a token, valid for an hour unless `claims` say otherwise."""
        now = int(time.time())
        body: dict[str, Any] = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600,
            "tenant": tenant, "roles": list(roles),
        }  # fmt: skip
        return jwt.encode(
            body | claims, key or self._key, algorithm="ES256", headers={"kid": KEY_ID}
        )
