package collect

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Absence says what speaks against taking "no record" for "nothing happened": the answer of a
// broken connector also is empty. It is one sentence, empty where nothing does. A passed check of
// completeness is asked for elsewhere; this is what must hold besides.
func (c *Checker) Absence(ctx context.Context, q Request) (string, error) {
	h, err := c.history(ctx, q.Org, q.Schema.Name, q.Size)
	if err != nil {
		return "", err
	}
	if len(h.all) == 0 {
		return h.register + " was never pulled", nil
	}
	for _, p := range h.standing {
		switch {
		case p.Params[paramError] != "":
			return fmt.Sprintf("%s ended in an error of the source (%s)", h.of(p), p.Params[paramError]), nil
		case p.Expected != nil && *p.Expected != p.Rows:
			return fmt.Sprintf("%s brought %d rows, %d were counted by another path", h.of(p), p.Rows, *p.Expected), nil
		}
	}
	// The pulls that say something of the end of the period, by their source.
	latest := map[string]pull{}
	for _, p := range h.all {
		latest[p.Source] = p
	}
	for _, source := range slices.Sorted(maps.Keys(latest)) {
		p := latest[source]
		if !p.begunSince(q.until()) {
			return fmt.Sprintf("the last pull of %s from %s began on %s and says nothing of what came after it, up to %s: pull again",
				h.register, source, day(p.Started), q.until().In(q.Period.Zone)), nil
		}
		if p.Rows == 0 && p.Expected == nil {
			return fmt.Sprintf("%s brought nothing, and nobody counted nothing by another path (--expect-rows 0): a broken connector looks alike", h.of(p)), nil
		}
	}
	if status, why := h.dates(q); status == assure.Failed {
		return why, nil
	}
	return "", nil
}

// begunSince reports whether a pull says that it began at an instant or later.
func (p pull) begunSince(i civil.Instant) bool {
	started, err := civil.ParseInstant(p.Started)
	return err == nil && started >= i
}
