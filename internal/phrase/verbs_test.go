package phrase_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// verb is one verb of a format. The flag " " is left out: "5 % of" is no verb.
var verb = regexp.MustCompile(`%[+#0-]*(?:\[(\d+)\])?\d*(?:\.\d+)?(?:\[(\d+)\])?([a-zA-Z%])`)

// verbs lists the arguments that a format takes with the verb for each, sorted: "1d 2s".
func verbs(format string) []string {
	var list []string
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[3] == "%" {
			continue
		}
		for _, index := range m[1:3] {
			if n, err := strconv.Atoi(index); err == nil {
				next = n
			}
		}
		list = append(list, fmt.Sprintf("%d%s", next, m[3]))
		next++
	}
	slices.Sort(list)
	return list
}

// formatFaults says what is wrong with a use of a sentence and with its German.
func formatFaults(u use, german string) []string {
	if u.args == 0 {
		return nil // shown as it stands
	}
	var faults []string
	want := verbs(u.key)
	highest := 0
	for _, v := range want {
		n, _ := strconv.Atoi(strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		highest = max(highest, n)
		if strings.ContainsAny(v[len(v)-1:], "eEfFgG") {
			faults = append(faults, fmt.Sprintf("%s: %q prints a fraction with %%%s; pass Decimal as %%s", u.where, u.key, v[len(v)-1:]))
		}
	}
	switch {
	case u.args == unknown:
	case u.plural && highest > u.args, !u.plural && highest != u.args:
		faults = append(faults, fmt.Sprintf("%s: %q uses %d arguments, the call gives %d", u.where, u.key, highest, u.args))
	}
	if got := verbs(german); german != "" && !slices.Equal(got, want) {
		faults = append(faults, fmt.Sprintf("%s: %q takes %q, its German %q takes %q", u.where, u.key, want, german, got))
	}
	return faults
}
