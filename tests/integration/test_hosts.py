"""Hosts that share a database, a broker and a bucket, and no folder, go the whole path."""

import json
import subprocess
import sys
import threading
import zipfile

import psutil
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from service.client.cellgebra import Cellgebra
from service.contract.database import Base, Database
from service.contract.jobs import EventType, JobState
from service.contract.records import ArtifactRecord, JobRecord
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from tests.integration.conftest import ISOPRENOL, SMALL
from tests.integration.test_genes import EDGES, GENES
from tests.integration.test_genes import SPEC as GENES_SPEC
from tests.servers.bucket import make_bucket
from tests.servers.hosts import several_hosts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUICK = {
    "CELLGEBRA_CHECKPOINT_SECONDS": "0.5",
    "CELLGEBRA_HEARTBEAT_SECONDS": "0.5",
    "CELLGEBRA_TORCH_THREADS": "1",
    "CELLGEBRA_SEARCH_THREADS": "1",
}
LONG = {"epochs": 20_000, "patience_epochs": 20_000, "ensemble_size": 1}


class Messages(threading.Thread):
    """Every command that the broker is given, as long as the block runs."""

    def __init__(self, valkey):
        super().__init__(daemon=True)
        self.commands = []
        self._valkey = valkey
        self._begun = threading.Event()

    def run(self):
        with self._valkey.connect() as client, client.monitor() as monitor:
            self._begun.set()
            for command in monitor.listen():
                self.commands.append(command["command"])
                if "the end of the test" in command["command"]:
                    return

    def __enter__(self):
        self.start()
        self._begun.wait(10)
        return self

    def __exit__(self, *_):
        with self._valkey.connect() as client:
            client.echo("the end of the test")
        self.join(30)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, postgres, valkey_process, s3):
    valkey_process.flush()
    url = postgres.create_database()
    shared = {
        **QUICK,
        **make_bucket(s3).environment,
        "CELLGEBRA_DATABASE_URL": url,
        "CELLGEBRA_BROKER_URL": valkey_process.url,
    }
    root = tmp_path_factory.mktemp("hosts")
    with several_hosts(root, shared) as hosts:
        yield hosts
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def client(hosts):
    with Cellgebra(hosts.base_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def database(hosts):
    opened = Database(hosts.environment["CELLGEBRA_DATABASE_URL"], pool_size=2)
    yield opened
    opened.close()


@pytest.fixture
def bucket_of(hosts, tmp_path):
    """The store of a host more."""
    names = ("URL", "ENDPOINT", "REGION", "ACCESS_KEY", "SECRET_KEY")
    given = {f"artifact_{n.lower()}": hosts.environment[f"CELLGEBRA_ARTIFACT_{n}"] for n in names}
    return artifact_store(Settings(data_dir=tmp_path / "host", **given))


@pytest.fixture
def command(hosts, tmp_path):
    """Runs a command on a host more."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "service.cli", *arguments, "--data-dir", tmp_path / "host"],
            env=hosts.environment | {"PATH": "", "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return run


def every_row(database):
    """All that the database holds, as one text."""
    with database.read() as session:
        return "\n".join(
            repr(dict(row))
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table)).mappings()
        )


def test_the_whole_path(client, hosts, valkey_process, database, tmp_path):
    with Messages(valkey_process) as messages:
        model = train(client)
        score(client, model, tmp_path)
        search(client, model, tmp_path)
        export(model, tmp_path)
    rows = every_row(database)
    assert "putida_isoprenol" in rows
    assert len(messages.commands) > 100
    for text in (rows, *messages.commands):  # a path would be of use on one host alone
        assert str(hosts.root) not in text


def train(client):
    mapping = json.loads((ISOPRENOL / "mapping.json").read_text())
    dataset = client.datasets.upload(ISOPRENOL / "putida_isoprenol_designs.tsv", mapping)
    genes = client.gene_tables.upload(GENES, GENES_SPEC)
    client.gene_tables.upload_network(genes.id, EDGES, {"score_unit": 1000}, name="string")
    run = client.train({**SMALL, "dataset_id": dataset.id})
    assert run.wait().state is JobState.SUCCEEDED, run.job
    model = run.model()
    assert model.report_data().labels[0].verdict in client.report(model.id)
    return model


def score(client, model, tmp_path):
    edits = model.resource.manifest.edits
    texts = [f"{a}+{b}" for a in edits[:50] for b in edits[60:110]]
    (label,) = model.score(texts).labels
    table = "genotype\n" + "".join(f"{text}\n" for text in texts)
    spec = {"model_id": model.id, "input": {"kind": "table"}, "shard_rows": 1000}
    run = client.score_job(spec, table.encode())
    assert run.wait().state is JobState.SUCCEEDED, run.job
    found = pq.read_table(run.save(tmp_path / "scores.parquet"))
    assert found["isoprenol.mean"].to_pylist() == pytest.approx(label.mean, rel=1e-9)


def search(client, model, tmp_path):
    run = client.screen(model, maximize="isoprenol", max_order=2, proposal_count=20)
    assert run.wait().state is JobState.SUCCEEDED, run.job
    best = next(iter(run.proposals()))
    (label,) = model.score([best.genotype], ["mean"]).labels
    assert label.mean[0] > 0
    assert best.genotype in run.save(tmp_path / "proposals.tsv").read_text()


def export(model, tmp_path):
    with zipfile.ZipFile(model.export(tmp_path / "model.zip")) as archive:
        assert {"model.onnx", "weights.safetensors"} <= set(archive.namelist())
        assert archive.testzip() is None


def test_a_training_goes_on_at_another_host_from_its_checkpoint(client, database, hosts):
    dataset = next(iter(client.datasets.list()))
    run = client.train({**SMALL, **LONG, "dataset_id": dataset.id})
    began = {}
    for event in run.events():
        if event.type is not EventType.EPOCH:
            continue
        with database.read() as session:
            owner = session.get_one(JobRecord, run.id).owner
        if owner is None or owner in began:
            continue
        began[owner] = event.data["epoch"]
        if len(began) == 1:
            main = psutil.Process(int(owner.rpartition(":")[2])).ppid()
            hosts.shut_down(next(n for n, one in hosts.processes.items() if one.pid == main))
        else:
            run.cancel()
    assert run.refresh().state is JobState.CANCELLED
    first, second = began.values()
    assert 1 <= first < second
    run.delete()


def test_what_is_deleted_leaves_the_bucket_empty(client, database, command, bucket_of):
    with database.read() as session:
        rows = set(session.scalars(select(ArtifactRecord.sha256)))
    assert {blob.sha256 for blob in bucket_of.stored()} == rows
    assert "0 blobs" in command("gc", "--dry-run")
    for job in (*client.searches(), *client.scoring_runs()):
        job.delete()
    for dataset in client.datasets.list():
        client.datasets.delete(dataset.id, cascade=True)
    for genes in client.gene_tables.list():
        client.gene_tables.delete(genes.id, cascade=True)
    assert list(client.models()) == []
    assert [found["path"] for found in bucket_of._bucket.listed()] == []
