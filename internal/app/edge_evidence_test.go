package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

// inspected is the inspection of the quarterly tests of MON-01, with other fields.
func inspected(item, performed, more string) string {
	return `{"control":"MON-01","item":"` + item + `","performed_on":"` + performed + `","performed_by":"ann","inspected_by":"bob","b":"yes","c":"yes","d":"yes",` + more + `}`
}

// quarterOf sets a stage of one quarter, in which MON-01 has one item.
func quarterOf(t *testing.T) *stage {
	t.Helper()
	s := edgeOf(t, setting{from: "2026-04-01", to: "2026-06-30"})
	s.people("ann", "bob")
	return s
}

// TestE19LateUpload: a review that was done in time and delivered three weeks later passes when the artefact itself proves the day.
func TestE19LateUpload(t *testing.T) {
	s := quarterOf(t)
	s.give("inspections", inspected("2026-Q2", "2026-06-20", `"evidence":"log","evidence_kind":"system_record","evidence_dated_on":"2026-06-20","inspected_at":"2026-07-11T10:00:00Z"`))
	s.expect("MON-01", verdicts{"2026-Q2": "pass"})
	size, err := s.st.Size(t.Context(), s.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	k, err := s.st.Lookup(t.Context(), s.org.ID, "inspections", "MON-01/2026-Q2", 1)
	if err != nil || size == 0 || k.Received.String() != "2026-11-01T12:00:00Z" {
		t.Errorf("received %s, %v; want the time of delivery beside the time of the act", k.Received, err)
	}
}

// TestE20BackDated: a document that is dated 3 May and was made on 20 June proves nothing of 3 May.
func TestE20BackDated(t *testing.T) {
	s := quarterOf(t)
	s.give("inspections", inspected("2026-Q2", "2026-05-03", `"evidence":"minutes.pdf","evidence_kind":"document","evidence_dated_on":"2026-06-20"`))
	r := s.expect("MON-01", verdicts{"2026-Q2": "deviation A"})
	if why := reason(t, r, "2026-Q2"); !contains(why, "2026-06-20") {
		t.Errorf("reason %q does not name the day on which the document was made", why)
	}
	s.give("inspections", inspected("2026-Q2", "2026-05-03", `"evidence":"minutes.pdf","evidence_kind":"document"`))
	s.expect("MON-01", verdicts{"2026-Q2": "undecided A"}) // when it was made is not known
}

// olderThanTheRequest is a control whose evidence must be older than the auditor's request.
const olderThanTheRequest = `control MON-01
shape schedule
-- rule --
each quarters as quarter
key quarter.name
in period by quarter.last
due end of quarter.last
performed A 'Held inside the quarter' from quarter.first to quarter.last
let requested = requests on control = 'MON-01' and item = quarter.name
let asked_on = date of earliest(requested.asked_at)
check B 'The evidence is older than the request for it' if exists(requested):
    exists(inspection where evidence_dated_on < asked_on) else 'the evidence was made after the auditor had asked for it'
`

// TestE21MadeAfterTheRequest: a sign-off that was made after the request for it cannot prove a past act, whatever day it claims.
func TestE21MadeAfterTheRequest(t *testing.T) {
	s := edgeOf(t, setting{from: "2026-01-01", to: "2026-06-30", program: map[string]string{"tests/MON-01.txtar": olderThanTheRequest}})
	s.people("ann", "bob")
	s.give("requests", `{"request_id":"R1","control":"MON-01","item":"2026-Q2","asked_at":"2026-07-01T10:00:00-04:00"}`,
		`{"request_id":"R2","control":"MON-01","item":"2026-Q1","asked_at":"2026-07-01T10:00:00-04:00"}`)
	s.give("inspections", inspected("2026-Q2", "2026-06-30", `"evidence":"sign-off","evidence_kind":"signed_record","evidence_dated_on":"2026-07-01"`),
		inspected("2026-Q1", "2026-03-30", `"evidence":"sign-off","evidence_kind":"signed_record","evidence_dated_on":"2026-06-30"`))
	s.expect("MON-01", verdicts{"2026-Q1": "pass", "2026-Q2": "deviation B"})
}

func (s *stage) put(text string) string {
	s.t.Helper()
	sum, _, err := s.blobs.Put(s.t.Context(), s.org.ID, strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	return sum
}

// TestE22EditedScreenshot: an edited picture is other evidence; the old one stays, and so does the record that named it.
func TestE22EditedScreenshot(t *testing.T) {
	s := quarterOf(t)
	old, edited := s.put("picture"), s.put("picture, edited")
	if old == edited {
		t.Fatal("two files have one hash")
	}
	with := func(sum string) string {
		return inspected("2026-Q2", "2026-06-20", `"evidence":"`+sum+`","evidence_kind":"system_record"`)
	}
	s.give("inspections", with(old))
	s.at("2026-11-02T12:00:00Z")
	s.give("inspections", with(edited))
	for version, sum := range map[int]string{1: old, 2: edited} {
		k, err := s.st.Lookup(t.Context(), s.org.ID, "inspections", "MON-01/2026-Q2", version)
		if err != nil || !contains(string(k.Body), sum) {
			t.Errorf("version %d: %s, %v; want it to name %s", version, k.Body, err, sum)
		}
		if err := s.blobs.Verify(t.Context(), s.org.ID, sum); err != nil {
			t.Error(err)
		}
	}
}

// TestE68OneFileForMany: evidence that many controls name is one file; erasing one of the records leaves it.
func TestE68OneFileForMany(t *testing.T) {
	s := quarterOf(t)
	sum := s.put("minutes of the board")
	if again := s.put("minutes of the board"); again != sum {
		t.Errorf("the same file is kept as %s and %s", sum, again)
	}
	files, err := os.ReadDir(filepath.Join(s.data, "blobs", string(s.org.ID)))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files, %v; want 1", len(files), err)
	}
	s.give("inspections", inspected("2026-Q2", "2026-06-20", `"evidence":"`+sum+`","evidence_kind":"system_record"`),
		`{"control":"GOV-03","item":"2026-Q2","performed_on":"2026-06-20","evidence":"`+sum+`","a":"yes"}`)
	if _, err := s.Erase(t.Context(), record.Erasure{Register: "inspections", Key: "GOV-03/2026-Q2", Reason: "asked", Authority: "the person"}); err != nil {
		t.Fatal(err)
	}
	if err := s.blobs.Verify(t.Context(), s.org.ID, sum); err != nil {
		t.Errorf("another record names the file still: %v", err)
	}
	s.expect("MON-01", verdicts{"2026-Q2": "pass"})
}

// TestE69Redacted: whoever looks sees the redacted copy; both hashes are on record with both laws, and the original is kept apart or erased.
func TestE69Redacted(t *testing.T) {
	s := quarterOf(t)
	original, copied := s.put("Ann Smith has access"), s.put("██ has access")
	s.give("redactions", `{"original":"`+original+`","redacted":"`+copied+`","what":"names","authority":"GDPR 5(1)(c)","redacted_by":"bob","redacted_at":"2026-07-01T10:00:00Z","erase_after":"2027-01-01","keep_until":"2033-06-30"}`)
	view := func() string {
		t.Helper()
		r, redacted, err := s.View(t.Context(), original)
		if err != nil || !redacted {
			t.Fatalf("redacted %v, %v", redacted, err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := view(); got != "██ has access" {
		t.Errorf("shown: %q", got)
	}
	if err := s.blobs.Verify(t.Context(), s.org.ID, original); err != nil {
		t.Errorf("the original is kept: %v", err)
	}
	r, redacted, err := s.View(t.Context(), copied)
	if err != nil || redacted {
		t.Errorf("what is not redacted is shown as it is: %v, %v", redacted, err)
	} else {
		r.Close()
	}
	if err := s.blobs.Remove(t.Context(), s.org.ID, original); err != nil {
		t.Fatal(err)
	}
	if got := view(); got != "██ has access" {
		t.Errorf("shown after the original was erased: %q", got)
	}
	if err := s.blobs.Remove(t.Context(), s.org.ID, copied); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.View(t.Context(), original); !errors.Is(err, fault.NotFound) {
		t.Errorf("without its redacted copy nothing is shown: %v", err)
	}
}

// TestE70LegalHold: a hold wins over the duty to erase, in the name of its authority, until it ends.
func TestE70LegalHold(t *testing.T) {
	s := quarterOf(t)
	s.give("holds", `{"hold_id":"H-7","of_register":"people","of_key":"ann","authority":"District Court, order 26-117","starts_at":"2026-08-01T00:00:00Z"}`)
	erase := func(key string) error {
		_, err := s.Erase(t.Context(), record.Erasure{Register: "people", Key: key, Reason: "asked to be forgotten", Authority: "GDPR 17"})
		return err
	}
	if err := erase("ann"); !errors.Is(err, fault.Denied) || !contains(err.Error(), "H-7") || !contains(err.Error(), "District Court, order 26-117") {
		t.Errorf("erase under a hold: %v; want it denied in the name of the court", err)
	}
	if err := erase("bob"); err != nil {
		t.Errorf("erase of what no hold covers: %v", err)
	}
	if _, err := s.Erase(t.Context(), record.Erasure{Register: "holds", Key: "H-7", Reason: "x", Authority: "y"}); !errors.Is(err, fault.Denied) {
		t.Errorf("erase of the hold itself: %v; want it denied", err)
	}
	s.at("2026-11-10T00:00:00Z")
	s.give("holds", `{"hold_id":"H-7","of_register":"people","of_key":"ann","authority":"District Court, order 26-117","starts_at":"2026-08-01T00:00:00Z","ends_at":"2026-11-09T00:00:00Z"}`)
	if err := erase("ann"); err != nil {
		t.Errorf("erase after the hold: %v", err)
	}
}

// TestE71KeyLost: evidence that cannot be read any more is no evidence: the file is named, and what rests on it deviates.
func TestE71KeyLost(t *testing.T) {
	s := quarterOf(t)
	sum := s.put("minutes")
	s.give("inspections", inspected("2026-Q2", "2026-06-20", `"evidence":"`+sum+`","evidence_kind":"system_record"`))
	bring := cli.Import{Register: "systems", File: "systems.jsonl", Source: "test", Operator: "test"}
	if _, err := s.take(t.Context(), bring, strings.NewReader(`{"system":"prod"}`), nil, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	s.expect("MON-01", verdicts{"2026-Q2": "pass"})
	if err := os.Remove(filepath.Join(s.data, "keys", string(s.org.ID)+".blobs")); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	r := s.expect("MON-01", verdicts{"2026-Q2": "deviation BCD"})
	if why := reason(t, r, "2026-Q2"); !contains(why, "cannot be read") {
		t.Errorf("reason %q does not say that the evidence cannot be read", why)
	}
	v, err := s.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Faults) != 1 || !contains(v.Faults[0].What, "the file that this pull kept") {
		t.Errorf("verify finds %+v, want the file that cannot be read", v.Faults)
	}
}

// reopen closes the organization and enters it again.
func (s *stage) reopen() {
	s.t.Helper()
	data := s.data
	if err := s.office.Close(); err != nil {
		s.t.Fatal(err)
	}
	a := New()
	a.Clock = s.app.Clock
	o, err := a.enter(s.t.Context(), data, "", false)
	if err != nil {
		s.t.Fatal(err)
	}
	s.office = o
}
