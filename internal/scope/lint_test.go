package scope

import (
	"strings"
	"testing"

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
