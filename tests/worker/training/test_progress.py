"""How often a training keeps a checkpoint."""

import pytest

from worker.training.progress import Attempt


@pytest.mark.parametrize(("seconds", "kept"), [(1e-9, [b"whole", b"part"]), (1e9, [])])
def test_a_checkpoint_is_kept_as_often_as_wanted_and_so_is_one_of_a_part(seconds, kept):
    saved = []
    saver = Attempt(save_checkpoint=saved.append, checkpoint_seconds=seconds).saver()
    saver.when_due(lambda: b"whole")
    saver.inside(saved.append).when_due(lambda: b"part")
    assert saved == kept
