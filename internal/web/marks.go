package web

import "github.com/assayhq/assay/internal/phrase"

// The words of other rooms that these pages say in the reader's language. They stand here so that the check of the
// translations finds them; what is missing is said in English.
var _ = []string{
	// Standings, verdicts and checks, of packages report and assure.
	phrase.Mark("No deviations"), phrase.Mark("No occurrence"), phrase.Mark("Completeness not shown"), phrase.Mark("Undecided items"),
	phrase.Mark("Gap"), phrase.Mark("Blocked"), phrase.Mark("Deviations"),
	phrase.Mark("Passed"), phrase.Mark("Deviation"), phrase.Mark("Not applicable"), phrase.Mark("Undecided"), phrase.Mark("Failed"), phrase.Mark("Missing"),
	phrase.Mark("Shown"), phrase.Mark("Shown, another check failed"), phrase.Mark("Not shown"), phrase.Mark("Check failed"),
	phrase.Mark("Completeness not shown: a check failed"), phrase.Mark("A check failed"),
	phrase.Mark("No completeness check of this population passed. Items that never reached the records cannot be seen by this test."),
	phrase.Mark("A completeness check of this population failed. Items that never reached the records cannot be seen by this test."),
	phrase.Mark("The population is shown to be whole, but another check failed: of the accuracy of its records, or of a register that the test also reads. Verdicts that rest on these may be wrong."),
	phrase.Mark("Sequence without gaps"), phrase.Mark("Independent count"), phrase.Mark("Roll-forward"), phrase.Mark("Reverse trace"),
	phrase.Mark("Calendar expectation"), phrase.Mark("Hash chain head"), phrase.Mark("Vouched to the source"), phrase.Mark("Control totals"),
	phrase.Mark("Derived fields recomputed"), phrase.Mark("Parameters cover the period"), phrase.Mark("Report logic unchanged"),
	// Shapes, frequencies and natures of controls.
	phrase.Mark("Event: each occurrence"), phrase.Mark("Schedule: each instance due"), phrase.Mark("State: each asset, for as long as it stood"), phrase.Mark("Roster: each member, per duty"),
	phrase.Mark("Event"), phrase.Mark("Schedule"), phrase.Mark("State"), phrase.Mark("Roster"),
	phrase.Mark("Each event"), phrase.Mark("Continuous"), phrase.Mark("Daily"), phrase.Mark("Weekly"), phrase.Mark("Monthly"), phrase.Mark("Quarterly"), phrase.Mark("Twice a year"), phrase.Mark("Annual"),
	phrase.Mark("manual"), phrase.Mark("automated"), phrase.Mark("hybrid"), phrase.Mark("preventive"), phrase.Mark("detective"), phrase.Mark("corrective"),
	// Gates, statuses, categories and stages, of package gauge.
	phrase.Mark("red"), phrase.Mark("amber"), phrase.Mark("green"),
	phrase.Mark("Security"), phrase.Mark("Availability"), phrase.Mark("Confidentiality"), phrase.Mark("Processing integrity"), phrase.Mark("Privacy"),
	phrase.Mark("Design"), phrase.Mark("Implementation"), phrase.Mark("Population"), phrase.Mark("Operation"), phrase.Mark("Evidence"), phrase.Mark("Findings"),
	phrase.Mark("Confirm the report"),
	phrase.Mark("Draw the boundary"),
	phrase.Mark("Map the controls"),
	phrase.Mark("Document and assign"),
	phrase.Mark("Run and collect"),
	phrase.Mark("Check readiness"),
	phrase.Mark("every part of the report names the same type, dates and categories"),
	phrase.Mark("each subservice organization has its controls, and one that watches it"),
	phrase.Mark("every change of the system is described"),
	phrase.Mark("every criterion has a primary control, or a reason why it does not apply"),
	phrase.Mark("each control has its owner, frequency, evidence, escalation path, source and pass rule"),
	phrase.Mark("no key control hangs on one person"),
	phrase.Mark("policies were reviewed within a year"),
	phrase.Mark("users know the controls they must have"),
	phrase.Mark("each control was walked through"),
	phrase.Mark("no severe deficiency is open"),
	phrase.Mark("each control is in place since a known date"),
	phrase.Mark("one instance of each control has its evidence"),
	phrase.Mark("each source is connected, for as long as the period"),
	phrase.Mark("each population is shown to be whole"),
	phrase.Mark("each due instance has its evidence"),
	phrase.Mark("the kind of report and its dates are set"),
	phrase.Mark("what the controls are held against is in scope"),
	phrase.Mark("nothing is red"),
	phrase.Mark("each gap is closed before fieldwork begins"),
	phrase.Mark("the period has begun"),
	phrase.Mark("there are controls"),
	phrase.Mark("effort, not readiness: tasks closed of all tasks"),
}
