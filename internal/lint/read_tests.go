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
		x := Criterion{ID: criterionID.FindString(cell(cells, cols, "criteria"))}
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
		if c != nil && text != "" || b.Table > 0 && t != nil {
			state = r.underControl(c, t, b, state)
		}
	}
	flush()
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
	case termed && name == "Criteria":
		c.Criteria = criterionID.FindAllString(value, -1)
	case t == nil:
	case strings.Contains(text, "Result:"):
		t.Result = text
		if m := itemsOf.FindStringSubmatch(text); m != nil {
			n := number(m[2])
			t.Sample = &n
		}
		t.Population = firstCount(t.Population, holds.FindStringSubmatch(text))
		return "result"
	case strings.HasPrefix(text, "Blocked:"):
		t.Result = text
		return "result"
	case state == "test" && b.Table == 0:
		t.Procedure = strings.TrimSpace(t.Procedure + "\n" + text)
	case b.Table > 0 && state != "answers" && len(b.Cells) > 0 && strings.HasPrefix(b.Cells[len(b.Cells)-1], "Management's response"):
		return "answers"
	case b.Table > 0 && state == "answers":
		if a := strings.TrimSpace(b.Cells[len(b.Cells)-1]); a != "" && a != "No response is recorded." {
			t.Response = a
		}
	case b.Table == 0 && state == "answers":
		return "result"
	}
	return state
}
