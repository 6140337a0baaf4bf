"""Tokens of an issuer: which open, what they give, and what is refused by its right name."""

import asyncio
import base64
import hmac
import json
import time

import pytest
from joserfc.jwk import ECKey
from pydantic import ValidationError

from service.contract.errors import (
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
)
from service.contract.settings import Settings
from service.handlers import issuer_keys
from service.handlers.tokens import LEEWAY_SECONDS, Holder, Tokens
from tests.servers.issuer import AUDIENCE, issuer_server, rsa_key

GRANTS = {
    "trainers": {"project": "titer", "scopes": ["train", "read"]},
    "scorers": {"project": "titer", "scopes": ["score"]},
    "guests": {"project": "shown", "scopes": ["read"]},
}


@pytest.fixture
def issuer(monkeypatch):
    monkeypatch.setattr(issuer_keys, "_PAUSE_SECONDS", 0.0)
    with issuer_server() as server:
        yield server


@pytest.fixture
def settings_of(issuer):
    def make(**changes):
        given = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "oidc_grants": GRANTS}
        return Settings(**(given | changes))

    return make


@pytest.fixture
async def tokens(settings_of):
    opened = Tokens.of(settings_of())
    yield opened
    await opened.close()


async def test_a_good_token_tells_whose_it_is_and_what_it_gives(issuer, tokens):
    expected = Holder("ada", "titer", frozenset({"train", "read"}))
    assert await tokens.open(issuer.token()) == expected
    assert await tokens.open(issuer.token(aud=["other", AUDIENCE])) == expected
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_the_first_grant_that_fits_names_the_project(issuer, tokens):
    token = issuer.token(groups=["guests", "scorers", "trainers"])
    assert await tokens.open(token) == Holder("ada", "titer", frozenset({"train", "read", "score"}))
    assert (await tokens.open(issuer.token(groups=["guests"]))).project_id == "shown"


@pytest.mark.parametrize(
    ("claim", "claims"),
    [
        ("scope", {"scope": "openid trainers"}),
        ("realm_access.roles", {"realm_access": {"roles": ["trainers"]}}),
        ("https://example.org/roles", {"https://example.org/roles": ["trainers"]}),
    ],
)
async def test_the_claim_has_any_name_and_either_form(issuer, settings_of, claim, claims):
    tokens = Tokens.of(settings_of(oidc_claim=claim))
    assert (await tokens.open(issuer.token(groups=None, **claims))).project_id == "titer"


@pytest.mark.parametrize("groups", [["strangers"], [], None, "nobody", {"trainers": 1}, [["x"]], 7])
async def test_a_good_token_without_a_grant_is_refused(issuer, tokens, groups):
    with pytest.raises(PermissionDeniedError, match="ada has no access here"):
        await tokens.open(issuer.token(groups=groups))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": 1000}, "has expired"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"nbf": 4_000_000_000}, "not yet valid"),
        ({"aud": "https://other.example.org"}, "aud"),
        ({"aud": AUDIENCE + "/"}, "aud"),
        ({"aud": None}, "aud"),
        ({"iss": "https://other.example.org"}, "iss"),
        ({"iss": None}, "iss"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 196}, "subject"),
        ({"sub": "a\nb"}, "subject"),
    ],
)
async def test_what_bounds_a_token_is_compared(issuer, tokens, changes, said):
    with pytest.raises(UnauthenticatedError, match=said):
        await tokens.open(issuer.token(**changes))


async def test_clocks_may_be_a_little_apart(issuer, tokens):
    now = issuer.claims()["exp"] - 300
    early = {"exp": now - LEEWAY_SECONDS + 10, "nbf": now + LEEWAY_SECONDS - 10}
    assert (await tokens.open(issuer.token(**early))).subject == "ada"


def text_of(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unsigned(issuer, algorithm):
    header = {"alg": algorithm, "kid": issuer.keys[-1].kid}
    head, claims = (text_of(json.dumps(part).encode()) for part in (header, issuer.claims()))
    return f"{head}.{claims}."


@pytest.mark.parametrize("algorithm", ["none", "None", "", None, 7, ["RS256"], "dir", "HS256"])
async def test_a_token_without_a_signature_is_refused(issuer, tokens, algorithm):
    with pytest.raises(UnauthenticatedError, match="has to be signed with one of"):
        await tokens.open(unsigned(issuer, algorithm))
    assert issuer.asked == []


async def test_an_empty_signature_is_none(issuer, tokens):
    with pytest.raises(UnauthenticatedError, match="not what its issuer has signed"):
        await tokens.open(unsigned(issuer, "RS256"))


@pytest.mark.parametrize("form", ["as_pem", "as_der"])
async def test_the_public_key_is_no_shared_secret(issuer, tokens, form):
    signed = unsigned(issuer, "HS256").rstrip(".")
    secret = getattr(issuer.keys[-1], form)(private=False)
    signature = hmac.digest(secret, signed.encode(), "sha256")
    with pytest.raises(UnauthenticatedError, match="has to be signed with one of"):
        await tokens.open(f"{signed}.{text_of(signature)}")


async def test_the_key_of_another_kind_does_not_open(issuer, tokens):
    other = ECKey.generate_key("P-256")
    with pytest.raises(UnauthenticatedError, match="not what its issuer has signed"):
        await tokens.open(issuer.token(key=other, header={"alg": "ES256"}))


async def test_an_elliptic_key_opens(issuer, tokens):
    issuer.keys.append(ECKey.generate_key("P-256", {"kid": "elliptic"}))
    assert (await tokens.open(issuer.token(header={"alg": "ES256"}))).subject == "ada"


async def test_another_key_under_the_same_name_does_not_open(issuer, tokens):
    forged = issuer.token(key=rsa_key("of-nobody"))
    with pytest.raises(UnauthenticatedError, match="not what its issuer has signed"):
        await tokens.open(forged)


async def test_an_altered_token_does_not_open(issuer, tokens):
    head, _, signature = issuer.token().split(".")
    _, claims, _ = issuer.token(groups=["scorers"]).split(".")
    with pytest.raises(UnauthenticatedError, match="not what its issuer has signed"):
        await tokens.open(f"{head}.{claims}.{signature}")


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "....", "e30.e30.", "\xff.\xff.\xff", "W10.x.y"]
)
async def test_what_is_no_token_is_refused(tokens, text):
    with pytest.raises(UnauthenticatedError):
        await tokens.open(text)


async def test_an_unknown_key_is_looked_for_and_refused(issuer, tokens):
    await tokens.open(issuer.token())
    stranger = rsa_key("of-nobody")
    with pytest.raises(UnauthenticatedError, match="does not publish"):
        await tokens.open(issuer.token(key=stranger, header={"kid": stranger.kid}))
    assert issuer.asked.count("/keys") == 2


async def test_unknown_keys_have_the_issuer_asked_once_in_a_while(issuer, tokens, monkeypatch):
    monkeypatch.setattr(issuer_keys, "_PAUSE_SECONDS", 5.0)
    await tokens.open(issuer.token())
    for number in range(20):
        with pytest.raises(UnauthenticatedError, match="does not publish"):
            await tokens.open(issuer.token(header={"kid": f"guess-{number}"}))
    assert issuer.asked.count("/keys") == 1


async def test_who_waits_for_a_slow_issuer_asks_it_no_more(issuer, tokens, monkeypatch):
    monkeypatch.setattr(issuer_keys, "_PAUSE_SECONDS", 0.2)

    def slowly(path, answer=issuer.answer):
        time.sleep(0.2)
        return answer(path)

    monkeypatch.setattr(issuer, "answer", slowly)
    opened = (tokens.open(issuer.token(header={"kid": f"guess-{i}"})) for i in range(5))
    refused = await asyncio.gather(*opened, return_exceptions=True)
    assert {type(error) for error in refused} == {UnauthenticatedError}
    assert issuer.asked.count("/keys") == 1


async def test_rotated_keys_open_at_once_and_those_of_before_as_long_as_they_are_published(
    issuer, tokens
):
    first = issuer.token()
    await tokens.open(first)
    issuer.rotate(keep=1)
    assert (await tokens.open(issuer.token())).subject == "ada"
    assert (await tokens.open(first)).subject == "ada"
    issuer.rotate()
    assert (await tokens.open(issuer.token())).subject == "ada"
    with pytest.raises(UnauthenticatedError, match="does not publish"):
        await tokens.open(first)


async def test_a_token_need_not_name_the_only_key(issuer, tokens):
    assert (await tokens.open(issuer.token(header={"kid": None}))).subject == "ada"
    issuer.rotate(keep=1)
    await tokens.open(issuer.token())
    with pytest.raises(UnauthenticatedError, match="does not publish"):
        await tokens.open(issuer.token(header={"kid": None}))


async def test_while_the_issuer_is_away_known_keys_hold_and_others_are_not_told(
    issuer, tokens, monkeypatch
):
    known = issuer.token()
    issuer.status = 500
    with pytest.raises(UnavailableError, match="issuer of tokens does not answer"):
        await tokens.open(known)
    issuer.status = 200
    await tokens.open(known)
    issuer.status = 500
    monkeypatch.setattr(issuer_keys, "_KEEP_SECONDS", 0.0)
    assert (await tokens.open(known)).subject == "ada"
    issuer.rotate()
    with pytest.raises(UnavailableError):
        await tokens.open(issuer.token())
    monkeypatch.setattr(issuer_keys, "_AWAY_SECONDS", 0.0)
    with pytest.raises(UnavailableError):
        await tokens.open(known)


async def test_the_document_of_another_issuer_is_not_believed(issuer, tokens):
    issuer.said_issuer = "https://evil.example.org"
    with pytest.raises(UnavailableError):
        await tokens.open(issuer.token())
    assert "/keys" not in issuer.asked


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"oidc_issuer": "http://idp.example.org"}, "https"),
        ({"oidc_issuer": "idp.example.org"}, "https"),
        ({"oidc_audience": None}, "CELLGEBRA_OIDC_AUDIENCE"),
        ({"oidc_grants": {}}, "CELLGEBRA_OIDC_GRANTS"),
        ({"oidc_grants": {"x": {"project": "titer", "scopes": []}}}, "scopes"),
        ({"oidc_grants": {"x": {"project": "../x", "scopes": ["read"]}}}, "project"),
        ({"oidc_grants": {"x": {"project": "titer", "scopes": ["root"]}}}, "scopes"),
    ],
)
def test_settings_that_are_not_whole_are_refused(settings_of, changes, said):
    with pytest.raises(ValidationError, match=said):
        settings_of(**changes)


def test_without_an_issuer_there_are_no_tokens():
    assert Tokens.of(Settings()) is None
