package verify

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Kind says what a fault lies in. Kinds are ordered: when several places disagree, the first
// kind is the cause and the later ones its consequences.
type Kind int

// The kinds of fault.
const (
	Container  Kind = iota // the zip itself: names, overlaps, hidden bytes
	Record                 // a record, or a range of records
	Sealing                // the seal, the record that names the manifest
	Signature              // the key or the checkpoint
	Manifest               // manifest.json
	Entry                  // an entry that differs from the manifest
	Conclusion             // findings, results or proofs that the records do not bear out
	Anchoring              // what others said of a checkpoint, or what the reader demands of them
)

var kindNames = [...]string{"container", "record", "seal", "signature", "manifest", "entry", "conclusion", "anchor"}

// String returns the kind in one word.
func (k Kind) String() string { return kindNames[k] }

// MarshalText writes the kind in one word.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Fault is one thing that is not as it was sealed.
type Fault struct {
	Kind   Kind   `json:"kind"`
	Record string `json:"record,omitempty"` // register/key@version, as the package now reads
	Index  int64  `json:"index"`            // ledger index of the record, or of the first of a range; -1 when it is no record
	Last   int64  `json:"last,omitempty"`   // last index of a range
	Entry  string `json:"entry,omitempty"`  // the entry of the zip
	Line   int    `json:"line,omitempty"`   // the line in it, from 1
	What   string `json:"what"`
}

// String names the fault's place and says what is wrong.
func (f Fault) String() string {
	var at []string
	if f.Record != "" {
		at = append(at, f.Record)
	}
	if f.Index >= 0 && f.Last > f.Index {
		at = append(at, fmt.Sprintf("records #%d to #%d", f.Index, f.Last))
	} else if f.Index >= 0 {
		at = append(at, fmt.Sprintf("#%d", f.Index))
	}
	switch {
	case f.Entry != "" && len(at) > 0:
		at = append(at, fmt.Sprintf("(%s:%d)", f.Entry, f.Line))
	case f.Entry != "":
		at = append(at, f.Entry)
	}
	if len(at) == 0 {
		at = append(at, "the package")
	}
	return strings.Join(at, " ") + ": " + f.What
}

// Held is a checkpoint that the reader kept from before.
type Held struct {
	Size  int64  `json:"size"`
	Root  string `json:"root"`
	Agree bool   `json:"agree"`
}

// Report says what was checked, what was found, and what no check of a package can show.
type Report struct {
	OK           bool   `json:"ok"`
	File         string `json:"file"`
	Organization string `json:"organization"` // as the package names it
	OrgID        string `json:"organization_id"`
	Created      string `json:"created"`
	From         string `json:"from"`
	To           string `json:"to"`
	Zone         string `json:"zone"`

	Origin      string     `json:"origin"`
	Size        int64      `json:"size"`
	Root        string     `json:"root"`       // lower-case hex
	Checkpoint  Checkpoint `json:"checkpoint"` // to be kept
	Key         string     `json:"key"`
	Fingerprint string     `json:"key_fingerprint"` // SHA-256 of the entry "key"
	KeyGiven    bool       `json:"key_given"`       // the key came from the reader, not from the package

	Entries       int      `json:"entries"`
	Bytes         int64    `json:"bytes"` // uncompressed
	Records       int64    `json:"records"`
	Erased        int64    `json:"erased"`
	Pulls         int64    `json:"pulls"`
	Blobs         int64    `json:"blobs"`
	BlobsNotKept  int64    `json:"blobs_not_kept"`
	BlobsErased   int64    `json:"blobs_erased"`
	Earlier       int      `json:"earlier_checkpoints"`
	Held          []Held   `json:"held_checkpoints"`
	Anchors       []Anchor `json:"anchors"` // by size
	Window        Window   `json:"window"`
	Unanchored    int64    `json:"unanchored"` // records after the newest checkpoint that the reader holds or that somebody trusted vouches for
	Proofs        int      `json:"proofs"`
	Tests         int      `json:"tests"`
	Findings      int      `json:"findings"`
	NamedRecords  int      `json:"records_named_by_findings"`
	FirstReceived string   `json:"first_received"`
	LastReceived  string   `json:"last_received"`

	Faults    []Fault  `json:"faults"`
	MoreFault int      `json:"faults_not_listed"`
	Notes     []string `json:"notes"`
	Limits    []string `json:"cannot_prove"`
}

// maxFaults bounds what is kept of each kind; the first ones tell where to look.
const maxFaults = 20

func (r *Report) fault(f Fault) {
	n := 0
	for _, g := range r.Faults {
		if g.Kind == f.Kind {
			n++
		}
	}
	if n >= maxFaults {
		r.MoreFault++
		return
	}
	r.Faults = append(r.Faults, f)
}

// entryFault adds a fault that lies in an entry and in no record.
func (r *Report) entryFault(k Kind, entry, format string, args ...any) {
	r.fault(Fault{Kind: k, Index: -1, Entry: entry, What: fmt.Sprintf(format, args...)})
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// finish orders the faults, the cause first and a record before a range, and states the limits.
func (r *Report) finish() {
	slices.SortStableFunc(r.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Index, b.Index))
	})
	r.OK = len(r.Faults) == 0
	r.Root = hex.EncodeToString(r.Checkpoint.Root[:])
	r.Limits = []string{
		"that an event happened when a record says so: event and recorded times were given by the source or by the organization; received times were given by its installation",
		"that the source delivered everything: see the completeness checks in results.json",
	}
	if !r.KeyGiven {
		r.Limits = append(r.Limits, "that the key is the organization's: it came with the package; confirm its fingerprint by another channel, then give it with --key")
	}
	switch {
	case r.Window.Anchored == 0 && len(r.Held) == 0:
		r.Limits = append(r.Limits, fmt.Sprintf("that the ledger was not rewritten before this package was made: no checkpoint kept from before was given and nobody you named vouches for one, so all %d records are unanchored; keep the checkpoint of this one and give it next time with --checkpoint", r.Records))
	case r.Unanchored > 0:
		r.Limits = append(r.Limits, fmt.Sprintf("that the last %d records were not rewritten before this package was made: they are newer than the last checkpoint that you hold or that somebody you named vouches for, and so unanchored", r.Unanchored))
	}
	if slices.ContainsFunc(r.Anchors, func(a Anchor) bool { return a.Trusted && a.Kind == kindStamp }) {
		r.Limits = append(r.Limits, "that no other history was time stamped too: a time stamp says when a checkpoint existed, a witness that it is the only one it saw; nor that the authority's certificate was not revoked")
	}
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	if r.OK {
		fmt.Fprintf(&b, "VERIFIED  %s\n\n", r.File)
	} else {
		fmt.Fprintf(&b, "CHANGED  %s\n\n  first at fault: %s\n", r.File, r.Faults[0])
		for _, f := range r.Faults[1:] {
			fmt.Fprintf(&b, "  also: %s\n", f)
		}
		if r.MoreFault > 0 {
			fmt.Fprintf(&b, "  and %d more\n", r.MoreFault)
		}
		b.WriteByte('\n')
	}
	r.printChecked(&b)
	if r.OK {
		b.WriteString("\nKeep this checkpoint, for the next package to be held against:\n\n" + r.Checkpoint.Text)
	} else if r.Checkpoint.Text != "" {
		b.WriteString("\nThe checkpoint in the package:\n\n" + r.Checkpoint.Text)
	}
	if len(r.Notes) > 0 {
		b.WriteString("\nNotes\n")
		for _, s := range r.Notes {
			b.WriteString("  - " + s + "\n")
		}
	}
	b.WriteString("\nThese checks cannot prove\n")
	for _, s := range r.Limits {
		b.WriteString("  - " + s + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) printChecked(b *strings.Builder) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "  %-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("organization", "%s (%s)", printable(r.Organization), r.OrgID)
	row("period", "%s to %s, %s", r.From, r.To, r.Zone)
	row("created", "%s", r.Created)
	row("origin", "%s", printable(r.Origin))
	row("size, root", "%d, %s", r.Size, r.Root)
	from := "came with the package, NOT confirmed"
	if r.KeyGiven {
		from = "given by you"
	}
	row("key", "%s", printable(r.Key))
	row("fingerprint", "%s (%s)", r.Fingerprint, from)
	row("entries", "%d, %d bytes", r.Entries, r.Bytes)
	row("records", "%d, of which %d erased; received %s to %s", r.Records, r.Erased, r.FirstReceived, r.LastReceived)
	row("pulls", "%d; input files kept %d, erased %d, not kept %d", r.Pulls, r.Blobs, r.BlobsErased, r.BlobsNotKept)
	row("tests", "%d, with %d findings that name %d records", r.Tests, r.Findings, r.NamedRecords)
	row("proofs", "%d", r.Proofs)
	row("checkpoints", "%d earlier ones, all prefixes of this ledger unless listed above", r.Earlier)
	for _, h := range r.Held {
		verdict := "agrees"
		if !h.Agree {
			verdict = "DISAGREES"
		}
		row("held by you", "size %d %s; %d records came after it", h.Size, verdict, max(0, r.Records-h.Size))
	}
	r.printAnchors(row)
}

// printable keeps a name from the package from steering the reader's terminal.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x202e || c == 0x2066 || c == 0x2067 {
			return '?'
		}
		return c
	}, s)
}

// printAnchors lists the last word of each who spoke, and what of the ledger is left without.
func (r *Report) printAnchors(row func(name, format string, args ...any)) {
	said := map[string]bool{}
	for i := len(r.Anchors) - 1; i >= 0; i-- {
		a := r.Anchors[i]
		if said[a.Kind+a.By] {
			continue
		}
		said[a.Kind+a.By] = true
		trust := "as you demand"
		switch {
		case !a.Trusted && a.Kind == kindCosigned:
			trust = "its key is NOT trusted, so the signature was not checked: give it with --witness"
		case !a.Trusted:
			trust = "its root is NOT trusted, it came with the package: give it with --tsa-roots"
		}
		row(a.Kind, "size %d by %s at %s; %s", a.Size, printable(a.By), a.Time, trust)
	}
	if len(said) == 0 {
		row("anchors", "none: no time stamp and no cosignature")
	}
	w := r.Window
	after := fmt.Sprintf("all %d records", w.Unanchored)
	if w.Anchored > 0 {
		after = fmt.Sprintf("%d records after size %d (%s)", w.Unanchored, w.Anchored, printable(strings.Join(w.By, "; ")))
	}
	if w.Oldest != "" {
		after += fmt.Sprintf(", the oldest received %s, %s before the package was made", w.Oldest, span(w.Age))
	}
	row("unanchored", "%s", after)
}

// span words a number of seconds in its two largest units.
func span(seconds int64) string {
	d, h, m := seconds/86400, seconds/3600%24, seconds/60%60
	switch {
	case d > 0:
		return fmt.Sprintf("%d d %d h", d, h)
	case h > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	}
	return fmt.Sprintf("%d min %d s", m, seconds%60)
}
