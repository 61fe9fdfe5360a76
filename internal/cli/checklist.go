package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/collect"
)

// Checklist is what waits for persons' answers: the items that fell due, of the controls some of
// whose attributes a person answers, for which not everything is answered yet.
type Checklist struct {
	// Columns are those of the register of inspections, in its order.
	Columns  []string
	Items    []ChecklistItem
	Answered int      // due items of these controls that wait for nothing more
	Blocked  []string // why the items of a control cannot be told, one sentence each
}

// ChecklistItem is one item with what is known of it and what is asked.
type ChecklistItem struct {
	Control, Title, Item string
	EventTime            string            // when it belongs to the period: RFC 3339 or a civil date
	Known                map[string]string // by column, what was recorded; the control and the item always
	Questions            map[string]string // by the column that holds the answer, in words
}

type checklistCmd struct {
	Control []string `help:"Only these controls." placeholder:"ID,..."`
	From    string   `help:"First day, if not the report's." placeholder:"DATE"`
	To      string   `help:"Last day, if not the report's." placeholder:"DATE"`
	Out     string   `help:"File to write; the questions in words go beside it, into FILE.questions.csv. Without it the sheet alone goes to standard output." type:"path" placeholder:"FILE.csv"`
}

// Run writes the sheet that persons fill in, ready to be imported as inspections.
func (c *checklistCmd) Run(r *run) error {
	t := Test{Controls: c.Control, Items: true}
	var err error
	if t.From, t.To, err = dates(c.From, c.To); err != nil {
		return err
	}
	questions := strings.TrimSuffix(c.Out, ".csv") + ".questions.csv"
	return r.enter(Read, func(o Office) error {
		for _, file := range []string{c.Out, questions} {
			if c.Out == "" {
				break
			}
			if err := o.MayWrite(file); err != nil {
				return err
			}
		}
		p := r.progress("testing")
		list, err := o.Checklist(r.ctx, t, p.steps)
		p.done()
		if err != nil {
			return err
		}
		r.warn(list.Blocked)
		if c.Out == "" {
			if r.g.JSON {
				return r.print(list.said("", ""))
			}
			return list.sheet(r.s.Out)
		}
		if err := o.Create(c.Out, list.sheet); err != nil {
			return err
		}
		if err := o.Create(questions, list.questions); err != nil {
			return err
		}
		if r.g.JSON {
			return r.print(list.said(c.Out, questions))
		}
		r.say("Wrote %s to %s, and what is asked of each to %s.", plural(int64(len(list.Items)), "item"), c.Out, questions)
		if len(list.Items) > 0 {
			r.say("Fill it in, take out the rows that nobody inspected, and import it: assay import inspections %s", c.Out)
		}
		return nil
	})
}

// said is the list for a program.
func (l Checklist) said(file, questions string) map[string]any {
	items := []map[string]any{}
	for _, i := range l.Items {
		items = append(items, map[string]any{"control": i.Control, "item": i.Item, "event_time": i.EventTime, "known": i.Known, "questions": i.Questions})
	}
	out := map[string]any{"items": items, "answered": l.Answered, "blocked": append([]string{}, l.Blocked...)}
	if file != "" {
		out["file"], out["questions_file"] = file, questions
	}
	return out
}

// sheet writes the rows to be filled in: the columns of the register and no other, for an import
// keeps whatever else a row says.
func (l Checklist) sheet(w io.Writer) error {
	rows := [][]string{l.Columns}
	for _, i := range l.Items {
		row := make([]string, len(l.Columns))
		for n, c := range l.Columns {
			row[n] = i.Known[c]
		}
		rows = append(rows, row)
	}
	return writeCSV(w, rows)
}

// questions writes what is asked, row by row as the sheet has them.
func (l Checklist) questions(w io.Writer) error {
	var asked []string
	for _, c := range l.Columns {
		if slices.ContainsFunc(l.Items, func(i ChecklistItem) bool { return i.Questions[c] != "" }) {
			asked = append(asked, c)
		}
	}
	head := []string{"control", "title", "item", "event_time"}
	for _, c := range asked {
		head = append(head, "question_"+c)
	}
	rows := [][]string{head}
	for _, i := range l.Items {
		row := []string{i.Control, i.Title, i.Item, i.EventTime}
		for _, c := range asked {
			row = append(row, i.Questions[c])
		}
		rows = append(rows, row)
	}
	return writeCSV(w, rows)
}

// writeCSV writes cells that no spreadsheet program runs, whatever a record said.
func writeCSV(w io.Writer, rows [][]string) error {
	for _, row := range rows {
		for i := range row {
			row[i] = collect.Guard(row[i])
		}
	}
	if err := csv.NewWriter(w).WriteAll(rows); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}
