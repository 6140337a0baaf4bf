"""LitServe: POST /predict {"genotypes": [...]}. One inference worker, one API server."""

import sys

import litserve as ls

from scoring import MAX_BATCH, WAIT_SECONDS, predictor, score_each


class API(ls.LitAPI):
    def setup(self, device):
        self.model = predictor()

    def decode_request(self, request):
        return request["genotypes"]

    def batch(self, inputs):
        return list(inputs)

    def predict(self, requests):
        return score_each(self.model, requests)

    def unbatch(self, answers):
        return answers

    def encode_response(self, answer):
        return answer


if __name__ == "__main__":
    server = ls.LitServer(
        API(max_batch_size=MAX_BATCH, batch_timeout=WAIT_SECONDS),
        accelerator="cpu",
        workers_per_device=1,
        fast_queue="fast" in sys.argv[2:],
    )
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
