package tests_test

import (
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/engine/enginetest"
)

// TestHeader reads the head lines that say when a version is in force.
func TestHeader(t *testing.T) {
	t.Parallel()
	schemas, _ := enginetest.Load(t)
	const body = "\n-- rule --\neach changes as change\nkey change.change_id\nin period by change.merged_at\ncheck A 'It has a ticket': change.ticket <> '' else 'none'\n"
	for head, want := range map[string]string{
		"version 2\nfrom 2025-09-01\nuntil 2025-12-31\neditorial": "",
		"until 2025-12-31":                  "",
		"from 2025-09-01\nuntil 2025-08-31": "ends on 2025-08-31, before it begins",
		"until never":                       "is not a date",
		"editorial":                         "the first version has none before it",
		"retired 2025-12-31":                "unknown line",
	} {
		list, err := tests.Parse("X.txtar", []byte("control CHG-01\nshape event\n"+head+body), schemas)
		if want == "" && (err != nil || list[0].Until.String() != "2025-12-31" || list[0].Editorial != strings.Contains(head, "editorial")) {
			t.Errorf("%q: %+v, %v", head, list, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", head, err, want)
		}
	}
}
