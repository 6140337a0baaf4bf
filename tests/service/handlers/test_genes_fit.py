"""A model of genes is refused before a job is queued, where the spec gives it none."""

import pytest

from service.contract.blobs import Blob
from service.contract.errors import InvalidArgumentError
from service.contract.manifests import ManifestLabel
from service.contract.records import GeneTableRecord
from service.contract.repositories import networks, uploads
from service.contract.scoring_jobs import ScoringSpec
from service.contract.search import SearchSpec
from service.contract.sweeps import SweepSpec
from service.handlers.scoring_jobs import score_combinations
from service.handlers.search_jobs import create_search_job
from service.handlers.sweeps import create_sweep
from service.handlers.training_jobs import create_training_job
from tests.service.rows import OWNER, add_dataset, add_model, training_spec

BLOB = Blob("b" * 64, 10)
FEATURE_COUNT = {"genes_bare": 0, "genes_full": 1}
NETWORK = {
    "row_count": 1,
    "edge_count": 1,
    "channels": [{"name": "edge", "edge_count": 1, "min": 1, "max": 1}],
    **dict.fromkeys(("matched_name_count", "renamed_count", "unmatched_name_count"), 0),
    **dict.fromkeys(("unmatched_row_count", "duplicate_count"), 0),
    **dict.fromkeys(("self_edge_count", "isolated_locus_count"), 0),
}


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def dataset_id(database):
    """A data set, and two gene tables with a network each: one without a feature, one with one."""
    with database.write() as session:
        for table_id, count in FEATURE_COUNT.items():
            made = {"spec": {}, "source": BLOB, "job_id": "job_1"}
            own = {"record": GeneTableRecord, "name": "genes", **made}
            table = uploads.add_upload(session, OWNER, table_id, **own)
            numbers = dict.fromkeys(("row_count", "locus_count"), 2)
            numbers |= dict.fromkeys(("alias_count", "ambiguous_alias_count"), 0)
            profile = {**numbers, "shadowed_alias_count": 0, "feature_count": count, "features": []}
            names = {"feature_names": ["x"][:count]}
            uploads.mark_ready(session, table, profile=profile | names, table=BLOB)
            network = networks.add_network(
                session, OWNER, f"net_{table_id}", gene_table_id=table_id, name="string", **made
            )
            uploads.mark_ready(session, network, profile=NETWORK, table=BLOB)
    return add_dataset(database)[0]


def use(table, **changes):
    return {"gene_table_id": f"genes_{table}", **changes}


LABEL = ManifestLabel(
    name="titer",
    kind="titer",
    scale="log",
    unit="mg/L",
    transform="log",
    center=0.0,
    spread=1.0,
    neutral_model="additive",
    train_count=10,
)
WITH_NETWORK = {"networks": [{"name": "string"}]}


@pytest.mark.parametrize(
    ("model", "refusal"),
    [
        (("feature_ridge", None), ("genes", "name a gene table in genes.gene_table_id")),
        (("gene_kernel", None), ("genes", "name a gene table in genes.gene_table_id")),
        (("gene_graph", None), ("genes", "in genes.networks a network of it")),
        (("feature_ridge", use("bare")), ("genes", "the gene table has none")),
        (("feature_ridge", use("bare", **WITH_NETWORK)), ("genes", "the gene table has none")),
        (
            ("feature_ridge", use("full", use_features=False, **WITH_NETWORK)),
            ("genes", "genes.use_features is false"),
        ),
        (("gene_kernel", use("bare")), ("genes", "or name a network in genes.networks")),
        (("gene_graph", use("full")), ("genes.networks", "name one in genes.networks")),
    ],
)
async def test_a_model_of_genes_that_is_given_none(context, caller, dataset_id, model, refusal):
    (kind, genes), (field, said) = model, refusal
    spec = training_spec(dataset_id, model={"kind": kind}, genes=genes)
    with pytest.raises(InvalidArgumentError, match=said) as caught:
        create_training_job(context, caller, spec)
    (offender,) = caught.value.offenders
    assert (offender.field, offender.value) == (field, kind)
    parameter = {"path": "epochs", "kind": "int", "low": 1, "high": 9}
    sweep = SweepSpec(training=spec, parameters=(parameter,))
    with pytest.raises(InvalidArgumentError, match=said):
        create_sweep(context, caller, sweep)


@pytest.mark.parametrize(
    ("model", "genes"),
    [
        ("feature_ridge", use("full")),
        ("gene_kernel", use("full")),
        ("gene_kernel", use("bare", **WITH_NETWORK)),
        ("gene_graph", use("bare", **WITH_NETWORK)),
        ("forest", use("bare")),
        ("perturbation_set", None),
    ],
)
async def test_a_model_that_has_what_it_is_made_of(context, caller, dataset_id, model, genes):
    spec = training_spec(dataset_id, model={"kind": model}, genes=genes)
    assert create_training_job(context, caller, spec).state == "QUEUED"


async def test_auto_needs_one_candidate_that_can_be_fitted(context, caller, dataset_id):
    def spec(*candidates):
        return training_spec(dataset_id, model={"kind": "auto", "candidates": candidates})

    with pytest.raises(InvalidArgumentError) as caught:
        create_training_job(context, caller, spec("feature_ridge", "gene_graph"))
    assert [one.value for one in caught.value.offenders] == ["feature_ridge", "gene_graph"]
    assert create_training_job(context, caller, spec("feature_ridge", "additive")).id


async def test_every_kind_that_a_sweep_tries_has_to_be_possible(context, caller, dataset_id):
    def sweep(*kinds):
        parameter = {"path": "model.kind", "kind": "choice", "choices": kinds}
        training = training_spec(dataset_id, model={"kind": "gene_kernel"})
        return SweepSpec(training=training, parameters=(parameter,))

    with pytest.raises(InvalidArgumentError) as caught:
        create_sweep(context, caller, sweep("forest", "feature_ridge"))
    assert [one.value for one in caught.value.offenders] == ["feature_ridge"]
    # The kind of `training` is none of them, so that no trial has it.
    assert create_sweep(context, caller, sweep("forest", "gp")).id


async def searched(context, caller, model_id, pool):
    spec = {"model_id": model_id, "objectives": [{"label": "titer"}], "pool": pool}
    return create_search_job(context, caller, SearchSpec.model_validate(spec))


async def scored(context, caller, model_id, pool):
    given = {"kind": "combinations", "pool": pool, "max_order": 2}
    spec = ScoringSpec.model_validate({"model_id": model_id, "input": given})
    return await score_combinations(context, caller, spec)


@pytest.mark.usefixtures("dataset_id")
@pytest.mark.parametrize(("create", "field"), [(searched, "pool"), (scored, "input.pool")])
async def test_a_pool_asks_for_features_that_there_are(context, caller, create, field):
    def pool(feature):
        condition = {"feature": feature, "at_least": 1}
        return {"genes": {"gene_table_id": "genes_full", "where": [condition]}}

    model_id = add_model(context, labels=[LABEL])
    assert (await create(context, caller, model_id, pool("x"))).state == "QUEUED"
    with pytest.raises(InvalidArgumentError, match="there is no feature 'y'; there are: x") as told:
        await create(context, caller, model_id, pool("y"))
    assert [one.field for one in told.value.offenders] == [f"{field}.genes.where[0].feature"]
