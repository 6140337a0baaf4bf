"""What a first request would have to wait for: code that is compiled when it is first used.

Compiled code is kept between processes where there is a folder for it. A container begins with an
empty one, and the first scores would take ten seconds.
"""

import numpy as np
import torch

from service.contract.latent_models import PerturbationSetSpec
from worker.inference.intervals import Residuals
from worker.models.encoding import DesignBatch
from worker.models.networks import new_latent_network


def compile_readings() -> None:
    """Read a network of no meaning, as scores of the default model are read."""
    generator = torch.Generator().manual_seed(0)
    net = new_latent_network(
        PerturbationSetSpec(latent_dim=4, hidden_dim=4),
        edit_count=2,
        measure_orders=(0,),
        generator=generator,
    )
    net.double().eval().fix()
    net.read(
        DesignBatch(torch.tensor([[1, 2], [1, 0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]]).double())
    )
    Residuals(np.array([0, 0, 1]), np.array([-1.0, 1.0, 0.0])).least(np.zeros((2, 3)), 2)
