# LLMux. A machine needs Node.js with npm, nothing else: Bun comes from npm, pinned, into node_modules.
BUN := node_modules/.bin/bun
INSTALLED := node_modules/.llmux-installed
SOURCES := $(shell find src deploy/build -name '*.ts' 2>/dev/null) package.json package-lock.json

# In-process tests; those of test/e2e/ need the executable.
UNIT := --path-ignore-patterns 'test/e2e/**' --timeout 30000
# What is too slow for `make check` (under a minute); `make test` runs it.
SLOW_TESTS := resilience/** recorded/** clients/** dialect/corpus/** abort/** faults/cut-anywhere.test.ts wire/back-pressure.test.ts wire/timeouts.test.ts wire/caller-connection.test.ts
SLOW := $(foreach tests,$(SLOW_TESTS),--path-ignore-patterns 'test/$(tests)')
# Tests that come in by the front door: in process for coverage, then again against the executable.
FRONT_DOOR := $(wildcard test/e2e test/resilience test/clients test/raw test/faults test/recorded test/abort)

.DEFAULT_GOAL := help
.PHONY: help install run test check unit coverage e2e build cross bench image nightly generate format clean
MAKEFLAGS += --no-builtin-rules

help: ## Show this text
	@echo "LLMux: make TARGET"; echo
	@sed -n 's/^\([a-z0-9]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

# Bun's npm package brings its binary by an install script, which newer npm versions do not run unasked and cautious
# people switch off. So no package's script runs here; Bun's own is started by name.
$(INSTALLED): package-lock.json
	@command -v npm >/dev/null || { echo "make: Node.js with npm is needed: https://nodejs.org" >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	node node_modules/bun/install.js
	@$(BUN) --version >/dev/null
	@touch $@

install: $(INSTALLED) ## Install the pinned tools into node_modules (every target does it by itself)

run: build ## Start the gateway with the embedded demo provider: no key, no network
	@mkdir -p dist/run && LLMUX_SOCKET=$${LLMUX_SOCKET:-dist/run/llmux.sock} exec dist/llmux serve --demo

# Each step runs whatever became of the one before: one run shows all there is to mend.
test: $(INSTALLED) ## Everything: unit and in-process tests with coverage, then end to end against the executable
	@failed=0; for step in build coverage e2e; do $(MAKE) --no-print-directory $$step || failed=1; done; exit $$failed

check: $(INSTALLED) ## Format, lint, types, unit tests: under a minute
	$(BUN) fmt --check
	node_modules/.bin/oxlint --deny-warnings
	$(BUN) check
	$(BUN) src/provider/generate-registry.ts --check
	$(BUN) deploy/reference/generate.ts --check
	$(BUN) test $(UNIT) $(SLOW)

unit: $(INSTALLED) ## The in-process tests alone, without coverage
	$(BUN) test $(UNIT)

coverage: $(INSTALLED) ## The in-process tests, and how many lines they reach
	$(BUN) test $(UNIT) --coverage --coverage-reporter=text --coverage-reporter=lcov; code=$$?; \
	$(BUN) test/line-coverage/check-coverage.ts coverage/lcov.info && exit $$code

e2e: $(INSTALLED) ## End to end against dist/llmux (or the executable that LLMUX_BIN names)
	LLMUX_BIN=$${LLMUX_BIN:-dist/llmux} $(BUN) test $(FRONT_DOOR) --timeout 60000

build: dist/llmux ## Compile dist/llmux for this machine

dist/llmux: $(INSTALLED) $(SOURCES)
	$(BUN) deploy/build/build.ts

cross: $(INSTALLED) ## Compile for linux x64 and arm64 (glibc and musl) and macOS arm64
	$(BUN) deploy/build/build.ts --cross

bench: build ## Measure against nginx, HAProxy and @portkey-ai/gateway
	$(BUN) test/bench/run.ts

image: build ## Write the container image as an OCI layout, without a Docker daemon
	$(BUN) deploy/image/build-image.ts

nightly: $(INSTALLED) ## The long runs: 100,000 inputs per fuzz
	FUZZ_COUNT=100000 $(BUN) test $(UNIT) --timeout 3600000

generate: $(INSTALLED) ## Write what is generated: the provider registry, the config's reference page and JSON Schema
	$(BUN) src/provider/generate-registry.ts
	$(BUN) deploy/reference/generate.ts

format: $(INSTALLED) ## Format every file
	$(BUN) fmt

clean: ## Remove what was built; node_modules stays
	rm -rf dist coverage
