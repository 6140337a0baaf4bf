"""Exact by arithmetic in the latent space: a shard of a screen."""

from worker.inference.predictor import Predictor


def screen_refusal(predictor: Predictor) -> str | None:
    """Why a model cannot be screened; None if it can."""
    return f"a model of the kind {predictor.manifest.model_kind} has no latent space to screen"
