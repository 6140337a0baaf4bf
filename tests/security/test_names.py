"""Names, paths and words of a query: none of them reaches a file, a statement or a header."""

import json
from urllib.parse import quote

import pytest

from tests.integration.conftest import SMALL

pytestmark = pytest.mark.slow

TRAVERSALS = (
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..;/..;/etc/passwd",
    "cellgebra.db",
    "../cellgebra.db",
    "a\u2215b\u2215..",
    "nul\x00.tsv",
)
INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE jobs; --",
    '" OR ""="',
    "1; SELECT pg_sleep(10)",
    "SUCCEEDED' UNION SELECT secret FROM api_keys --",
    "created_at; DELETE FROM datasets",
    "%",
    "_",
    "\\",
)
SPLITTERS = ("a\r\nX-Injected: 1", "a\nSet-Cookie: s=1", "a\r\n\r\n<script>", "a\u560a\u560dX: 1")


def operations(api):
    """Path, method, its path parameters and its query parameters."""
    document = api.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            given = operation.get("parameters", [])
            names = {
                place: [one["name"] for one in given if one["in"] == place]
                for place in ("path", "query")
            }
            yield path, method.upper(), names["path"], names["query"]


@pytest.fixture
def outside(service):
    """Files beside the folder that the service keeps everything in."""

    def find():
        files = (path for path in service.data_dir.parent.rglob("*") if path.is_file())
        return {path for path in files if not path.is_relative_to(service.data_dir)}

    return find


@pytest.mark.timeout(600)
def test_no_path_parameter_reaches_a_file(api, trained, tried):
    for path, method, parameters, _ in operations(api):
        for place, payload in ((p, t) for p in parameters for t in TRAVERSALS):
            filled = path.replace("{" + place + "}", quote(payload, safe=""))
            for other in parameters:
                filled = filled.replace("{" + other + "}", trained["model_id"])
            answer = api.request(method, filled)
            tried("path traversal in a path parameter", "refused: 404, 405 or 422")
            assert 400 <= answer.status_code < 500, (method, filled, answer.status_code)
            assert "root:" not in answer.text
            assert "SQLite format" not in answer.text


def test_raw_paths_stay_inside(api, tried):
    for raw in ("/../../etc/passwd", "/static-offline-docs/../../../etc/passwd", "/v1/../../x"):
        for form in (raw, raw.replace("..", "%2e%2e"), raw.replace("/..", "//..")):
            request = api.build_request("GET", "/")
            request.url = request.url.copy_with(raw_path=form.encode())
            answer = api.send(request)
            tried("path traversal in a raw path", "refused: 404")
            assert answer.status_code in (400, 404), (form, answer.status_code)


COLUMNS = b"targets\tisoprenol_mg_l\tisoprenol_sd\tcycle\tis_control\n"
NAMED = {
    "data set": ("/v1/datasets", COLUMNS + b"PP_0368\t9.5\t1\t1\tFalse\n"),
    "gene table": ("/v1/gene-tables", b"locus\tx\nPP_0368\t1\n"),
    "network": ("/v1/gene-tables/{gene_table_id}/networks", b"a\tb\nPP_0368\tPP_0751\n"),
    "training": ("/v1/training-jobs", {**SMALL, "resources": {"gpus": 64}}),
    "search": ("/v1/search-jobs", {"objectives": [{"label": "isoprenol"}]}),
}


@pytest.fixture(scope="module")
def gene_table(api, ended):
    answer = api.post("/v1/gene-tables", content=b"locus\tx\nPP_0368\t1\nPP_0751\t2\n")
    return ended(f"/v1/gene-tables/{answer.raise_for_status().json()['id']}")


@pytest.fixture
def ask(api, mapping, trained, gene_table):
    """Makes a thing of a kind under a name; jobs wait for GPUs that nobody has, or end at once."""
    known = {
        "training": {"dataset_id": trained["spec"]["dataset_id"]},
        "search": {"model_id": trained["model_id"]},
    }

    def post(kind, name):
        path, content = NAMED[kind]
        if isinstance(content, dict):
            return api.post(path, json={**content, **known[kind], "name": name})
        query = {"name": name} | ({"spec": json.dumps(mapping)} if kind == "data set" else {})
        path = path.format(gene_table_id=gene_table["id"])
        return api.post(path, params=query, content=content)

    return post


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", NAMED)
def test_a_name_is_text_alone(kind, outside, ask, tried):
    before = outside()
    assert ask(kind, "plain").status_code in (201, 202)
    for name in TRAVERSALS + SPLITTERS:
        answer = ask(kind, name)
        tried(f"path traversal and line ends in the name of a {kind}", "kept as text, or 422")
        assert answer.status_code in (201, 202, 422), (name, answer.text)
        assert "x-injected" not in answer.headers
        assert "set-cookie" not in answer.headers
        if answer.status_code != 422:
            told = answer.json()
            assert told.get("spec", told).get("name", told.get("name")) == name
    assert outside() == before


def test_an_alias_is_text_alone(outside, api, trained, tried):
    before = outside()
    for name in TRAVERSALS + SPLITTERS:
        answer = api.post(f"/v1/models/{trained['model_id']}:promote", json={"alias": name})
        tried("path traversal and line ends in an alias", "refused: 422")
        assert answer.status_code == 422, answer.text
    assert outside() == before


@pytest.mark.timeout(300)
def test_no_word_of_a_query_is_a_statement(api, trained, tried):
    before = api.get("/v1/datasets").json()
    for path, method, parameters, queries in operations(api):
        if method != "GET" or path.endswith("/events"):
            continue
        for parameter in parameters:
            path = path.replace("{" + parameter + "}", trained["id"])
        for place, payload in ((q, i) for q in queries for i in INJECTIONS):
            answer = api.get(path, params={place: payload})
            tried("SQL in filters, sort keys and page tokens", "no match, or refused: 422")
            assert answer.status_code < 500, (path, place, answer.text)
            if answer.status_code == 200 and place not in ("page_size", "limit"):
                assert "api_keys" not in answer.text
    assert api.get("/v1/datasets").json() == before


def test_no_header_of_a_request_becomes_one_of_the_answer(service, tried):
    import socket

    host, port = service.base_url.removeprefix("http://").split(":")
    for payload in SPLITTERS:
        for place in (f"GET /v1/models/{quote(payload)} HTTP/1.1", "GET /v1/datasets HTTP/1.1"):
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                head = f"{place}\r\nHost: {host}:{port}\r\nX-Trace-Id: {payload}\r\n"
                connection.sendall((head + "Connection: close\r\n\r\n").encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            tried("header injection by trace id and path", "not in the head of the answer")
            head = answer.split(b"\r\n\r\n")[0].lower()
            assert b"x-injected" not in head
            assert b"set-cookie" not in head


HOMOGLYPHS = ("\u0420\u0420_0368", "PP\u200b_0368", "PP_\uff10368", "PP_0368\u202e", "\u03a1P_0368")


def test_a_gene_that_only_looks_like_one_is_named_never_scored(api, trained, tried):
    for locus in HOMOGLYPHS:
        answer = api.post(
            f"/v1/models/{trained['model_id']}:score",
            json={"genotypes": [f"{locus}:knockdown"]},
        )
        tried("gene names of look-alike letters", "refused: 422 that names the edit")
        assert answer.status_code == 422, answer.text
        assert json.loads(answer.text)["errors"], answer.text
