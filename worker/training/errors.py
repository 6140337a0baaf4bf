"""How a training can end other than with a model."""

from service.contract.errors import FailedPreconditionError


class TrainingStoppedError(Exception):
    """The training was asked to stop; its checkpoint is saved and another run can go on."""


class LatentCollapseError(FailedPreconditionError):
    """The latent space of most members shrank to a point: there is no model to use."""

    reason = "LATENT_COLLAPSE"
