package gauge

// Tally counts instances by the answer of one check.
type Tally struct {
	Yes     int `json:"yes"`
	No      int `json:"no"`
	Unknown int `json:"unknown"`
}

func (t *Tally) add(a Answer, n int) {
	switch a {
	case Yes:
		t.Yes += n
	case No:
		t.No += n
	default:
		t.Unknown += n
	}
}

// Checks are the three checks of evidence, each with its own count: they are never joined into one.
type Checks struct {
	Instances int   `json:"instances"`
	Complete  Tally `json:"complete"`
	Time      Tally `json:"time"`
	Link      Tally `json:"link"`
	Ready     int   `json:"ready"` // instances of which all three hold
}

func (c *Checks) add(l Lack, n int) {
	c.Complete.add(l.Complete, n)
	c.Time.add(l.Time, n)
	c.Link.add(l.Link, n)
	if l.Complete == Yes && l.Time == Yes && l.Link == Yes {
		c.Ready += n
	}
}

// checkEvidence counts the instances of a control by the three checks. Where nobody said how its evidence stands, a test
// that decided an item shows it complete, and neither when the evidence arose nor what it belongs to.
func (v *view) checkEvidence(c *subject) {
	if c.evidence == nil {
		c.checks.Instances = c.items
		decided := c.items - c.undecided
		if len(c.results) == 0 {
			c.checks.add(Lack{}, c.items)
			return
		}
		c.checks.add(Lack{Complete: Yes}, decided)
		c.checks.add(Lack{Complete: No}, c.undecided)
		return
	}
	c.checks.Instances = c.evidence.Instances
	rest := c.evidence.Instances
	for _, l := range c.evidence.Lacks {
		n := max(l.Count, 1)
		c.checks.add(l, n)
		rest -= n
	}
	c.checks.add(Lack{Complete: Yes, Time: Yes, Link: Yes}, rest)
}

// lacking lists the instances with an answer, by key.
func (e *Evidence) lacking(of func(Lack) Answer, a Answer) []string {
	if e == nil {
		return nil
	}
	var out []string
	for _, l := range e.Lacks {
		if of(l) != a {
			continue
		}
		name := l.Key
		if l.Count > 1 {
			name = count(l.Count, "instance", "instances")
			if l.Key != "" {
				name += " such as " + l.Key
			}
		}
		if l.Why != "" {
			name += " (" + l.Why + ")"
		}
		out = append(out, name)
	}
	return out
}
