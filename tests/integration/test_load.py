"""Many readers at once: scores are answered while hundreds of event streams stay open."""

import asyncio

import httpx

STREAMS, SCORES = 200, 32


async def open_stream(client, path, is_open, over):
    async with client.stream("GET", path) as response:
        response.raise_for_status()
        async for _ in response.aiter_lines():
            is_open.set()
            if over.is_set():
                return


async def ask_while_streams_are_open(base_url, job_id, model_id):
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=base_url, timeout=60, limits=limits) as client:
        over = asyncio.Event()
        opened = [asyncio.Event() for _ in range(STREAMS)]
        path = f"/v1/training-jobs/{job_id}/events"
        streams = [asyncio.create_task(open_stream(client, path, e, over)) for e in opened]
        await asyncio.gather(*(event.wait() for event in opened))
        body = {"genotypes": ["", "PP_0368:knockdown"], "timeout_seconds": 30}
        answers = await asyncio.gather(
            *(client.post(f"/v1/models/{model_id}:score", json=body) for _ in range(SCORES))
        )
        still_open = sum(not stream.done() for stream in streams)
        over.set()
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    return [answer.status_code for answer in answers], still_open


def test_scores_are_answered_while_streams_stay_open(service, api, dataset, trained):
    spec = {
        "dataset_id": dataset["id"],
        "labels": [{"name": "isoprenol"}],
        "model": {"kind": "perturbation_set"},
        "epochs": 100_000,
        "patience_epochs": 100_000,
    }
    job = api.post("/v1/training-jobs", json=spec).raise_for_status().json()
    try:
        codes, still_open = asyncio.run(
            ask_while_streams_are_open(service.base_url, job["id"], trained["model_id"])
        )
    finally:
        api.post(f"/v1/training-jobs/{job['id']}:cancel").raise_for_status()
    assert codes == [200] * SCORES
    assert still_open == STREAMS
