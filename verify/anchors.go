package verify

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Anchor is what somebody outside said of a checkpoint: that it existed at a time, or that it
// extends what a witness saw before.
type Anchor struct {
	Size    int64  `json:"size"`
	Kind    string `json:"kind"`    // time stamp, cosignature
	By      string `json:"by"`      // subject of the authority's certificate, or name of the witness
	Time    string `json:"time"`    // by their clock, UTC
	Trusted bool   `json:"trusted"` // it holds by a root or key that the reader gave
	Entry   string `json:"entry"`
}

// The kinds of anchor.
const (
	kindStamp    = "time stamp"
	kindCosigned = "cosignature"
)

// Window is the tail of the ledger that nobody vouches for whom the reader trusts.
type Window struct {
	Anchored   int64    `json:"anchored"` // size of the last checkpoint that the reader holds, or that somebody trusted stamped or cosigned
	By         []string `json:"by"`       // who, of that checkpoint
	Unanchored int64    `json:"unanchored"`
	Oldest     string   `json:"oldest_received,omitempty"` // when the first of them was received
	Age        int64    `json:"oldest_age_seconds"`        // how long before the package was made
}

const (
	anchorsFolder = "anchors/"
	anchorRoots   = anchorsFolder + "tsa-roots.pem"
	maxStamp      = 1 << 20
	maxAnchors    = 10_000 // entries
)

// anchored is a folder of anchors: one checkpoint and what was said of it.
type anchored struct {
	cp     Checkpoint
	stamps []string // entries
	signed string   // entry of cosignatures, or ""
}

// readAnchors reads the checkpoints that were shown to others; what was said is checked once
// the ledger is known.
func (v *verifier) readAnchors() {
	folders := map[int64]*anchored{}
	for _, name := range v.c.names {
		rest, ok := strings.CutPrefix(name, anchorsFolder)
		if !ok || name == anchorRoots {
			continue
		}
		size, file, ok := anchorPlace(rest)
		if !ok || len(folders) == maxAnchors {
			v.rep.entryFault(Anchoring, name, "expected %sSIZE/checkpoint, timestamp-N.tsr or cosignatures", anchorsFolder)
			continue
		}
		f := folders[size]
		if f == nil {
			f = &anchored{}
			folders[size] = f
		}
		switch file {
		case "checkpoint":
			b, err := v.c.whole(name, maxText)
			if err == nil {
				f.cp, err = v.open(b)
			}
			if err == nil && f.cp.Size != size {
				err = fmt.Errorf("is of %d records", f.cp.Size)
			}
			if err != nil {
				f.cp = Checkpoint{}
				v.rep.entryFault(Anchoring, name, "%v", err)
			}
		case "cosignatures":
			f.signed = name
		default:
			f.stamps = append(f.stamps, name)
		}
	}
	for size, f := range folders {
		if folder := anchorsFolder + strconv.FormatInt(size, 10); v.c.files[folder+"/checkpoint"] == nil {
			v.rep.entryFault(Anchoring, folder, "has no checkpoint for what stands there")
		} else if f.cp.Text != "" {
			v.anchors = append(v.anchors, *f)
		}
	}
	slices.SortFunc(v.anchors, func(a, b anchored) int { return cmp.Compare(a.cp.Size, b.cp.Size) })
}

// anchorPlace reads SIZE/FILE.
func anchorPlace(s string) (size int64, file string, ok bool) {
	n, file, _ := strings.Cut(s, "/")
	size, err := strconv.ParseInt(n, 10, 64)
	if err != nil || size < 1 || strconv.FormatInt(size, 10) != n {
		return 0, "", false
	}
	if file == "checkpoint" || file == "cosignatures" {
		return size, file, true
	}
	text, isStamp := strings.CutPrefix(file, "timestamp-")
	text, isStamp2 := strings.CutSuffix(text, ".tsr")
	i, err := strconv.Atoi(text)
	return size, file, isStamp && isStamp2 && err == nil && i > 0 && strconv.Itoa(i) == text
}

// checkAnchors holds each anchor against the tree and the bytes that it speaks of, and demands
// what the reader demands.
func (v *verifier) checkAnchors() {
	own := v.packageRoots()
	for _, a := range v.anchors {
		entry := fmt.Sprintf("%s%d/checkpoint", anchorsFolder, a.cp.Size)
		sound := v.recordsStand() && !v.l.broken
		if got, ok := v.roots[a.cp.Size]; sound && (!ok || got != a.cp.Root || a.cp.Size > v.l.size) {
			v.rep.entryFault(Anchoring, entry, "is not of this ledger: %d records with another history", a.cp.Size)
			continue
		}
		for _, name := range a.stamps {
			if err := v.checkStamp(name, a.cp, own); err != nil {
				v.rep.entryFault(Anchoring, name, "%v", err)
			}
		}
		if a.signed != "" {
			if err := v.checkCosignatures(a.signed, a.cp); err != nil {
				v.rep.entryFault(Anchoring, a.signed, "%v", err)
			}
		}
	}
	v.demand()
	v.measure()
}

// packageRoots are the roots by which the organization itself checked its time stamps. They
// show that the package is of one piece; trust comes from the reader's.
func (v *verifier) packageRoots() *x509.CertPool {
	if v.c.files[anchorRoots] == nil {
		return nil
	}
	b, err := v.c.whole(anchorRoots, maxStamp)
	if err == nil {
		var pool *x509.CertPool
		if pool, err = parseRoots(b); err == nil {
			return pool
		}
	}
	v.rep.entryFault(Anchoring, anchorRoots, "%v", err)
	return nil
}

func (v *verifier) checkStamp(name string, c Checkpoint, own *x509.CertPool) error {
	b, err := v.c.whole(name, maxStamp)
	if err != nil {
		return err
	}
	s, err := openStamp(b, []byte(c.Text))
	if err != nil {
		return err
	}
	trusted := v.stampRoots != nil && s.leadsTo(v.stampRoots)
	if !trusted && (own == nil || !s.leadsTo(own)) {
		return fmt.Errorf("its certificate, %s, was not valid then under the roots in %s", printable(s.signer.Subject.String()), anchorRoots)
	}
	v.rep.Anchors = append(v.rep.Anchors, Anchor{c.Size, kindStamp, s.signer.Subject.String(), s.at.Format(time.RFC3339Nano), trusted, name})
	return nil
}

func (v *verifier) checkCosignatures(name string, c Checkpoint) error {
	b, err := v.c.whole(name, maxText)
	if err != nil {
		return err
	}
	list, err := parseCosignatures(string(b))
	if err != nil {
		return err
	}
	for _, s := range list {
		a := Anchor{c.Size, kindCosigned, s.name, s.time(), false, name}
		for _, k := range v.witnesses {
			if !s.by(k) {
				continue
			}
			if !s.holds(c, k) {
				return fmt.Errorf("the cosignature of %s does not hold over the checkpoint beside it", printable(s.name))
			}
			a.Trusted, v.vouched[k.text] = true, true
		}
		v.rep.Anchors = append(v.rep.Anchors, a)
	}
	return nil
}

// demand refuses a package that lacks what the reader named.
func (v *verifier) demand() {
	for _, k := range v.witnesses {
		if !v.vouched[k.text] {
			v.rep.entryFault(Anchoring, "", "no checkpoint in it has a valid cosignature of the witness %s, which you demand", printable(k.name))
		}
	}
	if v.stampRoots != nil && !slices.ContainsFunc(v.rep.Anchors, func(a Anchor) bool { return a.Trusted && a.Kind == kindStamp }) {
		v.rep.entryFault(Anchoring, "", "no checkpoint in it has a valid time stamp that leads to the roots you gave")
	}
}

// measure finds the window: from the last checkpoint that the reader holds or that somebody
// vouches for whom the reader trusts.
func (v *verifier) measure() {
	w := Window{By: []string{}}
	add := func(size int64, by string) {
		if size = min(size, v.l.size); size < w.Anchored || size == 0 {
			return
		}
		if size > w.Anchored {
			w.Anchored, w.By = size, w.By[:0]
		}
		if !slices.Contains(w.By, by) {
			w.By = append(w.By, by)
		}
	}
	for _, h := range v.rep.Held {
		if h.Agree {
			add(h.Size, "held by you")
		}
	}
	for _, a := range v.rep.Anchors {
		if a.Trusted {
			add(a.Size, a.text())
		}
	}
	w.Unanchored = max(0, v.l.size-w.Anchored)
	v.rep.Unanchored = w.Unanchored
	if w.Unanchored > 0 {
		w.Oldest, w.Age = v.waiting(w.Anchored)
	}
	v.rep.Window = w
}

// waiting is when a record was received and how many seconds before the package was made; both
// are empty for an erased record.
func (v *verifier) waiting(index int64) (string, int64) {
	at := v.l.aged[index]
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return "", 0
	}
	if made, err := time.Parse(time.RFC3339Nano, v.rep.Created); err == nil {
		return at, max(0, int64(made.Sub(t)/time.Second))
	}
	return at, 0
}

// text says who, how and when.
func (a Anchor) text() string {
	how := "cosigned by "
	if a.Kind == kindStamp {
		how = "time stamped by "
	}
	return how + a.By + " at " + a.Time
}

// trust reads what the reader gives.
func (v *verifier) trust(o Options) error {
	v.vouched = map[string]bool{}
	for _, text := range o.Witnesses {
		k, err := parseWitness(strings.TrimSuffix(text, "\n"))
		if err != nil {
			return fmt.Errorf("--witness: %w", err)
		}
		if slices.ContainsFunc(v.witnesses, func(w witnessKey) bool { return w.text == k.text }) {
			return errors.New("--witness: the same key twice")
		}
		v.witnesses = append(v.witnesses, k)
	}
	if len(o.StampRoots) > 0 {
		var err error
		if v.stampRoots, err = parseRoots(o.StampRoots); err != nil {
			return fmt.Errorf("--tsa-roots: %w", err)
		}
	}
	return nil
}
