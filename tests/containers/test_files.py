"""What docker-compose.yml and the locks say, read without an engine."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from service.contract.settings import Settings
from service.supervisor.programs import programs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
WORKERS = {name: one for name, one in SERVICES.items() if name.startswith("worker-")}
DOORS = {"api": ["8000"], "rpc": ["8001"]}
LOCKS = ("service", "extras", "worker-cpu", "worker-cuda")


def options(command):
    """Options of a worker that matter: not its name, its log, or how Python is started."""
    words = [word for word in command if word not in ("-P", "-m")]
    words = words[words.index("celery") + 1 :] if "celery" in words else words[1:]
    pairs = dict(zip(words, [*words[1:], ""], strict=True))
    kept = {name: value for name, value in pairs.items() if name.startswith("-")}
    return {name: v if not v.startswith("-") else "" for name, v in kept.items()} | {
        "-n": "",
        "--loglevel": "",
    }


def lock(name):
    """Name and version of each line of a lock."""
    text = (ROOT / "docker" / f"requirements-{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, re.MULTILINE))


def test_workers_run_as_cellgebra_up_runs_them(tmp_path):
    ours = {
        program.name.split("-")[0]: options(program.command)
        for program in programs(Settings(data_dir=tmp_path))
        if "celery" in program.command
    }
    for name, service in WORKERS.items():
        assert options(service["command"]) == ours[name.split("-")[1]], name
    assert {name.split("-")[1] for name in WORKERS} == set(ours)


def test_every_container_is_confined():
    for name, one in SERVICES.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["mem_limit"], name
        assert one["pids_limit"], name
        assert "healthcheck" in one, name
        assert one["restart"] in ("unless-stopped", "no"), name


def test_the_doors_alone_are_published():
    published = {
        name: [port.rpartition(":")[2] for port in one["ports"]]
        for name, one in SERVICES.items()
        if "ports" in one and not one.get("profiles")
    }
    assert published == DOORS
    for one in SERVICES.values():
        assert all(":-127.0.0.1}" in port for port in one.get("ports", []))


def test_everything_waits_for_the_schema():
    for name, one in SERVICES.items():
        if name.startswith(("api", "rpc", "scheduler", "worker")):
            assert one["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_example_of_an_environment_has_every_variable_and_no_other():
    used = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", example, re.MULTILINE)) == used


def test_settings_of_containers_are_settings():
    names = {f"CELLGEBRA_{name.upper()}" for name in Settings.model_fields}
    for name, one in SERVICES.items():
        given = {key for key in one.get("environment", {}) if key.startswith("CELLGEBRA_")}
        assert given - names == set(), name


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_the_versions_that_tests_run_with(name):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    versions = {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in pins}
    locked = lock(name)
    assert {
        package: version
        for package, version in locked.items()
        if package in versions and version.removesuffix("+cpu") != versions[package]
    } == {}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_its_extras_ask_for(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = ["oidc", "otel", "s3"] if name == "extras" else [name.split("-")[0]]
    wanted = [text for extra in extras for text in project["optional-dependencies"][extra]]
    names = {canonicalize_name(Requirement(text).name) for text in wanted}
    assert names - set(lock(name)) == set()


@pytest.mark.parametrize("name", ["service", "worker"])
def test_an_image_is_built_from_what_the_wheel_is_made_of(name):
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]
    needed = {*wheel["only-include"], *(str(Path(path).parent) for path in wheel["force-include"])}
    text = (ROOT / "docker" / f"{name}.Dockerfile").read_text()
    copied = {part for line in re.findall(r"^COPY (?!--)(.*)", text, re.M) for part in line.split()}
    assert needed - copied == set()
    sent = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert needed - set(sent) == set()


def test_the_service_has_no_torch_and_a_cpu_worker_no_cuda():
    assert "torch" not in lock("service")
    assert lock("worker-cpu")["torch"].endswith("+cpu")
    cuda = ("nvidia-cu", "nvidia-nccl", "triton")
    assert [name for name in lock("worker-cpu") if name.startswith(cuda)] == []
    assert {"triton", "nvidia-cublas"} <= set(lock("worker-cuda"))


MANIFESTS = sorted((ROOT / "docker" / "kubernetes").glob("*.yaml"))
RESOURCES = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]
PODS = {
    one["metadata"]["name"].removeprefix("cellgebra-"): one["spec"]["template"]["spec"]
    for one in RESOURCES
    if one["kind"] in ("Deployment", "Job")
}


def test_kubernetes_runs_what_compose_runs():
    ran = {name: pod["containers"][0]["args"] for name, pod in PODS.items()}
    brought = {"secrets", "db", "broker", "prometheus", "grafana", "s3", "s3-bucket"}
    assert {name.split("-gpu")[0] for name in SERVICES} - brought <= set(ran)
    for name, arguments in ran.items():
        if name in WORKERS:
            assert options(arguments) == options(WORKERS[name]["command"]), name
        elif name != "migrate":
            assert arguments == SERVICES[name]["command"]


def test_every_pod_is_confined():
    for name, pod in PODS.items():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["limits"]["memory"], name
        assert name == "migrate" or container["livenessProbe"], name


def test_what_is_scaled_is_there():
    scaled = [
        one["spec"]["scaleTargetRef"]["name"]
        for one in RESOURCES
        if one["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    ]
    assert {name.removeprefix("cellgebra-") for name in scaled} <= set(PODS)
    listed = next(one for one in RESOURCES if one["kind"] == "Kustomization")["resources"]
    assert {path.name for path in MANIFESTS} - set(listed) == {"kustomization.yaml", "keda.yaml"}
