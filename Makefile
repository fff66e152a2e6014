# Clickrail. `make` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet
# Services are started hundreds of times by the tests, and would be compiled each time.
unexport PYTHONDONTWRITEBYTECODE
# Tests run side by side, each worker with its own PostgreSQL and Valkey, all with one Kafka.
WORKERS ?= 4
SIDE_BY_SIDE := -n $(WORKERS) --dist loadgroup
# One more than processors, as now and then a test waits for a clock; few enough that each share has tests.
SHARES ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); expr $$((n < 8 ? n : 8)) + 1)
FAST := $(BIN)/pytest -q -p no:schemathesis --hypothesis-profile=quick -m "not servers and not browser and not processes and not slow"
SERVICES := ingest enricher sink settler console

.PHONY: help up test check lint drill bench pictures tools sbom audit lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

up: $(VENV)/.local ## Run the whole pipeline on real servers, here, until Ctrl-C
	@$(BIN)/clickrail up

test: $(VENV)/.dev ## Every test, against real Kafka, PostgreSQL, Valkey and Chromium
	@$(BIN)/pytest $(SIDE_BY_SIDE)

check: $(VENV)/.dev ## Format, lint, types, imports and the tests that need no server
	@$(MAKE) --no-print-directory lint & lint=$$!; failed=0; \
	seq $(SHARES) | xargs -P $(SHARES) -I {} sh -c '\
		told=$$($(FAST) --share {}/$(SHARES) 2>&1) && echo "$$told" | tail -n 1 || { echo "$$told"; exit 1; }' || failed=1; \
	wait $$lint && exit $$failed

lint: $(VENV)/.dev ## Format, lint, types and imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy & types=$$!; $(BIN)/lint-imports && wait $$types

drill: $(VENV)/.dev ## The fault tests in their long forms, for about two hours, with a report in .local/drill.md
	@$(BIN)/pytest -q --drill

bench: $(VENV)/.dev ## Measure, and print each figure as a ratio against its baseline (ONLY=isolation: that alone)
	@$(BIN)/python -m bench $(ONLY)

pictures: $(VENV)/.dev ## Make the pictures of the console in docs/pictures
	@$(BIN)/python -m docs.pictures

tools: ## Build Helm and kubeconform, with which the tests look at the chart; needs Go, and minutes
	@mkdir -p .local/cache/go/bin
	@GOBIN=$(CURDIR)/.local/cache/go/bin go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
	@GOBIN=$(CURDIR)/.local/cache/go/bin go install helm.sh/helm/v4/cmd/helm@v4.3.1

sbom: $(VENV)/.dev ## Write what each service is made of to dist/ (CycloneDX), from its lock; needs no network
	@mkdir -p dist
	@for service in $(SERVICES); do \
	  PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml requirements/$$service.lock -o dist/$$service.cdx.json; done

audit: $(VENV)/.dev ## Look for known vulnerabilities in what is locked; needs a vulnerability database within reach
	@.ci/audit $(BIN)/pip-audit $(AUDIT)

lock: $(VENV)/.uv ## Resolve the dependencies anew, into files that hold hashes and name no address
	@$(UV) pip compile --upgrade --universal --generate-hashes --no-header --no-emit-package clickrail --extra local --extra oidc --extra otel --extra parquet --group dev pyproject.toml -o requirements/dev.lock
	@for extra in $(SERVICES) local; do \
	  also=$$(test $$extra != console || echo "--extra oidc"); \
	  $(UV) pip compile --universal --generate-hashes --no-header --no-emit-package clickrail -c requirements/dev.lock --extra $$extra $$also pyproject.toml -o requirements/$$extra.lock; done

clean: ## Remove the environment and what the local stack keeps
	rm -rf $(VENV) .local dist .mypy_cache .ruff_cache

# The environment is made once per lock: pip brings uv by hash, uv brings the rest.
$(VENV)/.uv: requirements/uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Clickrail needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@$(PYTHON) -m venv --clear $(VENV) || { echo "No virtual environment could be made: install your system's python3-venv package."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

$(VENV)/.%: requirements/%.lock pyproject.toml $(VENV)/.uv
	@echo "Setting up the environment ($*) ..."
	@$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/$*.lock
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
