"""How `auto` chose a model: every candidate, what it scored on the inner folds, and why."""

from pydantic import BaseModel, ConfigDict

from service.contract.candidates import CandidateKind


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class CandidateScore(_Told):
    """One candidate. `left_out` says why it was not compared; then there is no score.

    `score` is the criterion on the inner folds; `behind_best` how much worse it is than the best
    candidate, and `standard_error` that of this difference (None for the best itself).
    `estimated_seconds` was known before, `seconds` was measured.
    """

    kind: CandidateKind
    score: float | None = None
    behind_best: float | None = None
    standard_error: float | None = None
    estimated_seconds: float
    seconds: float | None = None
    is_best: bool = False
    is_chosen: bool = False
    left_out: str | None = None


class Selection(_Told):
    """Candidates in the order of simplicity, the simplest first.

    The folds are inside the training part: no figure here comes from the test part, and none of
    them says how good the model is on new designs, because the best of several was taken.
    """

    criterion: str
    folds: str
    fold_count: int
    design_count: int
    group_count: int
    candidates: tuple[CandidateScore, ...]
    chosen: CandidateKind
    reason: str
