"""Synchronous scoring, beside LitServe and BentoML that serve the same model to the same bodies.

    python benchmarks/serving.py [--litserve-bin FOLDER] [--bentoml-bin FOLDER] [--out FOLDER]

Ours is the whole embedded service (`cellgebra up`): front end, broker, inference worker. The peers
read the same genotype bodies with our reader and score them with our predictor, all members of it,
in their own process (`benchmarks/peers/serving`). Load comes from `wrk` (one thread) on the same
cores; compare rows of one run only. Peers live in environments of their own, since they bring their
own web frameworks: `python -m venv lit && lit/bin/pip install litserve torch`, the same for
`bentoml`; a peer whose folder is not given is left out, and the table says so.
"""

import argparse
import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository need not be installed

from machine import hardware

from benchmarks.serving_rows.load import Load, load
from benchmarks.serving_rows.model import ServedModel, designs, train, write_bodies
from benchmarks.serving_rows.peers import bentoml, litserve
from tests.servers.embedded import embedded_service
from worker.inference.predictor import Predictor

CONNECTIONS, BODIES = 32, 2000
LARGE, ROUNDS = 10_000, 9


def load_line(name: str, found: Load, best_peer: float | None) -> str:
    """One row of the table of loads."""
    ratio = f"{found.requests_per_second / best_peer:.2f}" if best_peer else ""
    return (
        f"| {name} | {found.requests_per_second:,.0f} | {found.p50_ms:.1f} | {found.p99_ms:.1f} | "
        f"{found.cpu_ms:.2f} | {found.failed_count} of {found.request_count:,} | {ratio} |"
    )


def post(connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
    """One request on an open connection; its answer."""
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status != http.client.OK:
        raise RuntimeError(content[:2000].decode())
    return content


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def large_row(base_url: str, model: ServedModel, name: str, rounds: int) -> str:
    """Ten thousand designs in one request, and the predictor in this process, in turn."""
    texts = designs(LARGE, seed=5)
    body = json.dumps({"genotypes": texts}).encode()
    path = f"/v1/models/{model.id}:score"
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=60)
    predictor = Predictor.load(model.folder / "weights.safetensors", model.manifest)
    answer = json.loads(post(connection, path, body))
    if answer["labels"][0]["mean"] != predictor.score(texts).labels[0].mean:
        raise RuntimeError("the service and the predictor in this process differ")
    pairs = []
    for _ in range(rounds):
        served = seconds(lambda: post(connection, path, body))
        alone = seconds(lambda: predictor.score(texts))
        pairs.append((served, alone))
    served, alone = (median(column) for column in zip(*pairs, strict=True))
    share = median(alone / served for served, alone in pairs)
    return (
        f"| {name} | {1e3 * served:.0f} | {LARGE / served:,.0f} | {1e3 * alone:.0f} | "
        f"{LARGE / alone:,.0f} | {share:.0%} |"
    )


def peer_loads(
    model: ServedModel, folder: Path, options: argparse.Namespace
) -> Iterator[tuple[str, Load | None]]:
    """Every peer whose environment is given."""
    texts = designs(BODIES, seed=7)
    plain = write_bodies(folder / "bodies", texts)
    nested = write_bodies(folder / "nested", texts, nested=True)
    measured = {"connections": CONNECTIONS, "seconds": options.seconds}
    if options.litserve_bin:
        for name, flags in (("LitServe", ()), ("LitServe, fast queue", ("fast",))):
            with litserve(options.litserve_bin, model.folder, *flags) as (url, pid):
                yield name, load(url, plain, pid, **measured)
    else:
        yield "LitServe: not measured, --litserve-bin is not given", None
    if options.bentoml_bin:
        with bentoml(options.bentoml_bin, model.folder) as (url, pid):
            yield "BentoML", load(url, nested, pid, **measured)
    else:
        yield "BentoML: not measured, --bentoml-bin is not given", None


def lines_of(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The page, line by line as it is measured."""
    yield from ("# Serving scores", "", hardware(), "")
    with embedded_service(folder / "data", environment={"OMP_NUM_THREADS": "1"}) as service:
        pid = service.process.pid
        model = train(service.base_url, folder / "model", members=options.members)
        name = f"`perturbation_set`, {options.members} members"
        url = f"{service.base_url}/v1/models/{model.id}:score"
        bodies = write_bodies(folder / "bodies", designs(BODIES, seed=7))
        yield from (
            f"A `perturbation_set` of {options.members} members; every body is one design of one "
            f"to three deletions, {BODIES:,} different ones in rotation; every answer has all "
            f"columns. {CONNECTIONS} connections, {options.seconds} s each.",
            "",
            "| server | requests/s | p50, ms | p99, ms | CPU ms a request | failed | to the best "
            "peer |",
            "|:--|--:|--:|--:|--:|--:|--:|",
        )
        idle = load(url, bodies, pid, connections=1, seconds=options.seconds)
        busy = load(url, bodies, pid, connections=CONNECTIONS, seconds=options.seconds)
        large = [large_row(service.base_url, model, name, options.rounds)]
        for kind, members in (("perturbation_set", 1), ("additive", options.members)):
            folder_of = folder / f"{kind}_{members}"
            other = train(service.base_url, folder_of, members=members, kind=kind)
            words = f"`{kind}`, {members} member{'s' * (members > 1)}"
            large.append(large_row(service.base_url, other, words, options.rounds))
    peers = list(peer_loads(model, folder, options))
    best = max((found.requests_per_second for _, found in peers if found), default=None)
    yield load_line("Cellgebra", busy, best)
    for name, found in peers:
        yield load_line(name, found, best) if found else f"| {name} | | | | | | |"
    yield load_line("Cellgebra, one connection", idle, None)
    yield from (
        "",
        f"{LARGE:,} designs in one request, beside our predictor in this process from the same "
        f"genotype texts to a model of lists (medians of {options.rounds} rounds in turn):",
        "",
        "| model | service, ms | designs/s | in process, ms | designs/s | share |",
        "|:--|--:|--:|--:|--:|--:|",
        *large,
    )


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litserve-bin", type=Path, help="`bin` of an environment with litserve")
    parser.add_argument("--bentoml-bin", type=Path, help="`bin` of an environment with bentoml")
    parser.add_argument("--members", type=int, default=5, help="size of the ensemble")
    parser.add_argument("--seconds", type=int, default=8, help="of each load")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the large request")
    parser.add_argument("--out", type=Path, help="a folder for the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in lines_of(options, Path(folder)):
            print(line, flush=True)
            lines.append(line)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "serving.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
