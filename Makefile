# `make` alone lists what there is. PYTHON=python3.12 chooses another interpreter.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python
READY = $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: docs help env demo test shuffled test-slow coverage torture mutants audit check format schema figures bench leaderboard clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

env: $(READY) ## make the environment in .venv

$(READY): setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mleq needs Python 3.11 or later; found $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,waveform,distributed]'
	@touch $@

demo: env ## train and forecast on the embedded simulated catalogue, without a network
	$(RUN) cmd/train --recipe_id demo
	$(RUN) cmd/predict --recipe_id demo

test: check ## format, lint and all tests but the slow ones
	$(RUN) -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10 -rs

shuffled: env ## the same tests in another order, zone and language (SEED=2 SPOKEN=ar_EG.UTF-8)
	TZ=Pacific/Kiritimati LC_ALL=$(or $(SPOKEN),tr_TR.UTF-8) $(RUN) -m pytest -q -n $(WORKERS) --dist loadfile \
	  --no-loadscope-reorder --shuffle $(or $(SEED),1)

test-slow: env ## the tests that take minutes
	$(RUN) -m pytest -q -m slow

ROOMS = recipe catalog etas scores experiment
coverage: env ## which branches of those rooms the tests reach; fails below 95 % (pages in build/coverage)
	$(RUN) -m pytest -q -n $(WORKERS) --dist loadfile $(ROOMS:%=--cov=mleq.%) --cov-report=term-missing:skip-covered \
	  --cov-report=html:build/coverage --cov-fail-under=95 $(ROOMS:%=tests/%) tests/cli tests/test_sweep.py

torture: env ## count what mutated input, kills and full disks break (hours; ONLY=fetch)
	$(RUN) tests/torture $(if $(ONLY),--only $(ONLY))

mutants: $(VENV)/.mutants-ready ## change scores and split in one place at a time: does a test notice? (SET='--draw 400')
	$(RUN) benchmarks/mutants.py $(SET)

$(VENV)/.mutants-ready: $(READY)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	@touch $@

audit: ## which pinned package has a known weakness (asks online, by pip-audit)
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.7,<3'
	build/audit/bin/python -m pip_audit --strict --no-deps --disable-pip --requirement constraints.txt

check: env ## what the formatter and the linter say
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .

format: env ## format the code and mend what the linter can
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

schema: env ## write recipes/schema.json and docs/settings.md anew
	$(RUN) -c "import mleq.api; mleq.api.write_schema('recipes/schema.json')"
	$(RUN) docs/generate.py

figures: env ## redraw img/
	$(RUN) -m mleq.report.figures img

docs: $(VENV)/.docs-ready ## build the docs into build/docs; a warning is an error
	$(RUN) -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

$(VENV)/.docs-ready: $(READY)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

bench: env ## run all benchmarks with what they take without options (more is said in each)
	@for script in $(filter-out benchmarks/audit.py benchmarks/leaderboard.py benchmarks/mutants.py benchmarks/sweep.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(RUN) $$script || exit 1; done

leaderboard: env ## every method over ETAS at every place, into docs/leaderboard.md (hours; SET='--set model.epochs=5')
	$(RUN) benchmarks/leaderboard.py $(SET)

clean: ## remove the environment and caches (out/ and data/ stay)
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis
