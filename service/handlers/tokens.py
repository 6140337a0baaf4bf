"""Bearer tokens of an OpenID Connect issuer: JWTs (RFC 7519) that say who calls and what for.

Signed with a key that the issuer publishes and nobody shares (RFC 8725, 3.1 and 3.2), meant for us,
in their time. What a holder may do, the settings say: a claim is looked up in `oidc_grants`.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.contract.api_keys import Grant, Scope
from service.contract.errors import NoGrantError, UnauthenticatedError
from service.contract.settings import Settings
from service.handlers.issuer_keys import IssuerKeys

LEEWAY_SECONDS = 60
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
_MAX_SUBJECT = 195  # with "oidc:" before it, as long as `created_by` of a row may be


@dataclass(frozen=True)
class Holder:
    """Whose token it is, by the issuer's name for them, and what it gives."""

    subject: str
    project_id: str
    scopes: frozenset[Scope]

    @property
    def name(self) -> str:
        """What they are called in rows, limits and the audit log."""
        return name_of(self.subject)


class Tokens:
    """Opens the tokens of one issuer."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = str(settings.oidc_issuer)
        self._audience = str(settings.oidc_audience)
        self._claim = settings.oidc_claim
        self._grants = settings.oidc_grants
        self._keys = IssuerKeys(self._issuer)

    @classmethod
    def of(cls, settings: Settings) -> "Tokens | None":
        """Those that the settings name; None if they name no issuer. Nothing is asked yet.

        Raises:
            ValueError: what verifies them is not installed.
        """
        if settings.oidc_issuer is None:
            return None
        try:
            import joserfc  # noqa: F401
        except ModuleNotFoundError as error:
            raise ValueError(
                "CELLGEBRA_OIDC_ISSUER needs joserfc: pip install 'cellgebra[oidc]'"
            ) from error
        return cls(settings)

    async def open(self, token: str) -> Holder:
        """Whose it is.

        Raises:
            UnauthenticatedError: it is no token of the issuer's, not for us, or not now.
            NoGrantError: it is good, and gives nothing here.
            UnavailableError: the issuer's keys cannot be read.
        """
        header = _header_of(token)
        if header.get("alg") not in ALGORITHMS:
            raise UnauthenticatedError(
                f"the token has to be signed with one of {', '.join(ALGORITHMS)}"
            )
        key_id = header.get("kid")
        if key_id is not None and not isinstance(key_id, str):
            raise UnauthenticatedError("the token names its key by what is no text")
        claims = self._verified(token, await self._keys.find(key_id))
        return self._holder(claims)

    async def key_count(self) -> int:
        """How many keys the issuer publishes that this version can read.

        Raises:
            UnavailableError: it does not answer, or not as one does.
        """
        return await self._keys.count()

    async def close(self) -> None:
        """Ask the issuer no more."""
        await self._keys.close()

    def _verified(self, token: str, key: Any) -> dict[str, Any]:  # noqa: ANN401 - joserfc's
        """The claims of a token, each that bounds it compared."""
        from joserfc import jwt
        from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
        from joserfc.jws import JWSRegistry

        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        bounds = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, key, registry=registry).claims
            bounds.validate(claims)
        except ExpiredTokenError:
            raise UnauthenticatedError("the token has expired: get another") from None
        except ClaimError as error:
            raise UnauthenticatedError(f"the token is not for here, or not now: {error}") from None
        except (JoseError, ValueError, RecursionError):
            raise UnauthenticatedError("the token is not what its issuer has signed") from None
        return claims

    def _holder(self, claims: Mapping[str, Any]) -> Holder:
        subject = claims["sub"]
        if not subject.isascii() or not subject.isprintable() or len(subject) > _MAX_SUBJECT:
            raise UnauthenticatedError(
                f"the token's subject is no name of at most {_MAX_SUBJECT} letters"
            )
        values = _values_of(claims, self._claim)
        granted = [grant for value, grant in self._grants.items() if value in values]
        if not granted:
            raise NoGrantError(
                f"{subject} has no access here: no value of the claim {self._claim} is one of "
                "CELLGEBRA_OIDC_GRANTS",
                subject=subject,
            )
        project_id = granted[0].project
        return Holder(subject, project_id, _scopes_in(project_id, granted))


def name_of(subject: str) -> str:
    """A subject as no API key and no program of this machine is called."""
    return f"oidc:{subject}"


def _scopes_in(project_id: str, granted: list[Grant]) -> frozenset[Scope]:
    """All that is granted in a project."""
    return frozenset[Scope]().union(*(one.scopes for one in granted if one.project == project_id))


def _values_of(claims: Mapping[str, Any], name: str) -> list[str]:
    """The texts of a claim, by its name or by a path of names with dots: a list, or words."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found.split()
    return [value for value in found if isinstance(value, str)] if isinstance(found, list) else []


def _header_of(token: str) -> dict[str, Any]:
    """What a token says of its signature.

    Raises:
        UnauthenticatedError: it is no token.
    """
    text, *rest = token.split(".")
    try:
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        found = None
    if len(rest) != 2 or not isinstance(found, dict):
        raise UnauthenticatedError(
            "this is neither an API key (cgb_...) nor a token (three parts with dots between them)"
        )
    return found
