package report

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// bridgeMonths is how long a bridge letter may reach without a reason of its own (handbook 2.6).
const bridgeMonths = 3

// Bridge is a bridge letter: management's word on the time after the last report. It is never the auditor's and replaces no report.
type Bridge struct {
	Report      string                `json:"report"`        // title of the last report
	From        civil.Date            `json:"from,omitzero"` // its period; zero where it was as of a date
	To          civil.Date            `json:"to"`            // its last day
	Until       civil.Date            `json:"until"`         // the last day of which the letter speaks
	Changes     []assure.SystemChange `json:"changes,omitempty"`
	NoChanges   bool                  `json:"no_changes,omitempty"` // management says that nothing material changed
	Incidents   []assure.SystemChange `json:"incidents,omitempty"`
	NoIncidents bool                  `json:"no_incidents,omitempty"`
	Deviations  []string              `json:"deviations,omitempty"` // what the ledger knows of the gap, which the officer sees and the letter tells
	Officer     Signature             `json:"officer,omitzero"`     // none: a draft
	Override    string                `json:"override,omitempty"`   // why the letter reaches further than three months
	Superseded  civil.Date            `json:"superseded,omitzero"`  // when the next report was issued, which ends the letter
	Auditors    []string              `json:"auditors,omitempty"`   // the firm and its people, none of whom may sign it
}

// Gap is the first day of which the letter speaks: the day after the last report ends.
func (x Bridge) Gap() civil.Date { return x.To + 1 }

// InForce reports whether the letter still says anything on a day: the next report, once issued, ends it.
func (x Bridge) InForce(on civil.Date) bool {
	return x.Officer.On != 0 && on >= x.Officer.On && (x.Superseded == 0 || on < x.Superseded)
}

// BridgeLetter draws a bridge letter of the organization. Zone, system and complementary user entity controls come from the facts.
func BridgeLetter(f Facts, x Bridge) (*Report, error) {
	if f.Organization == "" || f.When == nil || strings.TrimSpace(x.Report) == "" || x.To == 0 {
		return nil, fault.Refuse("a bridge letter needs the organization, the last report and its last day")
	}
	if err := x.check(); err != nil {
		return nil, err
	}
	if f.System == "" {
		f.System = unnamed(f.Organization)
	}
	zone := f.When.zone()
	b := &builder{f: f, zone: zone, r: &Report{Organization: f.Organization, System: f.System, When: Throughout{From: x.Gap(), To: x.Until, Zone: zone},
		Subtitle: "After the " + x.Report + " of " + f.Organization}}
	b.beginLetter(BridgeKind, "Bridge letter", x.Officer.On == 0)
	b.bridge(x)
	var by []Signature
	if x.Officer.On != 0 {
		by = []Signature{x.Officer}
	}
	b.underSigned(by, x.Officer.On, "section-i", "No officer has signed this letter.")
	if !b.r.Draft && len(b.r.Open) > 0 {
		return nil, fault.Refuse("the bridge letter is signed and not finished: %s", b.r.Open[0].Text)
	}
	return b.r, lint(b.r, !b.r.Draft)
}

func (x Bridge) check() error {
	s := x.Officer
	switch {
	case x.Until < x.Gap():
		return fault.Refuse("the bridge letter reaches to %s, and the gap begins on %s", x.Until.Long(), x.Gap().Long())
	case x.Until > x.To.AddMonths(bridgeMonths) && strings.TrimSpace(x.Override) == "":
		return fault.Refuse("the bridge letter reaches to %s, more than three months after %s; expected a shorter one, or the reason for it", x.Until.Long(), x.To.Long())
	case s.On != 0 && (strings.TrimSpace(s.Name) == "" || strings.TrimSpace(s.Title) == ""):
		return fault.Refuse("the signature under the bridge letter lacks a name or a title; expected an officer of the organization")
	case s.On != 0 && s.On < x.Until:
		return fault.Refuse("the bridge letter speaks of days up to %s and was signed on %s: nobody can say what was so until then", x.Until.Long(), s.On.Long())
	case slices.ContainsFunc(x.Auditors, func(a string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(s.Name)) }):
		return fault.Refuse("%s belongs to the service auditor: a bridge letter is management's, never the auditor's", s.Name)
	case len(x.Changes) > 0 && x.NoChanges || len(x.Incidents) > 0 && x.NoIncidents:
		return fault.Refuse("the bridge letter lists changes or incidents, and says that there were none")
	}
	for _, c := range slices.Concat(x.Changes, x.Incidents) {
		if c.On < x.Gap() || c.On > x.Until {
			return fault.Refuse("what happened on %s lies outside the time of the letter, %s to %s", c.On.Long(), x.Gap().Long(), x.Until.Long())
		}
	}
	return nil
}

func (b *builder) bridge(x Bridge) {
	when := "as of " + x.To.Long()
	if x.From != 0 {
		when = "for the period " + x.From.Long() + " to " + x.To.Long()
	}
	if x.Superseded != 0 {
		b.add(Block{Note: &Note{Tone: Warn, Title: "Ended", Text: Runs{say("This letter ended on " + x.Superseded.Long() + ", when the next report was issued.")}}})
	}
	b.para(say("The last report on "), data(b.f.System), say(" of "), data(b.f.Organization), say(" is the "), data(x.Report), say(", "+when+". This letter is management's word on the time after it: "+
		x.Gap().Long()+" to "+x.Until.Long()+", both days included. No service auditor has examined what it says. It is not a replacement for a report."))
	if x.Override != "" {
		b.para(say("The letter reaches further than three months after the report. The reason is: "), data(x.Override))
	}
	b.happened("changes", "Material changes", "changed materially in the system or in its controls", x.Changes, x.NoChanges)
	b.happened("incidents", "Incidents", "happened that came from controls that failed, or that kept a commitment from being met", x.Incidents, x.NoIncidents)
	if len(x.Deviations) > 0 {
		b.heading(1, "letter-deviations", "Deviations of controls that we know of")
		var list []Runs
		for _, d := range x.Deviations {
			list = append(list, Runs{data(d)})
		}
		b.add(Block{List: list})
	}
	if len(b.f.About.CUECs) > 0 {
		b.heading(1, "letter-cuecs", "What users do")
		b.para(say("Controls of the organization still rest on complementary user entity controls, which the report states. Users remain responsible for them:"))
		var list []Runs
		for _, c := range b.f.About.CUECs {
			list = append(list, Runs{data(strings.TrimSpace(c.ID + " " + c.Text))})
		}
		b.add(Block{List: list})
	}
	b.heading(1, "letter-limits", "Limits of this letter")
	b.para(say("This letter is intended for those who may have the report itself. It ends when the next report is issued. Nothing in it is an opinion of a service auditor."))
}

// happened lists what happened, or says that nothing did. Where management said neither, a point is open.
func (b *builder) happened(id, title, what string, list []assure.SystemChange, none bool) {
	b.heading(1, "letter-"+id, title)
	switch {
	case len(list) > 0:
		var out []Runs
		for _, c := range list {
			out = append(out, Runs{say(c.On.Long() + ": "), data(c.Text)})
		}
		b.add(Block{List: out})
	case none:
		b.para(say("To the best of our knowledge nothing " + what + "."))
	default:
		b.open("bridge", "letter-"+id, say("Management has not said what "+what+", or that nothing did."))
		b.add(Block{Note: &Note{Tone: Owed, Title: title, Text: Runs{say("Still to be written: what " + what + ", or that nothing did.")}}})
	}
}
