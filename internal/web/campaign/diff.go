package campaign

import "strings"

// change is a run of lines of a text that stayed, came or went.
type change struct {
	How  string // "", "+" or "-"
	Text string
}

// mostCompared bounds the table of a comparison; beyond it everything between the equal ends counts as replaced.
const mostCompared = 4_000_000

// differ compares two texts line by line by their longest common subsequence.
func differ(before, after string) []change {
	a, b := lines(before), lines(after)
	from, to := 0, 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		from++
	}
	for to < len(a)-from && to < len(b)-from && a[len(a)-1-to] == b[len(b)-1-to] {
		to++
	}
	var out []change
	out = put(out, "", a[:from])
	out = middle(out, a[from:len(a)-to], b[from:len(b)-to])
	return put(out, "", a[len(a)-to:])
}

func lines(s string) []string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func middle(out []change, a, b []string) []change {
	if len(a)*len(b) > mostCompared {
		return put(put(out, "-", a), "+", b)
	}
	common := make([][]int32, len(a)+1) // common[i][j]: of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = put(out, "", a[i:i+1])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = put(out, "-", a[i:i+1])
			i++
		default:
			out = put(out, "+", b[j:j+1])
			j++
		}
	}
	return out
}

func put(out []change, how string, lines []string) []change {
	if len(lines) == 0 {
		return out
	}
	text := strings.Join(lines, "\n")
	if n := len(out) - 1; n >= 0 && out[n].How == how {
		out[n].Text += "\n" + text
		return out
	}
	return append(out, change{how, text})
}

// ends shortens a run of lines that stayed to its first and last few.
func (c change) ends() string {
	l := strings.Split(c.Text, "\n")
	if c.How != "" || len(l) <= 8 {
		return c.Text
	}
	return strings.Join(l[:3], "\n") + "\n…\n" + strings.Join(l[len(l)-3:], "\n")
}
