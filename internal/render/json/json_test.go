package json

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/report"
)

func TestRender(t *testing.T) {
	t.Parallel()
	zone, err := civil.ParseZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Build("soc2-type1", report.Facts{Organization: "New <Inc.>",
		When: report.AsOf{Date: civil.NewDate(2026, 6, 30), Zone: zone}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Render(&b, r); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind, Organization string
		Draft              bool
		When               struct {
			AsOf struct{ Date, Until string } `json:"as_of"`
		}
		Sections []struct{ Number string }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "soc2-type1" || !got.Draft || got.Organization != "New <Inc.>" || len(got.Sections) != 5 {
		t.Errorf("Render = %+v, want the draft of a Type 1 with five sections", got)
	}
	if got.When.AsOf.Date != "2026-06-30" || got.When.AsOf.Until != "2026-07-01T00:00:00-04:00" {
		t.Errorf("as of = %+v, want the date and the end of that local day", got.When.AsOf)
	}
}
