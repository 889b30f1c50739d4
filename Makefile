# Two commands do everything on a fresh machine: "make demo" runs the main job, "make test" passes the tests.
BUILD    := build
BIN      := $(BUILD)/cbdoctor
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 60s

export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build demo test unit lint vuln fuzz setup bench bench-capture bench-logs bench-collect profile screenshots clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the static binary build/cbdoctor
	@mkdir -p $(BUILD)
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/cbdoctor

demo: build ## the main job on a simulated cluster: collect, analyse, report
	$(BIN) demo --force -o $(BUILD)/demo-bundle; status=$$?; [ $$status -eq 1 ] || exit $$status

test: setup lint unit ## everything that must pass: linters, tests, each fuzz target for a moment
	@FUZZTIME=$${FUZZTIME_TEST:-3s} scripts/fuzz.sh

unit: ## the tests alone; what is not run is listed with its reason
	@scripts/test.sh

lint: ## formatting, vet, staticcheck
	@out=$$(go tool gofumpt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "not formatted (go tool gofumpt -w):"; echo "$$out"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

vuln: ## known vulnerabilities in what we link (needs the network)
	go tool govulncheck ./...

fuzz: ## fuzz every target for FUZZTIME (default 60s) each
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

setup: ## install what the tests need, where that is possible, and say what is missing
	@scripts/setup.sh

bench: ## Go benchmarks of the core
	go test -run '^$$' -bench . -benchmem ./...

bench-capture: build ## judging captures, side by side with tcpdump (SIZE=512M RUNS=7 CASES=mix,pg)
	go run ./bench/captures -tool $(BIN) -size $${SIZE:-512M} -runs $${RUNS:-7} -cases "$${CASES:-}"

bench-logs: build ## reading logs, side by side with rg (SIZE=512M RUNS=7)
	go run ./bench/logs -tool $(BIN) -size $${SIZE:-512M} -runs $${RUNS:-7}

bench-collect: build ## the collector against sftp, on loopback and over 50 ms
	@scripts/bench_collect.sh

profile: ## renew the profile that the compiler follows, after large changes of the core
	@scripts/profile.sh

screenshots: build ## make the pictures of the documentation
	@scripts/screenshots.sh

clean: ## remove what was built
	rm -rf $(BUILD)
