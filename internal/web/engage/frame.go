package examination

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/web/shell"
)

// other is the name of the other party.
func (v *view) other() string {
	if v.firm() {
		return v.e.Client.Name
	}
	return v.e.Firm.Name
}

var order = []engage.State{engage.Draft, engage.Accepted, engage.Planning, engage.Fieldwork, engage.WrapUp, engage.Review, engage.Issued}

// railOf are the states that an engagement goes through; what follows on issued stands only where it is so.
func railOf(s engage.State) []engage.State {
	if s == engage.Revised || s == engage.Withdrawn {
		return append(slices.Clone(order), s)
	}
	return order
}

func railClass(state, s engage.State, at int) string {
	here := slices.Index(railOf(state), state)
	switch {
	case state == engage.Withdrawn && s != state:
		return "was"
	case at < here:
		return "done"
	case at == here:
		return "here"
	}
	return ""
}

func (v *view) tabs(current string) []shell.Tab {
	e := v.e
	n := func(i int) string {
		if i == 0 {
			return ""
		}
		return strconv.Itoa(i)
	}
	out := []shell.Tab{
		{Path: v.path(), Text: shell.T(v.ctx, "Overview")},
		{Path: v.path("requests"), Text: shell.T(v.ctx, "Requests"), Count: n(e.Open())},
		{Path: v.path("populations"), Text: shell.T(v.ctx, "Populations and samples")},
	}
	if v.firm() {
		out = append(out, shell.Tab{Path: v.path("papers"), Text: shell.T(v.ctx, "Work papers")})
	}
	out = append(out, shell.Tab{Path: v.path("deviations"), Text: shell.T(v.ctx, "Deviations"), Count: n(len(e.Deviations))})
	if v.firm() {
		out = append(out, shell.Tab{Path: v.path("conclusions"), Text: shell.T(v.ctx, "Conclusions")})
	}
	out = append(out, shell.Tab{Path: v.path("report"), Text: shell.T(v.ctx, "Report")}, shell.Tab{Path: v.path("log"), Text: shell.T(v.ctx, "Log")})
	for i := range out {
		out[i].Current = out[i].Path == strings.TrimSuffix(v.path()+"/"+current, "/")
	}
	return out
}

// actEyebrow says what a form is about.
func actEyebrow(d *desk) string {
	var out []string
	for _, name := range []string{"control", "test", "request", "deviation", "sample", "matter"} {
		if s := d.value(name); s != "" {
			out = append(out, cut(s, 60))
		}
	}
	return strings.Join(out, " · ")
}

// moment is an instant (RFC 3339) or a day in the reader's form; what is neither stays as it is.
func moment(ctx context.Context, s string, z civil.Zone) string {
	l := shell.From(ctx).Lang
	if d, err := civil.ParseDate(s); err == nil {
		return l.Date(d)
	}
	i, err := civil.ParseInstant(s)
	if err != nil {
		return s
	}
	return l.Moment(i, z)
}

func compare(a, b string) int { return strings.Compare(a, b) }

// step that the reader can take.
type act struct {
	Kind, Text string
	Primary    bool
}

// next are the steps of the engagement that the reader can take now.
func (v *view) next() []act {
	all := []act{
		{"agree", shell.T(v.ctx, "Agree to the letter"), true},
		{"accept", shell.T(v.ctx, "Accept the engagement"), true},
		{"plan", shell.T(v.ctx, "Plan the examination"), v.e.State == engage.Accepted && len(v.e.Packages) > 0},
		{"begin_fieldwork", shell.T(v.ctx, "Begin fieldwork"), v.e.State == engage.Planning},
		{"wrap_up", shell.T(v.ctx, "Wrap up"), true},
		{"let_stand", shell.T(v.ctx, "Let the report stand"), false},
		{"begin_review", shell.T(v.ctx, "Begin the review"), true},
		{"back_to_work", shell.T(v.ctx, "Back to work"), false},
		{"change_terms", shell.T(v.ctx, "Change the terms"), false},
		{"consent_terms", shell.T(v.ctx, "Consent to other terms"), false},
		{"withdraw", shell.T(v.ctx, "Withdraw from the engagement"), false},
	}
	return slices.DeleteFunc(all, func(a act) bool {
		switch a.Kind {
		case "agree":
			return !v.may(a.Kind) || v.e.Letter == nil || v.e.Agreed != nil
		case "accept": // once all stands that it needs, which the page lists
			return !v.may(a.Kind) || len(v.unacceptable()) > 0
		case "change_terms", "consent_terms": // a report of them went out
			return !v.may(a.Kind) || v.e.Reopened()
		}
		return !v.may(a.Kind)
	})
}

// toward is the view in which the next thing is done; none where it is done here.
func (v *view) toward() (text, path string) {
	e := v.e
	asked, _, freeze, unanswered := v.waits()
	switch {
	case e.State == engage.Draft:
		return v.towardAcceptance()
	case e.State == engage.Review || e.State == engage.WrapUp && !v.firm() && e.Asserted == nil:
		return shell.T(v.ctx, "Go to the report"), v.path("report")
	case e.State == engage.WrapUp && v.firm() && len(e.Unfinished()) == 0 && len(e.Undecided()) > 0:
		return shell.T(v.ctx, "Go to the conclusions"), v.path("conclusions")
	case e.State == engage.Accepted && v.firm() && len(e.Packages) == 0 && v.may("take_package"):
		return shell.T(v.ctx, "Take in a package"), v.path("package")
	case e.State != engage.Planning && e.State != engage.Fieldwork && e.State != engage.WrapUp:
		return "", ""
	case v.firm() && e.Open() > 0 || asked > 0:
		return shell.T(v.ctx, "Go to the requests"), v.path("requests")
	case !v.firm() && freeze > 0:
		return shell.T(v.ctx, "Go to the populations"), v.path("populations")
	case !v.firm() && unanswered > 0:
		return shell.T(v.ctx, "Go to the deviations"), v.path("deviations")
	case v.firm() && e.State == engage.Fieldwork && len(e.Unfinished()) > 0:
		return shell.T(v.ctx, "Go to the work papers"), v.path("papers")
	}
	return "", ""
}

// towardAcceptance is the first form of acceptance that the reader can fill in, and that nobody has.
func (v *view) towardAcceptance() (text, path string) {
	e := v.e
	have, unconfirmed := map[engage.Part]bool{}, false
	for _, x := range e.Members {
		if x.Out == nil {
			have[x.Part] = true
			unconfirmed = unconfirmed || x.Independent == nil && sameAddress(x.Email, v.who.Email)
		}
	}
	switch {
	case unconfirmed && v.may("confirm_independence"):
		return shell.T(v.ctx, "Confirm your independence"), v.act("confirm_independence")
	case !(have[engage.Partner] && have[engage.Quality]) && v.may("join"):
		return shell.T(v.ctx, "Add a member"), v.act("join")
	case e.Conflict == nil && v.may("check_conflicts"):
		return shell.T(v.ctx, "Record the check"), v.act("check_conflicts")
	case e.Letter == nil && v.may("offer_letter"):
		return shell.T(v.ctx, "Write the letter"), v.act("offer_letter")
	}
	return "", ""
}

// kept is what keeps the engagement from its next step.
func (v *view) kept() []string {
	switch v.e.State {
	case engage.Draft:
		if v.firm() {
			return v.unacceptable()
		}
	case engage.Planning:
		return v.hindrances("begin_fieldwork")
	case engage.Fieldwork:
		if v.firm() {
			return v.hindrances("wrap_up")
		}
	case engage.WrapUp:
		if v.firm() {
			return v.hindrances("begin_review")
		}
	}
	return nil
}

func (v *view) otherKey() string {
	if v.firm() {
		return v.e.Client.Key
	}
	return v.e.Firm.Key
}
