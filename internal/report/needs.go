package report

// few is how many open points of one kind are said one by one.
const few = 3

// together words open points of one kind that are too many to be read one by one, and what is counted of them.
var together = map[string]struct{ text, of string }{
	"blocked":        {"It was not possible to run ", "tests"},
	"completeness":   {"The population is not shown to be complete, or a check of it failed, at ", "points"},
	"gap":            {"The population is empty and nothing shows that it should be for ", "tests"},
	"implementation": {"A walkthrough that agrees with the description is not recorded of ", "controls"},
	"response":       {"Causes and management's responses are not recorded for the deviations of ", "tests"},
	"test":           {"No test for the period was run of ", "controls"},
	"undecided":      {"Items could not be decided in ", "tests"},
}

// mostNamed is how many points that are told together are named; the rest are counted, for nobody reads a page of identifiers.
const mostNamed = 12

// Needs lists open points as a document shows them: those of one kind together where they are many, each with its link and
// its figure.
func Needs(open []Point) []Point {
	n := map[string]int{}
	for _, p := range open {
		n[p.Rule]++
	}
	var out []Point
	at, named := map[string]int{}, map[string]int{}
	for _, p := range open {
		if n[p.Rule] <= few || together[p.Rule].text == "" {
			out = append(out, p)
			continue
		}
		i, begun := at[p.Rule]
		if !begun {
			i = len(out)
			at[p.Rule] = i
			kind := together[p.Rule]
			out = append(out, Point{Rule: p.Rule, Text: Runs{say(kind.text + Count(n[p.Rule]) + " " + kind.of + ": ")}})
		} else if named[p.Rule] < mostNamed {
			out[i].Text = append(out[i].Text, say(", "))
		}
		if named[p.Rule]++; named[p.Rule] > mostNamed {
			if named[p.Rule] == n[p.Rule] {
				out[i].Text = append(out[i].Text, say(" and "+Count(n[p.Rule]-mostNamed)+" more"))
			}
			continue
		}
		out[i].Text = append(out[i].Text, link(p.Text[0].Text, p.Where))
		for _, r := range p.Text {
			if r.Figure != nil {
				out[i].Text = append(out[i].Text, say(" ("), r, say(")"))
			}
		}
	}
	return out
}
