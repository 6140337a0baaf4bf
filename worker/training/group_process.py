"""A process of a group, as torchrun starts it: `python -m worker.training.group_process FOLDER`."""

import ctypes
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.contract.errors import CellgebraError

if TYPE_CHECKING:
    from worker.training.group_folder import GroupFolder, GroupOrder

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """End when torchrun is killed, which has no time to tell; before anything takes long."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() == 1:
            raise SystemExit("torchrun is gone")


def _join(order: "GroupOrder") -> None:
    """Become a process of the group that torchrun's environment tells of."""
    import torch
    from torch import distributed

    torch.set_num_threads(order.thread_count)
    if order.spec.wanted_device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("cpu:gloo,cuda:nccl")
    else:
        distributed.init_process_group("gloo")


def _train(folder: "GroupFolder", order: "GroupOrder", rank: int) -> None:
    from service.contract.splits import holds_genes_out
    from worker.data.gene_files import chosen_from
    from worker.training.manifest import TableIdentity
    from worker.training.progress import Attempt
    from worker.training.run import help_train, train_model

    spec, genes = order.spec, None
    if order.genes is not None and spec.genes is not None:
        held_out = holds_genes_out(spec.split)
        genes = chosen_from(order.genes, spec.genes, are_genes_held_out=held_out)
    columns = (order.labels, order.covariates)
    identity = TableIdentity(order.dataset_id, order.dataset_sha256, order.table_sha256)
    given: dict[str, Any] = {"identity": identity, "genes": genes}
    checkpoint = folder.checkpoint()
    if rank > 0:
        help_train(spec, order.table_path, *columns, **given, checkpoint=checkpoint)
        return
    attempt = Attempt(
        checkpoint=checkpoint,
        save_checkpoint=folder.save_checkpoint,
        emit=folder.tell,
        should_stop=folder.should_stop,
        earlier_epochs=order.earlier_epochs,
        checkpoint_seconds=order.checkpoint_seconds,
    )
    trained = train_model(
        spec, order.table_path, *columns, **given, attempt=attempt, notes=order.notes
    )
    folder.finish(trained.weights, trained.manifest, trained.told())


def _is_of_another(error: Exception) -> bool:
    """Whether a message did not come through, because who should answer has gone."""
    from torch import distributed

    return isinstance(error, distributed.DistError) or "gloo" in str(error)


def main(path: Path) -> int:
    """Train, and leave word of how it ended. 1 where torchrun is to end the others."""
    from worker.training.errors import TrainingStoppedError
    from worker.training.group_folder import Ending, GroupFolder

    folder, rank = GroupFolder(path), int(os.environ["RANK"])
    order = folder.order()
    try:
        _join(order)
        _train(folder, order, rank)
    except TrainingStoppedError:
        folder.end(rank, Ending(is_stopped=True))
    except CellgebraError as error:
        folder.end(rank, Ending(problem=error.as_problem()))
    except Exception as error:  # noqa: BLE001 - the owner tells of it
        is_lost = _is_of_another(error)
        folder.end(rank, Ending(trace=traceback.format_exc(), is_lost=is_lost))
        return 1
    else:
        folder.end(rank, Ending())
    return 0


if __name__ == "__main__":
    _die_with_parent()
    raise SystemExit(main(Path(sys.argv[1])))
