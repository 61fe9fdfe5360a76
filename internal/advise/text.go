package advise

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/civil"
)

// width is how many columns the text of the advice takes at most.
const width = 100

// page writes wrapped text.
type page struct{ w *bufio.Writer }

// Text writes the advice for a terminal of 100 columns. Reasons and counter-arguments always stand beside what
// they are about.
func (a Advice) Text(w io.Writer) error {
	p := page{bufio.NewWriter(w)}
	p.say("", "Advice of "+a.Today.Long())
	p.heading("What you need")
	if len(a.Reports) == 0 {
		p.say("  ", a.Summary)
	}
	for _, r := range a.Reports {
		p.say("  "+pad(capital(r.when()), 29), r.Title+speaksOf(r))
	}
	p.clashes(a)
	said := map[string]string{} // reason -> the report it was given for
	for _, r := range a.Reports {
		p.heading("%s: %s", r.Title, r.when())
		p.reasons("why", r.Title, r.Why, said)
		p.reasons("but", r.Title, r.Against, said)
		if len(r.Init) > 0 {
			p.say("  start  ", "assay init --name NAME --zone ZONE "+strings.Join(r.Init, " "))
		}
	}
	p.categories(a)
	p.timeline(a)
	p.costs(a)
	p.rest(a)
	return p.w.Flush()
}

func speaksOf(r Recommendation) string {
	switch {
	case r.AsOf != nil && r.Report == isms:
		return ", audited from " + r.AsOf.Long()
	case r.AsOf != nil:
		return ", as of " + r.AsOf.Long()
	case r.From != nil && r.Report == isms:
		return ", evidence from " + r.From.Long() + " to " + r.To.Long()
	case r.From != nil:
		return ", " + r.From.Long() + " to " + r.To.Long()
	}
	return ""
}

func (p page) clashes(a Advice) {
	if len(a.Contradictions) == 0 {
		return
	}
	p.heading("Answers that contradict each other")
	for _, s := range a.Contradictions {
		p.say("  - ", s)
	}
}

// reasons writes each argument once; for a later report it is enough to say where it stands.
func (p page) reasons(label, title string, list []Reason, said map[string]string) {
	before := ""
	for _, r := range list {
		if t := said[r.String()]; t != "" {
			before = t
			continue
		}
		said[r.String()] = title
		p.say("  "+pad(label, 5)+"- ", r.String())
		label = ""
	}
	if before != "" {
		p.say("  "+pad(label, 5)+"- ", "And as for "+before+", above")
	}
}

func (p page) categories(a Advice) {
	if len(a.CategoryReasons) == 0 {
		return
	}
	p.heading("Categories of the SOC 2 report")
	for _, c := range a.CategoryReasons {
		mark := "leave"
		if c.Taken {
			mark = "take"
		}
		p.say("  "+pad(mark, 7)+pad(strings.ReplaceAll(c.Category, "_", " "), 22), capital(c.Why.Says)+rests(c.Why))
	}
}

func rests(r Reason) string {
	if r.Rests == "" {
		return ""
	}
	return " (" + r.Rests + ")"
}

func (p page) timeline(a Advice) {
	if len(a.Timeline) == 0 {
		return
	}
	p.heading("When you can have it")
	last := ""
	for _, s := range a.Timeline {
		var titles []string
		for _, r := range s.Reports {
			titles = append(titles, Title(r))
		}
		if t := strings.Join(titles, "; "); t != last {
			p.say("  ", t)
			last = t
		}
		note := s.Note
		if !s.Fits {
			note = "Does not fit: " + note
		}
		p.say("    "+s.From.String()+until(s.From, s.To)+"  "+pad(s.Step, 28), capital(note))
	}
}

func until(from, to civil.Date) string {
	if from == to {
		return strings.Repeat(" ", len(" to 2006-01-02"))
	}
	return " to " + to.String()
}

func (p page) costs(a Advice) {
	if len(a.Cost)+len(a.Unpriced) == 0 {
		return
	}
	p.heading("What it costs, by published figures")
	for _, c := range a.Cost {
		p.say("  "+pad(Title(c.Report), 28)+pad(c.Country, 4), span(c.Low, c.High, c.Currency)+", "+c.Basis)
		for _, f := range c.Figures {
			s := fmt.Sprintf("%s, as of %s", f.Source, f.AsOf)
			if len(c.Figures) > 1 {
				s = span(f.Low, f.High, f.Currency) + " by " + s
			}
			if f.Note != "" {
				s += ": " + f.Note
			}
			p.say(strings.Repeat(" ", 34)+"- ", s)
		}
	}
	for _, u := range a.Unpriced {
		p.say("  "+pad(Title(u.Report), 28)+pad(u.Country, 4), u.Why)
	}
	for _, s := range a.CostNotes {
		p.say("  ", s)
	}
}

func (p page) rest(a Advice) {
	if len(a.Not) > 0 {
		p.heading("What you do not need")
		for i, r := range a.Not {
			why := r.Why
			if i > 0 && why == a.Not[i-1].Why {
				why = "The same"
			}
			p.say("  "+pad(Title(r.Report), 28), why)
		}
	}
	if len(a.Notes) > 0 {
		p.heading("Worth knowing")
		for _, s := range a.Notes {
			p.say("  - ", s)
		}
	}
	if len(a.Missing)+len(a.Optional) > 0 {
		p.heading("Not answered")
		if len(a.Missing) > 0 {
			p.say("  ", "These could change the advice: "+strings.Join(a.Missing, ", ")+".")
		}
		if len(a.Optional) > 0 {
			p.say("  ", "These would sharpen it: "+strings.Join(a.Optional, ", ")+".")
		}
	}
	p.heading("Sources")
	for _, s := range a.Sources {
		p.say("  "+pad(s.ID, 11), s.Title+", "+s.AsOf.String())
	}
}

func (p page) heading(format string, args ...any) {
	fmt.Fprintf(p.w, "\n%s\n", fmt.Sprintf(format, args...))
}

// say writes text behind a label; the lines that follow are indented as deep.
func (p page) say(label, text string) {
	indent := utf8.RuneCountInString(label)
	line, at := label, indent
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > width:
			fmt.Fprintln(p.w, strings.TrimRight(line, " "))
			line, at = strings.Repeat(" ", indent), indent
		default:
			line, at = line+" ", at+1
		}
		line, at = line+word, at+n
	}
	fmt.Fprintln(p.w, strings.TrimRight(line, " "))
}

// pad fills a label up to n columns, and keeps one space behind a longer one.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(1, n-utf8.RuneCountInString(s)))
}
