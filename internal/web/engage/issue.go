package examination

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

func reportBack(d *desk) string { return base(d.id) + "/report" }

// drafted is the report as it would be issued now, or why it cannot be built.
type drafted struct {
	Report      *report.Report
	Fingerprint string
	Why         string
}

func askDraft(p *Pages, ctx context.Context, d *desk) error {
	x, err := p.drafted(ctx, d.id)
	d.extra = x
	return err
}

func (p *Pages) drafted(ctx context.Context, id string) (drafted, error) {
	if p.o.Side != engage.Firm {
		return drafted{}, nil
	}
	rep, sum, err := p.o.Documents.Draft(ctx, id)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Refused) {
		return drafted{Why: err.Error()}, nil
	}
	return drafted{Report: rep, Fingerprint: sum}, err
}

func signFields(d *desk) []shell.Field {
	return []shell.Field{{Name: "fingerprint", Type: "hidden", Value: d.draft().Fingerprint},
		{Name: "read", Type: "check", Label: shell.T(d.ctx, "I have read the report as it stands")}}
}

func (d *desk) draft() drafted {
	x, _ := d.extra.(drafted)
	return x
}

func signing(kind, title, said string) *deed {
	return &deed{kind: kind, title: title, submit: phrase.Mark("Sign the report as it stands"), said: said, back: reportBack, ask: askDraft, fields: signFields,
		lead:  phrase.Mark("You sign the text that has this fingerprint, and no other: a change afterwards ends the sign-off."),
		about: func(d *desk) templComponent { return fingerprintView(d.view, d.draft()) },
		body: func(d *desk) (any, error) {
			switch {
			case !d.yes("read"):
				return nil, wrong("read", "the report is not read; expected that you did")
			case d.value("fingerprint") != d.draft().Fingerprint:
				return nil, fault.Refuse("the report has changed since this page was drawn; read it again")
			}
			return engage.Sign{Fingerprint: d.draft().Fingerprint, On: d.today}, nil
		}}
}

var issueDeeds = []*deed{
	{kind: "release_draft", title: phrase.Mark("Release a draft"), submit: phrase.Mark("Release the draft to management"), said: phrase.Mark("Management sees the draft."), back: reportBack, ask: askDraft,
		lead:  phrase.Mark("Management reads the report as it stands now. Before this it sees none of it."),
		about: func(d *desk) templComponent { return fingerprintView(d.view, d.draft()) },
		do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
			return p.o.Documents.Release(ctx, whoOf(ctx), d.id)
		}},
	signing("sign_partner", phrase.Mark("Sign as engagement partner"), phrase.Mark("Your signature as engagement partner stands.")),
	signing("sign_quality", phrase.Mark("Sign as quality reviewer"), phrase.Mark("Your signature as quality reviewer stands.")),
	{kind: "issue", title: phrase.Mark("Issue the report"), submit: phrase.Mark("Issue the report"), said: phrase.Mark("The report is issued. Nothing changes it any more."), back: reportBack, ask: askDraft,
		lead:  phrase.Mark("The report goes out under this date. Sign-offs, assertion and representation letter must stand; what is issued cannot be changed."),
		about: func(d *desk) templComponent { return issuability(d) },
		fields: func(d *desk) []shell.Field {
			return []shell.Field{{Name: "date", Label: shell.T(d.ctx, "Report date"), Type: "date", Required: true, Value: d.today.String()}}
		},
		do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
			on, err := d.day("date")
			if err != nil || on == 0 {
				return errors.Join(err, wrong("date", "no day is given; expected one"))
			}
			return p.o.Documents.Issue(ctx, whoOf(ctx), d.id, on, "")
		}},
	{kind: "revise", title: phrase.Mark("Issue a revised report"), submit: phrase.Mark("Issue the revised report"), said: phrase.Mark("The revised report is issued; the one before stands beside it."), back: reportBack, ask: askDraft,
		lead:  phrase.Mark("A fact discovered later asks for it. The report before is not changed: the revised one is another, with the reason."),
		about: func(d *desk) templComponent { return issuability(d) },
		fields: func(d *desk) []shell.Field {
			return []shell.Field{{Name: "date", Label: shell.T(d.ctx, "Report date"), Type: "date", Required: true, Value: d.today.String()},
				{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true}}
		},
		do: func(p *Pages, ctx context.Context, d *desk, _ any) error {
			on, err := d.day("date")
			if err != nil || on == 0 {
				return errors.Join(err, wrong("date", "no day is given; expected one"))
			}
			if d.value("reason") == "" {
				return wrong("reason", "nothing is said; expected why the report before is replaced")
			}
			return p.o.Documents.Issue(ctx, whoOf(ctx), d.id, on, d.value("reason"))
		}},
	{kind: "discover", title: phrase.Mark("Fact discovered later"), submit: phrase.Mark("Keep the assessment"), said: phrase.Mark("The fact and its effect are on record."), back: reportBack,
		lead: phrase.Mark("A fact learnt after the report was issued that existed before. It is assessed; it edits nothing."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "fact", Label: shell.T(d.ctx, "Fact"), Type: "area", Required: true},
				{Name: "effect", Label: shell.T(d.ctx, "Effect"), Type: "radio", Required: true, Options: options(d.ctx, effects)},
				{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true}}
		},
		body: func(d *desk) (any, error) {
			return engage.Discovery{Fact: d.value("fact"), Effect: d.value("effect"), Reason: d.value("reason")}, nil
		}},
	{kind: "assert", title: phrase.Mark("Sign management's assertion"), submit: phrase.Mark("Sign the assertion"), said: phrase.Mark("The assertion is signed, and with the firm."), back: reportBack,
		lead: phrase.Mark("You sign exactly this text on behalf of management. A matter that makes it a modified one is said in it and named below."),
		ask: func(p *Pages, ctx context.Context, d *desk) error {
			t, err := p.o.Client.AssertionText(ctx, d.id)
			d.extra = t
			return err
		},
		about: func(d *desk) templComponent { return textView(d.extra) },
		fields: func(d *desk) []shell.Field {
			t, _ := d.extra.(string)
			return []shell.Field{{Name: "sum", Type: "hidden", Value: engage.TextHash(t)},
				{Name: "name", Label: shell.T(d.ctx, "Your name"), Required: true, Value: d.who.Name},
				{Name: "title", Label: shell.T(d.ctx, "Your title"), Required: true},
				{Name: "matters", Label: shell.T(d.ctx, "What makes it a modified assertion"), Type: "area", Rows: 3},
				{Name: "on", Label: shell.T(d.ctx, "Date"), Type: "date", Required: true, Value: d.today.String()}}
		},
		body: func(d *desk) (any, error) {
			t, _ := d.extra.(string)
			on, err := d.day("on")
			if err == nil && d.value("sum") != engage.TextHash(t) {
				err = fault.Refuse("the text has changed since this page was drawn; read it again")
			}
			return engage.Assertion{Text: t, SHA256: engage.TextHash(t), Matters: d.value("matters"), Name: d.value("name"), Title: d.value("title"), On: on}, err
		}},
	{kind: "represent", title: phrase.Mark("Representation letter"), submit: phrase.Mark("Give the answer"), said: phrase.Mark("The answer is with the firm."), back: reportBack,
		lead: phrase.Mark("The letter is dated as the report is: agree the day with the firm. A letter that is declined leads to a disclaimer, or to the firm's withdrawal."),
		ask: func(p *Pages, ctx context.Context, d *desk) error {
			t, err := p.o.Client.RepresentationText(ctx, d.id)
			if err == nil {
				d.advisers, err = p.o.Client.Advisers(ctx)
			}
			d.extra = t
			return err
		},
		about: func(d *desk) templComponent { return textView(d.extra) },
		fields: func(d *desk) []shell.Field {
			t, _ := d.extra.(string)
			return []shell.Field{{Name: "sum", Type: "hidden", Value: engage.TextHash(t)},
				{Name: "answer", Label: shell.T(d.ctx, "Answer"), Type: "radio", Required: true, Options: []shell.Option{{Value: "sign", Text: shell.T(d.ctx, "We sign the letter")}, {Value: "decline", Text: shell.T(d.ctx, "We decline to give it")}}},
				{Name: "name", Label: shell.T(d.ctx, "Your name"), Required: true, Value: d.who.Name},
				{Name: "title", Label: shell.T(d.ctx, "Your title"), Required: true},
				{Name: "dated", Label: shell.T(d.ctx, "Date of the letter"), Type: "date", Value: d.today.String(), Help: shell.T(d.ctx, "The date of the report.")},
				{Name: "why", Label: shell.T(d.ctx, "Why it is declined"), Type: "area", Rows: 3}}
		},
		body: represented},
}

func represented(d *desk) (any, error) {
	t, _ := d.extra.(string)
	b := engage.Representation{Name: d.value("name"), Title: d.value("title"), Advisers: d.advisers}
	switch d.value("answer") {
	case "decline":
		b.Declined, b.Why = true, d.value("why")
		return b, nil
	case "sign":
		var err error
		b.Text, b.SHA256 = t, engage.TextHash(t)
		b.Dated, err = d.day("dated")
		if err == nil && d.value("sum") != b.SHA256 {
			err = fault.Refuse("the text has changed since this page was drawn; read it again")
		}
		return b, err
	}
	return nil, wrong("answer", "nothing is chosen; expected that the letter is signed or declined")
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	if err := p.guard(r); err != nil {
		return err
	}
	x := drafted{}
	var err error
	if p.o.Side == engage.Firm {
		if x, err = p.drafted(r.Context(), r.PathValue("id")); err != nil {
			return err
		}
	}
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return reportPage(v, x), nil })
}

// download gives a draft or a report. The client gets drafts that were released, and reports that were issued, and nothing else: its house holds
// no other.
func (p *Pages) download(w http.ResponseWriter, r *http.Request) error {
	format, id := r.PathValue("format"), r.PathValue("id")
	revision := -1
	if s := r.PathValue("revision"); s != "draft" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fault.NotFound
		}
		revision = n
	}
	err := p.o.House.See(r.Context(), id, func(e *engage.Engagement) error {
		switch {
		case !visible(p.o.Side, whoOf(r.Context()), e), !slices.Contains(FormatsOf(e.Terms.Report), format), revision >= len(e.Reports), revision < 0 && p.o.Side == engage.Client && len(e.Drafts) == 0:
			return fault.NotFound
		}
		return nil
	})
	if err != nil {
		return err
	}
	f, err := p.o.Files.Download(r.Context(), id, format, revision)
	if err != nil {
		return err
	}
	return send(w, f)
}

func (p *Pages) log(w http.ResponseWriter, r *http.Request) error {
	return p.draw(w, r, http.StatusOK, func(v *view) (templ.Component, error) { return logPage(v), nil })
}

// signed reports whether somebody has signed the report as it stands.
func (v *view) signed(p engage.Part, x drafted) bool {
	s, ok := v.e.Signs[p]
	return ok && s.Fingerprint == x.Fingerprint
}

// out reports whether the report as it stands is the one that was issued last: there is no draft beside it then.
func (v *view) out(x drafted) bool {
	n := len(v.e.Reports)
	return n > 0 && x.Fingerprint != "" && v.e.Reports[n-1].Fingerprint == x.Fingerprint
}

func textOf(x any) string {
	s, _ := x.(string)
	return s
}

// chosenDay is the day of a form, today while it is no day.
func (d *desk) chosenDay(name string) civil.Date {
	if x, err := d.day(name); err == nil && x != 0 {
		return x
	}
	return d.today
}

const linesOfLog = 200

// logLine is an entry of the log, the latest first, with what was refused.
type logLine struct {
	engage.Entry
	Refusal *engage.Refusal
}

func logAt(v *view) int {
	n, err := strconv.Atoi(v.q.Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, logLast(v))
}

func logLast(v *view) int { return max(1, (len(v.e.Log)+linesOfLog-1)/linesOfLog) }

func logOf(v *view) []logLine {
	all := make([]logLine, len(v.e.Log))
	refused := 0
	for i, x := range v.e.Log {
		all[i] = logLine{Entry: x}
		if x.Kind == "refused" && refused < len(v.e.Refused) {
			all[i].Refusal = &v.e.Refused[refused]
			refused++
		}
	}
	slices.Reverse(all)
	from := (logAt(v) - 1) * linesOfLog
	return all[min(from, len(all)):min(from+linesOfLog, len(all))]
}
