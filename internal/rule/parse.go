package rule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/register"
)

// Schemas answers which registers exist.
type Schemas interface {
	// Schema returns the schema of a register, or false.
	Schema(name string) (*register.Schema, bool)
	// Names lists the registers, for suggestions.
	Names() []string
}

// Parse reads and checks a test. File names it in errors, which carry line and column. Control is
// the id of the control that it tests: inspections are recorded by control. Every name is resolved
// and every operator's types are checked here, so that an engine never meets a rule that could
// mean something else than it says.
func Parse(file, control, text string, shape assure.Shape, schemas Schemas) (*Plan, error) {
	toks, err := lex(file, text)
	if err != nil {
		return nil, err
	}
	p := &parser{file: file, control: control, toks: toks, schemas: schemas, plan: &Plan{Text: text, Shape: shape},
		values: map[string]Expr{}, sets: map[string]*Set{}, weights: map[Expr]int{}}
	if err := p.test(); err != nil {
		return nil, err
	}
	return p.plan, nil
}

type parser struct {
	file    string
	control string
	toks    []token
	pos     int
	schemas Schemas
	plan    *Plan
	values  map[string]Expr // let NAME = expression
	sets    map[string]*Set // let NAME = set
	inner   []*Row          // the rows of the sets being read, innermost last
	depth   int
	weights map[Expr]int
}

const maxDepth = 60 // nesting of expressions; beyond it a rule is unreadable and the stack is at risk

func (p *parser) peek() token { return p.toks[p.pos] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != 0 {
		p.pos++
	}
	return t
}

func (p *parser) is(text string) bool {
	t := p.peek()
	return t.kind != 's' && t.kind != 0 && t.text == text
}

func (p *parser) take(text string) bool {
	if p.is(text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(text string) error {
	if !p.take(text) {
		return p.errAt(p.peek(), "found %s; expected %q", show(p.peek()), text)
	}
	return nil
}

func show(t token) string {
	switch t.kind {
	case 0:
		return "the end of the rule"
	case 's':
		return "'" + t.text + "'"
	}
	return strconv.Quote(t.text)
}

func (p *parser) name(what string) (token, error) {
	t := p.next()
	if t.kind != 'n' {
		return t, p.errAt(t, "found %s; expected %s", show(t), what)
	}
	return t, nil
}

func (p *parser) str(what string) (string, error) {
	t := p.next()
	if t.kind != 's' || t.text == "" {
		return "", p.errAt(t, "found %s; expected %s in single quotes", show(t), what)
	}
	return t.text, nil
}

// test = "each" source { "cross" source } { clause }
func (p *parser) test() error {
	if err := p.expect("each"); err != nil {
		return err
	}
	for {
		if err := p.source(); err != nil {
			return err
		}
		if !p.take("cross") {
			break
		}
	}
	for p.peek().kind != 0 {
		if err := p.clause(); err != nil {
			return err
		}
	}
	return p.finish()
}

func (p *parser) finish() error {
	end := p.peek()
	pl := p.plan
	if len(pl.Key) == 0 {
		return p.errAt(end, "the test has no key; expected: key FIELD, ...")
	}
	if len(pl.Checks) == 0 {
		return p.errAt(end, "the test checks nothing; expected: check A 'what must hold': CONDITION else 'reason'")
	}
	if (pl.Shape == assure.State) != (pl.During != nil) {
		return p.errAt(end, "a test of the state shape says \"during START to END\", the others say \"in period by\"")
	}
	if pl.Shape != assure.State && pl.When == nil {
		return p.errAt(end, "the test does not say which items belong to a period; expected: in period by FIELD")
	}
	if pl.Shape == assure.Schedule && pl.Due == nil {
		return p.errAt(end, "a schedule needs the instant by which an instance is due; expected: due INSTANT")
	}
	return p.bearable(end, pl.roots()...)
}

func (p *parser) source() error {
	r := &Row{}
	t, err := p.name("a register, weeks, months, quarters, halves, years, days, business days, every, distinct, gaps or spans")
	if err != nil {
		return err
	}
	switch t.text {
	case "quarters":
		r.Kind = FromQuarters
	case "months":
		r.Kind = FromMonths
	case "weeks":
		r.Kind = FromWeeks
	case "halves":
		r.Kind = FromHalves
	case "years":
		r.Kind = FromYears
	case "days":
		r.Kind = FromDays
	case "business":
		r.Kind = FromBusinessDays
		err = p.expect("days")
	case "every":
		err = p.sourceEvery(r)
	case "distinct":
		r.Kind = FromDistinct
		r.Schema, r.Field, err = p.fieldPath()
	case "spans":
		err = p.sourceSpans(r, FromSpans)
	case "gaps":
		err = p.sourceSpans(r, FromGaps)
	default:
		r.Kind = FromRegister
		r.Schema, err = p.schema(t)
		r.Name = t.text
	}
	if err != nil {
		return err
	}
	if p.take("as") {
		n, err := p.name("a name for the row")
		if err != nil {
			return err
		}
		if err := p.free(n); err != nil {
			return err
		}
		r.Name = n.text
	} else if r.Kind != FromRegister {
		return p.errAt(p.peek(), "found %s; expected \"as\" and a name for the row", show(p.peek()))
	}
	p.plan.Sources = append(p.plan.Sources, r)
	return nil
}

func (p *parser) sourceEvery(r *Row) error {
	r.Kind = FromEvery
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != 'i' || err != nil || n < 1 || n > 120 {
		return p.errAt(t, "found %s; expected a number of months from 1 to 120", show(t))
	}
	r.Every = n
	if err := p.expect("months"); err != nil {
		return err
	}
	if err := p.expect("from"); err != nil {
		return err
	}
	at := p.peek()
	r.Start, err = p.sum()
	if err == nil && r.Start.Type() != Date {
		err = p.errAt(at, "this is a %s; expected a date to count from", r.Start.Type())
	}
	return err
}

// sourceSpans reads "spans of REGISTER.FIELD by FIELD, ..." and "gaps of REGISTER.TIME by FIELD, ...".
func (p *parser) sourceSpans(r *Row, kind RowKind) error {
	r.Kind = kind
	if err := p.expect("of"); err != nil {
		return err
	}
	at := p.peek()
	var err error
	if r.Schema, r.Field, err = p.fieldPath(); err != nil {
		return err
	}
	if f, _ := r.Schema.Field(r.Field); kind == FromGaps && f.Type != register.Instant {
		return p.errAt(at, "%s.%s is a %s; gaps lie between times", r.Schema.Name, r.Field, typeOf(f.Type))
	}
	if kind == FromSpans && r.Schema.Snapshot == "" {
		return p.errAt(at, "the register %s holds no snapshots, so there are no spans between them", r.Schema.Name)
	}
	if err := p.expect("by"); err != nil {
		return err
	}
	for {
		t, err := p.name("a field that tells one thing from another")
		if err != nil {
			return err
		}
		if _, err := p.field(r.Schema, t); err != nil {
			return err
		}
		r.By = append(r.By, t.text)
		if !p.take(",") {
			return nil
		}
	}
}

func (p *parser) fieldPath() (*register.Schema, string, error) {
	t, err := p.name("a register")
	if err != nil {
		return nil, "", err
	}
	s, err := p.schema(t)
	if err != nil {
		return nil, "", err
	}
	if err := p.expect("."); err != nil {
		return nil, "", err
	}
	f, err := p.name("a field")
	if err != nil {
		return nil, "", err
	}
	_, err = p.field(s, f)
	return s, f.text, err
}

func (p *parser) schema(t token) (*register.Schema, error) {
	s, ok := p.schemas.Schema(t.text)
	if !ok {
		return nil, p.errAt(t, "there is no register or set %q%s", t.text, suggest(t.text, append(p.schemas.Names(), p.setNames()...)))
	}
	return s, nil
}

func (p *parser) field(s *register.Schema, t token) (register.Field, error) {
	f, ok := s.Field(t.text)
	if !ok {
		var names []string
		for _, f := range s.Fields {
			names = append(names, f.Name)
		}
		return f, p.errAt(t, "the register %s has no field %q%s", s.Name, t.text, suggest(t.text, names))
	}
	return f, nil
}

func (p *parser) setNames() []string {
	var out []string
	for n := range p.sets {
		out = append(out, n)
	}
	return out
}

var reserved = strings.Fields(`each cross as key in period by or during to open from due where let skip else check if and not
	exists none recorded count latest earliest first pick start end date of person owned human is known missing minutes hours days business months true false
	on known_at never unknown given weeks quarters halves years every distinct gaps spans either then`)

// free refuses a name that is taken, and names that the language needs.
func (p *parser) free(t token) error {
	if slices.Contains(reserved, t.text) {
		return p.errAt(t, "%q is a word of the language; choose another name", t.text)
	}
	if p.sourceNamed(t.text) != nil || p.values[t.text] != nil || p.sets[t.text] != nil {
		return p.errAt(t, "%q is already the name of something above", t.text)
	}
	return nil
}

func (p *parser) sourceNamed(name string) *Row {
	for _, r := range p.plan.Sources {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func (p *parser) clause() error {
	t, err := p.name("key, in, during, open, due, where, let, skip, check, performed or inspect")
	if err != nil {
		return err
	}
	switch t.text {
	case "key":
		return p.clauseKey()
	case "in":
		return p.clausePeriod()
	case "during":
		return p.span(&p.plan.During, t, "to")
	case "open":
		if err := p.expect("from"); err != nil {
			return err
		}
		return p.span(&p.plan.Open, t, "to")
	case "due":
		return p.once(&p.plan.Due, t, Instant)
	case "where":
		return p.once(&p.plan.Where, t, Bool)
	case "let":
		return p.clauseLet()
	case "skip":
		return p.clauseSkip()
	case "check":
		return p.clauseCheck()
	case "performed":
		return p.clausePerformed(t)
	case "inspect":
		return p.clauseInspect(t)
	}
	return p.errAt(t, "%q does not start a clause%s", t.text,
		suggest(t.text, []string{"key", "in", "during", "open", "due", "where", "let", "skip", "check", "performed", "inspect"}))
}

// once reads an expression of a type into a slot that may be filled only once.
func (p *parser) once(slot *Expr, t token, want Type) error {
	if *slot != nil {
		return p.errAt(t, "%q stands twice; join the conditions with and", t.text)
	}
	x, err := p.typed(want)
	*slot = x
	return err
}

func (p *parser) typed(want Type) (Expr, error) {
	at := p.peek()
	x, err := p.expr()
	if err != nil {
		return nil, err
	}
	if x.Type() != want {
		hint := ""
		if want == Instant && x.Type() == Date {
			hint = "; say \"start of\" or \"end of\" the date"
		}
		return nil, p.errAt(at, "this is a %s; expected a %s%s", x.Type(), want, hint)
	}
	return x, nil
}

func (p *parser) clauseKey() error {
	for {
		at := p.peek()
		x, err := p.sum()
		if err != nil {
			return err
		}
		if x.Type() != Text && x.Type() != Date {
			return p.errAt(at, "a part of the key is a %s; expected a text or a date", x.Type())
		}
		p.plan.Key = append(p.plan.Key, x)
		if !p.take(",") {
			return nil
		}
	}
}

func (p *parser) clausePeriod() error {
	t := p.peek()
	if err := p.expect("period"); err != nil {
		return err
	}
	if err := p.expect("by"); err != nil {
		return err
	}
	var args []Expr
	for {
		at := p.peek()
		x, err := p.sum()
		if err != nil {
			return err
		}
		if x.Type() != Instant && x.Type() != Date || len(args) > 0 && x.Type() != args[0].Type() {
			return p.errAt(at, "this is a %s; expected instants only, or dates only", x.Type())
		}
		args = append(args, x)
		if !p.take("or") {
			break
		}
	}
	if p.plan.When != nil {
		return p.errAt(t, "\"in period by\" stands twice")
	}
	p.plan.When = args[0]
	if len(args) > 1 {
		p.plan.When = &First{args}
	}
	return nil
}

func (p *parser) span(slot **Span, t token, sep string) error {
	if *slot != nil {
		return p.errAt(t, "%q stands twice", t.text)
	}
	from, err := p.typed(Instant)
	if err != nil {
		return err
	}
	if err := p.expect(sep); err != nil {
		return err
	}
	to, err := p.typed(Instant)
	*slot = &Span{from, to}
	return err
}

func (p *parser) clauseLet() error {
	n, err := p.name("a name")
	if err != nil {
		return err
	}
	if err := p.free(n); err != nil {
		return err
	}
	if err := p.expect("="); err != nil {
		return err
	}
	if p.startsSet() {
		s, err := p.set()
		if err != nil {
			return err
		}
		s.Name = n.text
		if s.Row.Name == s.Row.Schema.Name {
			s.Row.Name = n.text
		}
		p.sets[n.text] = s
		p.plan.Sets = append(p.plan.Sets, s)
		return nil
	}
	x, err := p.expr()
	if err != nil {
		return err
	}
	if err := p.bearable(n, x); err != nil {
		return err
	}
	v := &Named{n.text, x}
	p.values[n.text] = v
	p.plan.Values = append(p.plan.Values, v)
	return nil
}

// startsSet tells a set from a value: a set begins with a register's or a set's name that no dot follows.
func (p *parser) startsSet() bool {
	t := p.peek()
	if t.kind != 'n' || p.sourceNamed(t.text) != nil && p.toks[p.pos+1].text == "." {
		return false
	}
	_, reg := p.schemas.Schema(t.text)
	return (reg || p.sets[t.text] != nil) && p.toks[p.pos+1].text != "."
}

func (p *parser) clauseSkip() error {
	x, err := p.typed(Bool)
	if err != nil {
		return err
	}
	if err := p.expect("else"); err != nil {
		return err
	}
	reason, err := p.str("why the item is not applicable")
	p.plan.Skips = append(p.plan.Skips, Skip{x, reason})
	return err
}

// attribute reads what every attribute begins with: its letter, its text and when it applies.
func (p *parser) attribute(letters string) (*Check, error) {
	c := &Check{}
	t, err := p.name("the letter of the attribute")
	if err != nil {
		return nil, err
	}
	if len(t.text) != 1 || t.text < "A" || t.text > "Z" {
		return nil, p.errAt(t, "found %s; expected one capital letter", show(t))
	}
	if !strings.Contains(letters, t.text) {
		return nil, p.errAt(t, "the attribute %s cannot be inspected: an inspection holds the answers %s to %s", t.text, letters[:1], letters[len(letters)-1:])
	}
	for _, o := range p.plan.Checks {
		if o.ID == t.text {
			return nil, p.errAt(t, "the attribute %s stands twice", t.text)
		}
	}
	c.ID = t.text
	if c.Text, err = p.str("what must hold, in words"); err != nil {
		return nil, err
	}
	if p.take("if") {
		c.If, err = p.typed(Bool)
	}
	return c, err
}

// ask adds an attribute; a later one may ask "if A".
func (p *parser) ask(c *Check) {
	p.plan.Checks = append(p.plan.Checks, c)
	p.values[c.ID] = &Named{c.ID, And(c.If, c.Cond)}
}

func (p *parser) clauseCheck() error {
	c, err := p.attribute("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if err != nil {
		return err
	}
	if err := p.expect(":"); err != nil {
		return err
	}
	if c.Cond, err = p.typed(Bool); err != nil {
		return err
	}
	if err := p.expect("else"); err != nil {
		return err
	}
	c.Reason, err = p.str("what to say when it deviates")
	p.ask(c)
	return err
}

func suggest(got string, names []string) string { return register.DidYouMean(got, names) }
