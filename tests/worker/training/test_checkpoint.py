"""What a checkpoint belongs to: all that changes a training, and nothing else."""

from service.contract.training import TrainingSpec
from worker.training.checkpoint import fingerprint

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
