package advise

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Answers are what somebody told the adviser. An empty text, a nil list and a nil pointer mean unanswered;
// a list that is empty but not nil means none.
type Answers struct {
	FinancialStatements string      // yes or no
	CustomerData        string      // yes or no
	AskedBy             []string    // auditors, finance, security, procurement, public, board, nobody
	ContractWords       []string    // SOC 1, SSAE 18, ISAE 3402, SOC 2, SOC 3, ISO 27001, Type 1, Type 2
	Countries           []string    // ISO 3166-1 alpha-2
	NeedBy              *civil.Date // the last day; civil.MaxDate when there is none
	MonthsOperated      *int        // full months in which controls ran and left records
	Stage               string      // seed, growth, enterprise
	Promises            []string    // uptime, processing, nda_data, personal_data
	Regulated           string      // yes or no
	PublicProof         string      // yes or no
	Proof               string      // design, operation: what customers expect
	Questionnaires      *int        // security questionnaires of the last twelve months
	Industry            string
	Funding             string      // own, raising, funded
	Subservice          string      // none, carve_out, inclusive
	Today               *civil.Date // the day of the advice, which the caller supplies
}

// slot returns where the answer to a question is kept, or nil when there is no such question.
func (a *Answers) slot(id string) any {
	switch id {
	case "financial_statements":
		return &a.FinancialStatements
	case "customer_data":
		return &a.CustomerData
	case "asked_by":
		return &a.AskedBy
	case "contract_words":
		return &a.ContractWords
	case "countries":
		return &a.Countries
	case "need_by":
		return &a.NeedBy
	case "months_operated":
		return &a.MonthsOperated
	case "stage":
		return &a.Stage
	case "promises":
		return &a.Promises
	case "regulated":
		return &a.Regulated
	case "public_proof":
		return &a.PublicProof
	case "proof":
		return &a.Proof
	case "questionnaires":
		return &a.Questionnaires
	case "industry":
		return &a.Industry
	case "funding":
		return &a.Funding
	case "subservice":
		return &a.Subservice
	case "today":
		return &a.Today
	}
	return nil
}

// fits reports whether a slot can hold answers of the kind.
func fits(slot any, kind string) bool {
	switch slot.(type) {
	case *string:
		return kind == "yes_no" || kind == "one"
	case *[]string:
		return kind == "many" || kind == "countries"
	case **civil.Date:
		return kind == "date"
	case **int:
		return kind == "number"
	}
	return false
}

// Answer sets the answer to one question from what a person typed: the values of a list one by one, or a single
// text. No values at all leaves the question unanswered, but for a list, where it means none.
func (b *Book) Answer(a *Answers, id string, values ...string) error {
	q, ok := b.question(id)
	if !ok {
		return fault.Refuse("there is no question %q; expected one of %s", id, strings.Join(b.ids(), ", "))
	}
	switch p := a.slot(id).(type) {
	case *[]string:
		return b.list(q, p, values)
	case *string:
		return q.single(values, func(s string) error {
			v, ok := q.choice(s)
			if !ok {
				return refuse(id, "%q is no answer; expected one of %s", s, strings.Join(q.values(), ", "))
			}
			*p = v
			return nil
		})
	case **civil.Date:
		return q.single(values, func(s string) error { return day(id, s, p) })
	case **int:
		return q.single(values, func(s string) error { return whole(id, s, p) })
	}
	return nil
}

func (q Question) single(values []string, set func(string) error) error {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return set(values[0])
	}
	return refuse(q.ID, "expected one answer, not a list of %d", len(values))
}

func day(id, s string, into **civil.Date) error {
	d := civil.MaxDate
	if s != "none" || id == "today" {
		var err error
		if d, err = civil.ParseDate(s); err != nil {
			return refuse(id, "%v", err)
		}
	}
	*into = &d
	return nil
}

// maxCount bounds counts of months and questionnaires: beyond it somebody mistyped.
const maxCount = 10000

func whole(id, s string, into **int) error {
	n, err := strconv.Atoi(s)
	if err != nil || n > maxCount || n < -maxCount || s != strconv.Itoa(n) {
		return refuse(id, "%q is no answer; expected a whole number up to %d, such as 6", s, maxCount)
	}
	*into = &n
	return nil
}

func (b *Book) list(q Question, into *[]string, values []string) error {
	out := []string{}
	for _, s := range values {
		v, ok := q.choice(s)
		if q.Kind == "countries" {
			v = strings.ToUpper(s)
			ok = b.countries[v]
		}
		switch {
		case v == "UK":
			return refuse(q.ID, `"UK" is no code of ISO 3166-1; the United Kingdom is GB`)
		case !ok && q.Kind == "countries":
			return refuse(q.ID, "%q is no country; expected codes of two letters (ISO 3166-1), such as US, IN, DE", s)
		case !ok:
			return refuse(q.ID, "%q is no answer; expected some of %s", s, strings.Join(q.values(), ", "))
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	*into = out
	return nil
}

func refuse(field, format string, args ...any) *fault.Error {
	return fault.At("", 0, field, format, args...)
}

func (b *Book) ids() []string {
	var out []string
	for _, q := range b.questions {
		out = append(out, q.ID)
	}
	return out
}

// open lists the questions of a role that have no answer.
func (b *Book) open(a Answers, role string) []string {
	out := []string{}
	for _, q := range b.questions {
		if _, answered := a.values(q.ID); q.Role == role && !answered {
			out = append(out, q.ID)
		}
	}
	return out
}

// values returns the answer to a question as it is written, and whether there is one.
func (a *Answers) values(id string) ([]string, bool) {
	switch p := a.slot(id).(type) {
	case *string:
		return []string{*p}, *p != ""
	case *[]string:
		return *p, *p != nil
	case **civil.Date:
		switch {
		case *p == nil:
			return nil, false
		case **p == civil.MaxDate:
			return []string{"none"}, true
		}
		return []string{(*p).String()}, true
	case **int:
		if *p == nil {
			return nil, false
		}
		return []string{strconv.Itoa(**p)}, true
	}
	return nil, false
}

// Open lists the questions that are not answered yet, in the order in which to ask them; the day of the advice is no
// question.
func (b *Book) Open(a Answers) []Question {
	var out []Question
	for _, q := range b.questions {
		if _, done := a.values(q.ID); !done && q.Role != "given" {
			out = append(out, q)
		}
	}
	return out
}

// YAML writes the answers as ParseAnswers reads them, for keeping; unanswered questions are left out.
func (b *Book) YAML(a Answers) []byte {
	var s strings.Builder
	for _, q := range b.questions {
		v, ok := a.values(q.ID)
		switch {
		case !ok:
		case q.Kind == "many" || q.Kind == "countries":
			fmt.Fprintf(&s, "%s: [%s]\n", q.ID, strings.Join(v, ", "))
		default:
			fmt.Fprintf(&s, "%s: %s\n", q.ID, v[0])
		}
	}
	return []byte(s.String())
}

// cite names inputs with their answers, as reasons rest on them: "customer_data: yes; asked_by: security".
func (a *Answers) cite(ids ...string) string {
	var out []string
	for _, id := range ids {
		v, ok := a.values(id)
		text := strings.Join(v, ", ")
		switch {
		case !ok:
			text = "unanswered"
		case text == "":
			text = "none"
		}
		out = append(out, id+": "+text)
	}
	return strings.Join(out, "; ")
}
