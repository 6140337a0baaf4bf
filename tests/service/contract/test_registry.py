"""References to models, by hand."""

import pytest

from service.contract.errors import InvalidArgumentError
from service.contract.registry import Reference, parse_reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("model_0f3a", Reference(model_id="model_0f3a")),
        ("titer@3", Reference(name="titer", version=3)),
        ("titer@champion", Reference(name="titer", alias="champion")),
        ("me@lab@a-2_b", Reference(name="me@lab", alias="a-2_b")),
        ("titer 2 h@999999999", Reference(name="titer 2 h", version=999_999_999)),
    ],
)
def test_an_id_a_version_and_an_alias(text, reference):
    assert parse_reference(text) == reference


NEITHER = ["", "0", "03", "-1", "1000000000", "Champion", "a.b", "\u0663", "a" * 64]
UNSTORABLE = ["a\0@3", "\0", "a\ud800"]


@pytest.mark.parametrize("text", ["@", "@3", *(f"titer@{rest}" for rest in NEITHER), *UNSTORABLE])
def test_what_is_neither(text):
    with pytest.raises(InvalidArgumentError, match="calls no model"):
        parse_reference(text)
