# Everything a newcomer and a checking machine need, in plain lines.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test check format clean

# Set up and open the assistant with a live demo; in a terminal where there is no display.
run:
	@$(PYTHON) packaging/run.py --venv $(VENV)

# Set up, apt packages included, and pass all checks.
test:
	@$(PYTHON) packaging/prepare_tests.py --venv $(VENV)
	@$(MAKE) --no-print-directory check
	@$(BIN)/python packaging/check_wheel.py

# The checks alone, in an environment that is set up.
check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest

format:
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
