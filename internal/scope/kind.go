package scope

import (
	"strings"

	"github.com/assayhq/assay/internal/catalog"
)

// Kind is a kind of report that an organization may prepare for.
type Kind struct {
	ID        string
	Title     string
	Period    bool   // Type 2: a closed period of civil dates
	AsOf      bool   // Type 1: a date
	Framework string // what the controls are held against: catalog.TSC, catalog.SOC1 or catalog.ISO27001
}

// Kinds lists the kinds of report. ISO 27001 is examined on evidence since the last audit: it
// takes a period or a date.
func Kinds() []Kind {
	return []Kind{
		{"soc1-type1", "SOC 1 Type 1", false, true, catalog.SOC1},
		{"soc1-type2", "SOC 1 Type 2", true, false, catalog.SOC1},
		{"soc2-type1", "SOC 2 Type 1", false, true, catalog.TSC},
		{"soc2-type2", "SOC 2 Type 2", true, false, catalog.TSC},
		{"soc3", "SOC 3", true, false, catalog.TSC},
		{"isae3402-type1", "ISAE 3402 Type 1", false, true, catalog.SOC1},
		{"isae3402-type2", "ISAE 3402 Type 2", true, false, catalog.SOC1},
		{"dual-type1", "SOC 1 and ISAE 3402 Type 1", false, true, catalog.SOC1},
		{"dual-type2", "SOC 1 and ISAE 3402 Type 2", true, false, catalog.SOC1},
		{"iso27001", "ISO/IEC 27001", true, true, catalog.ISO27001},
	}
}

// KindOf finds a kind of report.
func KindOf(id string) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if k.ID == id {
			return k, nil
		}
		names = append(names, k.ID)
	}
	return Kind{}, field("--report", "there is no report %q; expected one of %s", id, strings.Join(names, ", "))
}
