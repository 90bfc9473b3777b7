# Sets itself up on a machine that has Python 3.11 or later, pip and make; uses uv where it is installed.
#
#   make run     compute what config/config.yaml says (CORES=all, ARGS= for further arguments of snakemake)
#   make test    run the tests
#   make test-slurm  run the tests of the cluster on a SLURM of one node, started and stopped for them (Debian, as root)
#   make lint    check the style of all code
#   make docs-config   write config/README.md from the schema

PYTHON ?= python3
CORES ?= all
ARGS ?=

ifneq ($(shell command -v uv 2>/dev/null),)
IN_ENVIRONMENT := uv run
WITH_SLURM := --extra slurm
RUN_READY :=
TEST_READY :=
SLURM_READY :=
else
IN_ENVIRONMENT := env PATH="$(CURDIR)/.venv/bin:$$PATH"
RUN_READY := .venv/ready-to-run
TEST_READY := .venv/ready-to-test
SLURM_READY := .venv/ready-for-slurm
endif

# A process per core, of one thread; the tests of a file share what they have computed.
IN_PARALLEL := env OMP_NUM_THREADS=1 pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: run test test-slurm lint docs-config clean

run: $(RUN_READY)
	$(IN_ENVIRONMENT) snakemake --cores $(CORES) $(ARGS)

test: $(TEST_READY)
	$(IN_ENVIRONMENT) $(IN_PARALLEL) $(ARGS)

# Where no SLURM can be started (status 77), pytest says that these tests were skipped, and up.sh says why.
test-slurm: $(SLURM_READY)
	trap tests/slurm/down.sh EXIT INT TERM; \
	{ tests/slurm/up.sh || [ $$? = 77 ]; } && $(IN_ENVIRONMENT) $(WITH_SLURM) pytest -m slurm $(ARGS)

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

.venv/ready-for-slurm: .venv/ready-to-test
	.venv/bin/pip install --quiet --constraint constraints.txt --editable '.[test,slurm]'
	@touch $@
