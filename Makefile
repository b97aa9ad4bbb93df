# Every target makes the virtual environment it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: app test check bench

app: $(VENV)/.app
	$(BIN)/python app.py

# Two processes on two cores: more threads would wait for each other. Before a page tests wait for pictures more
# than they work, so a third has room there. What measures time runs alone.
test: export OMP_NUM_THREADS = 1
test: $(VENV)/.dev
	$(BIN)/python -m pytest -q --ignore=tests/browser -n 2 --dist worksteal
	$(BIN)/python -m pytest -q tests/browser -m "not quiet" -n 3 --dist worksteal
	$(BIN)/python -m pytest -q tests/browser/observer -m quiet

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

bench: $(VENV)/.dev
	for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script || exit 1; done

$(VENV)/.app: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	# An oracle of masks and transforms, without the trainers that it would bring.
	$(BIN)/python -m pip install --quiet --no-deps fastmri==0.3.0
	touch $(VENV)/.app $@
