package shell

import (
	"context"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/phrase"
)

// Group is a part of the navigation under one heading; the first has none.
type Group struct {
	Title string // English
	Items []NavItem
}

// NavItem is one entry of the navigation.
type NavItem struct {
	Path   string // below the organization
	Text   string // English
	Key    string // the keys that lead there, such as "g h"
	Policy access.Policy
}

// Nav is the navigation of an organization's pages. What the reader may not see is left out, and so is what serves does not know.
func Nav() []Group {
	m := phrase.Mark
	return []Group{
		{"", []NavItem{
			{"/", m("Home"), "g h", access.ReadHome},
			{"/readiness", m("Readiness"), "g r", access.ReadResults},
			{"/forecast", m("Forecast"), "g f", access.ReadResults},
			{"/calendar", m("Calendar"), "g a", access.ReadResults},
		}},
		{m("Controls"), []NavItem{
			{"/results", m("Results"), "g t", access.ReadResults},
			{"/controls", m("Controls"), "g c", access.ReadResults},
			{"/deviations", m("Deviations"), "g d", access.ReadResults},
			{"/coverage", m("Coverage"), "g v", access.ReadResults},
			{"/sources", m("Sources"), "g s", access.ReadSources},
		}},
		{m("Work"), []NavItem{
			{"/work", m("Tasks"), "g w", access.ReadHome},
			{"/campaigns", m("Access reviews"), "g e", access.ReadHome},
			{"/policies", m("Policies"), "g p", access.ReadProgram},
			{"/registers", m("Registers"), "g l", access.ReadRecords},
			{"/evidence", m("Evidence"), "g i", access.ReadRecords},
			{"/trainings", m("Trainings"), "", access.ReadRecords},
			{"/meetings", m("Meetings"), "", access.ReadRecords},
			{"/actions", m("Actions"), "", access.ReadRecords},
		}},
		{m("Watched"), []NavItem{
			{"/risks", m("Risks"), "", access.ReadRecords},
			{"/incidents", m("Incidents"), "g y", access.ReadRecords},
			{"/exercises", m("Exercises"), "", access.ReadRecords},
			{"/exceptions", m("Exceptions"), "g z", access.ReadRecords},
			{"/vulnerabilities", m("Vulnerabilities"), "", access.ReadRecords},
			{"/vendors", m("Vendors"), "", access.ReadRecords},
		}},
		{m("Report"), []NavItem{
			{"/scope", m("Scope"), "g o", access.ReadProgram},
			{"/program", m("Program"), "g m", access.ReadProgram},
			{"/description", m("Description"), "g n", access.ReadProgram},
			{"/objectives", m("Objectives"), "g j", access.ReadProgram},
			{"/documents", m("Documents"), "g b", access.ReadDrafts},
			{"/engagements", m("Engagements"), "g g", access.ReadEngagements},
			{"/ledger", m("Ledger"), "g k", access.ReadLedger},
			{"/explained", m("Explained"), "g x", access.ReadHome},
		}},
		{m("Organization"), []NavItem{
			{"/people", m("People"), "g u", access.ReadPeople},
			{"/settings", m("Settings"), "g q", access.ManageSources},
		}},
	}
}

// shown leaves what the reader may see and what exists.
func shown(ctx context.Context, groups []Group, exists func(path string) bool) []Group {
	var out []Group
	for _, g := range groups {
		x := Group{Title: g.Title}
		for _, i := range g.Items {
			if May(ctx, i.Policy) && exists(i.Path) {
				x.Items = append(x.Items, i)
			}
		}
		if len(x.Items) > 0 {
			out = append(out, x)
		}
	}
	return out
}

// current finds the entry of the navigation that a path belongs to: the longest that it begins with.
func current(groups []Group, path string) string {
	best := ""
	for _, g := range groups {
		for _, i := range g.Items {
			if (path == i.Path || i.Path != "/" && strings.HasPrefix(path, i.Path+"/")) && len(i.Path) > len(best) {
				best = i.Path
			}
		}
	}
	return best
}
