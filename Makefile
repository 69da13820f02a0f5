# Each target makes the virtual environment if there is none; `make PYTHON=python3.13 test` chooses the Python for it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed-test
INSTALLED_BENCH := $(VENV)/.installed-bench

.PHONY: venv demo test check format bench bench-axes bench-rules coverage fuzz golden gpu clean
.NOTPARALLEL:

test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

venv: $(INSTALLED)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Installed again only when pyproject.toml has changed.
$(INSTALLED): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

$(INSTALLED_BENCH): pyproject.toml | $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@

# Rewrites, diffs and runs each sample.  Annotations do not say what containers hold, so that is said here.
demo: $(INSTALLED)
	@mkdir -p samples/out
	@set -e; for sample in samples/*.py; do \
	    case "$$sample" in \
	        */mlp.py) set -- --arg "params: [(float64[8, 6], float64[8]), (float64[8, 8], float64[8]), (float64[3, 8], float64[3])]" ;; \
	        */loss.py) set -- --arg "params: {weight: float64[c, n], bias: float64[c], decay: float}" ;; \
	        *) set -- ;; \
	    esac; \
	    printf '\n==== %s\n' "$$sample"; \
	    $(BIN)/vectorizer diff "$$sample" "$$@"; \
	    $(BIN)/vectorizer emit "$$sample" "$$@" -o "samples/out/$$(basename "$$sample")"; \
	    $(BIN)/python "$$sample"; \
	done

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes benchmarks/results/cpu.md.
bench: $(INSTALLED_BENCH)
	$(BIN)/python benchmarks/run.py $(ARGS)

# Which loops become axes: the choice against all that can and none.
bench-axes: $(INSTALLED)
	$(BIN)/python -m benchmarks.axes $(ARGS)

# Each batching rule against the loop: the slowest rows.
bench-rules: $(INSTALLED)
	$(BIN)/python -m benchmarks.rules $(ARGS)

# Writes docs/coverage.md and tests/rows/looped.txt anew, from what the rules do; look at the diff before committing them.
coverage: $(INSTALLED)
	$(BIN)/python -m tests.rows.coverage

# The property tests with many more examples: tests/conftest.py has the profile.
fuzz: $(INSTALLED)
	VECTORIZER_PROGRAMS=20000 $(BIN)/python -m pytest tests/test_properties.py tests/test_random_programs.py \
	    tests/test_flag_programs.py tests/test_drafted_programs.py \
	    --hypothesis-profile=fuzz $(ARGS)

# Writes the expected files of tests/golden anew; look at the diff before committing them.
golden: $(INSTALLED)
	VECTORIZER_UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/test_golden.py $(ARGS)

# On a machine with a GPU: the functions of the corpus on CuPy against the loop, then benchmarks/results/gpu.md.  Nothing
# is installed: PYTHON must be one that has CuPy, pytest and this package's dependencies; PyTorch and JAX are compared with.
gpu:
	PYTHONPATH=. $(PYTHON) -m pytest -m gpu tests/test_gpu.py -p no:cacheprovider $(ARGS)
	PYTHONPATH=. $(PYTHON) -m benchmarks.gpu

clean:
	rm -rf build dist *.egg-info samples/out .mypy_cache .pytest_cache .ruff_cache .hypothesis
