"""A project with a record of every kind, for what another project must not see."""

from dataclasses import dataclass

import httpx

from service.contract.blobs import Blob
from service.contract.records import GeneTableRecord
from service.contract.repositories import uploads
from service.rest.app import create_rest
from tests.service import rows
from tests.service.rest.test_search_jobs import LABEL, succeed

TABLE = b"locus\tx\na\t1\nb\t2\n"
EDGES = b"a\tb\na\tb\n"
RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2, "log": True}


@dataclass(frozen=True)
class Held:
    """Ids of what the project `default` holds."""

    dataset_id: str
    gene_table_id: str
    network_id: str
    model_id: str
    other_model_id: str
    training_job_id: str
    search_job_id: str
    scoring_job_id: str
    sweep_id: str
    promotion_id: str
    sha256: str
    key_id: str
    alias: str = "titer@champion"
    version: str = "1"

    @property
    def ids(self):
        """Those that no answer to another project may name."""
        return [value for name, value in vars(self).items() if name not in ("alias", "version")]

    def training_spec(self):
        return {"dataset_id": self.dataset_id, "labels": [{"name": "titer"}]}

    def sweep_spec(self):
        training = {**self.training_spec(), "model": {"kind": "perturbation_set"}}
        return {"training": training, "parameters": [RATE], "max_trials": 2}

    def search_spec(self):
        return {"model_id": self.model_id, "objectives": [{"label": "growth"}], "max_order": 2}

    def scoring_spec(self):
        return {"model_id": self.model_id, "input": {"kind": "combinations", "pool": {}}}


async def fill(context, key_id):
    """Give the project `default` a record of every kind; nobody needs a key yet."""
    transport = httpx.ASGITransport(create_rest(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as rest:

        async def made(path, **request):
            answer = await rest.post(path, **request)
            assert answer.status_code in (201, 202), answer.text
            return answer.json()["id"]

        table_id = await made("/v1/gene-tables", content=TABLE)
        with context.database.write() as session:
            row = session.get_one(GeneTableRecord, table_id)
            uploads.mark_ready(session, row, profile={}, table=Blob("b" * 64, 1))
        models = [
            rows.add_model(context, name="titer", labels=[LABEL], weights=b"w") for _ in range(2)
        ]
        held = Held(
            dataset_id=rows.add_dataset(context.database)[0],
            gene_table_id=table_id,
            network_id=await made(f"/v1/gene-tables/{table_id}/networks", content=EDGES),
            model_id=models[0],
            other_model_id=models[1],
            training_job_id=rows.add_training_job(context.database),
            search_job_id="",
            scoring_job_id="",
            sweep_id="",
            promotion_id=await made(f"/v1/models/{models[0]}:promote", json={"alias": "champion"}),
            sha256=rows.publish_blob(context.database, context.store, b"secret of a lab").sha256,
            key_id=key_id,
        )
        search_id = await made("/v1/search-jobs", json=held.search_spec())
        succeed(context, search_id)
        return Held(
            **{
                **vars(held),
                "search_job_id": search_id,
                "scoring_job_id": await made("/v1/scoring-jobs", json=held.scoring_spec()),
                "sweep_id": await made("/v1/sweeps", json=held.sweep_spec()),
            }
        )
