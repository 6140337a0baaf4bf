# The one list of commands. It needs Python >= 3.11 (with venv) and make, nothing else.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
PB     ?= service/rpc/pb
# What an install compiles.
KERNEL := $(wildcard worker/search/*.[ch])
ARGS   ?=
TIMES  ?= 20

.DEFAULT_GOAL := help
.PHONY: help setup proto lint format types imports test proto-check check chaos demo bench study-ablation study-fba-triples study-isoprenol study-loss-conflict study-unseen-costanzo up lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup: $(VENV)/.dev ## Install everything that tests and tools need

proto: $(VENV)/.dev ## Generate the gRPC stubs from proto/
	@mkdir -p $(PB)
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=$(PB) --pyi_out=$(PB) --grpc_python_out=$(PB) proto/*/*.proto proto/*/*/*.proto
	@sed -i -E 's/^from (cellgebra\.v1|inference) import/from service.rpc.pb.\1 import/' $(PB)/*/*_pb2*.py* $(PB)/*/*/*_pb2*.py*
	@find $(PB) -type d ! -name __pycache__ -exec touch {}/__init__.py \;

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

chaos: $(VENV)/.dev ## Break everything, TIMES= times each; writes benchmarks/results/reliability.md
	CELLGEBRA_TEST_CHAOS_TIMES=$(TIMES) CELLGEBRA_TEST_CHAOS_PAGE=benchmarks/results/reliability.md \
		$(BIN)/python -m pytest -m chaos tests/chaos $(ARGS)

check: lint types imports proto-check test ## All of the above, as CI does

demo: $(VENV)/.local ## Train and score real strain designs on an embedded service
	$(BIN)/python examples/isoprenol/demo.py $(ARGS)

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

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
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
