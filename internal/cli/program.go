package cli

// Applied is what apply answers.
type Applied struct {
	Changes  []string `json:"changes"`  // in words; empty when the program is what it was
	Lint     []string `json:"lint"`     // what keeps statements of controls from being tested
	Warnings []string `json:"warnings"` // of the scope
	Applied  bool     `json:"applied"`  // records were written
}

type applyCmd struct {
	Dir string `arg:"" help:"Folder with the program." type:"path"`
	Dry bool   `help:"Say what would change, and write nothing." name:"dry-run"`
}

func (c *applyCmd) Run(r *run) error {
	a, err := r.h.Apply(r.ctx, r.g.Data, r.g.Org, c.Dir, c.Dry)
	if err != nil {
		return err
	}
	r.warn(a.Warnings)
	if r.g.JSON {
		a.Changes, a.Lint, a.Warnings = full(a.Changes), full(a.Lint), full(a.Warnings)
		return r.print(a)
	}
	for _, l := range a.Lint {
		r.say("advice   %s", l)
	}
	for _, l := range a.Changes {
		r.say("  %s", l)
	}
	switch {
	case len(a.Changes) == 0:
		r.say("Nothing differs.")
	case a.Applied:
		r.say("Applied %s.", plural(int64(len(a.Changes)), "change"))
	default:
		r.say("%s; nothing was written.", plural(int64(len(a.Changes)), "change"))
	}
	return nil
}

// full prints [] for a list that holds nothing.
func full(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

type exportCmd struct {
	Dir string `arg:"" help:"Folder to write into." type:"path"`
}

func (c *exportCmd) Run(r *run) error {
	return r.enter(Read, func(o Office) error {
		files, err := o.Export(r.ctx, c.Dir)
		if err != nil {
			return err
		}
		if r.g.JSON {
			return r.print(map[string]any{"folder": c.Dir, "files": files})
		}
		r.say("Wrote %s to %s. Change them and give them back with: assay apply %s", plural(int64(len(files)), "file"), c.Dir, c.Dir)
		return nil
	})
}
