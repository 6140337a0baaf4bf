"""The report's page in a real browser: it asks for nothing, complains of nothing and shows all."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.rest.models import PAGE_HEADERS
from tests.browser.chromium import opened_browser, opened_tab
from tests.worker.tables import IDENTITY, log_titer, random_designs, small_spec, write_table
from worker.training.report_page import render_page
from worker.training.run import train_model

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(170)]

HOSTILE = "<script>document.title='owned'</script> & <img src=http://127.0.0.1:9/x>"
LONG = "g0" + "x" * 198

# Texts of pictures that reach out of their picture, in pixels of the page.
CUT_TEXTS = """
[...document.querySelectorAll('figure svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 3 || box.right > frame.right + 3
      || box.top < frame.top - 3 || box.bottom > frame.bottom + 3;
  }).map(text => text.textContent);
})
"""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network with a hostile label, an unlabelled unit and a locus of 200 characters."""
    designs = random_designs(80)
    renamed = [text.replace("g0:", f"{LONG}:") for text in designs]
    path = tmp_path_factory.mktemp("trained") / "table.parquet"
    write_table(path, renamed, **{f"label.{HOSTILE}": np.exp(log_titer(designs))})
    spec = small_spec(
        name=HOSTILE, labels=[{"name": HOSTILE}], split={"kind": "random", "test_fraction": 0.4}
    )
    column = LabelColumn(name=HOSTILE, kind="titer", scale="log", unit="<i>mg</i> per \u2113 $")
    return train_model(spec, path, [column], identity=IDENTITY)


@pytest.fixture(scope="module")
def page(trained):
    return render_page(trained.told(), trained.manifest)


@pytest.fixture(scope="module")
def browser_url(tmp_path_factory):
    with opened_browser(tmp_path_factory.mktemp("profile")) as url:
        yield url


@pytest.fixture(scope="module")
def served_url(page):
    """The page behind the headers that the service sends with it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            for name, value in PAGE_HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/report.html"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def saved_url(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=["saved", "served"])
def opened(request, browser_url, saved_url, served_url):
    url = saved_url if request.param == "saved" else served_url
    with opened_tab(browser_url) as tab:
        tab.open(url)
        yield tab, url


def test_it_asks_for_nothing_and_complains_of_nothing(opened):
    tab, url = opened
    asked = [sent["request"]["url"] for sent in tab.told("Network.requestWillBeSent")]
    assert [other for other in asked if not other.startswith("data:")] == [url]
    assert tab.told("Log.entryAdded") == []
    assert tab.told("Runtime.consoleAPICalled") == tab.told("Runtime.exceptionThrown") == []
    assert tab.evaluate("document.title").startswith("Report: <script>")
    assert tab.evaluate("document.querySelectorAll('script, img, iframe').length") == 0


def test_the_verdict_is_seen(opened, trained):
    tab, _ = opened
    assert tab.evaluate("document.querySelector('.verdict').innerText.trim()").endswith(
        trained.report.labels[0].verdict
    )
    box = tab.evaluate("document.querySelector('.verdict').getBoundingClientRect().toJSON()")
    assert box["width"] > 300
    assert box["height"] > 30
    assert tab.evaluate("getComputedStyle(document.querySelector('.verdict')).opacity") == "1"


def test_every_picture_is_drawn_and_no_text_is_cut(opened):
    tab, _ = opened
    sizes = tab.evaluate(
        "[...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect().height)"
    )
    assert len(sizes) >= 8
    assert min(sizes) > 80
    assert tab.evaluate(CUT_TEXTS) == []


@pytest.mark.parametrize("width", [390, 1400])
def test_it_fits_the_window(opened, width):
    tab, _ = opened
    tab.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_it_follows_the_colours_of_the_reader(opened):
    tab, _ = opened
    seen = {}
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        tab.call("Emulation.setEmulatedMedia", features=[feature])
        ink = "getComputedStyle(document.querySelector('figure svg text')).fill"
        seen[scheme] = (tab.evaluate(BACKGROUND), tab.evaluate(ink))
    assert seen["light"] == ("rgb(255, 255, 255)", "rgb(22, 24, 29)")
    assert seen["dark"] == ("rgb(21, 23, 27)", "rgb(233, 234, 238)")


def test_it_prints(opened):
    tab, _ = opened
    feature = {"name": "prefers-color-scheme", "value": "dark"}
    tab.call("Emulation.setEmulatedMedia", media="print", features=[feature])
    assert tab.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    assert len(tab.call("Page.printToPDF")["data"]) > 50_000
