package lint

import (
	"regexp"
	"strings"
)

// tests reads section IV, in the two shapes that reports have: tables of controls, tests and results, or a heading for
// each control with its parts under it.
func (r *reader) tests() {
	r.controlsIn(inTests)
	r.headedControls()
	if whole.MatchString(r.text(inTests)) && strings.Contains(r.text(inTests), "not over a sample") {
		for i := range r.p.Tests {
			r.p.Tests[i].Full = true
		}
	}
}

// tableRow reads a row: of controls and tests, of controls, or of criteria and their controls.
func (r *reader) tableRow(place string, cols map[string]int, cells []string, criterion string) {
	_, tested := cols["test"]
	_, stated := cols["statement"]
	_, named := cols["id"]
	_, listed := cols["controls"]
	_, judged := cols["criteria"]
	switch {
	case tested && (stated || named):
		r.testRow(cols, cells, criterion)
	case judged && (listed || stated) && !tested && !named && place == inTests:
		x := Criterion{ID: first(criterionID.FindString(cell(cells, cols, "criteria")), ids.FindString(cell(cells, cols, "criteria")))}
		text := first(cell(cells, cols, "controls"), cell(cells, cols, "statement"))
		if x.ID == "" {
			return
		}
		if rest, ok := strings.CutPrefix(text, "Not relevant:"); ok {
			x.Reason = strings.TrimSpace(rest)
		} else {
			x.Controls = ids.FindAllString(text, -1)
		}
		r.criterion(x)
	case stated && named:
		x := Control{ID: cell(cells, cols, "id"), Statement: cell(cells, cols, "statement"), Frequency: cell(cells, cols, "frequency"), Criteria: criterionID.FindAllString(cell(cells, cols, "criteria"), -1)}
		if criterion != "" && place == inTests {
			x.Criteria = append(x.Criteria, criterion)
		}
		if x.ID != "" && x.Statement != "" {
			r.p.Description.Controls = append(r.p.Description.Controls, x)
		}
	}
}

func (r *reader) testRow(cols map[string]int, cells []string, criterion string) {
	t := Test{Control: cell(cells, cols, "id"), Statement: cell(cells, cols, "statement"), Frequency: cell(cells, cols, "frequency"),
		Procedure: cell(cells, cols, "test"), Result: cell(cells, cols, "result"), Response: cell(cells, cols, "response"),
		Criteria: criterionID.FindAllString(cell(cells, cols, "criteria"), -1)}
	if m := controlID.FindStringSubmatch(t.Statement); m != nil && t.Control == "" {
		t.Control, t.Statement = m[1], strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(t.Statement), m[1]), " .:–—-\n\t")
	}
	if criterion != "" && len(t.Criteria) == 0 {
		t.Criteria = []string{criterion}
	}
	if n := len(r.p.Tests); t.Control == "" && t.Statement == "" && n > 0 && t.Procedure != "" { // a merged cell goes on
		last := &r.p.Tests[n-1]
		last.Procedure += "\n" + t.Procedure
		last.Result = strings.TrimSpace(last.Result + "\n" + t.Result)
		return
	}
	if t.Control == "" && t.Statement == "" {
		return
	}
	t.Sample, t.Population = countOf(cell(cells, cols, "sample")), countOf(cell(cells, cols, "population"))
	for _, d := range dates.FindAllString(cell(cells, cols, "dates"), -1) {
		if at := readDate(d); at != nil {
			t.Dates = append(t.Dates, *at)
		}
	}
	t.Sample = firstCount(t.Sample, sampled.FindStringSubmatch(t.Procedure))
	t.Full = t.Sample == nil && whole.MatchString(t.Procedure)
	r.p.Tests = append(r.p.Tests, t)
}

var (
	sampled  = regexp.MustCompile(`(?i)\bsample of (\d[\d,]*|one|two|three|four|five|six|seven|eight|nine|ten)\b`)
	holds    = regexp.MustCompile(`(?i)\bpopulation holds (\d[\d,]*)`)
	aCount   = regexp.MustCompile(`^\d[\d,]*$`)
	itemsOf  = regexp.MustCompile(`(\d[\d,]*) of (\d[\d,]*) items tested`)
	testHead = regexp.MustCompile(`(?i)^tests?\b`)
)

func countOf(s string) *int {
	if !aCount.MatchString(s) {
		return nil
	}
	n := number(s)
	return &n
}

func firstCount(have *int, m []string) *int {
	if have != nil || m == nil {
		return have
	}
	n := number(m[1])
	return &n
}

// headedControls reads controls that stand each under a heading with its identifier, as ours do: the statement, terms,
// the test, its result and what deviates.
func (r *reader) headedControls() {
	var c *Control
	var t *Test
	state := ""
	flush := func() {
		if t != nil {
			r.p.Tests = append(r.p.Tests, *t)
		} else if c != nil && c.Statement != "" {
			r.p.Description.Controls = append(r.p.Description.Controls, *c)
			if r.p.Type == 2 {
				r.p.Tests = append(r.p.Tests, Test{Control: c.ID, Statement: c.Statement, Frequency: c.Frequency, Criteria: c.Criteria})
			}
		}
		t = nil
	}
	for _, b := range r.parts[inTests] {
		text := strings.TrimSpace(b.Text)
		if b.Level > 0 {
			state = ""
			m := headed.FindStringSubmatch(text)
			switch {
			case m != nil && !criterionID.MatchString(m[1]):
				flush()
				c = &Control{ID: m[1]}
			case c != nil && b.Level <= r.headAt+1:
				flush()
				c = nil
			case c != nil && testHead.MatchString(text):
				if t != nil {
					flush()
				}
				t = &Test{Control: c.ID, Statement: c.Statement, Frequency: c.Frequency, Criteria: c.Criteria}
				state = "test"
			}
			continue
		}
		if c != nil && b.Style == "statement label" && strings.Contains(text, "objective") { // a heading for what controls serve
			r.criterion(Criterion{ID: c.ID})
			c = nil
			continue
		}
		if c != nil && strings.HasPrefix(strings.TrimLeft(text, signs), "Not tested.") && t == nil {
			t = &Test{Control: c.ID, Statement: c.Statement, Frequency: c.Frequency, Criteria: c.Criteria, Untested: strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(text, signs), "Not tested."))}
			continue
		}
		if c != nil && text != "" || b.Table > 0 && t != nil {
			state = r.underControl(c, t, b, state)
		}
	}
	flush()
}

// signs are what stands before a word that says a verdict.
const signs = " \u00a0\u2713\u2716\u25d0\u25cc\u2296\u25b3\u2298\u2013"

// unsigned is a text without them.
func unsigned(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r != '\u2013' && strings.ContainsRune(signs, r) })
	return strings.TrimLeft(strings.ReplaceAll(strings.Join(words, " "), "( ", "("), signs)
}

// underControl takes in one block under a control's heading and says what the next belongs to.
func (r *reader) underControl(c *Control, t *Test, b Block, state string) string {
	text := strings.TrimSpace(b.Text)
	name, value, termed := strings.Cut(text, "\t")
	switch {
	case b.Style == "statement":
		c.Statement = text
	case termed && name == "Frequency":
		c.Frequency = value
	case termed && (name == "Criteria" || name == "Control objectives"):
		c.Criteria = ids.FindAllString(value, -1)
	case t == nil:
	case termed:
		r.term(t, name, value)
		return "result"
	case strings.Contains(text, "Result:"):
		t.Result = unsigned(text)
		if m := itemsOf.FindStringSubmatch(text); m != nil {
			n := number(m[2])
			t.Sample = &n
		}
		t.Population = firstCount(t.Population, holds.FindStringSubmatch(text))
		return "result"
	case strings.HasPrefix(text, "Blocked:"):
		t.Result = unsigned(text)
		return "result"
	case b.Table > 0:
		return tested(t, b.Cells, state)
	case state == "test" && b.Style != "caption":
		t.Procedure = strings.TrimSpace(t.Procedure + "\n" + text)
	case state == "answers":
		return "result"
	}
	return state
}

// tested reads the rows of tables under a test: what was done, and what management answered to what deviates.
func tested(t *Test, cells []string, state string) string {
	last := ""
	if len(cells) > 0 {
		last = strings.TrimSpace(cells[len(cells)-1])
	}
	switch {
	case state == "answers":
		if last != "" && last != unanswered {
			t.Response = last
		}
	case strings.HasPrefix(last, "Management's response"):
		return "answers"
	case state == "test" && len(cells) == 2 && cells[0] == "Procedure":
		return "procedures"
	case state == "procedures" && len(cells) == 2:
		t.Procedure = strings.TrimSpace(t.Procedure + "\n" + cells[0] + ": " + last)
	}
	return state
}

const unanswered = "No response is recorded."

var (
	allOf     = regexp.MustCompile(`^All (\d[\d,]*) items? of the population`)
	selection = regexp.MustCompile(`^A selection, (\d[\d,]*) of (\d[\d,]*) items`)
)

// term reads a line of terms under a test of the auditor, or under an exception of the control.
func (r *reader) term(t *Test, name, value string) {
	switch name {
	case "Extent":
		if m := allOf.FindStringSubmatch(value); m != nil {
			n := number(m[1])
			t.Sample, t.Population, t.Full = &n, &n, true
		} else if m := selection.FindStringSubmatch(value); m != nil {
			n, of := number(m[1]), number(m[2])
			t.Sample, t.Population = &n, &of
		} else if value == "One instance" { // without the reason why one is enough
			n := 1
			t.Sample = &n
		}
	case "Result":
		t.Result = unsigned(value)
		if never.MatchString(value) {
			_, t.Zero, _ = strings.Cut(value, "was not tested. ")
		} else if strings.HasPrefix(strings.TrimLeft(value, signs), "Not tested:") {
			_, why, _ := strings.Cut(value, ": ")
			t.Untested = why
		}
	case "Management's response":
		if value != unanswered {
			for i, x := range r.p.Tests {
				if x.Control == t.Control && x.Response == "" {
					r.p.Tests[i].Response = value
				}
			}
			t.Response = value
		}
	}
}
