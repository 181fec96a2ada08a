# Needs git, make and Python 3.11 or newer. Everything else is installed into .venv, pinned.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo demo-transcript test lint proof proof-% proof-fuzz bench bench-json install clean lock

install: $(STAMP)

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "This needs Python 3.11 or newer; say which with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q relay channels policies
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/relay demo

demo-transcript: $(STAMP)
	@$(BIN)/relay demo --transcript

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three at a time on two cores: they wait for servers and processes. In memory, where there is enough
# of it, they do not wait for the disk either; what a power cut does is shown by the proofs.
test: lint
	@room=$$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }'); \
	if [ "$${room:-0}" -gt 4096 ]; then export TMPDIR=/dev/shm; fi; \
	$(BIN)/python -m pytest -m "not proof" -n 3

proof: $(STAMP)
	@$(BIN)/python -m pytest -m proof -q -s

proof-%: $(STAMP)
	@$(BIN)/python -m pytest -m proof -q -s -k "$(subst -,_,$*)"

proof-fuzz: $(STAMP) # atheris has no wheel for every Python, so nothing else installs it
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.lock
	@$(BIN)/python -m pytest -m proof -q -s -k mail_fuzz

bench: $(STAMP)
	@$(BIN)/python -m bench.run

bench-json: $(STAMP)
	@$(BIN)/python -m bench.run --json

lock: # needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements/dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/runtime.lock
	echo 'atheris>=3.0,<3.1' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements/fuzz.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
