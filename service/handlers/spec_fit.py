"""Whether a training spec can be trained: its data set, gene table and model go together."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.contract.records import DatasetRecord
from service.contract.repositories.uploads import get_ready
from service.contract.training import TrainingSpec
from service.handlers.dataset_fit import require_fit
from service.handlers.genes_fit import require_genes


def require_trainable(
    session: Session, project_id: str, spec: TrainingSpec, kinds: Sequence[str] | None = None
) -> DatasetRecord:
    """The data set of a spec that can be trained, locked, so that it is there until its job is.

    `kinds` are the models, None: that of the spec.

    Raises:
        NotFoundError: this project has no such data set, or gene table.
        FailedPreconditionError: the data set, or what is used of genes, is not READY.
        InvalidArgumentError: the data set has no such label, covariate or covariate value; the
            gene table no such feature, network or channel; a model of genes is given none.
    """
    dataset = get_ready(session, DatasetRecord, project_id, spec.dataset_id, lock=True)
    require_fit(spec, dataset)
    require_genes(session, project_id, spec, kinds)
    return dataset
