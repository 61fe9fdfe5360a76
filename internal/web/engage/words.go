package examination

import (
	"context"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

type templComponent = templ.Component

// choice is a value of the acts and how pages say it.
type choice [2]string

func options(ctx context.Context, list []choice) []shell.Option {
	out := make([]shell.Option, len(list))
	for i, c := range list {
		out[i] = shell.Option{Value: c[0], Text: shell.T(ctx, c[1])}
	}
	return out
}

// word says a value; one that is not in the list as it is.
func word(ctx context.Context, list []choice, value string) string {
	for _, c := range list {
		if c[0] == value {
			return shell.T(ctx, c[1])
		}
	}
	return value
}

// formats are what a report is offered in; what programs read comes last.
var formats = []choice{{"pdf", "PDF"}, {"docx", "DOCX"}, {"html", "HTML"}, {"json", "JSON"}, {"oscal-ssp", phrase.Mark("System security plan (OSCAL)")}, {"oscal-plan", phrase.Mark("Assessment plan (OSCAL)")},
	{"oscal-results", phrase.Mark("Assessment results (OSCAL)")}, {"oscal-poam", phrase.Mark("Plan of action and milestones (OSCAL)")}}

var formulas = []choice{{"binomial", phrase.Mark("binomial")}, {"hypergeometric", phrase.Mark("hypergeometric")}}

var parts = []choice{{"partner", phrase.Mark("Engagement partner")}, {"quality", phrase.Mark("Quality reviewer")}, {"manager", phrase.Mark("Manager")}, {"staff", phrase.Mark("Staff")}}

var states = []choice{{"draft", phrase.Mark("Draft")}, {"accepted", phrase.Mark("Accepted")}, {"planning", phrase.Mark("Planning")}, {"fieldwork", phrase.Mark("Fieldwork")}, {"wrap-up", phrase.Mark("Wrap-up")}, {"review", phrase.Mark("Review")},
	{"issued", phrase.Mark("Issued")}, {"revised", phrase.Mark("Revised")}, {"withdrawn", phrase.Mark("Withdrawn")}}

var wants = []choice{{"population", phrase.Mark("Population")}, {"evidence", phrase.Mark("Evidence")}, {"configuration", phrase.Mark("Configuration")}, {"inquiry", phrase.Mark("Inquiry")}, {"document", phrase.Mark("Document")}}

var requestStates = []choice{{"open", phrase.Mark("open")}, {"answered", phrase.Mark("answered")}, {"returned", phrase.Mark("returned")}, {"closed", phrase.Mark("closed")}}

var saidActs = []choice{{"answer", phrase.Mark("answered")}, {"comment", phrase.Mark("commented")}, {"return", phrase.Mark("returned it")}, {"say", phrase.Mark("commented")}, {"close", phrase.Mark("closed it")}}

var purposes = []choice{{"operation", phrase.Mark("Operation of the control")}, {"passed", phrase.Mark("False negatives: items that the rule passed, looked at by hand")}, {"undecided", phrase.Mark("Items that the rule could not decide")},
	{"rollforward", phrase.Mark("Roll-forward to the end of the period")}, {"extension", phrase.Mark("Extension after a deviation")}}

var methods = []choice{{"random", phrase.Mark("Simple random")}, {"systematic", phrase.Mark("Systematic")}, {"stratified", phrase.Mark("Stratified")}, {"judgemental", phrase.Mark("Judgemental")}}

var extents = []choice{{"whole", phrase.Mark("Whole population")}, {"sample", phrase.Mark("Sample")}, {"instance", phrase.Mark("One instance")}}

var procedures = []choice{{"inspection", phrase.Mark("Inspection")}, {"reperformance", phrase.Mark("Reperformance")}, {"observation", phrase.Mark("Observation")}, {"inquiry", phrase.Mark("Inquiry")}}

var marks = []choice{{"pass", phrase.Mark("Pass")}, {"deviation", phrase.Mark("Deviation")}, {"not_applicable", phrase.Mark("Not applicable")}, {"undecided", phrase.Mark("Undecided")}}

var causes = []choice{{"human_error", phrase.Mark("Human error")}, {"system_error", phrase.Mark("System error")}, {"intentional", phrase.Mark("Intent")}, {"unclear_rule", phrase.Mark("Unclear rule")}, {"evidence_lost", phrase.Mark("Evidence lost")}}

var spreads = []choice{{"isolated", phrase.Mark("Isolated")}, {"systemic", phrase.Mark("Systemic")}}

var positions = []choice{{"agree", phrase.Mark("We agree: it is a deviation")}, {"operated", phrase.Mark("The control operated; evidence shows it")}, {"not_applicable", phrase.Mark("The rule does not apply to the item")}}

var outcomes = []choice{{"deviation", phrase.Mark("A deviation")}, {"false_positive", phrase.Mark("No deviation: the control operated")}, {"population_error", phrase.Mark("The item does not belong to the population")}}

var conclusions = []choice{{"effective", phrase.Mark("Effective")}, {"not_effective", phrase.Mark("Not effective")}, {"did_not_occur", phrase.Mark("Did not occur")}, {"not_tested", phrase.Mark("Not tested")},
	{"achieved", phrase.Mark("Achieved")}, {"not_achieved", phrase.Mark("Not achieved")}, {"not_determinable", phrase.Mark("Cannot be determined")}}

var designs = []choice{{"effective", phrase.Mark("Suitable")}, {"not_effective", phrase.Mark("Not suitable")}, {"not_tested", phrase.Mark("Not assessed")}}

var matterConclusions = []choice{{"achieved", phrase.Mark("Achieved")}, {"not_achieved", phrase.Mark("Not achieved")}, {"not_determinable", phrase.Mark("Cannot be determined")}, {"did_not_occur", phrase.Mark("Did not occur")}}

var operations = []choice{{"effective", phrase.Mark("Effective")}, {"not_effective", phrase.Mark("Not effective")}, {"did_not_occur", phrase.Mark("Did not occur")}, {"not_tested", phrase.Mark("Not tested")}}

var opinions = []choice{{"unqualified", phrase.Mark("Unqualified")}, {"qualified", phrase.Mark("Qualified")}, {"adverse", phrase.Mark("Adverse")}, {"disclaimer", phrase.Mark("Disclaimer")}}

var elements = []choice{{"description", phrase.Mark("The description")}, {"design", phrase.Mark("Suitability of the design")}, {"operation", phrase.Mark("Operating effectiveness")}, {"assertion", phrase.Mark("The assertion")}}

var effects = []choice{{"none", phrase.Mark("It changes nothing")}, {"notify", phrase.Mark("Those who rely on the report are told")}, {"revise", phrase.Mark("The report is revised")}, {"withdraw", phrase.Mark("The report is withdrawn")}}

var checks = []choice{{"C1", phrase.Mark("C1 Sequence without gaps")}, {"C2", phrase.Mark("C2 Count by a second source")}, {"C3", phrase.Mark("C3 Roll-forward of the count")}, {"C4", phrase.Mark("C4 Reverse trace from reality")}, {"C5", phrase.Mark("C5 Calendar of what was due")}, {"C6", phrase.Mark("C6 Equal heads of the hash chain")},
	{"A1", phrase.Mark("A1 Items vouched to the source")}, {"A2", phrase.Mark("A2 Control totals")}, {"A3", phrase.Mark("A3 Derived fields recomputed")}, {"A4", phrase.Mark("A4 Parameters reviewed")}, {"A5", phrase.Mark("A5 Logic of the report unchanged")}}

var tools = []choice{{"assay", phrase.Mark("Assay, in the firm's house")}, {"duckdb", phrase.Mark("DuckDB over the package")}, {"postgres", phrase.Mark("PostgreSQL over the package")}, {"hand", phrase.Mark("By hand")}}

// reportKinds are the reports, with their names, which are names and are not translated.
var reportKinds = [][2]string{{"soc2-type2", "SOC 2 Type 2"}, {"soc2-type1", "SOC 2 Type 1"}, {"soc1-type2", "SOC 1 Type 2"}, {"soc1-type1", "SOC 1 Type 1"}, {"soc3", "SOC 3"},
	{"isae3402-type2", "ISAE 3402 Type 2"}, {"isae3402-type1", "ISAE 3402 Type 1"}, {"dual-type2", "SOC 1 / ISAE 3402 Type 2"}, {"dual-type1", "SOC 1 / ISAE 3402 Type 1"}}

func kindName(kind string) string {
	for _, k := range reportKinds {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

func kindOptions() []shell.Option {
	out := make([]shell.Option, len(reportKinds))
	for i, k := range reportKinds {
		out[i] = shell.Option{Value: k[0], Text: k[1]}
	}
	return out
}

// acts are what the log says of each.
var acts = []choice{{"open", phrase.Mark("opened the engagement")}, {"join", phrase.Mark("added a member")}, {"leave", phrase.Mark("ended a membership")}, {"confirm_independence", phrase.Mark("confirmed independence")},
	{"check_conflicts", phrase.Mark("recorded the check of conflicts")}, {"offer_letter", phrase.Mark("offered the engagement letter")}, {"agree", phrase.Mark("agreed to the engagement letter")}, {"accept", phrase.Mark("accepted the engagement")},
	{"plan", phrase.Mark("planned the examination")}, {"begin_fieldwork", phrase.Mark("began the fieldwork")}, {"change_terms", phrase.Mark("changed the terms")}, {"consent_terms", phrase.Mark("consented to other terms")}, {"refused", phrase.Mark("was refused")}, {"passed_over", phrase.Mark("could not take something of the other party over any more")}, {"ask", phrase.Mark("asked for something")},
	{"answer", phrase.Mark("answered a request")}, {"comment", phrase.Mark("commented on a request")}, {"return", phrase.Mark("returned a request")}, {"say", phrase.Mark("commented on a request")}, {"close", phrase.Mark("closed a request")},
	{"take_package", phrase.Mark("took in a package")}, {"commit_seed", phrase.Mark("committed to a seed")}, {"keep_seed", phrase.Mark("kept the seed")}, {"freeze", phrase.Mark("froze a population")}, {"check_population", phrase.Mark("checked a population")},
	{"trace", phrase.Mark("traced an item from outside")}, {"draw", phrase.Mark("drew a sample")}, {"replace", phrase.Mark("replaced a void item")}, {"release_sample", phrase.Mark("released a sample")}, {"assess", phrase.Mark("assessed the design")},
	{"procedures", phrase.Mark("wrote the procedures")}, {"tick", phrase.Mark("marked items")}, {"reperform", phrase.Mark("ran a test again")}, {"rely", phrase.Mark("said why evidence is relied on")}, {"prepare", phrase.Mark("signed a paper as prepared")},
	{"review", phrase.Mark("signed a paper as reviewed")}, {"note", phrase.Mark("wrote a review note")}, {"answer_note", phrase.Mark("answered a review note")}, {"close_note", phrase.Mark("closed a review note")}, {"raise", phrase.Mark("raised a deviation")},
	{"respond", phrase.Mark("answered a deviation")}, {"analyse", phrase.Mark("analysed a deviation")}, {"compensate", phrase.Mark("named a compensating control")}, {"resolve", phrase.Mark("decided on a deviation")}, {"conclude_control", phrase.Mark("concluded on a control")},
	{"disclose", phrase.Mark("wrote an exception")}, {"conclude_matter", phrase.Mark("concluded on a matter")}, {"limit", phrase.Mark("recorded a limit of scope")}, {"conclude_element", phrase.Mark("decided on an opinion")}, {"include", phrase.Mark("recorded an included organization")}, {"word", phrase.Mark("gave passages the firm's own words")}, {"accept_unmodified", phrase.Mark("accepted an unmodified assertion")}, {"emphasize", phrase.Mark("added an emphasis of matter")},
	{"subsequent_event", phrase.Mark("recorded a subsequent event")}, {"wrap_up", phrase.Mark("wrapped up the fieldwork")}, {"begin_review", phrase.Mark("began the review")}, {"back_to_work", phrase.Mark("went back to the work")}, {"release_draft", phrase.Mark("released a draft")},
	{"assert", phrase.Mark("signed the assertion")}, {"represent", phrase.Mark("signed or declined the representation letter")}, {"sign_partner", phrase.Mark("signed as engagement partner")}, {"sign_quality", phrase.Mark("signed as quality reviewer")},
	{"issue", phrase.Mark("issued the report")}, {"discover", phrase.Mark("assessed a fact discovered later")}, {"reopen", phrase.Mark("reopened the work for a revised report")}, {"let_stand", phrase.Mark("let the report stand as it went out")}, {"revise", phrase.Mark("issued a revised report")}, {"withdraw", phrase.Mark("withdrew")}}

func sideWord(ctx context.Context, s engage.Side) string {
	if s == engage.Firm {
		return shell.T(ctx, "Firm")
	}
	return shell.T(ctx, "Client")
}

// markOf is the shape that goes with a verdict or a conclusion.
func markOf(value string) report.Mark {
	switch value {
	case "pass", "effective", "achieved", "unqualified", "closed":
		return report.MarkPass
	case "deviation", "not_effective", "not_achieved", "adverse":
		return report.MarkDeviation
	case "undecided", "qualified", "disclaimer", "not_determinable", "answered", "returned", "open":
		return report.MarkUndecided
	}
	return report.MarkNone
}

// hindrances is what keeps the engagement from a step.
func (v *view) hindrances(kind string) []string {
	switch kind {
	case "accept":
		return v.unacceptable()
	case "wrap_up":
		return v.e.Unfinished()
	case "begin_review":
		return v.e.Undecided()
	case "begin_fieldwork":
		if v.e.Planned == nil {
			return []string{shell.T(v.ctx, "Nothing is planned.")}
		}
	}
	return nil
}

// unacceptable lists all that acceptance needs and that is not there; the act itself tells them one by one.
func (v *view) unacceptable() []string {
	e := v.e
	var out []string
	add := func(s string) { out = append(out, s) }
	have := map[engage.Part]bool{}
	for _, x := range e.Members {
		if x.Out != nil {
			continue
		}
		have[x.Part] = true
		if x.Independent == nil {
			add(shell.T(v.ctx, "%s has not confirmed independence.", x.Name))
		}
	}
	if !have[engage.Partner] {
		add(shell.T(v.ctx, "No engagement partner is a member."))
	}
	if !have[engage.Quality] {
		add(shell.T(v.ctx, "No quality reviewer is a member."))
	}
	if e.Profile.Licence == "" {
		add(shell.T(v.ctx, "The firm's licence is not named."))
	}
	if e.Conflict == nil {
		add(shell.T(v.ctx, "No check of conflicts is on record."))
	} else if !e.Conflict.Clear {
		add(shell.T(v.ctx, "The check of conflicts found one."))
	}
	if e.Letter == nil {
		add(shell.T(v.ctx, "No engagement letter was offered."))
	} else if e.Agreed == nil {
		add(shell.T(v.ctx, "The client has not agreed to the engagement letter."))
	}
	return out
}
