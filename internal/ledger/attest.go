package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
)

// Kind says how somebody outside vouches for a checkpoint.
type Kind string

// The kinds of attestation.
const (
	Stamped  Kind = "time stamp"  // RFC 3161: the checkpoint existed at a time
	Cosigned Kind = "cosignature" // C2SP tlog-cosignature: a witness saw it extend what it saw before
)

// Attestation is what somebody outside says of one signed checkpoint.
type Attestation struct {
	Kind  Kind
	By    string        // the subject of the authority's certificate, or the name of the witness
	At    civil.Instant // when they say that they saw it: their clock, not ours
	Size  int64         // of the checkpoint
	Note  []byte        // the signed checkpoint, byte for byte as it was shown to them
	Proof []byte        // the response of RFC 3161 in DER, or a signature line with its line feed
}

// Anchor is an attestation without its proof, for people and programs to read.
type Anchor struct {
	Kind Kind   `json:"kind"`
	By   string `json:"by"`
	At   string `json:"at"` // RFC 3339, UTC
	Size int64  `json:"size"`
}

// Anchor leaves the proof out.
func (a Attestation) Anchor() Anchor { return Anchor{a.Kind, a.By, a.At.String(), a.Size} }

// Window is the tail of a ledger for which nobody outside can vouch: whoever runs the
// installation could still replace its records by others without a trace.
type Window struct {
	Anchored   int64    `json:"anchored"`                  // size of the last checkpoint that somebody outside holds or stamped; 0 when there is none
	Anchors    []Anchor `json:"anchors"`                   // of that checkpoint
	Unanchored int64    `json:"unanchored"`                // records after it
	Oldest     string   `json:"oldest_received,omitempty"` // when the first of them was received; RFC 3339, UTC
	Age        int64    `json:"oldest_age_seconds"`        // how long ago that was when this was measured
}

// Measure finds the window of a ledger of that size. Received tells when a record was received;
// it is asked for one record at most.
func Measure(size int64, list []Attestation, received func(index int64) (civil.Instant, error), now civil.Instant) (Window, error) {
	w := Window{Anchors: []Anchor{}}
	for _, a := range list {
		if a.Size > size || a.Size < w.Anchored {
			continue
		}
		if a.Size > w.Anchored {
			w.Anchored, w.Anchors = a.Size, w.Anchors[:0]
		}
		w.Anchors = append(w.Anchors, a.Anchor())
	}
	slices.SortFunc(w.Anchors, func(a, b Anchor) int {
		return strings.Compare(a.At+string(a.Kind)+a.By, b.At+string(b.Kind)+b.By)
	})
	if w.Unanchored = size - w.Anchored; w.Unanchored == 0 {
		return w, nil
	}
	oldest, err := received(w.Anchored)
	if err != nil {
		return w, fmt.Errorf("measure the unanchored window: %w", err)
	}
	w.Oldest = oldest.String()
	w.Age = max(0, int64(now-oldest)/int64(time.Second/time.Microsecond))
	return w, nil
}

// String says it in sentences.
func (w Window) String() string {
	var b strings.Builder
	if w.Anchored == 0 {
		b.WriteString("Nobody outside holds or has time stamped a checkpoint of this ledger.")
	} else {
		said := make([]string, len(w.Anchors))
		for i, a := range w.Anchors {
			said[i] = map[Kind]string{Stamped: "time stamped", Cosigned: "cosigned"}[a.Kind] + " at " + a.At + " by " + a.By
		}
		fmt.Fprintf(&b, "The first %d records are anchored: their checkpoint was %s.", w.Anchored, strings.Join(said, ", "))
	}
	switch {
	case w.Unanchored == 0:
		b.WriteString(" No record is unanchored.")
	case w.Anchored == 0:
		fmt.Fprintf(&b, " All %d records are unanchored, the oldest since %s (%s).", w.Unanchored, w.Oldest, Span(w.Age))
	default:
		fmt.Fprintf(&b, " The last %d records are unanchored, the oldest since %s (%s).", w.Unanchored, w.Oldest, Span(w.Age))
	}
	return b.String()
}

// Span words a number of seconds in its two largest units.
func Span(seconds int64) string {
	d, h, m := seconds/86400, seconds/3600%24, seconds/60%60
	switch {
	case d > 0:
		return fmt.Sprintf("%d d %d h", d, h)
	case h > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case m > 0:
		return fmt.Sprintf("%d min %d s", m, seconds%60)
	}
	return fmt.Sprintf("%d s", seconds)
}
