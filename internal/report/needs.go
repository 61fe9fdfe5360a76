package report

// few is how many open points of one kind are said one by one.
const few = 3

// together words open points of one kind that are too many to be read one by one.
var together = map[string]string{
	"blocked":        "A test could not be run of ",
	"completeness":   "No completeness check of the population passed for ",
	"gap":            "The population is empty and nothing shows that it should be for ",
	"implementation": "A walkthrough that agrees with the description is not recorded of ",
	"response":       "Causes and management's responses are not recorded for the deviations of ",
	"test":           "No test for the period was run of ",
	"undecided":      "Items could not be decided in ",
}

// Needs lists open points as a document shows them: those of one kind together where they are many, each with its link and
// its figure.
func Needs(open []Point) []Point {
	n := map[string]int{}
	for _, p := range open {
		n[p.Rule]++
	}
	var out []Point
	at := map[string]int{}
	for _, p := range open {
		if n[p.Rule] <= few || together[p.Rule] == "" {
			out = append(out, p)
			continue
		}
		i, begun := at[p.Rule]
		if !begun {
			i = len(out)
			at[p.Rule] = i
			out = append(out, Point{Rule: p.Rule, Text: Runs{say(together[p.Rule] + Count(n[p.Rule]) + ": ")}})
		} else {
			out[i].Text = append(out[i].Text, say(", "))
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
