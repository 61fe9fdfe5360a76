package api

import (
	_ "embed" // the answers
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// example is one request of the document. Its answer stands in examples.json, as a server gave it to the test that runs them all.
type example struct {
	op, name, summary string
	params            map[string]any
	media             string // of the body; empty: none
	body              any
}

// given is an answer of examples.json.
type given struct {
	Status int    `json:"status"`
	Media  string `json:"media,omitempty"`
	Body   any    `json:"body,omitempty"`
}

//go:embed examples.json
var answersJSON []byte

const jsonType = "application/json"

var (
	meeting  = map[string]any{"meeting_id": "meeting-2026-10", "kind": "risk committee", "held_on": "2026-10-14", "minutes": true, "quorum": true}
	answered = map[string]any{"test": "IAM-04", "item": "billing/2026-Q3", "version": 0, "position": "agreed", "cause": "human_error",
		"response": "The review was done two days late; nobody kept access that should have gone.", "extent": "isolated", "extent_reason": "The eleven other systems of the quarter were reviewed in time."}
)

// q are the parameters of an example of the organization named example.
func q(list ...any) map[string]any {
	out := map[string]any{"org": "example"}
	for i := 0; i+1 < len(list); i += 2 {
		out[list[i].(string)] = list[i+1]
	}
	return out
}

// examples lists at least one of each operation, in an order in which they can be run.
func examples() []example {
	return []example{
		{op: "organization", name: "one", summary: "What is reported on", params: q()},
		{op: "organization", name: "unknown", summary: "An organization that the caller may not know of", params: map[string]any{"org": "nowhere"}},
		{op: "results", name: "all", summary: "Every test", params: q()},
		{op: "controls", name: "all", summary: "Every control", params: q()},
		{op: "items", name: "deviating", summary: "Only what deviates", params: q("control", "IAM-04", "verdict", "deviation", "limit", 10)},
		{op: "item", name: "late-review", summary: "A review that came late", params: q("control", "IAM-04", "key", "billing/2026-Q3")},
		{op: "readiness", name: "today", summary: "As of today", params: q()},
		{op: "forecast", name: "supposed", summary: "If the next review is ten days late", params: q("today", "2026-11-22", "if", []any{"IAM-04/billing/2026-Q4=late:10d"})},
		{op: "gaps", name: "of-a-control", summary: "What one control lacks", params: q("control", "IAM-04", "limit", 5)},
		{op: "ledger", name: "now", summary: "The last checkpoint", params: q()},
		{op: "proof", name: "first", summary: "The proof of the first leaf", params: q("index", 0)},
		{op: "pulls", name: "latest", summary: "The latest pull", params: q("limit", 1)},
		{op: "registers", name: "all", summary: "Every register", params: q()},
		{op: "register", name: "one", summary: "The register of meetings", params: q("register", "meetings")},
		{op: "enter-record", name: "a-meeting", summary: "A meeting and that there are minutes", params: q("register", "meetings", "Idempotency-Key", `"5f0c1f2e-9a3d-4f43-8d0e-2f3a3f1f7c11"`), media: jsonType, body: map[string]any{"fields": meeting}},
		{op: "enter-record", name: "no-date", summary: "A day that does not exist", params: q("register", "meetings"), media: jsonType, body: map[string]any{"fields": map[string]any{"kind": "board", "held_on": "2026-02-30"}}},
		{op: "edit-record", name: "minutes-missing", summary: "The minutes were not written after all", params: q("register", "meetings", "key", "meeting-2026-10", "If-Match", `"1"`), media: jsonType,
			body: map[string]any{"fields": map[string]any{"meeting_id": "meeting-2026-10", "kind": "risk committee", "held_on": "2026-10-14", "minutes": false, "quorum": true}}},
		{op: "edit-record", name: "stale", summary: "Somebody else was faster", params: q("register", "meetings", "key", "meeting-2026-10", "If-Match", `"1"`), media: jsonType,
			body: map[string]any{"fields": map[string]any{"meeting_id": "meeting-2026-10", "kind": "board", "held_on": "2026-10-14"}}},
		{op: "records", name: "without-minutes", summary: "Meetings of which nobody wrote down what was said", params: q("register", "meetings", "where", []any{"minutes:eq:false", "held_on:ge:2026-01-01"}, "sort", "-held_on")},
		{op: "record", name: "with-versions", summary: "Both versions of a meeting", params: q("register", "meetings", "key", "meeting-2026-10")},
		{op: "import", name: "two-rows", summary: "A file of two rows", params: q("register", "people", "file", "people.csv", "source", "HR", "extent", "full", "expect_rows", "2"), media: "text/csv",
			body: "employment_id,person_id,email,kind,started_on\ne-1,p-1,ann@example.com,employee,2024-01-01\ne-2,p-2,bob@example.com,employee,2025-03-01\n"},
		{op: "import", name: "bad-row", summary: "A file with a day that does not exist", params: q("register", "people", "file", "people.csv"), media: "text/csv",
			body: "employment_id,person_id,started_on\ne-3,p-3,2026-02-30\n"},
		{op: "give-evidence", name: "a-note", summary: "A note as a text file", params: q("control", "IAM-04", "item", "billing/2026-Q3", "title", "Why the review was late", "file_name", "note.txt"), media: "text/plain",
			body: "The reviewer was ill from 28 to 31 October.\n"},
		{op: "evidence", name: "of-an-item", summary: "The evidence of one item", params: q("control", "IAM-04", "item", "billing/2026-Q3")},
		{op: "exhibit", name: "one", summary: "A signed review", params: q("id", "evidence_06h1e5a6g00000000000000000")},
		{op: "exhibit", name: "unknown", summary: "Evidence that there is none of", params: q("id", "evidence_00000000000000000000000000")},
		{op: "evidence-file", name: "one", summary: "The file of a signed review", params: q("id", "evidence_06h1e5a6g00000000000000000")},
		{op: "tasks", name: "mine", summary: "What is due for the caller by the end of the year", params: q("until", "2026-12-31")},
		{op: "tasks", name: "of-all", summary: "What is due by the end of the year", params: q("until", "2026-12-31", "whose", "all")},
		{op: "deviations", name: "open", summary: "What nobody answered", params: q("unanswered", true)},
		{op: "answer-deviation", name: "late-review", summary: "Management agrees", params: q(), media: jsonType, body: answered},
		{op: "deviation-answers", name: "late-review", summary: "What management said", params: q("test", "IAM-04", "item", "billing/2026-Q3")},
		{op: "documents", name: "all", summary: "What can be drawn", params: q()},
		{op: "document", name: "as-json", summary: "The draft as JSON", params: q("kind", "soc2-type2", "format", "json")},
		{op: "members", name: "all", summary: "Everybody", params: q()},
		{op: "hooks", name: "none-yet", summary: "Before one was added", params: q()},
		{op: "add-hook", name: "two-events", summary: "A receiver of two events", params: q(), media: jsonType, body: map[string]any{"url": "https://hooks.example.com/assay", "events": []any{"deviation.opened", "task.late"}}},
		{op: "deliveries", name: "nothing-yet", summary: "A receiver that was sent nothing", params: q("hook", "hook-1")},
		{op: "drop-hook", name: "one", summary: "Remove a receiver", params: q("hook", "hook-1")},
	}
}

// illustrate puts the examples into the document. Those of one request have one name, wherever they stand; x-examples says what status
// each is answered with.
func illustrate(doc *huma.OpenAPI) error {
	var answers map[string]given
	if err := json.Unmarshal(answersJSON, &answers); err != nil {
		return fmt.Errorf("read examples.json: %w", err)
	}
	ops := map[string]*huma.Operation{}
	for _, op := range operations(doc) {
		ops[op.OperationID] = op
	}
	for n, x := range examples() {
		op := ops[x.op]
		if op == nil {
			return fmt.Errorf("example %s: no operation %s", x.name, x.op)
		}
		x.show(op, answers[x.op+" "+x.name], n)
	}
	return nil
}

func (x example) show(op *huma.Operation, g given, place int) {
	for name, v := range x.params {
		for _, p := range op.Parameters {
			if p.Name == name {
				if p.Examples == nil {
					p.Examples, p.Example = map[string]*huma.Example{}, nil
				}
				p.Examples[x.name] = &huma.Example{Value: v}
			}
		}
	}
	if x.media != "" {
		add(op.RequestBody.Content[x.media], x.name, x.summary, x.body)
	}
	if op.Extensions["x-examples"] == nil {
		op.Extensions["x-examples"] = map[string]any{}
	}
	op.Extensions["x-examples"].(map[string]any)[x.name] = map[string]any{"status": g.Status, "place": place}
	if g.Media == "" {
		return
	}
	r := op.Responses[strconv.Itoa(g.Status)]
	if r == nil {
		r = &huma.Response{Description: "OK"}
		op.Responses[strconv.Itoa(g.Status)] = r
	}
	if r.Content == nil {
		r.Content = map[string]*huma.MediaType{}
	}
	kind, _, _ := strings.Cut(g.Media, ";")
	if r.Content[kind] == nil {
		r.Content[kind] = &huma.MediaType{}
	}
	add(r.Content[kind], x.name, x.summary, g.Body)
}

func add(m *huma.MediaType, name, summary string, v any) {
	if m.Examples == nil {
		m.Examples = map[string]*huma.Example{}
	}
	m.Examples[name] = &huma.Example{Summary: summary, Value: v}
}
