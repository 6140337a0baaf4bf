"""What a model keeps of the designs it was trained on."""

from itertools import chain

import numpy as np

from service.contract.training import Transform
from worker.inference.seen_designs import SeenDesigns
from worker.training.preparation import TrainingData


def seen_designs(data: TrainingData) -> SeenDesigns:
    """Designs of the training part with the means of their observations, in the label's unit.

    Observations are those that the model learned: replicates averaged on the learned scale, less
    the offsets of their batches; what is below the detection limit counts as the limit.
    """
    designs = data.train.designs
    batch = data.index.encode(designs)
    mean_YK = data.train.design_means().T
    value_YK = [
        np.exp(mean_K) if label.transform is Transform.LOG else mean_K
        for label, mean_K in zip(data.labels, mean_YK, strict=True)
    ]
    levels = (edit.level for edit in chain.from_iterable(design.edits for design in designs))
    edit_BP = batch.edit_BP.numpy()
    return SeenDesigns(
        order_K=np.array([design.order for design in designs], dtype=np.int64),
        edit_J=edit_BP[edit_BP > 0] - 1,
        level_J=np.array([np.nan if level is None else level for level in levels], dtype=float),
        row_count_K=data.train.row_count_K.astype(np.int64),
        value_KY=np.stack(value_YK, axis=1),
    )
