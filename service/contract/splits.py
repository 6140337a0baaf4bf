"""What a training holds out: by design, gene, pair, order, group, or by a value of a column.

`folds` cuts what is split into that many parts; `fold` says which of them is tested. One job
evaluates one fold, and the same spec always gives the same fold.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

Names = tuple[str, ...]


class _Split(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _FoldedSplit(_Split):
    folds: Annotated[int | None, Field(ge=2, le=10_000)] = None
    fold: Annotated[int, Field(ge=0, lt=10_000)] = 0

    @model_validator(mode="after")
    def _fold_of_folds(self) -> Self:
        if self.fold >= (self.folds or 1):
            said = "fold needs folds" if self.folds is None else f"there are {self.folds} folds"
            raise ValueError(f"fold {self.fold}: {said}; the first fold is 0")
        return self


class _DrawnSplit(_FoldedSplit):
    """Units are drawn; `folds` sets their share to 1 / folds, and `test_fraction` is not read."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class _NamedDrawnSplit(_DrawnSplit):
    """Units are named by `test`, or drawn."""

    test: Names = ()

    @model_validator(mode="after")
    def _named_or_folded(self) -> Self:
        if self.test and self.folds is not None:
            raise ValueError("give test or folds, not both")
        return self


class _ValueSplit(_FoldedSplit):
    """Values are named by `test` (and `train`), or every `folds`-th of the sorted values."""

    test: Annotated[Names, Field(validate_default=True)] = ()
    train: Names | None = None

    @field_validator("test")
    @classmethod
    def _named_or_folded(cls, value: Names, info: ValidationInfo) -> Names:
        if bool(value) == (info.data.get("folds") is not None):
            raise ValueError("give the values of test, or folds: one of the two")
        return value

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.train is not None and self.folds is not None:
            raise ValueError("train goes with test; folds train on every value of the other folds")
        both = sorted(set(self.test) & set(self.train or ()))
        if both:
            raise ValueError(f"{', '.join(both)} is in train and in test")
        return self


class RandomSplit(_DrawnSplit):
    """Hold out a random share of the design groups; a group never straddles the split."""

    kind: Literal["random"] = "random"


class GeneSplit(_NamedDrawnSplit):
    """Hold out genes (loci): what is tested are designs that edit them.

    `match` `any` tests designs with at least one held-out gene; `all` those whose genes are all
    held out, and leaves out of both parts those with some. With `keep_singles` designs of one
    edit are trained on: the gene has been seen, but in no combination. Without it a model has to
    predict a gene from its features alone.
    """

    kind: Literal["gene"] = "gene"
    match: Literal["any", "all"] = "any"
    keep_singles: bool = False


class QueryPairSplit(_NamedDrawnSplit):
    """Hold out query pairs: designs of three edits or more that share two fixed ones.

    The query of a design is its value of `covariate`, or, without one, that pair of its edits
    that most designs of order 3 and above hold (the first by name of several). Designs of fewer
    edits train. Without a covariate, no design of order 3 or above that is trained on holds a
    held-out pair.
    """

    kind: Literal["query_pair"] = "query_pair"
    covariate: str | None = None


class OrderSplit(_Split):
    """Train on designs of at most `max_train_order` edits, test on those of more."""

    kind: Literal["order"] = "order"
    max_train_order: Annotated[int, Field(ge=1, le=100)]


class GroupSplit(_NamedDrawnSplit):
    """Hold out groups of the data set's group column, by name or at random."""

    kind: Literal["group"] = "group"


class CovariateSplit(_ValueSplit):
    """Hold out rows by a covariate's values, e.g. the last cycles of a campaign.

    `train` None takes every other value. A design measured on both sides is left out of the
    test part (it would be recognised, not predicted), and the report says how many were.
    """

    kind: Literal["covariate"] = "covariate"
    covariate: str


class ForwardSplit(_FoldedSplit):
    """Forward chaining: train on every value before, test on the next.

    Values are in the order of their numbers where all are numbers, else of their text (ISO
    dates). `test` names the value that is tested; without it, the last. `folds` cuts all values
    after the first into that many runs of neighbours: fold f trains on all before run f. A
    design measured on both sides is left out of the test part, as for a covariate.
    """

    kind: Literal["forward"] = "forward"
    covariate: str
    test: str | None = None

    @model_validator(mode="after")
    def _named_or_folded(self) -> Self:
        if self.test is not None and self.folds is not None:
            raise ValueError("give test or folds, not both")
        return self


class ConditionSplit(_ValueSplit):
    """Hold out values of a covariate with the role condition; one value is trained on.

    The same edits under another condition are another measurement: they are tested on, and the
    report says how many of the tested designs were trained on under the other condition.
    """

    kind: Literal["condition"] = "condition"
    covariate: str


class BackgroundSplit(_ValueSplit):
    """Hold out backgrounds; one is trained on. Edits that were trained on are tested, too."""

    kind: Literal["background"] = "background"


class NoSplit(_Split):
    """Train on everything; the report then holds no held-out figure."""

    kind: Literal["none"] = "none"


Split = Annotated[
    RandomSplit
    | GeneSplit
    | QueryPairSplit
    | OrderSplit
    | GroupSplit
    | CovariateSplit
    | ForwardSplit
    | ConditionSplit
    | BackgroundSplit
    | NoSplit,
    Field(discriminator="kind"),
]


def holds_genes_out(split: Split) -> bool:
    """Whether genes are tested that training has not seen at all.

    What was published on them is then no feature: it may tell what is to be predicted.
    """
    return isinstance(split, GeneSplit) and not split.keep_singles
