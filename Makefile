# glove-rs: every command a developer or CI needs. `make` lists them.
#
# A fresh machine needs a Rust toolchain, CPython 3.11 or newer, pip and this repository. All Python
# packages are installed into .venv in the repository. An empty file in .venv/stamps records each
# finished step, so that a second run is quick. It is always safe to delete .venv.

# PYTHON is the first of these interpreters that is new enough. Each one is started to find out: version
# managers put stubs on PATH that do not start.
SUITABLE := import sys; sys.exit(sys.version_info < (3, 11))
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	"$$p" -c '$(SUITABLE)' >/dev/null 2>&1 && echo $$p && exit; done; echo python3)
endif
PYTHON_VERSION := $(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none)

PY := .venv/bin/python
# The stamps of each version of Python have their own folder. If PYTHON has another version than before,
# there are no stamps, so .venv is created anew.
STAMPS := .venv/stamps/$(PYTHON_VERSION)
BUILT := $(STAMPS)/extension
DEV := $(STAMPS)/dev
DOCS := $(STAMPS)/docs
QUICK := $(STAMPS)/quick
INSTALLED := $(STAMPS)/installed

SOURCES := $(shell find src -type f 2>/dev/null) \
	$(wildcard Cargo.toml Cargo.lock build.rs rust-toolchain.toml .cargo/config.toml) pyproject.toml

# maturin finds the environment in VIRTUAL_ENV, and pyo3 finds the interpreter in PYO3_PYTHON. Both are set
# for every cargo command, because after a change of PYO3_PYTHON cargo compiles pyo3 again.
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYO3_PYTHON := $(CURDIR)/$(PY)
unexport CONDA_PREFIX PYTHONHOME PYTHONPATH
# Without stored bytecode, every process of the tests would compile all files of the package again.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two steps at once would both run pip in .venv.
.NOTPARALLEL:
.PHONY: help demo studies test quick build lint fmt manual docs docs-check docs-deploy notebooks methods workflows-check wheel wheel-check spacy-check bench fuzz fuzz-python clean

help: ## Print this list
	@echo "usage: make TARGET [PYTHON=python3.12]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# A fresh clone compiles without link-time optimisation, because this optimisation takes most of the time of
# a release build.
demo: $(if $(wildcard $(BUILT)),$(BUILT),$(QUICK)) ## Train on docstrings and comments of Python's library, or on your text: make demo CORPUS=path
	$(PY) examples/demo.py$(if $(CORPUS), --corpus "$(CORPUS)")

studies: $(BUILT) ## Run the studies of the documentation on a text: make studies TEXT=path ARGS="--words ice --sets sets.csv"
	@test -n "$(or $(TEXT),$(CORPUS))" || { echo 'name a text: make studies TEXT=path ARGS="--words ice"'; exit 2; }
	$(PY) examples/studies.py "$(or $(TEXT),$(CORPUS))" $(ARGS)

test: $(BUILT) $(DEV) ## Run every test: the Rust core's, then the package's and the README's
	cargo test
	$(PY) -m pytest

# pytest runs a worker for each processor, at most four. Each worker imports all test files, which takes
# 4 s, so more than four workers gain nothing.
WORKERS := -n logical --maxprocesses 4 --dist worksteal

quick: $(DEV) $(INSTALLED) ## Build without link-time optimisation, run the tests of the core and the fast Python tests
	$(PY) -m maturin develop --profile quick --quiet --skip-install
	@core=$$(mktemp); \
	PROPTEST_CASES=32 cargo test --profile quick --lib >"$$core" 2>&1 & pid=$$!; \
	HYPOTHESIS_PROFILE=quick $(PY) -m pytest -q -m "not slow" $(WORKERS) $(ARGS); python=$$?; \
	wait $$pid; rust=$$?; cat "$$core"; rm -f "$$core"; exit $$((python | rust))
	@rm -f $(BUILT) # the next `make test` builds the release again

build: $(BUILT) ## Build the extension in release mode into .venv

# The fuzz targets are only compiled, without libFuzzer. `make fuzz` runs them, with cargo-fuzz.
lint: $(BUILT) $(DEV) ## Check format, lints, types, stubs and documentation; change nothing
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --features python -- -D warnings
	CUSTOM_LIBFUZZER_PATH=/nowhere/libfuzzer.a cargo check --quiet --manifest-path fuzz/Cargo.toml --target-dir target/fuzz
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --features python
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m mypy benches/peers.py benches/quality.py benches/gensim_models.py benches/sources.py benches/scaling.py benches/living.py
	$(PY) -m mypy.stubtest glove_rs._core

fmt: $(DEV) ## Format Rust and Python, and apply the safe fixes
	cargo fmt
	$(PY) -m ruff check --fix-only
	$(PY) -m ruff format

manual: $(BUILT) ## Write the help of the programs into docs/cli.md
	$(PY) docs/cli.py

docs: $(BUILT) $(DOCS) ## Build the documentation site, strictly: build/site
	$(PY) docs/cli.py --check
	cargo doc --quiet --no-deps
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet
	@echo "The site is in build/site: $(PY) -m http.server --directory build/site"

# mike builds the site again, into a folder with the name of the version, and commits the folder to the
# branch gh-pages.
docs-deploy: $(DOCS) ## Publish the site on the branch gh-pages: make docs-deploy VERSION=0.2 ALIAS=latest
	cargo doc --quiet --no-deps
	NO_MKDOCS_2_WARNING=1 PATH="$(CURDIR)/.venv/bin:$$PATH" mike deploy $(PUSH) $(if $(ALIAS),--update-aliases) $(VERSION) $(ALIAS)
	NO_MKDOCS_2_WARNING=1 PATH="$(CURDIR)/.venv/bin:$$PATH" mike set-default $(PUSH) --allow-undefined latest

workflows-check: $(DOCS) ## Check the workflows of GitHub with actionlint and zizmor
	$(dir $(PY))actionlint
	$(dir $(PY))zizmor --offline --persona pedantic .github/workflows

docs-check: docs ## Open every page of the site in a headless browser (needs chromium and chromium-driver)
	$(PY) .ci/browser_check.py build/site

notebooks: $(BUILT) $(DEV) ## Run the notebooks of docs/en and docs/zh, and write them with their outputs: make notebooks ARGS="01 05"
	$(PY) docs/notebooks.py $(ARGS)

methods: $(BUILT) $(DEV) ## Compare GloVe with skip-gram, SVD and PyTorch: make methods CORPUS=my.txt SETS=folder
	$(PY) benches/methods.py --corpus "$(CORPUS)" --sets "$(SETS)" $(ARGS)

wheel: $(BUILT) ## Build a wheel for machines without Rust: build/wheel/*.whl
	rm -rf build/wheel
	$(PY) -m maturin build --release --interpreter "$(PYO3_PYTHON)" --out build/wheel

wheel-check: wheel ## Build the wheel and use it in an empty environment outside the repository
	$(PY) .ci/wheel_check.py build/wheel/*.whl

spacy-check: $(BUILT) $(DEV) ## Let spaCy, installed into .venv, read exported vectors
	$(PY) -m pip install --quiet "spacy>=3.8"
	$(PY) -m pytest tests/test_spacy.py

bench: ## Run the Rust benchmarks
	cargo bench

FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/targets/*.rs)))

# cargo-fuzz writes new inputs to fuzz/grown, which git ignores. The inputs in fuzz/corpus are committed.
fuzz: ## Fuzz each reader and tokenizer of the Rust core in turn: make fuzz FUZZ_SECONDS=600 FUZZ_TARGETS=counts
	@cargo fuzz --version >/dev/null 2>&1 || { \
		echo "cargo-fuzz is missing: cargo install cargo-fuzz" >&2; exit 1; }
	@set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/grown/$$target; \
		echo "$$target"; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $$target fuzz/grown/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=60 -rss_limit_mb=4096 -max_len=65536; \
	done

fuzz-python: $(BUILT) $(DEV) ## Call each reader from Python with mutated files: make fuzz-python FUZZ_SECONDS=600
	$(PY) fuzz/campaign.py --seconds $(FUZZ_SECONDS) $(ARGS)

clean: ## Delete all files that the targets above made and that git ignores
	rm -rf .venv .cache build dist target fuzz/target fuzz/grown fuzz/artifacts fuzz/findings .hypothesis .pytest_cache .mypy_cache .ruff_cache
	rm -f python/glove_rs/_core*.so python/glove_rs/_core*.dylib
	find python tests examples benches .ci -name __pycache__ -type d -prune -exec rm -rf {} +

# --- steps with a stamp ------------------------------------------------------------------------------

# Debian has ensurepip in a separate package. Without this package, the environment is created without pip,
# and the pip of PYTHON installs pip into the environment.
$(STAMPS)/venv:
	@"$(PYTHON)" -c '$(SUITABLE)' 2>/dev/null || { \
		echo "glove-rs needs CPython 3.11 or newer; '$(PYTHON)' is version $(PYTHON_VERSION)." >&2; \
		echo "Name another interpreter with: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@command -v cargo >/dev/null || { \
		echo "glove-rs needs a Rust toolchain, and 'cargo' is not on PATH (see README.md)." >&2; exit 1; }
	@echo "Creating .venv with $(PYTHON) ($(PYTHON_VERSION))"
	@"$(PYTHON)" -m venv --clear .venv || { \
		"$(PYTHON)" -m venv --clear --without-pip .venv && \
		"$(PYTHON)" -m pip --python $(PY) install --quiet pip; }
	@mkdir -p $(@D) && touch $@

# The packages are named once, in pyproject.toml.
$(STAMPS)/maturin: $(STAMPS)/venv pyproject.toml
	@echo "Installing maturin"
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		> .venv/requirements-build.txt
	@$(PY) -m pip install --quiet -r .venv/requirements-build.txt
	@touch $@

$(DEV): $(STAMPS)/venv pyproject.toml
	@echo "Installing the development tools"
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"], sep="\n")' \
		> .venv/requirements-dev.txt
	@$(PY) -m pip install --quiet -r .venv/requirements-dev.txt
	@touch $@

$(DOCS): $(STAMPS)/venv pyproject.toml
	@echo "Installing the tools of the documentation site"
	@$(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"], sep="\n")' \
		> .venv/requirements-docs.txt
	@$(PY) -m pip install --quiet -r .venv/requirements-docs.txt
	@touch $@

$(QUICK): $(STAMPS)/maturin $(SOURCES)
	@echo "Compiling glove-rs without link-time optimisation; 'make build' compiles the release"
	$(PY) -m maturin develop --profile quick
	@touch $@

# pip installs the package as a link to this folder. After an edit of the sources, it need not do so again.
$(INSTALLED): $(STAMPS)/maturin pyproject.toml Cargo.toml
	$(PY) -m maturin develop --profile quick --quiet
	@touch $@

$(BUILT): $(STAMPS)/maturin $(SOURCES)
	$(PY) -m maturin develop --release
	@touch $@
