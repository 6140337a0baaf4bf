"""Figures of a study are measured once."""

from benchmarks.studies.kept import Kept


def test_what_is_kept_is_not_measured_again(tmp_path):
    kept = Kept(tmp_path / "figures.json", digits=2)
    asked = []

    def measure():
        asked.append(1)
        return [1 / 3, 2]

    assert kept.get("b", measure) == kept.get("b", measure) == [0.33, 2.0]
    assert len(asked) == 1
    kept.get("a", lambda: [1.0])
    assert Kept(kept.path).all() == {"a": [1.0], "b": [0.33, 2.0]}
    assert kept.path.read_text() == '{\n"a": [1.0],\n"b": [0.33, 2.0]\n}\n'
