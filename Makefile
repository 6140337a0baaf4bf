# The one list of commands. It needs Python >= 3.11 (with venv) and make; proto-lint needs npm, too.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
PB     ?= service/rpc/pb
BUF    := $(VENV)/node/node_modules/.bin/buf
BUF_VERSION := 1.75.0
# The wire contract as the last release has it.
RELEASED := proto/released/cellgebra.binpb
# What an install compiles.
KERNEL := $(wildcard worker/search/*.[ch])
ARGS   ?=
TIMES  ?= 20
# Containers: an engine, its compose (2.x or 1.29), and tools that have an environment of their own.
ENGINE  ?= docker
COMPOSE ?= $(shell $(ENGINE) compose version >/dev/null 2>&1 && echo $(ENGINE) compose || echo docker-compose)
TOOLS   := $(VENV)-images
LOCK     = $(TOOLS)/bin/uv pip compile -q --generate-hashes --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
           --no-annotate --no-header -c constraints.txt

.DEFAULT_GOAL := help
# Tests and tools start thousands of processes, of which each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup proto client lint format types imports test proto-check proto-lint proto-release attacks check chaos demo bench study-ablation study-fba-triples study-isoprenol study-loss-conflict study-unseen-costanzo up lock images image-sizes compose-test check-images lock-images sbom clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup: $(VENV)/.dev ## Install everything that tests and tools need

proto: $(VENV)/.dev ## Generate the gRPC stubs from proto/
	@mkdir -p $(PB)
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=$(PB) --pyi_out=$(PB) --grpc_python_out=$(PB) proto/*/*.proto proto/*/*/*.proto
	@sed -i -E 's/^from (cellgebra\.v1|inference) import/from service.rpc.pb.\1 import/' $(PB)/*/*_pb2*.py* $(PB)/*/*/*_pb2*.py*
	@find $(PB) -type d ! -name __pycache__ -exec touch {}/__init__.py \;

client: $(VENV)/.dev ## Make the client without asyncio from the one with it
	$(BIN)/python -m service.client.generation

lint: $(VENV)/.dev ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## Rewrite files in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## Check types
	$(BIN)/mypy

imports: $(VENV)/.dev ## Check who imports whom
	$(BIN)/lint-imports

test: $(VENV)/.dev ## Run the tests, a file a process; ARGS= goes to pytest
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

proto-check: $(VENV)/.dev ## Check that the stubs are those of proto/
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(MAKE) --no-print-directory -s proto PB="$$fresh" \
		&& diff -r -x __pycache__ $(PB) "$$fresh" && echo "stubs are up to date"

proto-lint: $(BUF) ## Check the style of proto/, and that clients of the last release can go on
	$(BUF) lint proto
	$(BUF) breaking proto --against $(RELEASED)
	@echo "the contract is in style, and breaks nothing of $(RELEASED)"

proto-release: $(BUF) ## Keep proto/ as the contract of a release, which later ones may not break
	@mkdir -p $(dir $(RELEASED))
	$(BUF) build proto --exclude-source-info -o $(RELEASED)

chaos: $(VENV)/.dev ## Break everything, TIMES= times each; adds to benchmarks/results/reliability.md
	CELLGEBRA_TEST_CHAOS_TIMES=$(TIMES) CELLGEBRA_TEST_CHAOS_PAGE=benchmarks/results/reliability.md \
		$(BIN)/python -m pytest -n 3 -m chaos tests/chaos $(ARGS)

attacks: $(VENV)/.dev ## Attack a running service; writes the table in docs/security.md
	CELLGEBRA_TEST_ATTACKS_PAGE=docs/security.md $(BIN)/python -m pytest -m slow tests/security $(ARGS)

check: lint types imports proto-check test ## All of the above, as CI does

demo: $(VENV)/.local ## Train and score real strain designs on an embedded service
	$(BIN)/cellgebra demo $(ARGS)

bench: $(VENV)/.dev ## Measure, with the peers beside us
	@for file in $$(grep -l __main__ benchmarks/*.py); do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

study-loss-conflict: $(VENV)/.dev ## Are SupCR and composition in conflict? Writes docs/studies/loss_conflict.md
	$(BIN)/python -m benchmarks.studies.loss_conflict $(ARGS)

study-ablation: $(VENV)/.dev ## Does every loss term, head and dimension help? Writes docs/studies/ablation.md
	$(BIN)/python -m benchmarks.studies.ablation $(ARGS)

study-fba-triples: $(VENV)/.dev ## Do singles and doubles tell what triples do? Writes docs/studies/fba_triples.md
	$(BIN)/python -m benchmarks.studies.fba_triples $(ARGS)

study-isoprenol: $(VENV)/.dev ## What keeps the isoprenol rows from more? Writes docs/studies/isoprenol.md
	$(BIN)/python -m benchmarks.studies.isoprenol $(ARGS)

study-unseen-costanzo: $(VENV)/.dev ## What is known of a gene that a screen has not seen? Writes docs/studies/unseen_costanzo.md
	$(BIN)/python -m benchmarks.studies.unseen_costanzo $(ARGS)

up: $(VENV)/.local ## Start the service and keep it running; ARGS= goes to `cellgebra up`
	$(BIN)/cellgebra up $(ARGS)

lock: $(VENV)/.dev ## Write the installed versions to constraints.txt
	@{ sed -n '/^#/p' constraints.txt; \
	   { $(PIP) freeze --exclude-editable --exclude cellgebra --exclude triton | sed -E 's/\+cpu$$//'; sed -n '/;/p' constraints.txt; } | LC_ALL=C sort -f -u; \
	 } > constraints.new && mv constraints.new constraints.txt
	@touch $(VENV)/.local $(VENV)/.dev

# Where buf is, npm has been; it is installed beside the Python packages, for this tree alone.
$(BUF): | $(BIN)/python
	@command -v npm >/dev/null || { echo "buf comes with npm, which is missing: apt-get install npm, or see nodejs.org"; exit 1; }
	npm install --silent --no-audit --no-fund --prefix $(VENV)/node @bufbuild/buf@$(BUF_VERSION)
	@touch $@

images: ## Build the images of the cpu profile, and say how large they are
	$(COMPOSE) --profile cpu build migrate worker-batch
	@$(MAKE) --no-print-directory image-sizes

image-sizes: ## Print the sizes of the images that are there
	@$(ENGINE) images --format '{{.Repository}}:{{.Tag}}\t{{.Size}}' | grep -E '^(cellgebra-|python:3.11-slim|postgres:17|valkey/valkey:9)' | sort | expand -t 40

compose-test: $(VENV)/.dev images ## Start docker-compose.yml, use it, break it, upgrade it, and take it down
	CELLGEBRA_TEST_COMPOSE="$(COMPOSE)" $(BIN)/python -m pytest -m containers tests/containers --durations=0 --durations-min=1 $(ARGS)

check-images: $(TOOLS)/.stamp ## Check Dockerfiles and manifests of Kubernetes, offline
	$(TOOLS)/bin/hadolint docker/*.Dockerfile
	$(TOOLS)/bin/kubernetes-validate --strict --quiet --no-warn --kubernetes-version 1.37.0 docker/kubernetes/*.yaml
	@echo "Dockerfiles and manifests are as they should be"

lock-images: $(TOOLS)/.stamp ## Write the hashes of all that images install; pip needs an index with the CPU build of torch
	$(LOCK) docker/requirements-build.in -o docker/requirements-build.txt
	$(LOCK) pyproject.toml --extra service -o docker/requirements-service.txt
	$(LOCK) pyproject.toml --extra oidc --extra otel --extra s3 -o docker/requirements-extras.txt
	$(LOCK) pyproject.toml --extra worker -o docker/requirements-worker-cuda.txt
	@wheels=$$(mktemp -d) && trap 'rm -rf "$$wheels"' EXIT \
		&& $(TOOLS)/bin/python -m pip download -q --no-deps -d "$$wheels" "$$(grep -E '^torch==' constraints.txt)+cpu" \
		&& $(LOCK) pyproject.toml --extra worker --find-links "$$wheels" -o docker/requirements-worker-cpu.txt

sbom: $(TOOLS)/.stamp ## Write the bills of materials of all images, as CycloneDX, to build/sbom
	@mkdir -p build/sbom
	@for name in service extras worker-cpu worker-cuda; do \
		$(TOOLS)/bin/cyclonedx-py requirements docker/requirements-$$name.txt --pyproject pyproject.toml --output-reproducible \
			--of JSON -o build/sbom/$$name.json && echo "build/sbom/$$name.json" || exit 1; done

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) $(TOOLS) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps in one environment: the demo installs what running needs, the tests add the rest.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python >= 3.11 is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.local: pyproject.toml constraints.txt $(KERNEL) | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(KERNEL) | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.local $@

$(TOOLS)/.stamp: docker/requirements-tools.in
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python >= 3.11 is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip --disable-pip-version-check --no-input install --quiet -r $<
	@touch $@
