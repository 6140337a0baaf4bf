"""Scores by ScoreStream, beside those by REST and by unary Score: one service, in turn.

    python benchmarks/score_stream.py [--seconds S] [--rounds N] [--sizes 1 16 256] [--out FOLDER]

REST is loaded by `wrk` (32 connections), unary Score by 32 calls at a time, ScoreStream by one
stream; all send bytes that were made before, and count answers without reading them. `wrk` is a
program in C, the two others are Python, on the same cores as the service: what they take is taken
from it. The ratios are medians over rounds, of loads that follow each other; every other round has
them in the opposite order. Processor time is divided by all answers that it was spent on. It is
less moved than rates by what else the machine does, of which the page tells.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository need not be installed

from machine import hardware

from benchmarks.serving_rows.load import load
from benchmarks.serving_rows.model import ServedModel, designs, train
from benchmarks.serving_rows.process_tree import cpu_between, cpu_milliseconds
from tests.servers.embedded import EmbeddedService, embedded_service

CONNECTIONS, DESIGNS = 32, 4096
KINDS = {"ScoreStream": "stream", "Score": "unary"}
WAYS = ("REST", *KINDS)


def write_bodies(path: Path, model: ServedModel, size: int, *, with_model: bool) -> Path:
    """Requests of `size` designs each, a line each."""
    texts = designs(max(DESIGNS, 8 * size), seed=7)
    lines = []
    for start in range(0, len(texts) - size + 1, size):
        body: dict[str, object] = {"genotypes": texts[start : start + size]}
        lines.append(json.dumps({**body, "model_id": model.id} if with_model else body))
    path.write_text("\n".join(lines) + "\n")
    return path


def rpc_load(address: str, bodies: Path, pid: int, kind: str, seconds: int) -> tuple[float, float]:
    """Requests a second, and the server's processor time a request, in ms."""
    program = Path(__file__).parent / "serving_rows" / "rpc_load.py"
    before = cpu_milliseconds(pid)
    done = subprocess.run(  # noqa: S603
        [sys.executable, program, address, bodies, kind, str(seconds)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    used = cpu_between(before, cpu_milliseconds(pid))
    told = json.loads(done.stdout)
    if told["failed"] or not told["answered"]:
        raise RuntimeError(f"{kind}: {told}")
    return told["answered"] / seconds, used / told["total"]


def measured(
    service: EmbeddedService,
    model: ServedModel,
    folder: Path,
    *,
    size: int,
    seconds: int,
    turn: int,
) -> dict[str, tuple[float, float]]:
    """Designs a second by each way, and the server's processor time a design, in ms."""
    pid = service.process.pid
    plain = write_bodies(folder / f"rest_{size}", model, size, with_model=False)
    named = write_bodies(folder / f"rpc_{size}", model, size, with_model=True)
    url = f"{service.base_url}/v1/models/{model.id}:score"
    found = {}
    for way in WAYS if turn % 2 == 0 else reversed(WAYS):
        if way == "REST":
            rest = load(url, plain, pid, connections=CONNECTIONS, seconds=seconds)
            if rest.failed_count:
                raise RuntimeError(f"REST: {rest}")
            found[way] = (rest.requests_per_second, rest.cpu_ms)
        else:
            found[way] = rpc_load(service.grpc_address, named, pid, KINDS[way], seconds)
    return {way: (size * rate, cpu_ms / size) for way, (rate, cpu_ms) in found.items()}


def row(size: int, rounds: list[dict[str, tuple[float, float]]]) -> str:
    """One line of the table."""
    cells = []
    for way in WAYS:
        rate = median(found[way][0] for found in rounds)
        cpu = median(found[way][1] for found in rounds)
        cells += [f"{rate:,.0f}", f"{1e3 * cpu:,.1f}"]
    for peer in ("REST", "Score"):
        for figure in (0, 1):
            ratios = [found["ScoreStream"][figure] / found[peer][figure] for found in rounds]
            cells.append(f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return f"| {size:,} | " + " | ".join(cells) + " |"


def lines_of(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The page, line by line as it is measured."""
    yield from ("# Streams of scores", "", hardware(), "")
    with embedded_service(folder / "data", environment={"OMP_NUM_THREADS": "1"}) as service:
        model = train(service.base_url, folder / "model", members=options.members)
        yield from (
            f"A `perturbation_set` of {options.members} members, all columns; {options.seconds} s "
            f"a load, {options.rounds} rounds in turn, medians (least to most). Processor time is "
            "that of all processes of the service, by all that they answered. `wrk`, which asks "
            "over REST, is a program in C, the clients of gRPC are Python, on the same cores.",
            "",
            "| designs a message | REST, designs/s | us CPU a design | ScoreStream, designs/s "
            "| us CPU | Score, designs/s | us CPU | ScoreStream to REST, designs/s | CPU a design "
            "| to Score, designs/s | CPU a design |",
            "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        )
        for size in options.sizes:
            rounds = [
                measured(service, model, folder, size=size, seconds=options.seconds, turn=turn)
                for turn in range(options.rounds)
            ]
            yield row(size, rounds)
    yield from ("", f"Load {os.getloadavg()[0]:.1f} at the end, of which these runs are a part.")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=5, help="size of the ensemble")
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    parser.add_argument("--rounds", type=int, default=5, help="of all ways in turn")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 16, 256], help="of messages")
    parser.add_argument("--out", type=Path, help="a folder for the page")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in lines_of(options, Path(folder)):
            print(line, flush=True)
            lines.append(line)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "score_stream.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
