package report

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// TestContrast keeps every text colour at 4.5:1 (WCAG 2.2, 1.4.3) on every surface on which
// it stands, in light and in dark.
func TestContrast(t *testing.T) {
	t.Parallel()
	light, rest, _ := strings.Cut(Style(), "prefers-color-scheme: dark")
	dark, _, _ := strings.Cut(rest, "*, *::before")
	for name, css := range map[string]string{"light": light, "dark": dark} {
		tok := map[string][3]float64{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): #([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2});`).FindAllStringSubmatch(css, -1) {
			var c [3]float64
			for i := range 3 {
				var v int
				if _, err := fmt.Sscanf(m[2+i], "%x", &v); err != nil {
					t.Fatal(err)
				}
				c[i] = float64(v) / 255
			}
			tok[m[1]] = c
		}
		pairs := [][2]string{{"bad", "bad-soft"}, {"warn", "warn-soft"}, {"good", "good-soft"}, {"ink", "accent-soft"}, {"accent", "accent-soft"}, {"surface", "accent"}}
		for _, ink := range []string{"ink", "ink-2", "ink-3", "accent", "bad", "warn", "good"} {
			for _, on := range []string{"ground", "surface", "sunken"} {
				pairs = append(pairs, [2]string{ink, on})
			}
		}
		for _, p := range pairs {
			a, okA := tok[p[0]]
			b, okB := tok[p[1]]
			if !okA || !okB {
				t.Fatalf("%s: no colour %s or %s", name, p[0], p[1])
			}
			if r := contrast(a, b); r < 4.5 {
				t.Errorf("%s: %s on %s has %.2f:1, want 4.5:1", name, p[0], p[1], r)
			}
		}
	}
}

func contrast(a, b [3]float64) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c [3]float64) float64 {
	f := func(v float64) float64 {
		if v <= 0.03928 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*f(c[0]) + 0.7152*f(c[1]) + 0.0722*f(c[2])
}

func TestEveryMarkIsDrawn(t *testing.T) {
	t.Parallel()
	seen := map[string]Mark{}
	for s := Clean; s <= Deviates; s++ {
		svg := MarkSVG(s.Mark())
		if other, ok := seen[svg]; ok || shapes[s.Mark()] == "" {
			t.Errorf("%s has no shape of its own (as %s)", s.Word(), other)
		}
		seen[svg] = s.Mark()
	}
}

func TestBars(t *testing.T) {
	t.Parallel()
	got := BarsSVG([]Bar{{Month: "2025-07", Total: 1000, Deviating: 1}, {Month: "<i>", Total: 0, Undecided: 0}})
	for _, want := range []string{`class="dev" x="0" width="10" y="97" height="3"`, "&lt;i&gt;", `<span class="year">2025</span>`} {
		if !strings.Contains(got, want) {
			t.Errorf("BarsSVG lacks %s in %s", want, got)
		}
	}
}

// TestDrawing: a picture cannot leave its element, a long label is cut, and an arrow points to its end.
func TestDrawing(t *testing.T) {
	t.Parallel()
	d := &Drawing{ID: "flow", Alt: `"><script>`, Width: 100, Height: 50, Shapes: []Shape{
		{Box: &Box{X: 1, Y: 2, W: 30, H: 10, Fill: InkSoft, Stroke: InkLine}},
		{Line: &Line{X1: 0, Y1: 5, X2: 50, Y2: 5, Stroke: InkText, Width: 1, Arrow: true}},
		{Label: &Label{X: 3, Y: 9, Text: "<b>a very long name of a system", Size: 8, Anchor: Start, Color: InkText, Max: 40}},
	}}
	got := d.SVG()
	for _, bad := range []string{"<script>", "<b>", "long name"} {
		if strings.Contains(got, bad) {
			t.Errorf("SVG holds %q: %s", bad, got)
		}
	}
	for _, want := range []string{`<rect x="1" y="2" width="30"`, "M50 5L", "…</text>", `aria-label="&#34;&gt;&lt;script&gt;"`} {
		if !strings.Contains(got, want) {
			t.Errorf("SVG lacks %q: %s", want, got)
		}
	}
	c := &Chart{ID: "c", Caption: Runs{say("Items")}, Bars: []Bar{{Month: "2025-12", Total: 10, Deviating: 1}, {Month: "2026-01", Total: 0}}}
	if alt := c.Drawing().Alt; alt != "Dec 2025: 10 items, 1 deviating, 0 undecided; Jan 2026: 0 items, 0 deviating, 0 undecided." {
		t.Errorf("Chart.Drawing().Alt = %q", alt)
	}
}
