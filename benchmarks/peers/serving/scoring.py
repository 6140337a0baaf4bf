"""What both peers serve: our reader of genotypes and our predictor, in their own process.

After the serving baselines that this project started from: one model, one PyTorch thread, batches
of at most 64 requests after at most 2 ms. Here the model is a trained one of ours, with all members
of its ensemble, and the body is a genotype body: nothing but the server differs.
"""

import json
import os
import site
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
site.addsitedir(os.environ["SCORING_SITE"])  # our libraries, after the peer's own
sys.path.insert(0, os.environ["SCORING_REPOSITORY"])

import torch

from worker.inference.predictor import Predictor

torch.set_num_threads(1)
MAX_BATCH, WAIT_SECONDS = 64, 0.002


def predictor():
    folder = Path(os.environ["SCORING_MODEL"])
    manifest = json.loads((folder / "manifest.json").read_text())
    return Predictor.load(folder / "weights.safetensors", manifest)


def score_each(model, requests):
    """Score the designs of several requests as one batch, and give each its own answer."""
    answer = model.score([text for texts in requests for text in texts])
    whole = answer.model_dump(mode="json", exclude_none=True)
    answers, begin = [], 0
    for texts in requests:
        end = begin + len(texts)
        answers.append(_cut(whole, begin, end, end - begin, len(whole["genotypes"])))
        begin = end
    return answers


def _cut(part, begin, end, size, total):
    if isinstance(part, dict):
        return {key: _cut(value, begin, end, size, total) for key, value in part.items()}
    if isinstance(part, list):
        if part and isinstance(part[0], dict):
            return [_cut(value, begin, end, size, total) for value in part]
        return part[begin:end]
    return part
