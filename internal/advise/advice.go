package advise

import (
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Reason is an argument: the rule that makes it, the answers it rests on, and what it says.
type Reason struct {
	Rule  string // R1 to R10, or a word such as target
	Rests string // "customer_data: yes; asked_by: security"
	Says  string
}

// String prints the argument with the answers it rests on.
func (r Reason) String() string {
	if r.Rests == "" {
		return capital(r.Says) + " [" + r.Rule + "]"
	}
	return capital(r.Says) + " (" + r.Rests + ") [" + r.Rule + "]"
}

// MarshalText writes the reason as one text, as the JSON of the advice has it.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Recommendation is a report to have. Either AsOf is set, or From and To, or none where the report is not planned here.
type Recommendation struct {
	Report  string      `json:"report"` // as `assay init --report` names it, or soc-cybersecurity
	Title   string      `json:"title"`
	When    string      `json:"when"` // now, next, or "with" another report
	Why     []Reason    `json:"why"`
	Against []Reason    `json:"against"`
	AsOf    *civil.Date `json:"as_of,omitempty"` // suggested date of a Type 1
	From    *civil.Date `json:"from,omitempty"`  // suggested period, both days in it
	To      *civil.Date `json:"to,omitempty"`
	Outside bool        `json:"outside,omitempty"` // not prepared by this product
	Init    []string    `json:"init,omitempty"`    // arguments of `assay init` that follow the advice; name and zone are the caller's
}

// Rejected is a report that is not recommended, with the reason.
type Rejected struct {
	Report string `json:"report"`
	Why    string `json:"why"`
}

// Category is a category of SOC 2 and SOC 3, taken or left, with the reason.
type Category struct {
	Category string `json:"category"`
	Taken    bool   `json:"taken"`
	Why      Reason `json:"why"`
}

// Advice is the answer. Lists are never nil, so that JSON always has them.
type Advice struct {
	Today           civil.Date       `json:"today"`
	Summary         string           `json:"summary"`
	Reports         []Recommendation `json:"reports"` // empty when nobody needs one yet
	Categories      []string         `json:"categories"`
	CategoryReasons []Category       `json:"category_reasons"`
	Not             []Rejected       `json:"not"`
	Contradictions  []string         `json:"contradictions"` // between answers; [] when there is none
	Notes           []string         `json:"notes"`
	Cost            []Cost           `json:"cost"`
	Unpriced        []Unpriced       `json:"unpriced"`
	CostNotes       []string         `json:"cost_notes"`
	Timeline        []Step           `json:"timeline"`
	Missing         []string         `json:"missing"`  // questions without an answer
	Optional        []string         `json:"optional"` // further questions without an answer, which would sharpen the advice
	Sources         []Source         `json:"sources"`
}

// Advise answers. It refuses only answers that do not say what day it is; contradictions between answers are
// part of the advice, since a person has to resolve them.
func (b *Book) Advise(a Answers) (Advice, error) {
	if a.Today == nil {
		return Advice{}, fault.Refuse("the answers do not say what day it is; expected `today: YYYY-MM-DD` or the caller's day")
	}
	c := &chooser{book: b, a: a, today: *a.Today, drafts: map[string]*draft{}, left: map[string]Reason{}}
	for _, r := range rules {
		c.rule = r.name
		r.apply(c)
	}
	out := Advice{
		Today: c.today, Reports: c.reports(), Contradictions: contradict(c), Missing: b.open(a, ""), Optional: b.open(a, optional),
		Categories: []string{}, CategoryReasons: []Category{}, CostNotes: []string{}, Notes: c.notes(), Sources: b.Sources(),
	}
	out.Not = c.rejected(out.Reports)
	if c.has(trust) {
		out.CategoryReasons = c.categories()
		for _, k := range out.CategoryReasons {
			if k.Taken {
				out.Categories = append(out.Categories, k.Category)
			}
		}
	}
	out.Timeline = c.plan(out.Reports)
	c.initiate(out.Reports, out.Categories)
	out.Cost, out.Unpriced = b.cost(a, out.Reports)
	if len(out.Reports) > 0 {
		out.CostNotes = b.beyond(a, out.Categories)
	}
	out.Summary = summary(out)
	return out, nil
}

// Init returns the arguments of `assay init`, but for name and zone, that follow the advice: for the first report
// that this product prepares, or for the one named. False when there is none.
func (a Advice) Init(report string) ([]string, bool) {
	for _, r := range a.Reports {
		if (report == "" || r.Report == report) && len(r.Init) > 0 {
			return r.Init, true
		}
	}
	return nil, false
}

// objectives are the families of control objectives that an industry brings into a SOC 1.
var objectives = map[string]string{
	"payroll": "PAY", "hr_platform": "PAY", "billing": "BIL", "lending": "LNS", "trust": "TRC", "data_center": "DCN", "cloud": "DCN",
}

// initiate fills in the arguments that found an organization for each report.
func (c *chooser) initiate(reports []Recommendation, categories []string) {
	for i := range reports {
		r := &reports[i]
		if r.Outside {
			continue
		}
		r.Init = []string{"--report", r.Report}
		switch {
		case r.AsOf != nil:
			r.Init = append(r.Init, "--as-of", r.AsOf.String())
		case r.From != nil:
			r.Init = append(r.Init, "--from", r.From.String(), "--to", r.To.String())
		}
		if family, _, _ := strings.Cut(r.Report, "-"); family == trust || family == public {
			r.Init = append(r.Init, "--categories", strings.Join(categories, ","))
		}
		if code := objectives[c.a.Industry]; code != "" && isFinance(r.Report) {
			r.Init = append(r.Init, "--objectives", code)
		}
	}
}

func isFinance(report string) bool {
	family, _, _ := strings.Cut(report, "-")
	return family == "soc1" || family == "isae3402" || family == "dual"
}

// Title is how people call a report of an identifier.
func Title(report string) string {
	names := map[string]string{
		"soc1": "SOC 1", "soc2": "SOC 2", "soc3": "SOC 3", "isae3402": "ISAE 3402", "dual": "SOC 1 and ISAE 3402",
		"iso27001": "ISO/IEC 27001 certificate", "soc-cybersecurity": "SOC for Cybersecurity",
	}
	if t, ok := names[report]; ok {
		return t
	}
	family, kind, _ := strings.Cut(report, "-")
	switch kind {
	case "type1":
		return names[family] + " Type 1"
	case "type2":
		return names[family] + " Type 2"
	}
	return report
}

func summary(a Advice) string {
	if len(a.Reports) == 0 {
		return "None yet: get ready, and keep the records from now on."
	}
	var parts []string
	for _, r := range a.Reports {
		parts = append(parts, r.when()+": "+r.Title)
	}
	return capital(strings.Join(parts, "; ")) + "."
}

// when says in words when the report comes.
func (r Recommendation) when() string {
	w := r.When
	if with, ok := strings.CutPrefix(w, "with "); ok {
		w = "with the " + Title(with)
	}
	if r.Outside {
		w += ", outside this product"
	}
	return w
}

// capital writes the first letter large; all texts here begin with an ASCII letter or a digit.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
