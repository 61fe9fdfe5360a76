package program

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// adviserData is one turn of the conversation. What was answered stands in the address and nowhere else.
type adviserData struct {
	Question *advise.Question // asked now; nil when the advice is shown
	Number   int              // of the question
	Of       int
	Error    string
	Values   []string // what was answered to it
	Said     []reply  // what was answered so far
	Hidden   []pair   // the answers so far, for the next turn
	Back     string
	Advice   *advise.Advice
	Open     []link // further questions that would sharpen the advice
}

type pair struct{ Name, Value string }

type link struct{ Path, Text string }

// reply is one answer with the address that asks again.
type reply struct{ Question, Answer, Change string }

func (p *Pages) adviser(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, _, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	if len(r.URL.RawQuery) > mostAnswers {
		return fault.Refuse("the answers are longer than %d bytes", mostAnswers)
	}
	d, err := p.turn(r.URL.Query(), p.today(f))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if d.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	return shell.Page(w, r, status, adviserPage(d))
}

const mostAnswers = 8000

// turn reads the answers so far, and finds what to ask next, or the advice.
func (p *Pages) turn(v url.Values, today civil.Date) (adviserData, error) {
	a := advise.Answers{Today: &today}
	questions := p.book.Questions()
	d := adviserData{}
	for _, q := range questions {
		if q.Role == "" {
			d.Of++
		}
	}
	done := v["done"]
	ask := v.Get("ask")
	said := map[string]bool{}
	for i, q := range questions {
		if !slices.Contains(done, q.ID) || q.ID == ask {
			continue
		}
		values := answer(q, v[q.ID])
		if err := p.book.Answer(&a, q.ID, values...); err != nil || len(values) == 0 && q.Kind != "many" && q.Kind != "countries" && q.Role == "" {
			d.Error = phrase.Mark("This question needs an answer: choose one, or write it down.")
			if err != nil {
				d.Error = err.Error()
			}
			d.asked(questions, i, v)
			return d, nil
		}
		said[q.ID] = true
		d.Said = append(d.Said, reply{q.Text, words(q, values), "/advise?" + asking(v, q.ID)})
	}
	for i, q := range questions {
		if q.ID == ask || ask == "" && q.Role == "" && !said[q.ID] {
			d.asked(questions, i, v)
			return d, nil
		}
	}
	if ask != "" {
		return d, fault.Refuse("there is no question %q", short(ask))
	}
	advice, err := p.book.Advise(a)
	if err != nil {
		return d, err
	}
	d.Advice = &advice
	for _, q := range questions {
		if !said[q.ID] {
			d.Open = append(d.Open, link{"/advise?" + asking(v, q.ID), q.Text})
		}
	}
	return d, nil
}

// asked puts a question, with what was answered to it before, and the other answers beside it.
func (d *adviserData) asked(questions []advise.Question, i int, v url.Values) {
	q := questions[i]
	d.Question, d.Number, d.Values = &q, i+1, v[q.ID]
	for _, o := range questions {
		if o.ID == q.ID || !slices.Contains(v["done"], o.ID) {
			continue
		}
		d.Hidden = append(d.Hidden, pair{"done", o.ID})
		for _, x := range v[o.ID] {
			d.Hidden = append(d.Hidden, pair{o.ID, x})
		}
	}
	for j := i - 1; j >= 0; j-- {
		if slices.Contains(v["done"], questions[j].ID) {
			d.Back = "/advise?" + asking(v, questions[j].ID)
			return
		}
	}
}

// asking is the address that asks a question again and keeps the answers.
func asking(v url.Values, id string) string {
	out := url.Values{}
	for k, list := range v {
		if k != "ask" {
			out[k] = list
		}
	}
	out.Set("ask", id)
	return out.Encode()
}

// answer reads what the form of a question sends.
func answer(q advise.Question, values []string) []string {
	var out []string
	for _, x := range values {
		x = strings.TrimSpace(x)
		switch {
		case q.Kind == "countries":
			out = append(out, items(strings.ToUpper(x), true)...)
		case x != "":
			out = append(out, x)
		}
	}
	if q.Kind == "date" && len(out) == 0 && len(values) > 0 {
		return []string{"none"} // an empty day is no day
	}
	return out
}

// words say an answer as its choices do.
func words(q advise.Question, values []string) string {
	var out []string
	for _, x := range values {
		for _, c := range q.Choices {
			if c.Value == x {
				x = c.Text
				break
			}
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return phrase.Mark("none")
	}
	return strings.Join(out, "; ")
}

func (d adviserData) has(value string) bool { return slices.Contains(d.Values, value) }

func (d adviserData) text() string {
	if len(d.Values) == 0 || d.Values[0] == "none" {
		return ""
	}
	return d.Values[0]
}

func questionCount(ctx context.Context, d adviserData) string {
	if d.Number > d.Of {
		return shell.T(ctx, "A further question")
	}
	return shell.T(ctx, "Question %s of %s", strconv.Itoa(d.Number), strconv.Itoa(d.Of))
}

// choiceText is a choice as a person reads it: with its value where that is a name of its own.
func choiceText(ctx context.Context, c advise.Choice) string {
	if c.Value != strings.ToLower(c.Value) && !strings.Contains(c.Text, c.Value) {
		return c.Value + ": " + shell.T(ctx, c.Text)
	}
	t := shell.T(ctx, c.Text)
	r, n := utf8.DecodeRuneInString(t)
	return string(unicode.ToUpper(r)) + t[n:]
}

func whenWord(ctx context.Context, when string) string {
	switch when {
	case "now":
		return shell.T(ctx, "now")
	case "next":
		return shell.T(ctx, "next")
	case "with":
		return shell.T(ctx, "with another report")
	}
	return when
}

func titles(reports []string) string {
	var out []string
	for _, r := range reports {
		out = append(out, advise.Title(r))
	}
	return strings.Join(out, ", ")
}

// place names a report with the country for which nobody prices it.
func place(u advise.Unpriced) string {
	if u.Country == "" {
		return advise.Title(u.Report)
	}
	return advise.Title(u.Report) + ", " + u.Country
}

// rests is what an argument rests on, with the names of questions as words.
func rests(s string) string { return strings.ReplaceAll(s, "_", " ") }
