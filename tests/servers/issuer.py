"""An issuer of tokens: a small HTTP server with a discovery document, keys, and a pen."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

AUDIENCE = "https://cellgebra.example.org"


@cache
def rsa_key(name: str) -> RSAKey:
    """A key of this name; making one takes a third of a second."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


class Issuer:
    """What it publishes can be changed; `status` is what it answers with."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.asked: list[str] = []
        self.said_issuer: str | None = None
        self.keys: list[RSAKey | ECKey] = []
        self._count = 0
        self.rotate()

    def rotate(self, *, keep: int = 0) -> None:
        """Sign with a new key from now on, and publish `keep` of the older ones beside it."""
        self._count += 1
        older = self.keys[-keep:] if keep else []
        self.keys = [*older, rsa_key(f"key-{self._count}")]

    def claims(self, **changes: object) -> dict[str, object]:
        """Those of a good token of somebody who may train in the project titer."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ada",
            "exp": now + 300,
            "groups": ["everybody", "trainers"],
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, *, key: object = None, header: dict | None = None, **changes: object) -> str:
        """A token with some claims changed; None takes a claim away."""
        signing = key or self.keys[-1]
        head = {"alg": "RS256", "kid": self.keys[-1].kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, self.claims(**changes), signing, algorithms=[head["alg"]])

    def answer(self, path: str) -> dict[str, object] | None:
        """What it says at a path."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.said_issuer or self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        return None


@contextmanager
def issuer_server() -> Iterator[Issuer]:
    """Start it; it ends with the block."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            told = issuer.answer(self.path)
            content = json.dumps(told).encode()
            self.send_response(404 if told is None else issuer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
