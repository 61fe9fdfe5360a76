package cli

import (
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
)

type initCmd struct {
	Name        string   `help:"Name of the organization." required:""`
	Zone        string   `help:"IANA time zone of the report." required:"" placeholder:"ZONE"`
	Report      string   `help:"Kind of report, such as soc2-type2." placeholder:"KIND"`
	Firm        bool     `help:"An audit firm: it examines others, in engagements, and prepares no report of its own."`
	Answers     string   `help:"YAML file of answers, as assay advise reads it: what no flag says follows the advice." type:"path" placeholder:"FILE"`
	From        string   `help:"First day of the period." placeholder:"DATE"`
	To          string   `help:"Last day of the period." placeholder:"DATE"`
	AsOf        string   `help:"The date of a Type 1 report." placeholder:"DATE"`
	Categories  []string `help:"SOC 2 and SOC 3: categories besides security." placeholder:"A,B"`
	Objectives  []string `help:"SOC 1 and ISAE 3402: families of control objectives besides those about information technology in general, such as payroll. Payroll and billing when none is named." placeholder:"A,B"`
	Program     string   `help:"Folder with tests and registers of your own." type:"path" placeholder:"DIR"`
	Implemented string   `help:"The day on which the controls were implemented." placeholder:"DATE"`
	Reason      string   `help:"Why the period is under three months."`
}

func (c *initCmd) Run(r *run) error {
	zone, err := civil.ParseZone(c.Zone)
	if err != nil {
		return fmt.Errorf("--zone: %w", err)
	}
	if c.Answers != "" {
		if err := c.follow(r); err != nil {
			return err
		}
	}
	if c.Firm && c.Report == "" {
		c.Report = scope.Firm
	}
	p := scope.Program{Name: c.Name, Report: c.Report, Zone: zone, Categories: c.Categories, Objectives: c.Objectives, Reason: c.Reason}
	if p.From, p.To, err = dates(c.From, c.To); err != nil {
		return err
	}
	if p.AsOf, err = date("--as-of", c.AsOf); err != nil {
		return err
	}
	implemented, err := date("--implemented", c.Implemented)
	if err != nil {
		return err
	}
	f, err := r.h.Found(r.ctx, r.g.Data, p, c.Program, implemented)
	if err != nil {
		return err
	}
	r.warn(f.Warnings)
	if r.g.JSON {
		return r.print(f)
	}
	r.say("Founded %s (%s) in %s, with %s.", f.Name, f.ID, f.Data, plural(int64(f.Controls), "control"))
	if p.Report != scope.Firm {
		r.say("They are listed by assay controls; assay controls --all lists the whole library.")
	}
	to := "your auditor"
	if p.Report == scope.Firm {
		to = "your clients"
	}
	r.say("Checkpoints are verified with the key\n  %s\nGive it to %s by another channel than packages and messages.", f.Key, to)
	return nil
}

// follow fills what no flag says from the advice. Dates and categories belong to the report that is advised: where
// another is named, they are left alone.
func (c *initCmd) follow(r *run) error {
	flags, err := advised(r, c.Answers)
	if err != nil {
		return err
	}
	if c.Report != "" && c.Report != flags["--report"] {
		return nil
	}
	list := func(name string, have []string) []string {
		if len(have) > 0 || flags[name] == "" {
			return have
		}
		return strings.Split(flags[name], ",")
	}
	c.Report = flags["--report"]
	if c.From == "" && c.To == "" && c.AsOf == "" {
		c.From, c.To, c.AsOf = flags["--from"], flags["--to"], flags["--as-of"]
	}
	c.Categories, c.Objectives = list("--categories", c.Categories), list("--objectives", c.Objectives)
	return nil
}

type registerCmd struct {
	File string `arg:"" help:"YAML file that declares the register." type:"path"`
}

func (c *registerCmd) Run(r *run) error {
	return r.enter(Write, func(o Office) error {
		name, err := o.Declare(r.ctx, c.File)
		if err != nil {
			return err
		}
		if r.g.JSON {
			return r.print(map[string]string{"register": name})
		}
		r.say("Declared the register %s.", name)
		return nil
	})
}

type importCmd struct {
	Register   string            `arg:"" help:"The register to fill."`
	File       string            `arg:"" help:"CSV, JSONL, JSON or XLSX, gzipped or not." type:"path"`
	Map        string            `help:"Mapping file." type:"path" placeholder:"MAP.yaml"`
	Source     string            `help:"The system that the file came from."`
	Query      string            `help:"What was asked of it."`
	Param      map[string]string `help:"Parameters of the query; from and to are the civil dates it covered." mapsep:"," placeholder:"from=DATE"`
	ExpectRows *int64            `help:"Rows counted by another path." placeholder:"N"`
	Total      map[string]int64  `help:"Control totals as the source states them." mapsep:"," placeholder:"FIELD=N"`
	Extent     string            `help:"Whether the source delivered every row it has." enum:",full" default:"" placeholder:"full"`
	Operator   string            `help:"Who made the pull." env:"ASSAY_OPERATOR"`
	NoKeep     bool              `help:"Do not keep the file itself as evidence."`
}

func (c *importCmd) Run(r *run) error {
	if c.ExpectRows != nil && *c.ExpectRows < 0 {
		return &fault.Error{Kind: fault.Refused, Field: "--expect-rows", What: fmt.Sprintf("%d rows cannot have been counted; expected 0 or more", *c.ExpectRows)}
	}
	return r.enter(Write, func(o Office) error {
		p := r.progress("importing " + c.Register)
		s, err := o.Import(r.ctx, Import{
			Register: c.Register, File: c.File, Map: c.Map, Source: c.Source, Query: c.Query, Extent: c.Extent,
			Params: c.Param, Totals: c.Total, ExpectRows: c.ExpectRows, Operator: c.Operator, Discard: c.NoKeep,
		}, p.rows)
		p.done()
		if err != nil {
			return err
		}
		r.anchored(o)
		if r.g.JSON {
			return r.print(struct {
				Pull       record.Pull `json:"pull"`
				Checkpoint any         `json:"checkpoint"`
			}{s.Pull, s.Receipt.Checkpoint})
		}
		r.say("%s: %s read; %d new, %d changed, %d unchanged.", c.Register, plural(s.Rows, "row"), s.New, s.Changed, s.Unchanged)
		for _, name := range sorted(s.Children) {
			r.say("  of them also %s in %s", plural(s.Children[name], "row"), name)
		}
		if s.Expected != nil && *s.Expected != s.Rows {
			r.warn([]string{fmt.Sprintf("expected %s, read %d: the register is shown as incomplete", plural(*s.Expected, "row"), s.Rows)})
		}
		r.say("Sealed as pull %s; the ledger holds %s.", s.ID, plural(s.Receipt.Checkpoint.Size, "record"))
		return nil
	})
}
