# `make` alone lists what there is. Nothing here needs root, save for installing a missing program
# that the tests call (scripts/install-test-deps.sh).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL: # the gates of `test` run in their order, cheap ones first

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The version is stamped by us. Go's own stamping fails in a checkout that another user owns.
export GOFLAGS := $(strip $(filter-out -buildvcs=%,$(shell go env GOFLAGS)) -buildvcs=false)

# Linters and their like have their own modfile, so that they never weigh on the module's.
TOOL := go tool -modfile=tools/go.mod

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##### Use it

.PHONY: run
run: build ## Build the daemon and serve, with the embedded store (ARGS="..." for flags)
	@printf '%s\n' 'Try, in another terminal:' \
	  "  bin/sigil encode '{\"note\":\"tea at five\"}'    keep a memory" \
	  '  bin/sigil list                                what there is, and when it fades' \
	  '  bin/sigil help                                recall, related, pin, events, …' \
	  '  http://127.0.0.1:7433/docs                    the same over HTTP' \
	  'Ctrl-C stops it. make demo shows it on real records.' ''
	@exec ./bin/sigil serve $(ARGS)

.PHONY: build
build: ## Build ./bin/sigil
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/sigil ./cmd/sigil

.PHONY: demo
demo: build ## Show what it does, start to end
	@scripts/demo.sh

.PHONY: bench
bench: build ## Measure, and compare with what was measured before
	@scripts/bench.sh

##### Check it

.PHONY: test
test: deps fmt-check vet lint race million ## Run every gate: format, vet, lint, and all tests under the race detector

.PHONY: deps
deps: ## Install the programs the tests call, where missing
	@scripts/install-test-deps.sh

.PHONY: fmt-check
fmt-check: ## Fail on a file that `make fmt` would change
	@files=$$($(TOOL) gofumpt -l .); \
	if [ -n "$$files" ]; then printf 'not formatted (make fmt):\n%s\n' "$$files" >&2; exit 1; fi

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: lint
lint: ## Run golangci-lint
	$(TOOL) golangci-lint run ./...

.PHONY: race
race: ## Run all tests, fuzz seeds and the arrow test among them, under the race detector
	go test -race -timeout 10m ./...

.PHONY: million
million: ## Run the test of a million memories, without the race detector's weight
	go test -run Million -timeout 10m ./engine

.PHONY: arrows
arrows: ## Check only who imports whom
	go test ./internal/arrows

.PHONY: cover
cover: ## Run all tests and write coverage.html
	go test -timeout 10m -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -n 1

.PHONY: tidy-check
tidy-check: ## Fail if `go mod tidy` would change a go.mod or go.sum
	go mod tidy -diff
	go -C tools mod tidy -diff

##### Keep it

.PHONY: fmt
fmt: ## Format all Go files
	$(TOOL) gofumpt -w .

.PHONY: clean
clean: ## Remove what was built and measured
	rm -rf bin coverage.out coverage.html
