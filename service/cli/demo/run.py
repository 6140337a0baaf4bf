"""Train on real strain designs and rank new ones, on an embedded service that it starts and stops.

Designs of Pseudomonas putida (sets of CRISPRi knock-downs) and their isoprenol titres, from seven
design-build-test-learn cycles: select a model and train it on cycles 0-4, look at the held-out
cycles 5-6 beside null models, then rank the designs of those cycles as if they were candidates.
Run it with `cellgebra demo`; Ctrl-C leaves no process behind, and it can be run again at any time.
"""

import csv
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.cli.demo.output import (
    print_profile,
    print_ranking,
    print_report,
    print_selection,
    progress_shown,
)
from service.client.cellgebra import Cellgebra
from service.client.training import TrainingRun
from service.contract.errors import CellgebraError, UnknownEditsError
from service.contract.jobs import JobState

TABLE_FILE, COLUMNS_FILE = "putida_isoprenol_designs.tsv", "mapping.json"
TRAIN_CYCLES = ("0", "1", "2", "3", "4")
TEST_CYCLES = ("5", "6")
STOP_SECONDS = 20.0


def data_folder() -> Path:
    """Where the data lie: beside this module in a wheel, in `examples` of a clone."""
    here = Path(__file__).parent
    return here if (here / TABLE_FILE).exists() else here.parents[2] / "examples" / "isoprenol"


def run_demo(data_dir: Path) -> None:
    """Run every stage and say how long each took."""
    if not (data_folder() / TABLE_FILE).exists():
        sys.exit("cellgebra: this installation lacks the data of the demo: run it in a clone")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    clock = Clock()
    try:
        with embedded_service(data_dir, clock) as url, Cellgebra(url) as client:
            run(client, clock, data_dir)
        print(f"\nThe data, the model and the logs stay in {data_dir.resolve()}")
        print(f"To go on with them: cellgebra up --data-dir {data_dir}")
        print(clock)
    except KeyboardInterrupt:
        print("\nstopped; it can be run again at any time")
        sys.exit(130)
    except CellgebraError as error:
        sys.exit(f"{error.reason}: {error.detail}")


def run(client: Cellgebra, clock: "Clock", data_dir: Path) -> None:
    """Upload, train, report, score."""
    cancel_what_an_earlier_run_left(client)
    with clock("upload"):
        mapping = json.loads((data_folder() / COLUMNS_FILE).read_text())
        dataset = client.datasets.upload(data_folder() / TABLE_FILE, mapping, name="isoprenol")
        print_profile(TABLE_FILE, dataset)
    with clock("train"):
        training = client.train(
            {
                "dataset_id": dataset.id,
                "name": "isoprenol",
                "labels": [{"name": "isoprenol"}],
                "split": {
                    "kind": "covariate",
                    "covariate": "cycle",
                    "train": TRAIN_CYCLES,
                    "test": TEST_CYCLES,
                },
            }
        )
        follow(training)
    model = training.model()
    report = model.resource.report
    print_selection(report["selection"])
    print_report(report)
    page = model.save_report(data_dir / "report.html").resolve()
    print(f"\nthe whole report, with pictures: {page.as_uri()}")
    with clock("score"):
        score(client, model.id)


def follow(training: TrainingRun) -> None:
    """Show the job's events as they come; Ctrl-C cancels the job."""
    print(f"\ntraining on cycles {TRAIN_CYCLES[0]}-{TRAIN_CYCLES[-1]} as {training.id}")
    try:
        with progress_shown() as show:
            training.wait(progress=show)
    except KeyboardInterrupt:
        training.cancel()
        raise


def score(client: Cellgebra, model_id: str) -> None:
    """Score the designs of the held-out cycles as if nobody had built them."""
    measured = measured_titers()
    genotypes = list(measured)
    model = client.model(model_id)
    try:
        answer = model.score(genotypes)
    except UnknownEditsError as error:
        # No design is ever scored as a smaller one: leave out what the model cannot encode.
        unknown = sorted({offender.value or "" for offender in error.offenders})
        print(f"\n{error.detail}\n  left out: every design with {', '.join(unknown)}")
        genotypes = [text for text in genotypes if not set(text.split("+")) & set(unknown)]
        answer = model.score(genotypes)
    print_ranking(answer, [measured[text] for text in genotypes])


def measured_titers() -> dict[str, list[float]]:
    """Genotype -> titres (mg/L) measured in the held-out cycles; controls are left out."""
    titers: dict[str, list[float]] = {}
    with (data_folder() / TABLE_FILE).open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["cycle"] in TEST_CYCLES and row["targets"]:
                genotype = "+".join(f"{locus}:knockdown" for locus in row["targets"].split("+"))
                titers.setdefault(genotype, []).append(float(row["isoprenol_mg_l"]))
    return titers


# ---------------------------------------------------------------- the service


@contextmanager
def embedded_service(data_dir: Path, clock: "Clock") -> Iterator[str]:
    """`cellgebra up` as a child process on free ports; it ends with the block, or with us."""
    port, grpc_port = free_ports(2)
    command = [sys.executable, "-m", "service.cli", "up", "--stop-with-parent"]
    command += ["--data-dir", str(data_dir), "--port", str(port), "--grpc-port", str(grpc_port)]
    # A session of its own: Ctrl-C reaches us alone, and we stop the service in order.
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            with clock("start"):
                await_ready(process)
            yield f"http://127.0.0.1:{port}"
        finally:
            with clock("stop"):
                stop(process)


def await_ready(process: "subprocess.Popen[str]") -> None:
    """Pass on what the service says until it is ready."""
    print("starting the service", flush=True)
    for line in process.stdout or ():
        if line.startswith("Ctrl-C"):
            return
        print(f"  {line}", end="", flush=True)
    sys.exit("the service did not start")


def stop(process: "subprocess.Popen[str]") -> None:
    """Ask the service to stop; Ctrl-C in the meantime makes it hurry."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def cancel_what_an_earlier_run_left(client: Cellgebra) -> None:
    """A run that was killed leaves its job behind, which would be trained before ours."""
    for state in (JobState.QUEUED, JobState.RUNNING):
        for left in list(client.runs(state=state)):
            print(f"cancelling {left.id}, left by an earlier run")
            left.cancel()


class Clock:
    """Times the stages of a run."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a stage."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self._seconds[stage] = time.monotonic() - begin

    def __str__(self) -> str:
        parts = [f"{stage} {seconds:.1f} s" for stage, seconds in self._seconds.items()]
        return f"{', '.join(parts)}; in all {time.monotonic() - self._begin:.1f} s"
