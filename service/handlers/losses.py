"""The catalogue of losses."""

from service.contract.losses import LossCatalog, loss_catalog


def list_losses() -> LossCatalog:
    """Every loss, those first that a training job can name."""
    return loss_catalog()
