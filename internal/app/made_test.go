package app

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
)

// TestMadeHere: no file brings records that only an act of a person makes, neither by name nor as children of a mapping.
func TestMadeHere(t *testing.T) {
	t.Parallel()
	o := company(t, "UTC")
	before, err := o.st.Size(t.Context(), o.org.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, reg := range madeHere {
		if o.regs[reg] == nil {
			t.Errorf("%s is no register", reg)
		}
		_, err := o.take(t.Context(), cli.Import{Register: reg, File: "x.jsonl", Source: "x"}, strings.NewReader("{}\n"), nil, func(int64, int64) {})
		if !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), reg) {
			t.Errorf("importing %s = %v, want refused by name", reg, err)
		}
		mapping := "fields:\n  change_id: id\nchildren:\n  - register: " + reg + "\n    from: list\n    fields:\n      x: x\n"
		_, err = o.take(t.Context(), cli.Import{Register: "changes", File: "x.jsonl", Map: "map.yaml", Source: "x"}, strings.NewReader(`{"id":"1","list":[{"x":"y"}]}`+"\n"), []byte(mapping), func(int64, int64) {})
		if !errors.Is(err, fault.Refused) {
			t.Errorf("%s as a child of changes = %v, want refused", reg, err)
		}
	}
	for _, source := range []string{"people", "assay"} {
		_, err := o.take(t.Context(), cli.Import{Register: "changes", File: "x.jsonl", Source: source}, strings.NewReader(change("c1", inPeriod)+"\n"), nil, func(int64, int64) {})
		_, mapped := o.take(t.Context(), cli.Import{Register: "changes", File: "x.jsonl", Map: "map.yaml"}, strings.NewReader(change("c1", inPeriod)+"\n"), []byte("source: "+source+"\n"), func(int64, int64) {})
		if !errors.Is(err, fault.Refused) || !errors.Is(mapped, fault.Refused) {
			t.Errorf("a file of the source %s = %v, by its mapping %v; want refused", source, err, mapped)
		}
	}
	if after, err := o.st.Size(t.Context(), o.org.ID); err != nil || after != before {
		t.Errorf("the ledger holds %d records, held %d; %v", after, before, err)
	}
}
