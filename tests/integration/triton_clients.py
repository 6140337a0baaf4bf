"""One session of NVIDIA's client, as it is: prints what it has read as JSON.

python triton_clients.py http|grpc HOST:PORT NAME VERSION
"""

import importlib
import json
import sys

import numpy as np

GENOTYPES = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]
OUTPUTS = ("isoprenol.mean", "isoprenol.sd", "isoprenol.y_compose")


def main(door, url, name, version):
    triton = importlib.import_module(f"tritonclient.{door}")
    errors = importlib.import_module("tritonclient.utils")
    client = triton.InferenceServerClient(url)
    metadata = client.get_model_metadata(
        name, version, **({"as_json": True} if door == "grpc" else {})
    )

    def infer(genotypes):
        tensor = triton.InferInput("genotype", [len(genotypes)], "BYTES")
        tensor.set_data_from_numpy(np.array(genotypes, dtype=object))
        outputs = [triton.InferRequestedOutput(output) for output in OUTPUTS]
        return client.infer(name, [tensor], model_version=version, outputs=outputs)

    answer = infer(GENOTYPES)
    try:
        infer(["PP_9999:knockdown"])
        error = ""
    except errors.InferenceServerException as refused:
        error = str(refused)
    return {
        "live": client.is_server_live(),
        "server_ready": client.is_server_ready(),
        "model_ready": client.is_model_ready(name, version),
        "platform": metadata["platform"],
        "output_names": [tensor["name"] for tensor in metadata["outputs"]],
        "columns": {output: answer.as_numpy(output).tolist() for output in OUTPUTS},
        "error": error,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
