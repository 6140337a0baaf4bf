"""The OpenAPI document: every operation named, every error a problem document."""

from importlib.metadata import version

from service.rest.app import create_rest


def operations(document):
    return [operation for path in document["paths"].values() for operation in path.values()]


async def test_operations_have_names_and_problems(context):
    document = create_rest(context).openapi()
    assert document["info"]["version"] == version("cellgebra")
    names = [operation["operationId"] for operation in operations(document)]
    assert len(names) == len(set(names))
    assert {"createDataset", "createTrainingJob", "score", "streamTrainingJobEvents"} <= set(names)
    for operation in operations(document):
        problem = operation["responses"]["default"]["content"]
        is_ours = operation["tags"] != ["open inference protocol"]
        media_type = "application/problem+json" if is_ours else "application/json"
        name = "ProblemDocument" if is_ours else "InferProblem"
        assert problem[media_type]["schema"] == {"$ref": f"#/components/schemas/{name}"}
        assert operation["summary"]


async def test_every_reference_leads_somewhere(context):
    document = create_rest(context).openapi()
    assert "HTTPValidationError" not in str(document)
    references = set()

    def collect(part):
        if isinstance(part, dict):
            references.update([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for value in part.values():
                collect(value)
        elif isinstance(part, list):
            for value in part:
                collect(value)

    collect(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references <= known


async def test_the_document_is_served(rest):
    response = await rest.get("/openapi.json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.")
