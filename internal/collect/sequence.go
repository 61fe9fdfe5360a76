package collect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/register"
)

// sequence names the field that runs without gaps: the schema's, or the last mapping's.
func (h *history) sequence(s *register.Schema) string {
	for _, p := range slices.Backward(h.all) {
		if p.Register == s.Name && p.Sequence != "" {
			return p.Sequence
		}
	}
	return s.Sequence
}

// maxNamed bounds how many missing numbers a sentence names.
const maxNamed = 5

// sequence is C1: the numbers of a field run without gaps from the least to the greatest. Of a
// text the digits at its end count, apart for each beginning: OPS-7 and WEB-7 are two numbers.
func (c *Checker) sequence(ctx context.Context, q Request, field string) (assure.CheckStatus, string, error) {
	if c.Rows == nil {
		return assure.Missing, "the numbers of " + q.Schema.Name + " cannot be read here", nil
	}
	runs := map[string][]int64{}
	odd := 0
	err := c.Rows.All(ctx, q.Org, q.Schema, []string{field}, q.Size, func(_ string, v []any) error {
		prefix, n, ok := numbered(v[0])
		if !ok {
			odd++
			return nil
		}
		runs[prefix] = append(runs[prefix], n)
		return nil
	})
	if err != nil {
		return "", "", fmt.Errorf("read %s of %s: %w", field, q.Schema.Name, err)
	}
	var missing, total int64
	var named []string
	for _, prefix := range slices.Sorted(maps.Keys(runs)) {
		ns := runs[prefix]
		slices.Sort(ns)
		ns = slices.Compact(ns)
		total += int64(len(ns))
		for i := 1; i < len(ns); i++ {
			missing += ns[i] - ns[i-1] - 1
			for n := ns[i-1] + 1; n < ns[i] && len(named) < maxNamed; n++ {
				named = append(named, prefix+strconv.FormatInt(n, 10))
			}
		}
	}
	where := q.Schema.Name + "." + field
	switch {
	case missing > 0:
		more := ""
		if missing > int64(len(named)) {
			more = ", ..."
		}
		return assure.Failed, fmt.Sprintf("%s has %d numbers and %d gaps: %s%s", where, total, missing, strings.Join(named, ", "), more), nil
	case odd > 0:
		return assure.Missing, fmt.Sprintf("%s is without a number in %d records", where, odd), nil
	case total == 0:
		return assure.Missing, where + " has no numbers yet", nil
	}
	return assure.Passed, fmt.Sprintf("%s has %d numbers and no gap", where, total), nil
}

// numbered splits a value into a beginning and the number at its end.
func numbered(v any) (string, int64, bool) {
	switch v := v.(type) {
	case int64:
		return "", v, true
	case string:
		prefix := strings.TrimRight(v, "0123456789")
		n, err := strconv.ParseInt(v[len(prefix):], 10, 64)
		return prefix, n, err == nil
	}
	return "", 0, false
}
