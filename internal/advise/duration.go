package advise

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Duration is how long a step takes by one source. Sources that differ are several durations of one step.
type Duration struct {
	Step   string     `yaml:"step" json:"step"` // preparation, period, fieldwork, reporting, audit
	Low    int        `yaml:"low" json:"low"`
	High   int        `yaml:"high" json:"high"`
	Unit   string     `yaml:"unit" json:"unit"` // weeks or months
	Says   string     `yaml:"says" json:"says"`
	Source string     `yaml:"source" json:"source"`
	AsOf   civil.Date `yaml:"as_of" json:"as_of"`
}

// String prints "2 to 6 weeks".
func (d Duration) String() string { return fmt.Sprintf("%d to %d %s", d.Low, d.High, d.Unit) }

// units are what the rules and the plan reckon each step in.
var units = map[string]string{"preparation": "months", "period": "months", "audit": "months", "fieldwork": "weeks", "reporting": "weeks"}

func (b *Book) loadDurations(fsys fs.FS) error {
	const file = "timelines.yaml"
	var y struct {
		Timelines []Duration `yaml:"timelines"`
	}
	if err := decode(fsys, file, &y); err != nil {
		return err
	}
	b.durations = y.Timelines
	for _, d := range b.durations {
		if d.Low < 1 || d.Low > d.High || units[d.Step] != d.Unit || d.Unit == "" {
			return fault.At(file, 0, d.Step, "expected a known step in %s, from 1 on, the low figure not above the high one", units[d.Step])
		}
		if err := b.cited(file, d.Source); err != nil {
			return err
		}
	}
	for step := range units {
		if len(b.step(step)) == 0 {
			return fault.At(file, 0, step, "no source says how long it takes, and the plan needs it")
		}
	}
	return nil
}

func (b *Book) step(name string) []Duration {
	var out []Duration
	for _, d := range b.durations {
		if d.Step == name {
			out = append(out, d)
		}
	}
	return out
}

// reach returns the range that all sources of a step span together.
func (b *Book) reach(name string) (low, high int) {
	for i, d := range b.step(name) {
		if i == 0 {
			low, high = d.Low, d.High
		}
		low, high = min(low, d.Low), max(high, d.High)
	}
	return low, high
}

// usualMonths is the length of a first period that every source accepts: the highest of the low figures.
func (b *Book) usualMonths() int {
	n := 0
	for _, d := range b.step("period") {
		n = max(n, d.Low)
	}
	return n
}

// closing returns the days from the end of a period to the report, at the shortest and at the longest.
func (b *Book) closing() (short, long int) {
	fl, fh := b.reach("fieldwork")
	rl, rh := b.reach("reporting")
	return 7 * (fl + rl), 7 * (fh + rh)
}

// figures prints what each source says of a step, side by side.
func (b *Book) figures(name string) string {
	var out []string
	for _, d := range b.step(name) {
		out = append(out, fmt.Sprintf("%s (%s)", d, d.Source))
	}
	return strings.Join(out, " or ")
}
