# `make` prints the targets with what they do.
.DEFAULT_GOAL := help
.PHONY: help build verify-build test race lint fuzz tamper bench pages powercut big engagements rules demo generate ci

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build ./assay, one static file without cgo
	CGO_ENABLED=0 go build -trimpath -o assay ./cmd/assay

verify-build: ## build ./assay-verify, the auditor's program, from its own module
	cd verify && CGO_ENABLED=0 go build -trimpath -o ../assay-verify ./cmd/assay-verify

test: ## run every test, as the README says; those that lack something of the machine say so
	go test ./...
	cd verify && go test ./...

race: ## run the tests of rooms with concurrency under the race detector
	go test -race -short $$(cd internal && ls -d account api blob collect mail mcp oidc operate outbound publish scim store web | sed 's|.*|./internal/&/...|')

lint: ## run gofmt, go vet and the linters of .golangci.yaml
	@test -z "$$(gofmt -l cmd internal verify)" || { gofmt -l cmd internal verify; exit 1; }
	go vet ./...
	cd verify && go vet ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.0 run ./...

fuzz: ## fuzz each parser for a minute (FUZZTIME=10m for longer, ONLY=internal/rule for some)
	.ci/fuzz $${FUZZTIME:-1m} "$${ONLY:-.}"

tamper: ## change database, package and 100,000 proofs; both verifiers must refuse all (ASSAY_MUTANTS=N for another count)
	cd verify && ASSAY_MUTANTS=$${ASSAY_MUTANTS:-100000} go test -count 1 -timeout 30m -v -run 'Mutants|SingleProofs' .
	cd verify && go test -count 1 -run 'Tamper|Signed|Spelling|Held|Flips|Container|Python' .
	go test -count 1 -run 'Tamper|TwoHistories|Unanchored' ./internal/store/sqlite/

bench: ## run the benchmarks that state speed as ratios; some take minutes and a gigabyte
	ASSAY_CHANGES=1000000 ASSAY_FACTOR=$${ASSAY_FACTOR:-27} go test -run '^$$' -bench . -benchtime 1x -timeout 60m ./...
	cd verify && go test -run '^$$' -bench . -benchtime 1x ./...

pages: ## look at every page in both themes and two widths, take an engagement through its windows, and crawl for what belongs to others; takes minutes
	ASSAY_PAGES=1 go test -count 1 -timeout 60m -run 'Barriers|FirstDay|NothingOfTheOther|EngagementInBrowser' ./internal/web/... ./internal/app/

rules: ## change every rule of the library in every small way, and run every case on PostgreSQL. Ordinary runs try a third of both
	ASSAY_RULES=1 go test -count 1 -timeout 30m -run 'Mutation|CasesOnPostgres|ReperformedOnPostgres' ./internal/engine/... ./internal/app/

engagements: ## take an engagement of every kind over the example company from acceptance to its issued report; takes minutes
	ASSAY_ENGAGEMENTS=1 go test -count 1 -timeout 30m -v -run Engagements ./internal/app/

powercut: ## cut the power 50 times under a writing store (needs root, ext4 and a loop device)
	ASSAY_POWERCUT=50 go test -count 1 -timeout 60m -v -run PowerCut ./internal/store/...

big: ## import a generated stream of 10 GB in bounded memory; its last row is wrong and refuses the whole
	ASSAY_BIG=10GB ASSAY_BIG_MB=10240 go test -count 1 -timeout 120m -v -run Big ./...

demo: ## build the example company, test it, and serve its pages
	go run ./cmd/assay demo

generate: ## remake the generated files from their sources
	find internal -name '*.templ' -printf '%h\n' | sort -u | while read -r dir; do \
		(cd "$$dir" && go run github.com/a-h/templ/cmd/templ@$$(go list -m -f '{{.Version}}' github.com/a-h/templ) generate) || exit 1; done
	cd internal/web/elements && go test -run TestBundle -update .

ci: ## run what a change must pass
	.ci/run
