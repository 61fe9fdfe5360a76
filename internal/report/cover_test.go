package report

import (
	"os"
	"testing"
)

// TestCover: the cover of an issued report names who signed it and when; that of a draft names nobody.
func TestCover(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/issued-soc2-type2.json")
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := r.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, x := range r.Cover() {
		got[x.Name] = x.Value.String()
	}
	if got["Service auditor"] == "" || got["Date of the report"] != r.Auditor.Date.Long() {
		t.Errorf("Cover() = %v, want the auditor and the date", got)
	}
	r.Auditor.Revision, r.Auditor.RevisionReason = 1, "a fact discovered later"
	if list := r.Cover(); list[len(list)-1].Value.String() != "Revision 1: a fact discovered later" {
		t.Errorf("Cover() of a revision = %v", list)
	}
	r.Draft = true
	if list := r.Cover(); list != nil {
		t.Errorf("Cover() of a draft = %v, want nothing", list)
	}
}
