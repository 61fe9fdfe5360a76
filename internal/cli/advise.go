package cli

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/advise"
	"github.com/assayhq/assay/internal/fault"
)

type adviseCmd struct {
	Answers string `help:"YAML file with answers; what it leaves open is asked on a terminal." type:"path" placeholder:"FILE"`
	Tables  bool   `help:"Print what the advice rests on: reports side by side, costs, timelines, standards."`
	Save    string `help:"Write the answers given on the terminal to a file, for the next time." type:"path" placeholder:"FILE"`
}

func (c *adviseCmd) Run(r *run) error {
	book, err := advise.Load()
	if err != nil {
		return err
	}
	if c.Tables {
		return c.tables(r, book)
	}
	a, err := answers(r, book, c.Answers)
	if err != nil {
		return err
	}
	if r.s.Asks && !r.g.JSON {
		if err := c.ask(r, book, &a); err != nil {
			return err
		}
	}
	if c.Save != "" {
		if err := r.h.WriteFile(c.Save, book.YAML(a)); err != nil {
			return err
		}
	}
	got, err := book.Advise(a)
	if err != nil {
		return err
	}
	if r.g.JSON {
		return r.print(got)
	}
	return got.Text(r.s.Out)
}

// answers reads a file of answers, or none; the day is today's unless the file says another.
func answers(r *run, book *advise.Book, file string) (a advise.Answers, err error) {
	if file != "" {
		b, err := r.h.ReadFile(file)
		if err != nil {
			return a, err
		}
		if a, err = book.ParseAnswers(file, b); err != nil {
			return a, err
		}
	}
	if a.Today == nil {
		today := r.h.Today()
		a.Today = &today
	}
	return a, nil
}

// advised gives the flags of init that follow the advice on answers, by their names.
func advised(r *run, file string) (map[string]string, error) {
	book, err := advise.Load()
	if err != nil {
		return nil, err
	}
	a, err := answers(r, book, file)
	if err != nil {
		return nil, err
	}
	got, err := book.Advise(a)
	if err != nil {
		return nil, err
	}
	args, ok := got.Init("")
	if !ok {
		return nil, fault.Refuse("the answers in %s lead to no report that could be prepared here", file).WithHint("assay advise --answers %s says why; name one with --report", file)
	}
	flags := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		flags[args[i]] = args[i+1]
	}
	return flags, nil
}

func (c *adviseCmd) tables(r *run, book *advise.Book) error {
	list := book.Tables()
	if r.g.JSON {
		return r.print(map[string]any{"tables": list})
	}
	for _, t := range list {
		if err := t.Text(r.s.Out); err != nil {
			return err
		}
		r.say("")
	}
	return nil
}

// ask puts the open questions one by one. An empty line leaves one open; what is wrong is asked again.
func (c *adviseCmd) ask(r *run, book *advise.Book, a *advise.Answers) error {
	in := bufio.NewScanner(r.s.In)
	for _, q := range book.Open(*a) {
		for {
			fmt.Fprintf(r.s.Err, "%s\n", q.Text)
			if q.Help != "" {
				fmt.Fprintf(r.s.Err, "  %s\n", q.Help)
			}
			for _, c := range q.Choices {
				fmt.Fprintf(r.s.Err, "  %-24s %s\n", c.Value, c.Text)
			}
			fmt.Fprint(r.s.Err, "> ")
			if !in.Scan() {
				return in.Err()
			}
			line := strings.TrimSpace(in.Text())
			if line == "" {
				break
			}
			err := book.Answer(a, q.ID, strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ';' })...)
			if err == nil {
				break
			}
			fmt.Fprintf(r.s.Err, "  %v\n", err)
		}
	}
	return nil
}
