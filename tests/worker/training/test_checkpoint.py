"""What a checkpoint belongs to: all that changes a training, and nothing else."""

import json

import pytest
import torch
from safetensors.torch import save

from service.contract.errors import FailedPreconditionError
from service.contract.training import TrainingSpec
from worker.training.checkpoint import FORMAT, fingerprint, unpack

SPEC = {"dataset_id": "dataset_1", "labels": [{"name": "titer"}]}


def printed(**changes):
    return fingerprint(TrainingSpec.model_validate({**SPEC, **changes}), "table")


def test_what_changes_the_training_changes_it():
    different = [
        printed(),
        printed(seed=1),
        printed(epochs=3),
        printed(model={"kind": "additive"}),
        fingerprint(TrainingSpec.model_validate(SPEC), "another table"),
    ]
    assert len(set(different)) == len(different)


def test_what_does_not_leaves_it():
    same = {"name": "other", "device": "cpu", "priority": "high", "report": {"latent_map": "umap"}}
    assert printed(**same) == printed()


def test_a_default_that_is_written_down_is_the_default():
    """So that a field which a newer version adds does not forsake the checkpoints of an older."""
    whole = TrainingSpec.model_validate(SPEC).model_dump(mode="json")
    assert fingerprint(TrainingSpec.model_validate(whole), "table") == printed()


def saved(**state):
    whole = {"format": FORMAT, "fingerprint": "ours", **state}
    return save({"sums": torch.zeros(1)}, metadata={"state": json.dumps(whole)})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (saved(format=2), "has format 2, this version reads 1: resume the job with the version"),
        (saved(fingerprint="another"), "belongs to another spec or data set"),
        (saved(), "cannot be read; start a new job"),
        (b"", "cannot be read; start a new job"),
    ],
)
def test_what_is_no_checkpoint_of_ours_is_refused(content, told):
    with pytest.raises(FailedPreconditionError, match=told):
        unpack(content, None, "ours")
