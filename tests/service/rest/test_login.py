"""A browser's way in: a key in a cookie that only reads; and what every answer tells browsers."""

import time

import pytest

from service.contract.api_keys import Scope
from service.rest.login import key_in_cookies
from tests.service.keys import bearer, make_key

REPORT = "/v1/models/model_x/report.html"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def secret(database, context):
    _, made = make_key(database, Scope.READ, Scope.TRAIN)
    await context.keys.refresh()
    return made


async def test_a_browser_is_sent_to_the_page_and_comes_back_with_a_cookie(rest, secret):
    sent = await rest.get(REPORT, headers=BROWSER)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/login?next={REPORT}")
    page = await rest.get(sent.headers["location"])
    assert f'value="{REPORT}"' in page.text
    form = {"key": secret, "next": REPORT}
    opened = await rest.post("/login", data=form)
    assert (opened.status_code, opened.headers["location"]) == (303, REPORT)
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age" not in cookie
    assert (await rest.get("/v1/models", headers=BROWSER)).status_code == 200
    assert (await rest.get(REPORT)).status_code == 404  # there is no such model; it was let in
    await rest.post("/logout")
    assert (await rest.get("/v1/models")).status_code == 401


async def test_the_cookie_changes_nothing(rest, secret):
    rest.cookies.set("cellgebra_key", secret)
    assert (await rest.get("/v1/models")).status_code == 200
    assert (await rest.post("/v1/training-jobs", json={})).status_code == 401
    assert (await rest.delete("/v1/models/model_x")).status_code == 401


async def test_over_tls_the_cookie_is_for_tls_alone(rest, secret):
    answer = await rest.post("https://127.0.0.1:8000/login", data={"key": secret})
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("form", [{}, {"key": "cgb_x"}, {"key": f"cgb_{'0' * 16}_{'A' * 43}"}])
async def test_a_wrong_key_gets_no_cookie(rest, form):
    answer = await rest.post("/login", data=form)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("secret")
async def test_a_long_form_is_refused(rest):
    assert (await rest.post("/login", data={"key": "x" * 5000})).status_code == 422


@pytest.mark.parametrize(
    "target", ["https://example.org", "//example.org", "/\\example.org", "javascript:alert(1)", ""]
)
async def test_it_leads_to_no_other_site(rest, secret, target):
    answer = await rest.post("/login", data={"key": secret, "next": target})
    assert answer.headers["location"] == "/docs"


async def test_the_page_shows_text_as_text(rest):
    page = await rest.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>" not in page.text


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/none", "/nothing", "/login", "/docs"])
async def test_every_answer_tells_browsers_what_not_to_do(rest, path):
    headers = (await rest.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert "strict-transport-security" not in headers  # not over plain HTTP


async def test_no_other_origin_is_allowed_to_ask(rest, secret):
    asked = {"Origin": "http://example.org", "Access-Control-Request-Method": "POST"}
    preflight = await rest.options("/v1/models", headers={**asked, **bearer(secret)})
    assert preflight.status_code == 405
    answer = await rest.get("/v1/models", headers={**asked, **bearer(secret)})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([b"cellgebra_key=cgb_x"], "cgb_x"),
        ([b"a=1; cellgebra_key=cgb_x ;b"], "cgb_x"),
        ([b"a=1", b"cellgebra_key=cgb_x"], "cgb_x"),
        ([b"not_cellgebra_key=cgb_x; cellgebra_keys=1"], None),
        ([b"", b";;=", b"cellgebra_key"], ""),
    ],
)
def test_the_key_is_found_among_other_cookies(headers, key):
    assert key_in_cookies(headers) == key


def test_a_long_cookie_in_quotes_takes_no_time():
    begin = time.perf_counter()
    for sign in (b"\\", b'\\"', b"\\1", b";", b"="):
        key_in_cookies([b'cellgebra_key="' + sign * (60_000 // len(sign)) + b'"'])
    assert time.perf_counter() - begin < 0.5
