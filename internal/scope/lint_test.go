package scope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
)

func TestLint(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"The system owner approves each access request before anyone gets access.":                             "",
		"Access is reviewed in a timely manner.":                                                               `"timely" without a number`,
		"Each leaver's access is removed within 24 hours by the service desk.":                                 "",
		"Each leaver's access is removed within 24 hours.":                                                     "nobody does it",
		"Management reviews appropriate logs every week.":                                                      `"appropriate" measures nothing`,
		"The security lead should review alerts every day.":                                                    `"should" says what is wished for`,
		"The operations team monitors capacity.":                                                               "does not say when",
		"The lead reviews logs weekly. The lead also files a ticket for each anomaly.":                         "2 sentences",
		"The lead " + strings.Repeat("reviews and ", 30) + "files every finding of each scan within one week.": "words",
		"A certified auditor reviews the access list every quarter.":                                           `"certified" claims`,
		"The lead keeps every server compliant with the baseline each day.":                                    `"compliant" claims`,
		"The lead ensures compliance with the law every year.":                                                 `"compliance" claims`,
		"Compliance with the baseline is checked by the lead every week.":                                      "",
		"The lead recertifies each access every quarter.":                                                      "",
		"Engineers regularly patch every server.":                                                              `"regularly" without a number`,
	} {
		got := strings.Join(Lint(assure.Control{Statement: statement}), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("Lint(%q) = %q, want %q", statement, got, want)
		}
	}
}

// TestLibraryLints: what the library offers passes its own advice.
func TestLibraryLints(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, ctl := range c.Controls {
		for _, said := range Lint(ctl) {
			t.Errorf("%s: %s\n\t%s", ctl.ID, said, ctl.Statement)
		}
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	f := Folder{System: System{Texts: map[string]string{"dc1": "Text.\nWe are SOC 2 Compliant.\n", "dc2": "Compliance is a team. We say it with confidence.\n"}},
		Policies: []Policy{{ID: "access", Text: "The hall is certified.\nNo exceptions were noted.\n"}}}
	var got []string
	for _, said := range Claims(f) {
		got = append(got, strings.SplitN(said, " of the text", 2)[0])
	}
	want := []string{`description/dc1.md: "Compliant" in line 2`, `policies/access.md: "certified" in line 1`, `policies/access.md: "No exceptions were noted" in line 2`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Claims (-want +got):\n%s", diff)
	}
}
