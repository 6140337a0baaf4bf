"""API keys: what one may do, how it is written, and what is kept of it.

A key is `cgb_<id>_<secret>`: the id finds its row, the secret is 256 random bits. The row keeps the
SHA-256 of the whole text: nobody can try out 256 bits, so that a slow hash or a salt adds nothing.
"""

import hashlib
import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

PROJECT_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"
KEY_START = "cgb_"
LOCAL_NAME = "local"  # of a program of this machine, which needs no key
MAX_KEEP_OLD_SECONDS = 7 * 86_400

_ID_BYTES, _SECRET_BYTES = 8, 32
_KEY = re.compile(KEY_START + r"([0-9a-f]{16})_[A-Za-z0-9_-]{43}")


class Scope(StrEnum):
    """What a key may do; `admin` implies the others."""

    READ = "read"
    SCORE = "score"
    TRAIN = "train"
    ADMIN = "admin"


class Grant(BaseModel):
    """What a value of a token's claim gives: a project, and scopes in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: Annotated[str, Field(pattern=PROJECT_PATTERN)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]


class ApiKey(BaseModel):
    """An API key without its secret, which nobody can read again.

    `last_use_time` is a minute behind at most.
    """

    id: str
    project_id: str
    name: str
    scopes: list[Scope]
    created_by: str
    create_time: datetime
    expire_time: datetime | None = None
    revoke_time: datetime | None = None
    last_use_time: datetime | None = None


class ApiKeyRequest(BaseModel):
    """A key to make. Without `expire_time` it holds until it is revoked."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expire_time: datetime | None = None

    @field_validator("expire_time")
    @classmethod
    def _has_a_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time needs its zone, as in 2030-01-01T00:00:00Z")
        return value


class RotateRequest(BaseModel):
    """How long the secret of before holds beside the new one; 0: it ends at once."""

    model_config = ConfigDict(extra="forbid")

    keep_old_seconds: Annotated[int, Field(strict=True, ge=0, le=MAX_KEEP_OLD_SECONDS)] = 0


class IssuedApiKey(BaseModel):
    """A key with its secret, which is shown this once."""

    key: ApiKey
    secret: str


def new_key_id() -> str:
    """The id of a fresh key, e.g. ``key_6f1c9a0b3d5e7f21``."""
    return f"key_{secrets.token_hex(_ID_BYTES)}"


def new_secret(key_id: str) -> str:
    """The text of a key: ``cgb_``, its id, and 256 random bits."""
    return f"{KEY_START}{key_id.removeprefix('key_')}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def id_of(secret: str) -> str | None:
    """The id that the text of a key names; None if it is no such text."""
    match = _KEY.fullmatch(secret)
    return None if match is None else f"key_{match[1]}"


def hash_of(secret: str) -> str:
    """What is kept of a key's text."""
    return hashlib.sha256(secret.encode()).hexdigest()
