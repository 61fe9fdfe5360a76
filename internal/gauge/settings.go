package gauge

import "github.com/assayhq/assay/internal/assure"

// Settings are the figures that no standard fixes: a firm or an organization sets its own.
type Settings struct {
	TolerableKey int // basis points of deviating items, for key preventive controls of security
	Tolerable    int // of every other control
	NotRelied    int // from here on a control is not relied upon, whatever is tolerable

	Confidence  float64 // of the one-sided bound about items that nobody tested, 0 to 1
	Grace       int     // days after a due date within which missing evidence is not yet a gap
	ClockOffset int     // seconds by which a source's clock may be off

	WalkthroughMonths int // how long a walkthrough holds
	PolicyMonths      int // how long the review of a policy holds
	VendorMonths      int // how far a vendor's report may end before our period does
	BridgeMonths      int // what a bridge letter usually covers

	Minimum map[assure.Frequency]int // operations inside a period before anybody concludes

	Fieldwork [2]int // weeks, fewest and most
	Reporting [2]int // weeks, fewest and most
	Lengths   []int  // months of a period that a forecast looks for
	Extend    int    // months by which the option to extend adds to the period
	Soon      int    // days ahead that are due soon
	Horizon   int    // months ahead in which a clean period is looked for

	TaskDays [3]int // days from today in which a gap should be closed, by severity
}

// Defaults are the settings of the product. The minimum operations follow the practice of remediation under the
// Sarbanes-Oxley Act, and the weeks what firms quote; both are customs, not rules.
func Defaults() Settings {
	return Settings{
		TolerableKey: 500, Tolerable: 1000, NotRelied: 2000,
		Confidence: 0.95, Grace: 0, ClockOffset: 60,
		WalkthroughMonths: 12, PolicyMonths: 12, VendorMonths: 3, BridgeMonths: 3,
		Minimum: map[assure.Frequency]int{
			assure.Daily: 20, assure.Weekly: 5, assure.Monthly: 2, assure.Quarterly: 2, assure.Semiannual: 1, assure.Annual: 1,
		},
		Fieldwork: [2]int{2, 6}, Reporting: [2]int{2, 4},
		Lengths: []int{3, 6, 9, 12}, Extend: 3, Soon: 30, Horizon: 36,
		TaskDays: [3]int{Info: 60, Warn: 30, Block: 14},
	}
}
