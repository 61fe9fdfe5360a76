package verify

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The entries that the manifest does not list: they hang together by themselves.
const (
	entryManifest   = "manifest.json"
	entryCheckpoint = "checkpoint"
	entrySeal       = "seal"
)

// Options are what a reader knows from another channel than the package.
type Options struct {
	Key         string   // the organization's verifier key; "" takes the one in the package
	Witnesses   []string // vkeys of witnesses (C2SP tlog-cosignature): the package must hold a valid cosignature of each
	StampRoots  []byte   // PEM: the package must hold a valid time stamp (RFC 3161) that leads to one of these
	Checkpoints []string // files with checkpoints kept from before, or earlier packages
}

// File checks a package. The error says that it could not be read or that an option is no use;
// everything that is wrong with the package itself stands in the report.
func File(ctx context.Context, path string, o Options) (*Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	rep, err := Reader(ctx, f, st.Size(), o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	rep.File = path
	return rep, nil
}

// Reader checks a package that is not a file.
func Reader(ctx context.Context, r io.ReaderAt, size int64, o Options) (*Report, error) {
	v := verifier{rep: &Report{}, roots: map[int64]tlog.Hash{}, notes: map[string]Checkpoint{}}
	defer v.close()
	if err := v.options(o); err != nil {
		return nil, err
	}
	var err error
	if v.c, err = openContainer(r, size, v.rep); err != nil {
		return nil, err
	}
	if v.c != nil {
		if err := v.check(ctx); err != nil {
			return nil, err
		}
	}
	v.rep.finish()
	return v.rep, nil
}

// verifier holds what is known of one package while it is checked.
type verifier struct {
	rep     *Report
	c       *container
	given   *key
	key     *key // by which signatures are checked; nil when there is none to be used
	cp      Checkpoint
	cpOK    bool
	m       *manifest
	sums    map[string]string // of the manifest
	sealed  string            // the manifest's SHA-256 as the seal names it
	seal    tlog.Hash
	held    []held
	heldAt  [][]byte
	early   []*earlier
	signed  []Checkpoint // earlier checkpoints of the package
	notes   map[string]Checkpoint
	proofs  []string
	results *conclusions
	named   map[uint64]int
	seed    maphash.Seed
	l       *ledger
	roots   map[int64]tlog.Hash

	anchors    []anchored // checkpoints that were shown to others, by size
	witnesses  []witnessKey
	vouched    map[string]bool // vkeys of witnesses whose cosignature was found and holds
	stampRoots *x509.CertPool  // the reader's; nil when none were given
}

func (v *verifier) options(o Options) error {
	if o.Key != "" {
		k, err := parseKey(strings.TrimSuffix(o.Key, "\n"))
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		v.given = &k
	}
	if err := v.trust(o); err != nil {
		return err
	}
	for _, path := range o.Checkpoints {
		notes, e, err := readHeld(path)
		if err != nil {
			return fmt.Errorf("--checkpoint: %w", err)
		}
		v.heldAt = append(v.heldAt, notes...)
		if e != nil {
			v.early = append(v.early, e)
		}
	}
	return nil
}

func (v *verifier) close() {
	for _, e := range v.early {
		_ = e.close()
	}
}

func (v *verifier) check(ctx context.Context) error {
	v.seed = maphash.MakeSeed()
	v.named = map[uint64]int{}
	v.readSeal()
	v.readManifest()
	v.readKey()
	v.readCheckpoint()
	v.readHeld()
	v.readEarlier()
	v.readAnchors()
	v.readResults()
	v.listProofs()
	if err := v.readLedger(ctx); err != nil {
		return err
	}
	v.checkRoots()
	v.checkAnchors()
	v.checkErasures()
	v.checkProofs()
	v.checkConclusions()
	v.checkBlobs()
	v.checkEntries(ctx)
	return ctx.Err()
}

// readSeal takes the manifest's hash out of the seal, the last record of the tree.
func (v *verifier) readSeal() {
	line, err := v.c.whole(entrySeal, maxLine)
	if err != nil {
		v.rep.entryFault(Sealing, entrySeal, "%v", err)
		return
	}
	body, ok := strings.CutSuffix(string(line), "\n")
	leaf, rec, err := commit([]byte(body))
	if !ok || err != nil || rec == nil || strings.Contains(body, "\n") {
		v.rep.entryFault(Sealing, entrySeal, "%v", errLine)
		return
	}
	v.seal = leaf
	r, err := parseRecord(rec)
	if err == nil && r.register != "assay.packages" {
		err = fmt.Errorf("it is a record of %s; expected assay.packages", r.register)
	}
	if err != nil {
		v.rep.entryFault(Sealing, entrySeal, "%v", err)
		return
	}
	ms, _ := object(r.body)
	for _, m := range ms {
		if m.name == "manifest" {
			v.sealed, _ = unquote(m.raw)
		}
	}
	var sum [32]byte
	if !unhex(sum[:], []byte(v.sealed)) {
		v.sealed = ""
		v.rep.entryFault(Sealing, entrySeal, "names no manifest by its SHA-256")
	}
}

func (v *verifier) readManifest() {
	b, err := v.c.whole(entryManifest, maxManifest)
	if err != nil {
		v.rep.entryFault(Manifest, entryManifest, "%v", err)
		return
	}
	sum := sha256.Sum256(b)
	if got := hex.EncodeToString(sum[:]); v.sealed != "" && got != v.sealed {
		v.rep.entryFault(Manifest, entryManifest, "is not the one that was sealed: its SHA-256 is %s, the seal says %s", got, v.sealed)
	}
	if v.m, err = parseManifest(b); err != nil {
		v.m = nil
		v.rep.entryFault(Manifest, entryManifest, "%v", err)
		return
	}
	v.sums = make(map[string]string, len(v.m.Entries))
	for _, e := range v.m.Entries {
		v.sums[e.Name] = e.SHA256
		if e.Name == entryManifest || e.Name == entrySeal || e.Name == entryCheckpoint {
			v.rep.entryFault(Manifest, entryManifest, "lists %s, which it cannot", e.Name)
		}
	}
	v.rep.Organization, v.rep.OrgID = printable(v.m.Org.Name), printable(v.m.Org.ID)
	v.rep.Created = v.m.Created
	v.rep.From, v.rep.To, v.rep.Zone = printable(v.m.Period.From), printable(v.m.Period.To), printable(v.m.Period.Zone)
}

// readKey decides by which key signatures are checked: the reader's, if there is one.
func (v *verifier) readKey() {
	b, err := v.c.whole("key", maxText)
	var k key
	if err == nil {
		k, err = parseKey(strings.TrimSuffix(string(b), "\n"))
	}
	if err == nil && k.text+"\n" != string(b) {
		err = errors.New("expected one line")
	}
	sum := sha256.Sum256(b)
	switch {
	case err == nil && v.m != nil && v.sums["key"] != hex.EncodeToString(sum[:]):
		v.rep.entryFault(Signature, "key", "is not the key that was sealed")
	case err != nil:
		v.rep.entryFault(Signature, "key", "%v", err)
	case v.given != nil && v.given.text != k.text:
		v.rep.entryFault(Signature, "key", "is not the key you gave: the package is signed by another key, or for another ledger")
	default:
		v.key = &k
	}
	if v.given != nil {
		v.key, v.rep.KeyGiven = v.given, true
	}
	if v.key != nil {
		v.rep.Key, v.rep.Fingerprint = v.key.text, v.key.fingerprint()
	}
}

// open checks a signed checkpoint once; the same note appears in every proof.
func (v *verifier) open(note []byte) (Checkpoint, error) {
	if c, ok := v.notes[string(note)]; ok {
		return c, nil
	}
	if v.key == nil {
		return parseCheckpoint(note)
	}
	c, err := openCheckpoint(note, *v.key)
	if err == nil && len(v.notes) < 1000 {
		v.notes[string(note)] = c
	}
	return c, err
}

func (v *verifier) readCheckpoint() {
	b, err := v.c.whole(entryCheckpoint, maxText)
	if err == nil {
		v.cp, err = v.open(b)
	}
	if err != nil {
		v.rep.entryFault(Signature, entryCheckpoint, "%v", err)
		return
	}
	v.cpOK = true
	v.rep.Checkpoint, v.rep.Origin, v.rep.Size = v.cp, v.cp.Origin, v.cp.Size
	if v.m != nil && (v.m.Origin != v.cp.Origin || v.m.Origin != "assay.local/"+v.m.Org.ID) {
		v.rep.entryFault(Manifest, entryManifest, "origin %q, organization %q: not those of the checkpoint", printable(v.m.Origin), printable(v.m.Org.ID))
	}
}

func (v *verifier) readHeld() {
	for _, b := range v.heldAt {
		c, err := v.open(b)
		h := held{Checkpoint: c}
		if err != nil {
			h.what = "the checkpoint you gave does not belong to this package: " + err.Error()
		}
		v.held = append(v.held, h)
	}
	slices.SortStableFunc(v.held, func(a, b held) int { return int(min(1, max(-1, a.Size-b.Size))) })
}

// readEarlier reads the signed checkpoints that the package brings along.
func (v *verifier) readEarlier() {
	const name = "ledger/checkpoints.txt"
	if v.c.files[name] == nil {
		return
	}
	b, err := v.c.whole(name, maxNotes)
	var notes [][]byte
	if err == nil {
		notes, err = splitNotes(b)
	}
	for i, n := range notes {
		c, e := v.open(n)
		if e == nil && len(v.signed) > 0 && v.signed[len(v.signed)-1].Size >= c.Size {
			e = errors.New("its size is not larger than that of the one before")
		}
		if e != nil {
			v.rep.fault(Fault{Kind: Entry, Index: -1, Entry: name, What: fmt.Sprintf("checkpoint %d, line %d: %v", i+1, 6*i+1, e)})
			return
		}
		v.signed = append(v.signed, c)
	}
	if err != nil {
		v.rep.entryFault(Entry, name, "%v", err)
	}
	v.rep.Earlier = len(v.signed)
}

func (v *verifier) listProofs() {
	for _, n := range v.c.names {
		if strings.HasPrefix(n, "proofs/") {
			v.proofs = append(v.proofs, n)
		}
	}
	v.rep.Proofs = len(v.proofs)
}

func (v *verifier) readLedger(ctx context.Context) error {
	l := &ledger{
		c: v.c, rep: v.rep, seed: v.seed, wanted: v.named, found: make([]bool, len(v.named)),
		watched: map[int64]bool{}, leaves: map[int64]watchedLeaf{}, roots: v.roots,
		tiles: newTiles(v.c, v.sums, v.rep), earlier: v.early,
		blobs: map[string]bool{}, erasedOf: map[string]int64{}, aged: map[int64]string{},
	}
	v.l = l
	cuts := map[int64]bool{}
	for _, c := range v.signed {
		cuts[c.Size] = true
	}
	for _, h := range v.held {
		cuts[h.Size] = true
	}
	for _, a := range v.anchors {
		cuts[a.cp.Size] = true
	}
	if v.results != nil {
		cuts[v.results.size] = true
	}
	for _, n := range v.proofs {
		if _, index, ok := proofPlace(n); ok {
			l.watched[index] = true
		}
		if p, err := v.proof(n); err == nil {
			if c, err := v.open(p.note); err == nil {
				cuts[c.Size] = true
			}
		}
	}
	for n := range cuts {
		l.cuts = append(l.cuts, n)
	}
	slices.Sort(l.cuts)
	l.ages = append([]int64{0}, l.cuts...) // whichever of them ends what is anchored
	if err := l.run(ctx); err != nil {
		return err
	}
	if !l.broken && l.tiles.leafs > l.size {
		v.rep.fault(Fault{Kind: Record, Index: l.size, Last: l.tiles.leafs - 1, What: "missing: the tiles hold them, the files of records end before"})
	}
	if v.m != nil && v.m.Records != l.size && !l.broken {
		v.rep.entryFault(Manifest, entryManifest, "says %d records; the package holds %d", v.m.Records, l.size)
	}
	v.rep.Records = l.size
	v.roots[0] = stack(nil).root()
	l.stack.push(node{0, v.seal}, l.size+1)
	v.roots[l.size+1] = l.stack.root()
	return nil
}

func (v *verifier) checkErasures() {
	// An erasure that was itself changed would accuse the records it listed; it is named already.
	if i := v.l.erased.firstNotIn(v.l.listed); i >= 0 && v.recordsStand() {
		v.rep.fault(Fault{Kind: Record, Index: i, Entry: fmt.Sprintf(recordFile, i/fileLines), Line: int(i%fileLines) + 1, What: "its content is withheld, but no record of an erasure lists it"})
	}
	if open := v.l.listed.count() - v.l.erased.count(); open > 0 {
		v.rep.note("%d records that an erasure lists still have their content in this package; it was probably made while they were being erased", open)
	}
}

// checkEntries holds every entry against the manifest, byte for byte and by name.
func (v *verifier) checkEntries(ctx context.Context) {
	v.rep.Entries = len(v.c.names)
	for _, f := range v.c.files {
		v.rep.Bytes += int64(min(f.UncompressedSize64, 1<<40))
	}
	if v.m == nil {
		return
	}
	blamed := func(name string) bool {
		return slices.ContainsFunc(v.rep.Faults, func(f Fault) bool { return f.Entry == name })
	}
	for _, e := range v.m.Entries {
		if ctx.Err() != nil {
			return
		}
		// A key that differs was blamed before the signatures that it cannot check.
		if what := v.entry(e); what != "" && !(e.Name == "key" && blamed("key")) {
			v.rep.entryFault(Entry, e.Name, "%s", what)
		}
	}
	for _, n := range v.c.names {
		own := n == entryManifest || n == entrySeal || n == entryCheckpoint
		if _, ok := v.sums[n]; !ok && !own {
			v.rep.entryFault(Entry, n, "was added: the manifest does not list it")
		}
		if own && v.c.crc[n] {
			v.rep.entryFault(Entry, n, "%s", badChecksum)
		}
	}
}

const badChecksum = "its content is not that of the zip's own checksum"

// entry says how an entry differs from the manifest's line, or "".
func (v *verifier) entry(e manifestEntry) string {
	f := v.c.files[e.Name]
	switch {
	case f == nil:
		return "is missing; the manifest lists it"
	case f.UncompressedSize64 != uint64(e.Bytes):
		return fmt.Sprintf("has %d bytes; %d were sealed", f.UncompressedSize64, e.Bytes)
	}
	got, err := v.c.digest(e.Name)
	switch {
	case err != nil:
		return fmt.Sprintf("cannot be read to its end: %v", err)
	case got != e.SHA256:
		return fmt.Sprintf("was changed: its SHA-256 is %s, %s was sealed", got, e.SHA256)
	case v.c.crc[e.Name]:
		return badChecksum
	}
	return ""
}
