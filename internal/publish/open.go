package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

// Opened is a package every byte of which hangs on a signed checkpoint, as verify/FORMAT.md says. It is read by this program for this
// program; who wants to believe nobody here checks the file with assay-verify.
type Opened struct {
	Organization id.Org
	Name         string // of the organization, as it calls itself
	Created      civil.Instant
	Period       civil.Period
	Key          string // the verifier key that the signatures are of, NAME+HASH+BASE64
	Given        bool   // the key was known from elsewhere; false: it came with the package and proves only that the package agrees with itself
	Manifest     string // SHA-256 in hex
	Records      int64  // before the seal
	Checkpoint   ledger.Signed
	Earlier      []ledger.Signed // the checkpoints that came along, each a prefix of the tree, rising
	Anchors      []Shown
	Program      []byte // program.json
	Results      assure.Results

	zip  *opened
	man  *listing
	seal record.Sealed
}

// Shown is a checkpoint that was shown to others, with what they said of it. Whether the one who reads the package trusts them is for
// them to say: nothing of it is checked here but that the checkpoint is signed and a prefix of the tree.
type Shown struct {
	ledger.Signed
	Stamps       [][]byte // responses of RFC 3161 in DER
	Cosignatures []byte   // signature lines
}

// Bounds on what is read whole; all else is streamed. A package that says it unpacks to more than maxUnpacked bytes is not read at all.
const (
	maxUnpacked  = 64 << 30
	maxManifest  = 48 << 20
	maxResults   = 256 << 20
	maxNotesText = 64 << 20
	maxSmall     = 64 << 10
	maxStamp     = 1 << 20
)

// Fingerprint is how two people compare a key by telephone: the first 16 hex digits of its SHA-256, in groups of four.
func Fingerprint(key string) string {
	sum := sha256.Sum256([]byte(key))
	h := hex.EncodeToString(sum[:8])
	return h[:4] + " " + h[4:8] + " " + h[8:12] + " " + h[12:]
}

// Open reads a package and checks all of it: the manifest byte for byte, each record's leaf, the root, the signature by the key that is
// wanted, and that each earlier checkpoint that is held is a prefix of the tree. An empty key takes the one in the package. What does
// not agree is a fault.Integrity that names the entry or the record; what is no package of this format is a fault.Refused.
func Open(ctx context.Context, r io.ReaderAt, size int64, wantKey string, held ...ledger.Checkpoint) (*Opened, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	o := &Opened{zip: z, Given: wantKey != ""}
	for _, step := range []func() error{o.readSeal, o.readManifest, func() error { return o.readSigned(wantKey) }, o.readEarlier, o.readAnchors, o.readConclusions} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := o.checkTree(ctx, held); err != nil {
		return nil, err
	}
	return o, o.checkEntries(ctx)
}

// broken is a package that does not agree with what was sealed.
func broken(entry, format string, args ...any) error {
	return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("%s: %s", entry, fmt.Sprintf(format, args...)), Hint: "keep the file as it is, ask for the package again, and check both with assay-verify"}
}

// readSeal takes the manifest's hash out of the seal, the last leaf of the tree.
func (o *Opened) readSeal() error {
	b, err := o.zip.whole("seal", maxLine)
	if err != nil {
		return err
	}
	line, ok := bytes.CutSuffix(b, []byte("\n"))
	if !ok || bytes.IndexByte(line, '\n') >= 0 {
		return broken("seal", "expected one line")
	}
	if o.seal, err = parseLine(line); err != nil {
		return broken("seal", "%v", err)
	}
	if o.seal.Erased() {
		return broken("seal", "its content is withheld")
	}
	rec, err := record.Decode(o.seal.Bytes)
	if err != nil || rec.Register != record.Packages {
		return broken("seal", "expected a record of %s", record.Packages)
	}
	var body struct{ Manifest string }
	if err := json.Unmarshal(rec.Body, &body); err != nil || !isSum(body.Manifest) {
		return broken("seal", "names no manifest by its SHA-256")
	}
	o.Manifest = body.Manifest
	return nil
}

func (o *Opened) readManifest() error {
	b, err := o.zip.whole("manifest.json", maxManifest)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	if got := hex.EncodeToString(sum[:]); got != o.Manifest {
		return broken("manifest.json", "is not the one that was sealed: its SHA-256 is %s, the seal says %s", got, o.Manifest)
	}
	if o.man, err = parseManifest(b); err != nil {
		return err
	}
	m := o.man
	o.Name, o.Records = m.Org.Name, m.Records
	var errs [5]error
	o.Organization, errs[4] = id.ParseOrg(m.Org.ID)
	o.Created, errs[0] = civil.ParseInstant(m.Created)
	o.Period.From, errs[1] = civil.ParseDate(m.Period.From)
	o.Period.To, errs[2] = civil.ParseDate(m.Period.To)
	o.Period.Zone, errs[3] = civil.ParseZone(m.Period.Zone)
	if err := errors.Join(errs[:]...); err != nil {
		return broken("manifest.json", "%v", err)
	}
	if m.Origin != ledger.Origin(o.Organization) {
		return broken("manifest.json", "the origin %q is not that of the organization %q", m.Origin, m.Org.ID)
	}
	o.seal.Index = m.Records
	return nil
}

// readSigned checks key and checkpoint.
func (o *Opened) readSigned(want string) error {
	b, err := o.zip.whole("key", maxSmall)
	if err != nil {
		return err
	}
	key, ok := strings.CutSuffix(string(b), "\n")
	if !ok || strings.Contains(key, "\n") {
		return broken("key", "expected one line")
	}
	if want != "" && want != key {
		return broken("key", "the package is signed by another key than the one that is known for this organization: %s, known is %s", Fingerprint(key), Fingerprint(want))
	}
	v, err := note.NewVerifier(key)
	if err != nil || v.Name() != o.man.Origin {
		return broken("key", "is no verifier key of %s", o.man.Origin)
	}
	o.Key = key
	if o.Checkpoint, err = o.note("checkpoint", nil); err != nil {
		return err
	}
	if o.Checkpoint.Size != o.Records+1 {
		return broken("checkpoint", "is of %d records; expected %d and the seal", o.Checkpoint.Size, o.Records)
	}
	return nil
}

// note opens a signed checkpoint of this ledger: that of an entry, or a text out of one.
func (o *Opened) note(entry string, text []byte) (ledger.Signed, error) {
	v, err := note.NewVerifier(o.Key)
	if err == nil && text == nil {
		text, err = o.zip.whole(entry, maxSmall)
	}
	if err != nil {
		return ledger.Signed{}, err
	}
	s, err := ledger.OpenCheckpoint(text, v)
	if err != nil {
		return s, broken(entry, "%v", err)
	}
	return s, nil
}

// readEarlier reads the checkpoints that came along: five lines each, an empty one between two.
func (o *Opened) readEarlier() error {
	const name = "ledger/checkpoints.txt"
	if !o.zip.has(name) {
		return nil
	}
	b, err := o.zip.whole(name, maxNotesText)
	if err != nil {
		return err
	}
	for len(b) > 0 {
		end := 0
		for range 5 {
			n := bytes.IndexByte(b[end:], '\n')
			if n < 0 {
				return broken(name, "ends within a checkpoint")
			}
			end += n + 1
		}
		s, err := o.note(name, b[:end])
		if err != nil {
			return err
		}
		if n := len(o.Earlier); n > 0 && o.Earlier[n-1].Size >= s.Size || s.Size < 1 || s.Size > o.Records {
			return broken(name, "a checkpoint of %d records is out of order", s.Size)
		}
		o.Earlier = append(o.Earlier, s)
		if b = b[end:]; len(b) > 0 {
			if b[0] != '\n' || len(b) == 1 {
				return broken(name, "expected an empty line between two checkpoints")
			}
			b = b[1:]
		}
	}
	return nil
}

// readAnchors takes along what others said of earlier checkpoints.
func (o *Opened) readAnchors() error {
	at := map[string]int{}
	for _, name := range o.zip.names {
		rest, ok := strings.CutPrefix(name, "anchors/")
		folder, file, isIn := strings.Cut(rest, "/")
		if !ok || !isIn || file != "checkpoint" {
			continue
		}
		s, err := o.note(name, nil)
		if err != nil {
			return err
		}
		if strconv.FormatInt(s.Size, 10) != folder || s.Size < 1 || s.Size > o.Records {
			return broken(name, "is of %d records", s.Size)
		}
		at[folder] = len(o.Anchors)
		o.Anchors = append(o.Anchors, Shown{Signed: s})
	}
	for _, name := range o.zip.names { // sorted: the stamps come in order
		rest, ok := strings.CutPrefix(name, "anchors/")
		folder, file, isIn := strings.Cut(rest, "/")
		i, known := at[folder]
		if !ok || !isIn || file == "checkpoint" {
			continue
		}
		if !known {
			return broken(name, "says something of no checkpoint")
		}
		b, err := o.zip.whole(name, maxStamp)
		switch {
		case err != nil:
			return err
		case file == "cosignatures":
			o.Anchors[i].Cosignatures = b
		case strings.HasPrefix(file, "timestamp-") && strings.HasSuffix(file, ".tsr"):
			o.Anchors[i].Stamps = append(o.Anchors[i].Stamps, b)
		default:
			return broken(name, "is nothing that this format knows")
		}
	}
	return nil
}

// readConclusions reads the program and what its tests found.
func (o *Opened) readConclusions() error {
	var err error
	if o.Program, err = o.zip.whole("program.json", maxResults); err != nil {
		return err
	}
	b, err := o.zip.whole("results.json", maxResults)
	if err != nil {
		return err
	}
	if err := bounded(b); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &o.Results); err != nil {
		return broken("results.json", "%v", err)
	}
	for _, t := range o.Results.Controls {
		if t.Passed+t.Deviating+t.Undecided+t.NotApplicable != t.Population || t.Population < 0 {
			return broken("results.json", "the counts of %s do not add up to its population of %d", t.Test, t.Population)
		}
	}
	return nil
}
