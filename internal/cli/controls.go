package cli

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

type controlsCmd struct {
	All bool `help:"The whole library, not only what is in scope; no organization is needed."`
}

// Run lists the register of controls.
func (c *controlsCmd) Run(r *run) error {
	if c.All {
		list, err := r.h.Library()
		if err != nil {
			return err
		}
		return r.controls(list)
	}
	return r.enter(Read, func(o Office) error {
		list, err := o.Controls(r.ctx)
		if err != nil {
			return err
		}
		return r.controls(list)
	})
}

func (r *run) controls(list []ControlRow) error {
	if list == nil {
		list = []ControlRow{}
	}
	if r.g.JSON {
		return r.print(map[string][]ControlRow{"controls": list})
	}
	w := tabwriter.NewWriter(r.s.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSHAPE\tTEST\tATTRIBUTES\tFREQUENCY\tTITLE\tOWNER\tCRITERIA\tOBJECTIVES")
	kinds := map[string]int{}
	for _, x := range list {
		id, test := x.ID, x.Test
		if x.Version > 1 {
			id += fmt.Sprintf(" v%d", x.Version)
		}
		if len(x.Attributes) == 0 {
			test = "none yet"
		}
		kinds[test]++
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", id, x.Shape, test, len(x.Attributes),
			strings.ReplaceAll(x.Frequency, "_", " "), x.Title, x.Owner, strings.Join(x.Criteria, " "), strings.Join(x.Objectives, " "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var parts []string
	for _, k := range sorted(kinds) {
		parts = append(parts, strconv.Itoa(kinds[k])+" "+k)
	}
	r.say("\n%s: %s", plural(int64(len(list)), "control"), strings.Join(parts, ", "))
	return nil
}
