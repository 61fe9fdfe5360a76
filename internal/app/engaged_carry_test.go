package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/web/shell"
)

// TestCarryBesidesPassedOver: within one installation the files of what was taken in come along at once, also where another act of the same
// delivery came too late.
func TestCarryBesidesPassedOver(t *testing.T) {
	b := underExamination(t, yearOf())
	ctx := t.Context()
	for _, r := range []string{"r1", "r2"} {
		b.does(aManager, "ask", engage.Request{ID: r, Wants: "inquiry", What: "Who approves?", Due: onDay("2026-07-20")})
	}
	if err := b.firm.Do(ctx, aManager, examined, "close", engage.Reply{Request: "r1", Text: "Known from elsewhere."}); err != nil {
		t.Fatal(err)
	}
	in := &installation{app: New(), data: b.office[b.client].data}
	in.engaged = map[id.Org]*engage.House{b.firm.Org: b.firm, b.client.Org: b.client}
	in.tenants = &tenants{in: in, slugs: map[string]record.Org{"firm": {ID: b.firm.Org}}, opened: map[string]*tenant{"firm": {Tenant: &shell.Tenant{Name: "Example CPA"}, o: b.office[b.firm]}}}
	blobs := dir.Open(filepath.Join(in.data, "blobs"), filepath.Join(in.data, "keys"))
	sum, _, err := blobs.Put(ctx, b.client.Org, strings.NewReader("the list of approvers"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []engage.Reply{{Request: "r1", Text: "Owen."}, {Request: "r2", Evidence: []engage.Evidence{{SHA256: sum, Name: "approvers.txt", Received: "2026-07-01T12:00:00Z"}}}} {
		if err := b.client.Do(ctx, anOwner, examined, "answer", r); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.deliver(ctx, b.client, examined); err == nil || !strings.Contains(err.Error(), "r1 is closed") {
		t.Fatalf("deliver = %v; want the late answer said to change nothing", err)
	}
	r, err := blobs.Open(ctx, b.firm.Org, sum)
	if err != nil {
		t.Fatalf("the file of the answer that was taken in, at the firm: %v", err)
	}
	_ = r.Close()
}
