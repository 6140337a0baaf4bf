"""What is wrong with a spec is told at its line, or at the option that it comes from."""

import json

import pytest

from service.cli.spec_files import read_spec
from service.contract.errors import InvalidRequestError
from service.contract.training import TrainingSpec

TOML = """\
dataset_id = "d"
labels = [{ name = "titer" }]
optimizer.learning_rate = 0.1
split = { kind = "random", test_fraction = 0.2 }

[model]
kind = "perturbation_set"
latent_dim = 4

[[loss.terms]]
name = "mse"
weight = 1

[[loss.terms]]
name = "composition"
weight = 0.5

[[loss.terms]]
name = "l1"
weight = 0.1
"""
YAML = """\
dataset_id: d
labels:
  - name: titer
model:
  kind: additive
"""


@pytest.fixture
def refused(tmp_path):
    """Of a spec that is wrong in one place: where it is told, without the folder, and what."""

    def run(text, *changes, ending="toml"):
        path = tmp_path / f"spec.{ending}"
        path.write_text(text)
        with pytest.raises(InvalidRequestError) as caught:
            read_spec(TrainingSpec, path, changes)
        offenders = caught.value.offenders
        (where,) = {offender.field for offender in offenders}
        return where.removeprefix(f"{tmp_path}/"), offenders[0].message

    return run


@pytest.mark.parametrize(
    ("good", "bad", "line"),
    [
        ("weight = 0.1", "weight = -1", 20),
        ("weight = 0.5", "weight = -1", 16),
        ("weight = 1\n", "weight = -1\n", 12),
        ("learning_rate = 0.1", "learning_rate = 2", 3),
        ("latent_dim = 4", "latent_dim = 0", 8),
        ('kind = "perturbation_set"', 'kind = "deep"', 7),
        ("test_fraction = 0.2", "test_fraction = 2", 4),
        ('name = "l1"', 'name = "l0"', 19),
        ('name = "titer"', 'nam = "titer"', None),
        ('{ name = "titer" }', "{}", 2),
        ('dataset_id = "d"\n', "epoch = 1\n", None),
    ],
)
def test_each_offence_has_the_line_of_its_own_table(tmp_path, good, bad, line):
    path = tmp_path / "spec.toml"
    path.write_text(TOML)
    assert TOML.count(good) == 1
    path.write_text(TOML.replace(good, bad))
    with pytest.raises(InvalidRequestError) as caught:
        read_spec(TrainingSpec, path)
    told = [offender.field for offender in caught.value.offenders]
    if line is None:  # a field that is missing, beside one that is too much
        lines = TOML.replace(good, bad).splitlines()
        line = next(n for n, text in enumerate(lines, start=1) if bad.strip() in text)
        assert f"{path}:{line}" in told
    else:
        assert {*told} == {f"{path}:{line}"}


@pytest.mark.parametrize(("text", "ending"), [(TOML, "toml"), (YAML, "yaml")])
@pytest.mark.parametrize(
    "change",
    ["labels=[{}]", "model.kind=deep", "epochs=0", "optimizer.weight_decay=-1", "report.latnt=1"],
)
def test_a_wrong_change_is_blamed_on_the_option(refused, text, ending, change):
    where, message = refused(text, "seed=1", change, ending=ending)
    assert where == f"--set {change}"
    assert message.startswith(change.partition("=")[0].split(".")[0])


def test_an_item_of_a_list_is_changed_by_its_number(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(TOML)
    changes = ["labels.0.weight=2", "loss.terms.2.weight=0.25", 'loss.terms.0={"name": "huber"}']
    spec = read_spec(TrainingSpec, path, changes)
    assert spec.labels[0].weight == 2
    terms = [(term.name, term.weight) for term in spec.loss.terms]
    assert terms == [("huber", 1.0), ("composition", 0.5), ("l1", 0.25)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("loss.terms.3.weight=1", "loss.terms is a list of 3, which has no item 3: .* 0 to 2$"),
        ("loss.terms.3=1", "loss.terms is a list of 3, which has no item 3: .* 0 to 2$"),
        ("labels.-1.weight=1", "labels is a list of 1, which has no item -1: .* 0 to 0$"),
        ("labels.titer.weight=1", "labels is a list of 1, which has no item titer"),
        ("labels.00.weight=1", "labels is a list of 1, which has no item 00"),
        (f"labels.{'9' * 5000}=1", "labels is a list of 1, which has no item 9"),
        ("labels.0.name.x=1", "labels.0.name is no object"),
        ("dataset_id.0=1", "dataset_id is no object"),
        ("split.kind.0=1", "split.kind is no object"),
    ],
)
def test_a_place_that_is_not_there_is_refused(tmp_path, change, told):
    path = tmp_path / "spec.toml"
    path.write_text(TOML)
    with pytest.raises(InvalidRequestError, match=told) as caught:
        read_spec(TrainingSpec, path, [change])
    assert str(caught.value).startswith(f"--set {change}: ")


def test_a_list_without_items_takes_none(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text("labels: []\n")
    with pytest.raises(InvalidRequestError, match=r"labels is a list of 0, .*: set all of it"):
        read_spec(TrainingSpec, path, ["labels.0.weight=1"])


def test_a_wrong_item_is_blamed_on_the_option_and_its_neighbours_on_their_lines(refused):
    bad = TOML.replace("weight = 0.5", "weight = -1")
    assert refused(bad, "loss.terms.0.weight=2")[0] == "spec.toml:16"
    where, message = refused(TOML, "loss.terms.1.weight=-1")
    assert where == "--set loss.terms.1.weight=-1"
    assert message.startswith("loss.terms.1.")


def test_a_line_of_the_file_is_not_blamed_for_what_replaced_it(refused):
    terms = [{"name": "mse"}, {"name": "l1"}, {"name": "composition", "weight": -1}]
    change = f"loss.terms={json.dumps(terms)}"
    assert refused(TOML, change)[0] == f"--set {change}"


def test_the_file_is_still_blamed_for_its_own(refused):
    bad = YAML.replace("kind: additive", "kind: additive\nepochs: 0")
    assert refused(bad, "seed=1", ending="yaml")[0] == "spec.yaml:6"


def test_an_object_that_a_change_begins_is_its_own(refused):
    where, message = refused(YAML, "resources.gpus=-1", "seed=3", ending="yaml")
    assert (where, message.split(":")[0]) == ("--set resources.gpus=-1", "resources.gpus")
    where, message = refused(YAML, "genes.use_features=true", ending="yaml")
    assert where == "--set genes.use_features=true"
    assert "gene_table_id: Field required" in message


DEEPER = "\n".join(f"b{n + 1}: &b{n + 1} [{', '.join([f'*b{n}'] * 9)}]" for n in range(9))


@pytest.mark.parametrize("text", ["a: &x [*x]", "labels: &x [*x]", f"b0: &b0 [1]\n{DEEPER}"])
def test_aliases_without_end_are_told_as_what_is_wrong(tmp_path, text):
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(InvalidRequestError) as caught:
        read_spec(TrainingSpec, path)
    assert f"{path}:1" in {offender.field for offender in caught.value.offenders}


def test_null_in_a_file_is_no_hindrance(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps({"dataset_id": "d", "labels": [{"name": "y"}], "loss": None}))
    terms = '[{"name": "mse"}]'
    assert read_spec(TrainingSpec, path, [f"loss.terms={terms}"]).loss.terms[0].name == "mse"
