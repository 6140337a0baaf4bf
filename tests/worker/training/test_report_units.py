"""Numbers with a unit, and numbers that have none."""

import pytest

from worker.training.report_units import original_scale, quantity, titled


@pytest.mark.parametrize(
    ("unit", "number", "axis", "scale"),
    [
        ("mg/L", "0.0453 mg/L", "measured (mg/L)", "original unit (mg/L)"),
        ("1", "0.0453", "measured", "original scale (no unit)"),
        (" Dimensionless ", "0.0453", "measured", "original scale (no unit)"),
        ("relative", "0.0453 (relative)", "measured (relative)", "original unit (relative)"),
        ("1/h", "0.0453 1/h", "measured (1/h)", "original unit (1/h)"),
    ],
)
def test_a_number_without_a_dimension_stands_alone(unit, number, axis, scale):
    assert quantity("0.0453", unit) == number
    assert titled("measured", unit) == axis
    assert original_scale(unit) == scale
