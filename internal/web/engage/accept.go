package examination

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

var acceptDeeds = []*deed{
	{kind: "join", title: phrase.Mark("Add a member"), submit: phrase.Mark("Add the member"), said: phrase.Mark("The member is added. They confirm their independence themselves."),
		lead: phrase.Mark("Who has ties to the client cannot be added: adviser, employee or management there, now or before."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "name", Label: shell.T(d.ctx, "Name"), Required: true, Help: shell.T(d.ctx, "As papers and the report print it.")},
				{Name: "email", Label: shell.T(d.ctx, "E-mail address"), Type: "email", Required: true},
				{Name: "part", Label: shell.T(d.ctx, "Part"), Type: "radio", Required: true, Value: "staff", Options: options(d.ctx, parts)}}
		},
		ask: func(p *Pages, ctx context.Context, d *desk) error {
			if d.r.Method != http.MethodPost {
				return nil
			}
			ties, err := p.o.Work.Ties(ctx, d.id, d.value("email"))
			d.extra = ties
			return err
		},
		body: func(d *desk) (any, error) {
			ties, _ := d.extra.([]string)
			return engage.Joining{Email: d.value("email"), Name: d.value("name"), Part: engage.Part(d.value("part")), Ties: ties}, nil
		}},
	{kind: "leave", title: phrase.Mark("End a membership"), submit: phrase.Mark("End the membership"), said: phrase.Mark("The membership has ended. What the member did stands."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{hidden(d, "email"), {Name: "why", Label: shell.T(d.ctx, "Why"), Type: "area", Required: true}}
		},
		body: func(d *desk) (any, error) {
			return engage.Leaving{Email: d.value("email"), Why: d.value("why")}, nil
		}},
	{kind: "confirm_independence", title: phrase.Mark("Confirm your independence"), submit: phrase.Mark("I confirm it"), said: phrase.Mark("Your confirmation is on record."),
		lead: phrase.Mark("You confirm it for yourself, for this engagement. Say what has to be said where the sentence does not fit."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{{Name: "statement", Label: shell.T(d.ctx, "Statement"), Type: "area", Required: true, Rows: 6,
				Value: shell.T(d.ctx, "I have no financial interest in %s and no business, family or employment relationship with it or with its management. I did not design, implement or operate any of the controls in scope, and did not advise on them. I will say so at once if this changes.", d.e.Client.Name)}}
		},
		body: func(d *desk) (any, error) { return engage.Confirming{Statement: d.value("statement")}, nil }},
	{kind: "check_conflicts", title: phrase.Mark("Check of conflicts"), submit: phrase.Mark("Record the check"), said: phrase.Mark("The check of conflicts is on record."),
		lead: phrase.Mark("What else the firm and its network do for the client, and for whom it might matter."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "words", Label: shell.T(d.ctx, "What was looked at, and what was found"), Type: "area", Required: true},
				{Name: "clear", Label: shell.T(d.ctx, "Result"), Type: "radio", Required: true, Options: []shell.Option{{Value: "yes", Text: shell.T(d.ctx, "No conflict")}, {Value: "no", Text: shell.T(d.ctx, "A conflict: the engagement cannot be accepted")}}}}
		},
		body: func(d *desk) (any, error) {
			if c := d.value("clear"); c != "yes" && c != "no" {
				return nil, wrong("clear", "nothing is chosen; expected a result")
			}
			return engage.ConflictCheck{Clear: d.yes("clear"), Words: d.value("words")}, nil
		}},
	{kind: "offer_letter", title: phrase.Mark("Engagement letter"), submit: phrase.Mark("Offer the letter"), said: phrase.Mark("The letter is with the client."),
		lead: phrase.Mark("The client reads and agrees to exactly this text; another letter asks for another agreement."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{{Name: "text", Label: shell.T(d.ctx, "Text of the letter"), Type: "area", Rows: 24, Required: true, Max: 20_000, Value: letterText(d.view)}}
		},
		body: func(d *desk) (any, error) {
			t := d.value("text")
			return engage.Letter{SHA256: engage.TextHash(t), Text: t}, nil
		}},
	because("accept", phrase.Mark("Accept the engagement"), phrase.Mark("The firm takes the engagement on. Independence, the check of conflicts, the letter and the client's agreement must stand."), phrase.Mark("Accept the engagement"), phrase.Mark("The engagement is accepted."), false),
	because("begin_fieldwork", phrase.Mark("Begin fieldwork"), "", phrase.Mark("Begin fieldwork"), phrase.Mark("Fieldwork has begun."), false),
	because("wrap_up", phrase.Mark("Wrap up the fieldwork"), phrase.Mark("All requests are closed, all deviations have gone their way, and every work paper is signed as prepared and as reviewed."), phrase.Mark("Wrap up"), phrase.Mark("The fieldwork is wrapped up."), false),
	because("begin_review", phrase.Mark("Begin the review"), phrase.Mark("Every control, matter and element is concluded on. The partner and the quality reviewer then read and sign."), phrase.Mark("Begin the review"), phrase.Mark("The report is under review."), false),
	because("back_to_work", phrase.Mark("Back to work"), phrase.Mark("The review found something that has to be done. Sign-offs of the report end."), phrase.Mark("Go back to the work"), phrase.Mark("The engagement is back in wrap-up."), true),
	because("reopen", phrase.Mark("Reopen the work"), phrase.Mark("A fact discovered later asks for other conclusions. The report that went out is not changed; management sees a draft of the revised one and represents it."), phrase.Mark("Reopen the work"), phrase.Mark("The work goes on for a revised report. The one that went out stands until then."), true),
	because("let_stand", phrase.Mark("Let the report stand"), phrase.Mark("What was looked at again changes nothing of the report that went out."), phrase.Mark("Let it stand"), phrase.Mark("The report stands as it went out."), true),
	because("withdraw", phrase.Mark("Withdraw"), phrase.Mark("The firm withdraws from the engagement, or withdraws its report. Nothing follows after it."), phrase.Mark("Withdraw"), phrase.Mark("The firm has withdrawn."), true),
	{kind: "agree", title: phrase.Mark("Agree to the engagement letter"), submit: phrase.Mark("Agree on behalf of the organization"), said: phrase.Mark("The agreement is with the firm."),
		lead: phrase.Mark("Compare the key with the firm by another way, such as by telephone: whoever holds it speaks as the firm."),
		fields: func(d *desk) []shell.Field {
			return []shell.Field{
				{Name: "name", Label: shell.T(d.ctx, "Your name"), Required: true, Value: d.who.Name},
				{Name: "title", Label: shell.T(d.ctx, "Your title"), Required: true},
				{Name: "compared", Label: shell.T(d.ctx, "I have compared the key of the firm, and read the letter"), Type: "check"},
				{Name: "letter", Type: "hidden", Value: letterHash(d.e)}}
		},
		about: func(d *desk) templComponent { return letterView(d.view) },
		ask: func(p *Pages, ctx context.Context, d *desk) error {
			self, err := p.o.Post.Self(ctx)
			if err != nil {
				return err
			}
			advisers, err := p.o.Client.Advisers(ctx)
			d.extra = engage.Agreement{Client: self, Advisers: advisers}
			return err
		},
		body: func(d *desk) (any, error) {
			if !d.yes("compared") {
				return nil, wrong("compared", "the key is not compared; expected that somebody did")
			}
			a, _ := d.extra.(engage.Agreement)
			a.Letter, a.Name, a.Title = d.value("letter"), d.value("name"), d.value("title")
			return a, nil
		}},
	{kind: "change_terms", title: phrase.Mark("Change the terms"), submit: phrase.Mark("Change the terms"), said: phrase.Mark("The terms are changed, and the client is told."),
		lead: phrase.Mark("What was agreed before stays on record with the reason. A Type 1 does not become a Type 2."),
		fields: func(d *desk) []shell.Field {
			return append(termFields(d.ctx, d.e.Terms), shell.Field{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true})
		},
		body: func(d *desk) (any, error) {
			t, err := d.terms()
			return engage.Terming{Terms: t, Reason: d.value("reason")}, err
		}},
	{kind: "consent_terms", title: phrase.Mark("Consent to other terms"), submit: phrase.Mark("Consent to just these terms"), said: phrase.Mark("The consent is on record."),
		lead: phrase.Mark("After something deviated, terms that leave out days or categories need the quality reviewer: a failure is not hidden by looking elsewhere."),
		fields: func(d *desk) []shell.Field {
			return append(termFields(d.ctx, d.e.Terms), shell.Field{Name: "reason", Label: shell.T(d.ctx, "Reason"), Type: "area", Required: true})
		},
		body: func(d *desk) (any, error) {
			t, err := d.terms()
			return engage.Terming{Terms: t, Reason: d.value("reason")}, err
		}},
	planDeed,
}

// because makes the form of a step that goes with words.
func because(kind, title, lead, submit, said string, needed bool) *deed {
	return &deed{kind: kind, title: title, lead: lead, submit: submit, said: said,
		fields: func(d *desk) []shell.Field {
			return []shell.Field{{Name: "words", Label: shell.T(d.ctx, "Words"), Type: "area", Required: needed}}
		},
		about: func(d *desk) templComponent { return heldUp(d.hindrances(kind)) },
		body:  func(d *desk) (any, error) { return engage.Because{Words: d.value("words")}, nil }}
}

func hidden(d *desk, name string) shell.Field {
	return shell.Field{Name: name, Type: "hidden", Value: d.value(name)}
}

func letterHash(e *engage.Engagement) string {
	if e.Letter == nil {
		return ""
	}
	return e.Letter.SHA256
}

// letterText is what the firm begins with; the letter is its own.
func letterText(v *view) string {
	if v.e.Letter != nil {
		return v.e.Letter.Text
	}
	e := v.e
	return strings.Join([]string{
		"To the management of " + e.Client.Name,
		"This letter confirms that " + e.Firm.Name + " will examine the system " + e.Terms.System + " of " + e.Client.Name + " and report on it as agreed below.",
		"Report: " + kindName(e.Terms.Report) + ", " + e.Terms.Words() + ". Times are those of " + e.Terms.Zone + ".",
		"Our responsibilities. We plan and carry out the examination in accordance with the attestation standards that apply at the date of our report, to obtain reasonable assurance, and express an opinion. We are independent of you.",
		"Your responsibilities. You prepare the description of the system and the assertion; you design, implement and operate the controls; you give us access to all information, records and people that bear on the examination, and written representations at its end. You tell us of instances of noncompliance, incidents and deficiencies that you know of.",
		"Limits. Because of their nature, controls may not prevent, or detect and correct, all errors or omissions. The examination is not designed to detect all of them.",
		"Use of the report. Its use is restricted to those whom it names.",
		"Evidence. Populations are sealed in your ledger before selections are drawn from them; what we conclude is sealed in ours. Neither of us can change what the other has written.",
		e.Firm.Name + ", " + e.Profile.City + ", " + e.Profile.Region,
	}, "\n\n")
}

type planExtra struct {
	matters []report.Matter
	lines   []ControlLine
}

var planDeed = &deed{kind: "plan", title: phrase.Mark("Plan the examination"), submit: phrase.Mark("Keep the plan"), said: phrase.Mark("The plan is kept."),
	lead: phrase.Mark("How the firm responds to the assessed risks, and which rate of deviations it tolerates. Objectives, criteria and controls come from the client's package."),
	ask: func(p *Pages, ctx context.Context, d *desk) error {
		matters, lines, err := p.o.Firm.Scope(ctx, d.id)
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		d.extra = planExtra{matters, lines}
		return err
	},
	fields: func(d *desk) []shell.Field {
		plan := engage.Plan{Ordinary: 1000}
		if d.e.Planned != nil {
			plan = *d.e.Planned
		}
		x, _ := d.extra.(planExtra)
		out := []shell.Field{
			{Name: "strategy", Label: shell.T(d.ctx, "Response to the assessed risks"), Type: "area", Required: true, Value: plan.Strategy, Rows: 6, Help: shell.T(d.ctx, "Whole populations are tested first. Say where that is not possible, and what is done instead.")},
			{Name: "ordinary", Label: shell.T(d.ctx, "Tolerable rate of deviations"), Required: true, Value: typed(plan.Ordinary), Suffix: "%", Help: shell.T(d.ctx, "Of every control that has no rate of its own below. A rate within it is no acquittal: what deviates is disclosed.")},
			{Name: "materiality", Label: shell.T(d.ctx, "What would matter to users"), Type: "area", Value: plan.Materials}}
		for _, l := range x.lines {
			high := ""
			if plan.Risk[l.ID] == "high" {
				high = "yes"
			}
			out = append(out, shell.Field{Name: "risk-" + l.ID, Type: "check", Label: l.ID + " " + l.Title, Value: high})
			own := ""
			if n, ok := plan.Tolerable[l.ID]; ok {
				own = typed(n)
			}
			out = append(out, shell.Field{Name: "tolerable-" + l.ID, Label: l.ID, Value: own, Suffix: "%", Max: 6})
		}
		return out
	},
	body: func(d *desk) (any, error) {
		x, _ := d.extra.(planExtra)
		if len(x.matters) == 0 {
			return nil, fault.Refuse("the client's program is not here; expected a package, which says what is in scope").WithHint("take in the client's package first")
		}
		n, err := basis("ordinary", d.value("ordinary"))
		if err != nil {
			return nil, err
		}
		plan := engage.Plan{Strategy: d.value("strategy"), Ordinary: n, Materials: d.value("materiality"), Matters: x.matters, Risk: map[string]string{}, Tolerable: map[string]int{}}
		for _, l := range x.lines {
			if d.yes("risk-" + l.ID) {
				plan.Risk[l.ID] = "high"
			}
			if s := d.value("tolerable-" + l.ID); s != "" {
				if plan.Tolerable[l.ID], err = basis("tolerable-"+l.ID, s); err != nil {
					return nil, err
				}
			}
		}
		return plan, nil
	}}

// Opening an engagement: it has no identifier yet.

func (p *Pages) blankOpening(w http.ResponseWriter, r *http.Request) error {
	if err := p.firmOnly(); err != nil {
		return err
	}
	if !opens(r.Context()) {
		return &fault.Error{Kind: fault.Denied, What: "none of your roles includes it: open"}
	}
	return shell.Page(w, r, http.StatusOK, openPage(p.openForm(r)))
}

// opens reports whether the reader opens engagements.
func opens(ctx context.Context) bool {
	return access.From(ctx).Is(access.Partner)
}

func (p *Pages) openForm(r *http.Request) shell.Form {
	ctx := r.Context()
	f := shell.Form{Action: "/engagements/new", Submit: shell.T(ctx, "Open the engagement"), Back: "/engagements", Fields: []shell.Field{
		{Name: "client", Label: shell.T(ctx, "Client"), Required: true, Help: shell.T(ctx, "The name of the organization that is examined.")},
		{Name: "org", Label: shell.T(ctx, "Organization of the client in this installation"), Mono: true, Help: shell.T(ctx, "Its identifier, such as org_…; empty where the client runs an installation of its own.")},
		{Name: "key", Label: shell.T(ctx, "Key of the client's ledger"), Mono: true, Help: shell.T(ctx, "As the client says it, NAME+HASH+BASE64. Empty: it comes with the client's agreement, and is compared then.")},
	}}
	f.Fields = append(f.Fields, termFields(ctx, engage.Terms{Report: "soc2-type2", Zone: p.o.Zone.String()})...)
	f.Fields = append(f.Fields,
		shell.Field{Name: "licence", Label: shell.T(ctx, "Licence of the firm"), Required: true, Help: shell.T(ctx, "Number, and the board that gave it.")},
		shell.Field{Name: "city", Label: shell.T(ctx, "City of the firm"), Required: true},
		shell.Field{Name: "region", Label: shell.T(ctx, "State or country"), Required: true})
	return f
}

// openEngagement opens one. Who may not is refused by the house; no engagement is there yet in whose log it could stand, so the
// organization's own ledger keeps it.
func (p *Pages) openEngagement(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if p.o.Side != engage.Firm {
		return &fault.Error{Kind: fault.Denied, What: "open is for the firm to do; the client cannot"}
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	id, err := p.newName(ctx)
	if err != nil {
		return err
	}
	d := &desk{id: id, r: r}
	o := engage.Opening{Client: engage.Party{Org: d.value("org"), Name: d.value("client"), Key: d.value("key")},
		Profile: engage.Profile{Licence: d.value("licence"), City: d.value("city"), Region: d.value("region")}}
	if o.Terms, err = d.terms(); err == nil {
		if o.Firm, err = p.o.Post.Self(ctx); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{{"client", o.Client.Name}, {"licence", o.Profile.Licence}} {
			if f.text == "" && err == nil {
				err = wrong(f.name, "nothing is said; expected words")
			}
		}
	}
	if err == nil || !opens(ctx) { // who may not learns that, and not what was wrong in the form
		if e := p.o.House.Do(ctx, whoOf(ctx), id, "open", o); e != nil {
			err = e
		}
	}
	if errors.Is(err, fault.Refused) && !errors.Is(err, fault.Denied) && shell.WantsPage(r) {
		return shell.Page(w, r, http.StatusUnprocessableEntity, openPage(p.openForm(r).Filled(r).WithErrors(err)))
	}
	if err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The engagement is open. Next: its members, the check of conflicts and the letter.")})
	return shell.Redirect(w, r, base(id))
}

// newName numbers the engagements of a year.
func (p *Pages) newName(ctx context.Context) (string, error) {
	all, err := p.o.House.List(ctx)
	if err != nil {
		return "", err
	}
	self, err := p.o.Post.Self(ctx)
	if err != nil {
		return "", err
	}
	prefix := strconv.Itoa(p.o.Clock().UTC().Year()) + "-" + shortOrg(self.Org) + "-"
	n := 0
	for _, id := range all {
		if s, ok := strings.CutPrefix(id, prefix); ok {
			if x, err := strconv.Atoi(s); err == nil {
				n = max(n, x)
			}
		}
	}
	return prefix + pad(n+1), nil
}

// shortOrg is the end of an organization's identifier: engagements of two firms at one client have other names.
func shortOrg(org string) string {
	s := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, org)
	return strings.ToLower(s[max(0, len(s)-6):])
}

func pad(n int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 3-len(s))) + s
}

var categories = []string{"security", "availability", "confidentiality", "processing_integrity", "privacy"}

func termFields(ctx context.Context, t engage.Terms) []shell.Field {
	iso := func(set bool, s string) string {
		if !set {
			return ""
		}
		return s
	}
	return []shell.Field{
		{Name: "report", Label: shell.T(ctx, "Report"), Type: "select", Required: true, Value: t.Report, Options: kindOptions()},
		{Name: "system", Label: shell.T(ctx, "System"), Required: true, Value: t.System, Help: shell.T(ctx, "As the description names it.")},
		{Name: "from", Label: shell.T(ctx, "First day of the period"), Type: "date", Value: iso(t.From != 0, t.From.String()), Help: shell.T(ctx, "Of a Type 2, SOC 3 or any report over a period.")},
		{Name: "to", Label: shell.T(ctx, "Last day of the period"), Type: "date", Value: iso(t.To != 0, t.To.String())},
		{Name: "as_of", Label: shell.T(ctx, "As of"), Type: "date", Value: iso(t.AsOf != 0, t.AsOf.String()), Help: shell.T(ctx, "Of a Type 1.")},
		{Name: "zone", Label: shell.T(ctx, "Time zone"), Required: true, Value: t.Zone, Help: shell.T(ctx, "An IANA name; days begin at its midnight.")},
		{Name: "categories", Label: shell.T(ctx, "Categories"), Value: strings.Join(t.Categories, ", "), Help: shell.T(ctx, "Of a SOC 2 or SOC 3: security, availability, confidentiality, processing_integrity, privacy.")},
	}
}

func (d *desk) terms() (engage.Terms, error) {
	t := engage.Terms{Report: d.value("report"), System: d.value("system"), Zone: d.value("zone")}
	var errs []error
	var err error
	for _, f := range []struct {
		name string
		into *int32
	}{{"from", (*int32)(&t.From)}, {"to", (*int32)(&t.To)}, {"as_of", (*int32)(&t.AsOf)}} {
		x, e := d.day(f.name)
		*f.into, errs = int32(x), append(errs, e)
	}
	if !slices.ContainsFunc(reportKinds, func(k [2]string) bool { return k[0] == t.Report }) {
		errs = append(errs, wrong("report", "%q is no kind of report", cut(t.Report, 40)))
	}
	for s := range strings.FieldsFuncSeq(d.value("categories"), func(c rune) bool { return c == ',' || c == ' ' || c == ';' }) {
		if !slices.Contains(categories, s) {
			errs = append(errs, wrong("categories", "%q is no category; expected some of %s", cut(s, 40), strings.Join(categories, ", ")))
			continue
		}
		t.Categories = append(t.Categories, s)
	}
	if t.System == "" {
		errs = append(errs, wrong("system", "nothing is said; expected the name of the system"))
	}
	if err = errors.Join(errs...); err != nil {
		return t, err
	}
	return t, nil
}
