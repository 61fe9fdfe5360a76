package examination

import (
	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/web/shell"
)

// due is what comes next in an engagement, and whose it is.
type due struct {
	Text string
	Side engage.Side // whose it is
	Kind string      // an act by which it is done
	Who  string      // who does it there, in words; empty: any of its people
}

// due is what the engagement waits for, as the reader's side knows it; without a text it waits for nothing.
func (v *view) due() due {
	e := v.e
	switch e.State {
	case engage.Draft:
		return v.stepToAcceptance()
	case engage.Accepted:
		if v.firm() && len(e.Packages) == 0 {
			return due{Text: shell.T(v.ctx, "Take in the client's package, then plan."), Side: engage.Firm, Kind: "take_package"}
		}
		return due{Text: shell.T(v.ctx, "The firm plans the examination."), Side: engage.Firm, Kind: "plan"}
	case engage.Planning, engage.Fieldwork, engage.WrapUp:
		return v.stepAtWork()
	case engage.Review:
		return v.stepAtReview()
	}
	return due{}
}

func (v *view) stepToAcceptance() due {
	e := v.e
	agree := due{Side: engage.Client, Kind: "agree", Who: shell.RoleWord(v.ctx, access.Executive)}
	accept := due{Text: shell.T(v.ctx, "The partner accepts the engagement."), Side: engage.Firm, Kind: "accept", Who: word(v.ctx, parts, "partner")}
	if !v.firm() {
		switch {
		case e.Letter != nil && e.Agreed == nil && v.may("agree"):
			agree.Text = shell.T(v.ctx, "You read the engagement letter and agree to it.")
			return agree
		case e.Letter != nil && e.Agreed == nil:
			agree.Text = shell.T(v.ctx, "An executive reads the engagement letter and agrees to it.")
			return agree
		}
		accept.Text = shell.T(v.ctx, "The firm accepts the engagement.")
		return accept
	}
	list := v.unacceptable()
	if len(list) == 0 {
		return accept
	}
	for _, x := range e.Members {
		if x.Out == nil && x.Independent == nil {
			s := due{Text: list[0], Side: engage.Firm, Kind: "join", Who: x.Name}
			if sameAddress(x.Email, v.who.Email) {
				s.Kind = "confirm_independence"
			} else if v.may("join") {
				s.Kind = "" // nobody confirms for somebody else
			}
			return s
		}
	}
	if len(list) == 1 && e.Letter != nil && e.Agreed == nil {
		agree.Text = list[0]
		return agree
	}
	return due{Text: list[0], Side: engage.Firm, Kind: "join", Who: word(v.ctx, parts, "partner")}
}

// waits counts what the two parties owe each other while the firm works.
func (v *view) waits() (asked, answered, freeze, unanswered int) {
	e := v.e
	for _, r := range e.Requests {
		switch r.State {
		case "open", "returned":
			asked++
		case "answered":
			answered++
		}
	}
	for _, d := range e.Deviations {
		if len(d.Responses) == 0 && d.Resolution == nil {
			unanswered++
		}
	}
	for _, s := range e.Seeds {
		if f, ok := e.FrozenOf(s.Test); !s.Used && (!ok || f.Commitment != s.Commitment) {
			freeze++
		}
	}
	return asked, answered, freeze, unanswered
}

func (v *view) stepAtWork() due {
	e := v.e
	asked, answered, freeze, unanswered := v.waits()
	own := due{Side: v.side}
	if !v.firm() {
		switch {
		case asked > 0:
			own.Kind, own.Text = "answer", shell.N(v.ctx, asked, "%d request waits for you.", "%d requests wait for you.")
		case freeze > 0:
			own.Kind, own.Text = "freeze", shell.N(v.ctx, freeze, "%d population is to be frozen.", "%d populations are to be frozen.")
		case unanswered > 0:
			own.Kind, own.Text = "respond", shell.N(v.ctx, unanswered, "%d deviation waits for your answer.", "%d deviations wait for your answer.")
		case e.State == engage.WrapUp && e.Asserted == nil:
			return v.signing("assert", shell.T(v.ctx, "You sign the assertion."), shell.T(v.ctx, "Management signs its assertion."))
		default:
			return due{Text: shell.T(v.ctx, "The firm goes on with its work."), Side: engage.Firm}
		}
		return own
	}
	unfinished := e.Unfinished()
	undecided := e.Undecided()
	partner, manager := word(v.ctx, parts, "partner"), word(v.ctx, parts, "manager")
	switch {
	case e.State == engage.Planning:
		return due{shell.T(v.ctx, "Begin the fieldwork."), engage.Firm, "begin_fieldwork", manager}
	case answered > 0:
		return due{shell.N(v.ctx, answered, "%d answer is to be looked at.", "%d answers are to be looked at."), engage.Firm, "close", ""}
	case asked > 0:
		return due{shell.N(v.ctx, asked, "%d request waits for the client.", "%d requests wait for the client."), engage.Client, "answer", ""}
	case e.State == engage.Fieldwork && len(unfinished) > 0:
		return due{sentence(unfinished[0]), engage.Firm, "assess", ""}
	case e.State == engage.Fieldwork:
		return due{shell.T(v.ctx, "Wrap up the fieldwork."), engage.Firm, "wrap_up", manager}
	case len(undecided) > 0:
		return due{sentence(undecided[0]), engage.Firm, "conclude_control", ""}
	}
	return due{shell.T(v.ctx, "Begin the review."), engage.Firm, "begin_review", partner}
}

func (v *view) stepAtReview() due {
	e := v.e
	partner := word(v.ctx, parts, "partner")
	switch {
	case e.Asserted == nil && (!v.firm() || e.Shown()):
		return v.signing("assert", shell.T(v.ctx, "You sign the assertion."), shell.T(v.ctx, "Management signs its assertion."))
	case e.Represented == nil && !v.firm():
		return v.signing("represent", shell.T(v.ctx, "You sign the representation letter, dated as the report is."), shell.T(v.ctx, "Management signs its representation letter."))
	case !v.firm():
		return due{shell.T(v.ctx, "The firm issues its report."), engage.Firm, "issue", partner}
	case !e.Shown():
		return due{shell.T(v.ctx, "Release a draft to management."), engage.Firm, "release_draft", partner}
	case len(e.Signs) < 2:
		return due{shell.T(v.ctx, "The partner and the quality reviewer read and sign."), engage.Firm, v.unsigned(), shell.T(v.ctx, "partner and quality reviewer")}
	case e.Represented == nil:
		return v.signing("represent", "", shell.T(v.ctx, "Management signs its representation letter."))
	}
	if e.Reopened() {
		return due{shell.T(v.ctx, "Issue the revised report."), engage.Firm, "revise", partner}
	}
	return due{shell.T(v.ctx, "Issue the report."), engage.Firm, "issue", partner}
}

// unsigned is the sign-off that the reader can give and has not given.
func (v *view) unsigned() string {
	if _, ok := v.e.Signs[engage.Quality]; !ok && v.may("sign_quality") {
		return "sign_quality"
	}
	return "sign_partner"
}

// signing is something that an executive of the client signs.
func (v *view) signing(kind, own, other string) due {
	s := due{other, engage.Client, kind, shell.RoleWord(v.ctx, access.Executive)}
	if v.may(kind) {
		s.Text = own
	}
	return s
}

// whose says for whom the next step is.
func (v *view) whose(s due) string {
	switch {
	case s.Side != v.side && s.Who != "":
		return shell.T(v.ctx, "Next step, for %s", v.other()+", "+s.Who)
	case s.Side != v.side:
		return shell.T(v.ctx, "Next step, for %s", v.other())
	case s.Kind != "" && v.may(s.Kind):
		return shell.T(v.ctx, "Next step, for you")
	case s.Who != "":
		return shell.T(v.ctx, "Next step, for %s", s.Who)
	}
	return shell.T(v.ctx, "Next step")
}
