package work

import (
	"context"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// label names a field of the books' registers in the reader's language; others are named as the schema names them.
func label(ctx context.Context, name string) string {
	for _, words := range []func(context.Context, string) string{peopleLabel, dayLabel, riskLabel, meetingLabel, vendorLabel} {
		if s := words(ctx, name); s != "" {
			return s
		}
	}
	return words(name)
}

// labelIn is label where a register says something of its own by a name.
func labelIn(ctx context.Context, register, name string) string {
	if register == actions && name == "title" {
		return shell.T(ctx, "What is to be done")
	}
	return label(ctx, name)
}

func peopleLabel(ctx context.Context, name string) string {
	switch name {
	case "title":
		return shell.T(ctx, "Title")
	case "finding":
		return shell.T(ctx, "What was found")
	case "owner":
		return shell.T(ctx, "Owner")
	case "reviewer":
		return shell.T(ctx, "Reviewer")
	case "lead":
		return shell.T(ctx, "Led by")
	case "accepted_by":
		return shell.T(ctx, "Accepted by")
	case "extension_approved_by":
		return shell.T(ctx, "New date approved by")
	case "evidence":
		return shell.T(ctx, "Evidence")
	case "note":
		return shell.T(ctx, "Note")
	case "control":
		return shell.T(ctx, "Control")
	case "origin":
		return shell.T(ctx, "Came out of")
	case "version":
		return shell.T(ctx, "Version")
	}
	return ""
}

func dayLabel(ctx context.Context, name string) string {
	switch name {
	case "due_on":
		return shell.T(ctx, "Due")
	case "raised_on":
		return shell.T(ctx, "Raised")
	case "closed_on":
		return shell.T(ctx, "Done on")
	case "held_on":
		return shell.T(ctx, "Held")
	case "reviewed_on":
		return shell.T(ctx, "Reviewed on")
	case "next_review_on":
		return shell.T(ctx, "Next review")
	case "linked_on":
		return shell.T(ctx, "Since")
	case "completed_on":
		return shell.T(ctx, "Completed on")
	case "accepted_on":
		return shell.T(ctx, "Accepted on")
	case "treatment_due_on":
		return shell.T(ctx, "Treatment due")
	case "treated_on":
		return shell.T(ctx, "Treated on")
	case "extended_to":
		return shell.T(ctx, "New date")
	case "extension_approved_on":
		return shell.T(ctx, "New date approved on")
	case "assessed_on":
		return shell.T(ctx, "Assessed on")
	}
	return ""
}

func riskLabel(ctx context.Context, name string) string {
	switch name {
	case "likelihood":
		return shell.T(ctx, "Likelihood")
	case "impact":
		return shell.T(ctx, "Impact")
	case "category":
		return shell.T(ctx, "Category")
	case "above_appetite":
		return shell.T(ctx, "Above appetite")
	case "treatment":
		return shell.T(ctx, "Treatment")
	case "conclusion":
		return shell.T(ctx, "What was concluded")
	}
	return ""
}

func meetingLabel(ctx context.Context, name string) string {
	switch name {
	case "kind":
		return shell.T(ctx, "Kind")
	case "attendees":
		return shell.T(ctx, "Attendees")
	case "decisions":
		return shell.T(ctx, "Decisions")
	case "notes":
		return shell.T(ctx, "Minutes")
	case "minutes_on":
		return shell.T(ctx, "Minutes complete on")
	case "quorum":
		return shell.T(ctx, "Quorum")
	case "independent_member":
		return shell.T(ctx, "A member outside management")
	case "security_item":
		return shell.T(ctx, "Security on the agenda")
	case "scenario":
		return shell.T(ctx, "Scenario")
	case "participants":
		return shell.T(ctx, "Participants")
	case "roles_present":
		return shell.T(ctx, "The roles of the plan were there")
	case "findings":
		return shell.T(ctx, "Findings")
	case "findings_ticketed_on":
		return shell.T(ctx, "Last finding ticketed on")
	case "target_minutes":
		return shell.T(ctx, "Minutes that recovery may take")
	case "system":
		return shell.T(ctx, "System")
	}
	return ""
}

func vendorLabel(ctx context.Context, name string) string {
	switch name {
	case "criticality":
		return shell.T(ctx, "Criticality")
	case "subservice":
		return shell.T(ctx, "In the report")
	case "in_scope":
		return shell.T(ctx, "In scope")
	case "risk_rating":
		return shell.T(ctx, "Risk rating")
	case "report_kind":
		return shell.T(ctx, "Its report")
	case "report_period_end":
		return shell.T(ctx, "End of its period")
	case "report_issued_on", "issued_on":
		return shell.T(ctx, "Issued on")
	case "opinion":
		return shell.T(ctx, "Opinion")
	case "auditor":
		return shell.T(ctx, "Auditor")
	case "period_from":
		return shell.T(ctx, "Period from")
	case "period_to":
		return shell.T(ctx, "Period to")
	case "covers_from":
		return shell.T(ctx, "Covers from")
	case "covers_to":
		return shell.T(ctx, "Covers to")
	case "signed_on":
		return shell.T(ctx, "Signed on")
	case "signed_by":
		return shell.T(ctx, "Signed by")
	case "exceptions":
		return shell.T(ctx, "Exceptions that touch us")
	case "exceptions_concluded":
		return shell.T(ctx, "Of these concluded")
	case "user_controls":
		return shell.T(ctx, "User controls it expects")
	case "user_controls_mapped":
		return shell.T(ctx, "Of these mapped to ours")
	case "terms_signed_on":
		return shell.T(ctx, "Terms signed on")
	case "first_data_on":
		return shell.T(ctx, "First data on")
	case "last_review_on":
		return shell.T(ctx, "Last reviewed on")
	case "ended_on":
		return shell.T(ctx, "Ended on")
	}
	return ""
}

// valueWord says a value in the reader's language where it is one of a list.
func valueWord(ctx context.Context, field, v string) string {
	switch field + "=" + v {
	case "subservice=carve_out":
		return shell.T(ctx, "carved out")
	case "subservice=inclusive":
		return shell.T(ctx, "included")
	case "subservice=none":
		return shell.T(ctx, "no subservice organization")
	case "subservice=":
		return shell.T(ctx, "not said")
	case "treatment=mitigate":
		return shell.T(ctx, "mitigate")
	case "treatment=accept":
		return shell.T(ctx, "accept")
	case "treatment=transfer":
		return shell.T(ctx, "transfer")
	case "treatment=avoid":
		return shell.T(ctx, "avoid")
	case "opinion=unqualified":
		return shell.T(ctx, "unqualified")
	case "opinion=qualified":
		return shell.T(ctx, "qualified")
	case "opinion=adverse":
		return shell.T(ctx, "adverse")
	case "opinion=disclaimer":
		return shell.T(ctx, "disclaimer")
	case "kind=tabletop":
		return shell.T(ctx, "tabletop")
	case "criticality=critical":
		return shell.T(ctx, "critical")
	}
	switch v {
	case "yes":
		return shell.T(ctx, "Yes")
	case "no":
		return shell.T(ctx, "No")
	}
	if field == "kind" || field == "report_kind" {
		return kindWord(v)
	}
	return v
}

// kindWord spells the kinds of reports as people do.
func kindWord(v string) string {
	if k, n, ok := strings.Cut(v, "-type"); ok && strings.HasPrefix(k, "soc") {
		return "SOC " + strings.TrimPrefix(k, "soc") + " Type " + n
	}
	switch v {
	case "soc3":
		return "SOC 3"
	case "iso27001":
		return "ISO/IEC 27001"
	}
	return v
}

// standing is the shape and the words of a clock.
func standing(ctx context.Context, c operate.Clock, today civil.Date) (report.Mark, string) {
	switch {
	case c.State == operate.Met:
		return report.MarkPass, shell.T(ctx, "in time")
	case c.State == operate.Free:
		return report.MarkNA, shell.T(ctx, "nothing is owed")
	case c.State == operate.Unclear:
		return report.MarkUndecided, shell.T(ctx, "no day is on record")
	case c.State == operate.Missed && c.Done != nil:
		return report.MarkGap, shell.T(ctx, "too late")
	case c.State == operate.Missed:
		return report.MarkGap, shell.N(ctx, int(today-*c.Due), "%d day late", "%d days late")
	case *c.Due == today:
		return report.MarkUndecided, shell.T(ctx, "due today")
	}
	return report.MarkUndecided, shell.N(ctx, int(*c.Due-today), "%d day left", "%d days left")
}

// coverWord says how far a report and its letters cover our period.
func coverWord(ctx context.Context, c operate.Cover) (report.Mark, string) {
	switch {
	case c.Percent == 100:
		return report.MarkPass, shell.T(ctx, "to its end")
	case c.Gap == 0:
		return report.MarkPass, shell.T(ctx, "to its end, bridged by letters")
	case c.Percent == 0 && c.Letters == 0:
		return report.MarkGap, shell.T(ctx, "ends before it begins")
	case c.TooLong:
		return report.MarkGap, shell.N(ctx, c.Gap, "%d day without a report", "%d days without a report")
	}
	return report.MarkUndecided, shell.N(ctx, c.Gap, "%d day to bridge", "%d days to bridge")
}

// tabs are the views of a list with how many are in each.
func (d listData) tabs(ctx context.Context) []shell.Tab {
	var out []shell.Tab
	for _, v := range d.Book.views {
		name := v.name
		if v.name == d.Book.views[0].name {
			name = ""
		}
		out = append(out, shell.Tab{Path: with(d.Book.path, d.Query, "view", name, "page", "", "likelihood", "", "impact", ""), Text: v.text(ctx), Count: shell.From(ctx).Lang.Count(int64(d.Counts[v.name])), Current: v.name == d.View})
	}
	return out
}

// tabs are the views of the people of a course.
func (c *courseView) tabs(ctx context.Context, b *book) []shell.Tab {
	var out []shell.Tab
	for _, v := range []struct{ name, text string }{{"open", shell.T(ctx, "To do")}, {"late", shell.T(ctx, "Late")}, {"done", shell.T(ctx, "Done")}, {"all", shell.T(ctx, "All")}} {
		name := v.name
		if name == "open" {
			name = ""
		}
		out = append(out, shell.Tab{Path: with(b.of(c.ID), c.Query, "view", name, "page", ""), Text: v.text, Count: shell.From(ctx).Lang.Count(int64(c.Counts[v.name])), Current: v.name == c.View})
	}
	return out
}

// like is what cells need of a list, for the page of one record.
func (d itemData) like() listData { return listData{Today: d.Today, Zone: d.Zone} }

func nameOf(l operate.Learner) string {
	if l.Email != "" {
		return l.Email
	}
	return l.Person
}

// down lists the likelihoods from the highest.
func (m *matrix) down() []int {
	var out []int
	for l := m.Size; l > 0; l-- {
		out = append(out, l)
	}
	return out
}

// band is the ground of a cell: how far up it lies from the corner of what hardly matters.
func (m *matrix) band(likelihood, impact int) string {
	switch at := likelihood * impact * 100 / (m.Size * m.Size); {
	case at >= 60:
		return "band-4"
	case at >= 35:
		return "band-3"
	case at >= 15:
		return "band-2"
	}
	return "band-1"
}
