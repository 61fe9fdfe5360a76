package advise

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// The families of reports that a rule can recommend.
const (
	finance = "soc1" // as SOC 1, ISAE 3402 or both in one
	trust   = "soc2"
	public  = "soc3"
	isms    = "iso27001"
	cyber   = "soc-cybersecurity"
)

// chooser holds the state of one piece of advice while the rules work on it.
type chooser struct {
	book   *Book
	a      Answers
	today  civil.Date
	rule   string // the rule at work, which signs reasons
	none   bool   // nobody needs a report
	drafts map[string]*draft
	left   map[string]Reason // why a family is not recommended

	type1, type2     bool // which types the SOC families get
	near             bool // the day is too near for a Type 2
	why1, against1   []Reason
	why2, against2   []Reason
	reject1, reject2 Reason // why a type is not recommended
	financeAs        string // soc1, isae3402 or dual
	financeWhy       Reason
}

// draft is a family that is recommended so far.
type draft struct {
	when         string
	why, against []Reason
}

// rule is one rule of the adviser; order matters, since later ones read what earlier ones recommend.
type rule struct {
	name  string
	apply func(*chooser)
}

var rules = []rule{
	{"R9", nobodyAsks}, {"R1", financialStatements}, {"R1", whichStandard}, {"R2", customerData}, {"R3", bothReports},
	{"R4", publicPaper}, {"R5", managedSystem}, {"R10", ownBoard},
	{"target", typeTwoIsTheTarget}, {"R6", dayTooNear}, {"R7", youngControls}, {"R8", proofOfOperation}, {"subservice", providers},
}

func (c *chooser) reason(says, rests string) Reason { return Reason{c.rule, rests, says} }

// take recommends a family, now unless it stands already.
func (c *chooser) take(family, says string, inputs ...string) {
	d := c.drafts[family]
	if d == nil {
		d = &draft{when: "now"}
		c.drafts[family] = d
	}
	d.why = append(d.why, c.reason(says, c.a.cite(inputs...)))
	delete(c.left, family)
}

// object adds a counter-argument to a family that is recommended.
func (c *chooser) object(family, says string, inputs ...string) {
	if d := c.drafts[family]; d != nil {
		d.against = append(d.against, c.reason(says, c.a.cite(inputs...)))
	}
}

// leave says why a family is not recommended, and takes it back if it was.
func (c *chooser) leave(family, says string, inputs ...string) {
	delete(c.drafts, family)
	c.left[family] = c.reason(says, c.a.cite(inputs...))
}

func (c *chooser) has(family string) bool { return c.drafts[family] != nil }

func (c *chooser) asked(who ...string) bool {
	return slices.ContainsFunc(who, func(w string) bool { return slices.Contains(c.a.AskedBy, w) })
}

func (c *chooser) word(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(c.a.ContractWords, w) })
}

// manyQuestionnaires is from when on answering one by one is a request in itself.
const manyQuestionnaires = 5

func (c *chooser) questioned() bool {
	return c.a.Questionnaires != nil && *c.a.Questionnaires >= manyQuestionnaires
}

// financeAsks: a stakeholder who looks at financial reporting.
func (c *chooser) financeAsks() bool {
	return c.asked("auditors", "finance") || c.word("SOC 1", "SSAE 18", "ISAE 3402")
}

// securityAsks: a stakeholder who looks at security and trust.
func (c *chooser) securityAsks() bool {
	return c.asked("security", "procurement") || c.word("SOC 2") || c.questioned()
}

// publicAsks: somebody wants a paper for everybody.
func (c *chooser) publicAsks() bool {
	return c.asked("public") || c.word("SOC 3") || c.a.PublicProof == "yes"
}

// nobodyAsks is R9: without a reader a report is money spent on paper.
func nobodyAsks(c *chooser) {
	silent := c.a.AskedBy != nil && !c.asked("auditors", "finance", "security", "procurement", "public", "board")
	if !silent || len(c.a.ContractWords) > 0 || c.a.PublicProof == "yes" || c.questioned() {
		return
	}
	c.none = true
	for _, f := range []string{finance, trust, public, isms, cyber} {
		c.leave(f, "nobody asks for it yet; get ready instead, so that the months ahead already count", "asked_by", "contract_words")
	}
}

// bookkeeping are the industries whose services usually reach customers' books.
var bookkeeping = []string{"payroll", "billing", "accounting", "lending", "trust", "fintech"}

// financialStatements is R1: an error here can reach a customer's financial statements.
func financialStatements(c *chooser) {
	switch {
	case c.none:
	case c.a.FinancialStatements == "no" && c.financeAsks():
		c.leave(finance, "nothing here can reach customers' financial statements, which is what it is about; ask those who want it what they need", "financial_statements", "asked_by", "contract_words")
	case c.a.FinancialStatements == "no":
		c.leave(finance, "nothing here can reach customers' financial statements", "financial_statements")
	case c.a.FinancialStatements == "yes" && c.onlySecurity():
		c.rule = "R3"
		c.leave(finance, "only people concerned with security ask so far; it follows when a customer's auditors or finance people do", "financial_statements", "asked_by", "contract_words")
	case c.a.FinancialStatements == "yes":
		c.take(finance, "an error in the service can end up in customers' financial statements, so their auditors must look at its controls", "financial_statements")
		if !c.financeAsks() {
			c.object(finance, "no customer's auditor or finance department is known to ask; confirm that one will rely on it", "asked_by", "contract_words")
		}
	case c.financeAsks() || slices.Contains(bookkeeping, c.a.Industry) && !c.securityAsks():
		c.take(finance, "for the time being: those who ask, or the line of business, point to financial reporting", "asked_by", "contract_words", "industry")
		c.object(finance, "whether errors can reach financial statements is not answered, and decides it", "financial_statements")
	default:
		c.leave(finance, "nothing said so far points to customers' financial statements", "financial_statements", "asked_by")
	}
}

// onlySecurity: both reports would fit what the service does, and only one group of readers exists.
func (c *chooser) onlySecurity() bool {
	return c.a.AskedBy != nil && c.a.CustomerData == "yes" && c.securityAsks() && !c.financeAsks()
}

// whichStandard chooses between the AICPA standard, the international one and both in one report.
func whichStandard(c *chooser) {
	if !c.has(finance) {
		return
	}
	us := slices.Contains(c.a.Countries, "US") || c.word("SOC 1", "SSAE 18")
	abroad := c.word("ISAE 3402") || slices.ContainsFunc(c.a.Countries, func(k string) bool { return k != "US" })
	switch {
	case us && abroad:
		c.financeAs = "dual"
		c.financeWhy = c.reason("readers in and outside the United States: one report under both standards serves both", c.a.cite("countries", "contract_words"))
		c.object(finance, "a dual report holds to the stricter rule of both standards wherever they differ, and not every firm offers it", "countries", "contract_words")
	case abroad:
		c.financeAs = "isae3402"
		c.financeWhy = c.reason("customers' auditors outside the United States work under international standards", c.a.cite("countries", "contract_words"))
		c.object(finance, "a customer who comes to report in the United States will ask for SOC 1; the dual report then has both", "countries")
	default:
		c.financeAs = "soc1"
		c.financeWhy = c.reason("nothing calls for the international standard", c.a.cite("countries", "contract_words"))
	}
	c.drafts[finance].why = append(c.drafts[finance].why, c.financeWhy)
}

// customerData is R2: customers' data or systems, and somebody concerned with security asks.
func customerData(c *chooser) {
	switch {
	case c.none:
	case c.a.CustomerData == "no":
		c.leave(trust, "no customers' data and no systems run for them: there is little it could speak of", "customer_data")
	case c.a.CustomerData == "yes" && c.securityAsks():
		c.take(trust, "you hold customers' data or run systems for them, and those concerned with security want to see how it is guarded", "customer_data", "asked_by", "contract_words", "questionnaires")
		c.object(trust, "it takes preparation and every year again an audit; a single customer may be content with answered questions", "asked_by", "questionnaires")
	case c.securityAsks():
		c.take(trust, "for the time being: those who ask are concerned with security", "asked_by", "contract_words", "questionnaires")
		c.object(trust, "whether you hold customers' data or run systems for them is not answered, and decides it", "customer_data")
	case c.a.CustomerData == "yes" && c.a.AskedBy == nil && !c.has(finance):
		c.take(trust, "for the time being: who holds customers' data is usually asked for it", "customer_data")
		c.object(trust, "who asks is not answered; ask customers before you pay for a report", "asked_by")
	case c.a.CustomerData == "yes":
		c.leave(trust, "you hold customers' data, but nobody concerned with security asks for it", "customer_data", "asked_by", "contract_words")
	default:
		c.leave(trust, "nobody concerned with security asks, and customers' data are not spoken of", "customer_data", "asked_by")
	}
}

// bothReports is R3: both needs all three: financial effect, customers' data, and two groups of readers.
func bothReports(c *chooser) {
	if !c.has(finance) || !c.has(trust) || !c.financeAsks() || !c.securityAsks() {
		return
	}
	says := "two groups of readers with two concerns, books and data: neither report answers the other's; controls and evidence are shared"
	c.take(finance, says, "financial_statements", "customer_data", "asked_by")
	c.take(trust, says, "financial_statements", "customer_data", "asked_by")
	if c.a.Funding == "own" {
		c.object(trust, "two reports on a tight budget: begin with the one whose readers hold up contracts, and let the other follow", "funding")
	}
}

// publicPaper is R4: a SOC 3 comes out of the work of a SOC 2 Type 2, and never without it.
func publicPaper(c *chooser) {
	switch {
	case c.none:
	case !c.publicAsks():
		c.leave(public, "nobody wants a paper for everybody", "public_proof", "asked_by")
	case c.a.CustomerData == "no":
		c.leave(public, "it rests on a SOC 2 Type 2, for which there is no ground here", "public_proof", "customer_data")
	default:
		c.take(trust, "the public paper that is wanted rests on it", "public_proof", "asked_by")
		c.take(public, "a paper is wanted that anybody may read: it comes from the same work as the SOC 2 Type 2", "public_proof", "asked_by", "contract_words")
		c.drafts[public].when = "with soc2-type2"
		if c.a.CustomerData == "" {
			c.object(trust, "whether you hold customers' data or run systems for them is not answered, and decides it", "customer_data")
		}
		c.object(public, "it has no tests and no results; buyers with a security department still ask for the SOC 2", "public_proof")
		if c.a.Funding == "own" {
			c.object(public, "another document to pay for: on a tight budget it can wait a year", "funding")
		}
	}
}

// managedSystem is R5: where only a managed system is asked for, or a European tender, ISO/IEC 27001 comes first.
func managedSystem(c *chooser) {
	tender := c.asked("procurement") && !c.asked("security") && !c.word("SOC 2") && c.allEuropean()
	switch {
	case c.none:
		return
	case c.word("ISO 27001"):
		c.take(isms, "contracts or tenders name it", "contract_words")
	case tender:
		c.take(isms, "purchasing in Europe asks, and there a certificate for the management system is what tenders usually want", "asked_by", "countries")
	default:
		c.leave(isms, "neither a contract nor a European tender asks for it", "contract_words", "asked_by", "countries")
		if c.allEuropean() {
			c.object(trust, "many European buyers take an ISO/IEC 27001 certificate; ask whether they would", "countries")
		}
		return
	}
	c.object(isms, "it shows that security is managed, and says nothing of single controls over a period; it binds you to an audit every year", "contract_words")
	if !c.has(trust) || c.word("SOC 2") || slices.Contains(c.a.Countries, "US") {
		return
	}
	if c.asked("security") || c.publicAsks() {
		c.drafts[trust].when = "next"
		c.object(trust, "the ISO/IEC 27001 certificate comes first here, and may be enough for a while: its controls carry most of the criteria", "contract_words", "countries")
		return
	}
	c.leave(trust, "only a managed system is asked for; the controls are mapped to the Trust Services Criteria as well, so that it can follow without new work", "contract_words", "asked_by", "countries")
}

func (c *chooser) allEuropean() bool {
	for _, k := range c.a.Countries {
		if !slices.Contains(c.book.europe, k) {
			return false
		}
	}
	return len(c.a.Countries) > 0
}

// ownBoard is R10: the programme of the whole company, for its own board and investors, is another examination.
func ownBoard(c *chooser) {
	switch {
	case c.none:
	case !c.asked("board"):
		c.leave(cyber, "no board and no investor asks about the programme of the whole company", "asked_by")
	default:
		c.take(cyber, "your own board or investors ask about security across the whole company, which is another examination", "asked_by", "funding")
		c.object(cyber, "outside this product; a plain report to the board on readiness may do", "asked_by")
		if len(c.drafts) > 1 {
			c.drafts[cyber].when = "next"
		}
	}
}

// providers speaks of the providers that the service rests on.
func providers(c *chooser) {
	for _, f := range []string{finance, trust} {
		switch c.a.Subservice {
		case "carve_out":
			c.object(f, "the provider's controls stay outside: readers need the provider's own report, and you need a control that watches it", "subservice")
		case "inclusive":
			c.object(f, "the provider must sign an assertion of its own and have its controls tested; without its consent the method fails", "subservice")
		}
	}
}

// notes say what does not decide, and should be known.
func (c *chooser) notes() []string {
	out := []string{}
	if len(c.drafts) == 0 && !c.none {
		said := "Somebody asks, but for nothing that fits these answers: talk to them before paying for a report."
		if len(c.a.AskedBy) == 0 {
			said = "Nobody has said yet who asks for a report; without that these answers lead to none."
		}
		out = append(out, said)
	}
	if c.none && c.a.FinancialStatements == "yes" {
		out = append(out, "Errors here can reach customers' financial statements: sooner or later their auditors will ask for a SOC 1 or ISAE 3402 report.")
	}
	if c.none && c.a.CustomerData == "yes" {
		out = append(out, "You hold customers' data: the first larger customer will probably ask for a SOC 2 report. Months with records count from now on.")
	}
	if c.has(isms) && !c.has(trust) {
		out = append(out, "Every control of the library is mapped to Annex A and to the Trust Services Criteria: evidence kept for one serves the other.")
	}
	if c.has(finance) && c.has(trust) {
		out = append(out, "One control, one piece of evidence, two reports: the general controls over information technology serve both.")
	}
	if n := c.a.Questionnaires; n != nil && *n > 0 && c.has(trust) {
		out = append(out, fmt.Sprintf("%d questionnaires in a year: most of their questions can be answered by pointing to the report.", *n))
	}
	return out
}

// rejected lists what is not recommended: the families left, and the types of the families taken.
func (c *chooser) rejected(reports []Recommendation) []Rejected {
	out := []Rejected{}
	for _, f := range []string{finance, trust, public, isms, cyber} {
		name := f
		if f == finance || f == trust {
			name += "-type2"
		}
		if r, ok := c.left[f]; ok {
			out = append(out, Rejected{name, r.String()})
			continue
		}
		if f != finance && f != trust {
			continue
		}
		if f == finance {
			f = c.financeAs
		}
		for kind, why := range map[string]Reason{"-type1": c.reject1, "-type2": c.reject2} {
			if why.Says != "" && !slices.ContainsFunc(reports, func(r Recommendation) bool { return r.Report == f+kind }) {
				out = append(out, Rejected{f + kind, why.String()})
			}
		}
		if f == "dual" || f == "isae3402" {
			out = append(out, Rejected{"soc1-type2", c.financeWhy.String()})
		}
	}
	slices.SortStableFunc(out, func(x, y Rejected) int { return strings.Compare(x.Report, y.Report) })
	return out
}
