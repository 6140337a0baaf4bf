"""BentoML: POST /predict {"genotypes": [[...]]}: one request is one item of an adaptive batch."""

import bentoml

from scoring import MAX_BATCH, predictor, score_each


@bentoml.service(
    workers=1,
    traffic={"timeout": 30, "concurrency": 256},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
class Scoring:
    def __init__(self):
        self.model = predictor()

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH, max_latency_ms=1000)
    def predict(self, genotypes: list[list[str]]) -> list[dict]:
        return score_each(self.model, genotypes)
