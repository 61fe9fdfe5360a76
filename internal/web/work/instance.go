package work

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/web/shell"
)

type instanceData struct {
	Control    assure.Control
	Key        string
	Open       []operate.Task // whose turn it is; none when nothing is due
	Mine       bool
	Questions  []operate.Question
	Given      *operate.Inspection
	Evidence   []operate.Exhibit // that the reader may see
	Sent       []operate.SentNotice
	History    []record.Known // of the inspection
	Records    bool           // the reader sees records and their proofs
	Path       []operate.Step
	AssignForm shell.Form
	GiveForm   shell.Form
	Form       shell.Form // head of the checklist: what is common to its answers
	Errors     map[string]string
	Stale      *staleView
	Zone       civil.Zone
	Today      civil.Date
	Back       string
}

func (d instanceData) path() string { return instancePath(d.Control.ID, d.Key) }

func (d instanceData) due() *operate.Task {
	if len(d.Open) == 0 {
		return nil
	}
	return &d.Open[0]
}

func (p *Pages) control(r *http.Request, want string) (assure.Control, error) {
	list, err := p.o.Controls.Controls(r.Context(), p.o.Org)
	if err != nil {
		return assure.Control{}, err
	}
	for _, c := range list {
		if c.ID == want {
			return c, nil
		}
	}
	return assure.Control{}, notFound("control " + want)
}

// look puts together what the reader may see of an instance. To who sees no results, one that is not theirs answers like a missing one.
func (p *Pages) look(r *http.Request) (instanceData, error) {
	ctx := r.Context()
	control, err := p.control(r, r.PathValue("control"))
	if err != nil {
		return instanceData{}, err
	}
	d := instanceData{Control: control, Key: r.PathValue("key"), Records: shell.May(ctx, access.ReadRecords), Path: operate.Path(control.Escalation), Zone: p.o.Zone, Today: p.today(), Errors: map[string]string{}}
	tasks, err := p.o.Board.Tasks(ctx, p.o.Org, d.Today+ahead)
	if err != nil {
		return d, err
	}
	d.Open = slices.DeleteFunc(slices.Clone(tasks), func(t operate.Task) bool { return t.Control != control.ID || t.Key != d.Key })
	d.Mine = len(operate.Of(d.Open, access.From(ctx).Email)) > 0
	if !d.Mine && !shell.May(ctx, access.ReadResults) {
		return d, notFound("instance " + d.Key)
	}
	if d.Questions, err = p.o.Checklists.Questions(ctx, p.o.Org, control.ID, d.Key); err != nil {
		return d, err
	}
	if d.Mine || d.Records { // who has to answer sees what was answered
		var k record.Known
		if d.Given, k, err = p.o.Locker.Inspected(ctx, p.o.Org, control.ID, d.Key); err != nil {
			return d, err
		}
		if d.Given != nil && d.Records {
			if d.History, err = p.o.Desk.Books.History(ctx, p.o.Org, "inspections", k.Key); err != nil {
				return d, err
			}
		}
	}
	if err := p.lookEvidence(r, &d); err != nil {
		return d, err
	}
	if len(d.Open) == 0 && d.Given == nil && len(d.Evidence) == 0 && len(d.Questions) == 0 {
		return d, notFound("instance " + d.Key)
	}
	return d, p.instanceForms(r, &d)
}

// lookEvidence gives the evidence of the instance: all to who reads records, else what the reader gave.
func (p *Pages) lookEvidence(r *http.Request, d *instanceData) error {
	ctx := r.Context()
	list, _, err := p.o.Locker.List(ctx, p.o.Org, d.Control.ID, d.Key, "", 0, 200)
	if err != nil {
		return err
	}
	me := access.From(ctx).Email
	d.Evidence = slices.DeleteFunc(list, func(x operate.Exhibit) bool { return !d.Records && !strings.EqualFold(x.By, me) })
	if t := d.due(); t != nil && shell.May(ctx, access.ReadResults) {
		sent, err := p.o.Desk.Sent(ctx, p.o.Org, d.Control.ID, t.Due)
		if err != nil {
			return err
		}
		d.Sent = slices.DeleteFunc(sent, func(s operate.SentNotice) bool { return s.Key != d.Key })
	}
	return nil
}

func (p *Pages) instanceForms(r *http.Request, d *instanceData) error {
	ctx := r.Context()
	d.Form = p.checklistForm(r, *d)
	d.GiveForm = giveFields(ctx, operate.Given{Control: d.Control.ID, Item: d.Key}, d.path())
	if !shell.May(ctx, access.RunWork) {
		return nil
	}
	members, err := p.o.Board.Team.Members(ctx, p.o.Org)
	if err != nil {
		return err
	}
	a, err := p.o.Board.Assignment(ctx, p.o.Org, d.Control.ID, d.Key)
	if err != nil {
		return err
	}
	version, who := 0, ""
	if a != nil {
		version, who = a.Version, a.Assignee
	}
	options := []shell.Option{{Value: "", Text: shell.T(ctx, "Choose a person")}}
	for _, m := range members {
		text := m.Name
		if text == "" {
			text = m.Email
		}
		options = append(options, shell.Option{Value: strings.ToLower(m.Email), Text: text})
	}
	d.AssignForm = shell.Form{Action: d.path() + "/assign", Submit: shell.T(ctx, "Assign"), Hidden: map[string]string{"version": strconv.Itoa(version)}, Fields: []shell.Field{
		{Name: "assignee", Label: shell.T(ctx, "Who does it"), Type: "select", Options: options, Value: who, Required: true},
		{Name: "why", Label: shell.T(ctx, "Why")},
	}}
	return nil
}

// instance is one occurrence of a control: what is asked, what was given, and what happens if it is late.
func (p *Pages) instance(w http.ResponseWriter, r *http.Request) error {
	d, err := p.look(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, instancePage(d))
}

// checklistForm is what an inspection says beside the answers.
func (p *Pages) checklistForm(r *http.Request, d instanceData) shell.Form {
	ctx := r.Context()
	var was operate.Inspection
	if d.Given != nil {
		was = *d.Given
	}
	kinds := []shell.Option{{Value: "", Text: shell.T(ctx, "Not stated")}, {Value: "system_record", Text: shell.T(ctx, "A record that a system wrote")},
		{Value: "signed_record", Text: shell.T(ctx, "A record that somebody signed")}, {Value: "document", Text: shell.T(ctx, "A document")}, {Value: "statement", Text: shell.T(ctx, "A statement")}}
	return shell.Form{Action: d.path(), Submit: shell.T(ctx, "Record the answers"), Hidden: map[string]string{"version": strconv.Itoa(was.Version)}, Fields: []shell.Field{
		{Name: "performed_on", Label: shell.T(ctx, "Performed on"), Type: "date", Value: text(was.PerformedOn)},
		{Name: "performed_by", Label: shell.T(ctx, "Performed by"), Value: was.PerformedBy},
		{Name: "evidence_kind", Label: shell.T(ctx, "What the evidence is"), Type: "select", Options: kinds, Value: was.Kind},
		{Name: "evidence_dated_on", Label: shell.T(ctx, "The evidence is dated"), Type: "date", Value: text(was.Dated), Help: shell.T(ctx, "When it was made, by its own metadata.")},
		{Name: "note", Label: shell.T(ctx, "Note"), Type: "area", Value: was.Note},
	}}
}

func text(d *civil.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// inspect records the answers of a checklist.
func (p *Pages) inspect(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx := r.Context()
	d, err := p.look(r)
	if err != nil {
		return err
	}
	if !d.Mine && !shell.May(ctx, access.ReadRecords) { // a reader of results alone answers nothing
		return &fault.Error{Kind: fault.Denied, What: shell.T(ctx, "it is assigned to somebody else")}
	}
	i, err := p.answersOf(r, d)
	if err == nil {
		err = p.o.Locker.Inspect(ctx, p.actor(ctx), i)
	}
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The answers are recorded.")})
		return shell.Redirect(w, r, d.path())
	}
	if !refused(err) {
		return err
	}
	d.Given = &i
	d.Form = d.Form.Filled(r)
	var stale *operate.Stale
	if errors.As(err, &stale) {
		d.Stale = p.stale(ctx, stale)
		d.Form.Hidden["version"] = strconv.Itoa(stale.Current.Version)
		d.Form.Error = stale.Error()
		return shell.Page(w, r, http.StatusConflict, instancePage(d))
	}
	d.Form = d.Form.WithErrors(err)
	return shell.Page(w, r, http.StatusUnprocessableEntity, instancePage(d))
}

func (p *Pages) answersOf(r *http.Request, d instanceData) (operate.Inspection, error) {
	i := operate.Inspection{Control: d.Control.ID, Item: d.Key, Answers: map[string]string{}, Evidence: map[string][]string{},
		Kind: shell.Value(r, "evidence_kind"), PerformedBy: shell.Value(r, "performed_by"), Note: shell.Value(r, "note")}
	var errs [3]error
	i.Version, errs[0] = versionOf(r)
	i.PerformedOn, errs[1] = dateOf(r, "performed_on")
	i.Dated, errs[2] = dateOf(r, "evidence_dated_on")
	for _, q := range d.Questions {
		if q.When {
			continue
		}
		i.Answers[q.Letter] = shell.Value(r, "answer_"+q.Letter)
		for _, x := range r.PostForm["evidence_"+q.Letter] {
			// What the page did not offer is not taken: it may be something that the reader does not see.
			if slices.ContainsFunc(d.Evidence, func(e operate.Exhibit) bool { return e.ID == x }) {
				i.Evidence[q.Letter] = append(i.Evidence[q.Letter], x)
			}
		}
	}
	// Evidence that others gave and the reader does not see stays with its attribute.
	if !d.Records && d.Given != nil {
		for letter, list := range d.Given.Evidence {
			for _, x := range list {
				if !slices.ContainsFunc(d.Evidence, func(e operate.Exhibit) bool { return e.ID == x }) {
					i.Evidence[letter] = append(i.Evidence[letter], x)
				}
			}
		}
	}
	return i, errors.Join(errs[:]...)
}

func refused(err error) bool { return errors.Is(err, fault.Refused) }

// chosen reports whether the inspection names the evidence for an attribute.
func (d instanceData) chosen(letter, key string) bool {
	return d.Given != nil && slices.Contains(d.Given.Evidence[letter], key)
}

func (d instanceData) answer(letter string) string {
	if d.Given == nil {
		return ""
	}
	return d.Given.Answers[letter]
}
