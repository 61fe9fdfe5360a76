package collect

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/fault"
)

// heads is C6: what sources state of hash chains is so. A source may publish the hash of the file
// that it gave, the head of its own chain and the head that a delivery continues, and a root of
// this ledger as it holds it. The status is empty where nobody states anything.
func (c *Checker) heads(ctx context.Context, q Request, h *history) (assure.CheckStatus, string, error) {
	stated, equal := 0, 0
	last := map[string]pull{} // of each source the last pull that stated a head
	example := ""
	for _, p := range h.all {
		head, previous := p.Params[paramHead], p.Params[paramPreviousHead]
		before, chained := last[p.Source]
		if sum := p.Params[paramSHA256]; sum != "" {
			stated++
			if !strings.EqualFold(sum, p.File) {
				return assure.Failed, fmt.Sprintf("%s read a file with the hash %s, the source states %s: fetch the file again", h.of(p), p.File, sum), nil
			}
			equal, example = equal+1, "the file has the hash that the source states"
		}
		if previous != "" {
			stated++
			switch {
			case chained && before.Params[paramHead] != previous:
				return assure.Failed, fmt.Sprintf("%s continues from the head %s, but the pull of %s ended at %s: a delivery between them is missing, or the source's history was rewritten",
					h.of(p), previous, day(before.Ended), before.Params[paramHead]), nil
			case chained:
				equal, example = equal+1, "it continues from the head at which the pull before it ended"
			}
		}
		if head != "" {
			if stated++; previous == "" && chained && before.Params[paramHead] == head {
				equal, example = equal+1, "the head is still the one of the pull before"
			}
			last[p.Source] = p
		}
		if text := p.Params[paramLedger]; text != "" {
			stated++
			why, err := c.held(ctx, q, text)
			if err != nil {
				return "", "", err
			}
			if why != "" {
				return assure.Failed, h.of(p) + " " + why, nil
			}
			equal, example = equal+1, "the root of this ledger is the one that the source holds"
		}
	}
	switch {
	case stated == 0:
		return "", "", nil
	case equal == 0:
		return assure.Missing, fmt.Sprintf("a source of %s states the head of its chain, but no two pulls can be compared yet", h.register), nil
	}
	return assure.Passed, fmt.Sprintf("%d heads and hashes that sources of %s state are equal; the last: %s", equal, h.register, example), nil
}

// held compares SIZE:ROOT with this ledger and says what differs.
func (c *Checker) held(ctx context.Context, q Request, text string) (string, error) {
	n, root, ok := strings.Cut(text, ":")
	size, counts := positive(n)
	if !ok || !counts {
		return fmt.Sprintf("states the root of this ledger as %q; expected SIZE:ROOT", text), nil
	}
	if c.Heads == nil {
		return "", nil
	}
	if size > q.Size {
		return fmt.Sprintf("states a root of this ledger at %d records, of which only %d are known: records were removed, or it is another ledger", size, q.Size), nil
	}
	have, err := c.Heads.RootAt(ctx, q.Org, size)
	switch {
	case errors.Is(err, fault.NotFound):
		return fmt.Sprintf("states a root of this ledger at %d records, which it never was", size), nil
	case err != nil:
		return "", err
	case !strings.EqualFold(have, root):
		return fmt.Sprintf("states the root %s of this ledger at %d records, which is %s: one of the two histories was rewritten", root, size, have), nil
	}
	return "", nil
}

// positive reads a number of records, from 1.
func positive(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0
}
