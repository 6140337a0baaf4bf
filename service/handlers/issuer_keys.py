"""The keys that an issuer of tokens publishes (OpenID Connect Discovery 1.0, RFC 7517).

They are kept, and read again when they are old or a token names one that is not among them: so a
rotation is seen at once, and tokens of nobody's make us ask a few times a minute at most.
"""

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from service.contract.errors import UnauthenticatedError, UnavailableError

if TYPE_CHECKING:
    from joserfc.jwk import Key

logger = logging.getLogger(__name__)

_KEEP_SECONDS = 600.0
_AWAY_SECONDS = 3600.0  # known keys hold this long while the issuer is away
_PAUSE_SECONDS = 5.0  # between two questions, however many ask
_TIMEOUT_SECONDS = 5.0
_MAX_BYTES = 1 << 20
_KEY_TYPES = ("EC", "OKP", "RSA")  # one that is shared (oct) verifies what its reader has written


class IssuerKeys:
    """The public keys of an issuer, as it last told them."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: dict[str | None, Key] = {}
        self._read_at = self._asked_at = float("-inf")
        self._is_away = True
        self._lock = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> "Key":
        """The key of this id; without an id the only one that there is.

        Raises:
            UnauthenticatedError: the issuer publishes no such key.
            UnavailableError: the issuer does not answer, so that nobody can tell.
        """
        age = time.monotonic() - self._read_at
        if key_id in self._keys and age <= _AWAY_SECONDS:
            if age > _KEEP_SECONDS and (self._reading is None or self._reading.done()):
                self._reading = asyncio.create_task(self._read(), name="issuer keys")
            return self._keys[key_id]
        await self._read()
        if self._is_away:
            raise UnavailableError("the issuer of tokens does not answer; try again shortly")
        if key_id not in self._keys:
            raise UnauthenticatedError(
                "the token is signed with a key that its issuer does not publish: get another"
            )
        return self._keys[key_id]

    async def count(self) -> int:
        """How many there are now.

        Raises:
            UnavailableError: the issuer does not answer, or not as one does.
        """
        await self._read()
        if self._is_away:
            raise UnavailableError("the issuer of tokens does not answer as one does")
        return len({id(key) for key in self._keys.values()})

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        """Ask the issuer, unless that was done just now; what fails leaves the keys as they are."""
        async with self._lock:
            if time.monotonic() - self._asked_at < _PAUSE_SECONDS:
                return
            self._is_away = True
            try:
                self._keys = await self._fetch()
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                logger.warning("could not read the keys of %s: %s", self._issuer, error)
                return
            finally:  # and not before: who has waited for a slow answer takes it
                self._asked_at = time.monotonic()
            self._read_at, self._is_away = time.monotonic(), False

    async def _fetch(self) -> "dict[str | None, Key]":
        """Read the document that names the keys, then the keys.

        Raises:
            HTTPError: no answer, or one of failure.
            ValueError: it is not what an issuer answers, or is of another issuer.
        """
        place = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
            told = await _json(client, place)
            if told.get("issuer") != self._issuer:
                raise ValueError(f"{place} is of the issuer {told.get('issuer')!r}")
            where = str(told.get("jwks_uri"))
            if urlsplit(where).scheme != "https" and self._issuer.startswith("https:"):
                raise ValueError(f"{place} names keys without TLS")
            return _keys_of(await _json(client, where))


async def _json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """An object of JSON, not larger than it needs to be."""
    content = b""
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
        answer.raise_for_status()
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > _MAX_BYTES:
                raise ValueError(f"{url} answers more than {_MAX_BYTES:,} bytes")
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError(f"{url} does not answer an object")  # noqa: TRY004 - of a stranger's
    return found


def _keys_of(told: dict[str, Any]) -> "dict[str | None, Key]":
    """Keys that verify, by their ids; what this version cannot read is left out."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    found: dict[str | None, Key] = {}
    given = told.get("keys")
    for one in given if isinstance(given, list) else []:
        if not isinstance(one, dict) or one.get("kty") not in _KEY_TYPES:
            continue
        if one.get("use", "sig") != "sig":
            continue
        try:
            found[one.get("kid")] = import_key(one)
        except (JoseError, ValueError, KeyError, TypeError):
            logger.warning("could not read the key %r of an issuer", one.get("kid"))
    if len(found) == 1:
        found[None] = next(iter(found.values()))
    return found
