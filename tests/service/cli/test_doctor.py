"""What `cellgebra doctor` says of a machine that is unwell."""

from service.cli import doctor


def test_a_driver_that_hangs_is_told_of(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(doctor, "_GPU_SECONDS", 0.2)
    found = doctor._gpu()
    assert (found.found, found.advice) == ("nvidia-smi does not answer", "look at the driver")
