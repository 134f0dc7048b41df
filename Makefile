# Every target prints the one line it runs. Nothing is needed beforehand but Python 3.11 or newer.

# The first of these that fits and can make a virtual environment; `make install PYTHON=…` names another.
PYTHON = $(shell for python in python3.13 python3.12 python3.11 python3; do \
	if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >/dev/null 2>&1; \
	then echo $$python; break; fi; done)

.PHONY: install demo test lint serve bench soak volume month mutants fuzz browser browser-test runbook format lock clean

install: .venv/.installed

demo: install
	.venv/bin/drawbridge demo

test: install
	.venv/bin/python -m pytest -q -n 2

# One JSON line per figure, a table at the end; `make bench SCALE=full` takes the sizes of the targets.
bench: .venv/.bench
	SCALE=$(or $(SCALE),small) .venv/bin/python -m bench $(NAMES)

# Kills, broken platforms and operators in seeded schedules; `make soak SEED=7 SCHEDULES=200 DATABASE=postgresql`.
soak: install
	.venv/bin/python -m tests.soak $(if $(SEED),--seed $(SEED)) --schedules $(or $(SCHEDULES),1000) --database $(or $(DATABASE),sqlite)

# Ten thousand publications through a platform of which one request in a hundred has each of ten faults.
volume: install
	.venv/bin/python -m tests.soak.volume --publications $(or $(PUBLICATIONS),10000) --platform $(or $(PLATFORM),queries)

# Two months of three campaigns with the clock moved; EVERY=1 starts all that prefect.yaml starts (about 15 minutes).
month: install
	.venv/bin/python -m tests.month --every $(or $(EVERY),5)

# Every reader and the mock's faces under mangled bytes, new ones each time; `make fuzz EXAMPLES=20000`.
fuzz: install
	FUZZ_EXAMPLES=$(or $(EXAMPLES),5000) .venv/bin/python -m pytest -q --timeout 3600 tests/security/test_readers.py tests/security/test_mock_faces.py

# Rules of delivery left out, one at a time: each must turn the soak red.
mutants: install
	.venv/bin/python -m tests.mutants

# Debian's Chromium and the fonts that Chinese pages need, where they are not there yet; needs root.
browser:
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk)

browser-test: install browser
	.venv/bin/python -m pytest -q tests/browser

lint: install
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports --no-logo

serve: install
	.venv/bin/drawbridge serve

# docs/runbook.md and docs/runbook.en.md, made from the catalogue of errors and documents/runbook.
runbook: install
	.venv/bin/python -m documents.runbook > docs/runbook.md && .venv/bin/python -m documents.runbook --en > docs/runbook.en.md

format: install
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

# Needs uv on the PATH. `make lock UPGRADE=1` moves everything to the newest release that pyproject.toml allows.
lock:
	UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile pyproject.toml --group dev --group build --universal --python-version 3.11 --only-binary :all: --generate-hashes --no-emit-index-url --no-emit-find-links --quiet $(if $(UPGRADE),--upgrade) -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND='make lock' uv pip compile --group bench --constraint requirements.lock --universal --python-version 3.11 --only-binary :all: --generate-hashes --no-emit-index-url --no-emit-find-links --quiet $(if $(UPGRADE),--upgrade) -o requirements-bench.lock

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# Re-done when the lock changes, in a new environment. --no-deps: the lock names everything (docs/decisions/0005-the-lock.md).
.venv/.installed: requirements.lock
	$(or $(PYTHON),$(error drawbridge needs Python 3.11 to 3.14 with its venv module; none is installed as python3.13, python3.12, python3.11 or python3)) -m venv --clear .venv && .venv/bin/python -m pip install --disable-pip-version-check --only-binary :all: --no-deps --require-hashes -r requirements.lock && .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e . && touch $@

.venv/.bench: .venv/.installed requirements-bench.lock
	.venv/bin/python -m pip install --disable-pip-version-check --only-binary :all: --no-deps --require-hashes -r requirements-bench.lock && touch $@
