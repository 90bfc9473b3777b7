# Sets itself up on a machine that has Python 3.11 or later, pip and make; uses uv where it is installed.
#
#   make run     compute what config/config.yaml says (CORES=all, ARGS= for further arguments of snakemake)
#   make test    run the tests
#   make lint    check the style of all code
#   make docs-config   write config/README.md from the schema

PYTHON ?= python3
CORES ?= all
ARGS ?=

ifneq ($(shell command -v uv 2>/dev/null),)
IN_ENVIRONMENT := uv run
RUN_READY :=
TEST_READY :=
else
IN_ENVIRONMENT := env PATH="$(CURDIR)/.venv/bin:$$PATH"
RUN_READY := .venv/ready-to-run
TEST_READY := .venv/ready-to-test
endif

.PHONY: run test lint docs-config clean

run: $(RUN_READY)
	$(IN_ENVIRONMENT) snakemake --cores $(CORES) $(ARGS)

test: $(TEST_READY)
	$(IN_ENVIRONMENT) pytest $(ARGS)

lint: $(TEST_READY)
	$(IN_ENVIRONMENT) ruff check .
	$(IN_ENVIRONMENT) mypy
	$(IN_ENVIRONMENT) snakefmt --check Snakefile workflow
	$(IN_ENVIRONMENT) snakemake --lint

docs-config: $(TEST_READY)
	$(IN_ENVIRONMENT) python docs/config_reference.py

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/ready-to-run: .venv/bin/pip pyproject.toml constraints.txt
	.venv/bin/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/ready-to-test: .venv/bin/pip pyproject.toml constraints.txt
	.venv/bin/pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@ .venv/ready-to-run
