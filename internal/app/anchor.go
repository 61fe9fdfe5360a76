package app

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/tsa"
	"github.com/assayhq/assay/internal/witness"
)

// doer sends a request.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

// patience is how long one of those outside is waited for.
const patience = 10 * time.Second

// plain is the client for addresses that the operator wrote down. It follows no redirect: an
// answer that counts comes from where it was asked.
func plain() doer {
	return &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Files of the data folder that say who shall vouch for checkpoints.
const (
	outsideFile = "anchors.yaml"
	rootsFile   = "tsa-roots.pem"
)

// outside names those who shall vouch for the checkpoints of a data folder.
type outside struct {
	TSA       string         `yaml:"tsa,omitempty"` // URL; its roots lie beside, in tsa-roots.pem
	Witnesses []witnessEntry `yaml:"witnesses,omitempty"`

	roots []byte
}

type witnessEntry struct {
	Key string `yaml:"key"` // vkey of C2SP tlog-cosignature
	URL string `yaml:"url"`
}

// readOutside reads the settings; there may be none.
func readOutside(data string) (outside, error) {
	var s outside
	name := filepath.Join(data, outsideFile)
	b, err := os.ReadFile(name)
	if err == nil {
		err = yaml.UnmarshalWithOptions(b, &s, yaml.Strict())
		if err != nil && !errors.Is(err, io.EOF) { // an empty file says nothing
			return s, &fault.Error{Kind: fault.Refused, File: name, What: yaml.FormatError(err, false, true)}
		}
		err = s.check(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s.roots, err = os.ReadFile(filepath.Join(data, rootsFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return s, err
}

func (s outside) check(file string) error {
	if s.TSA != "" {
		if err := checkURL(s.TSA); err != nil {
			return &fault.Error{Kind: fault.Refused, File: file, Field: "tsa", What: err.Error()}
		}
	}
	for _, w := range s.Witnesses {
		_, err := ledger.ParseWitness(w.Key)
		if err == nil {
			err = checkURL(w.URL)
		}
		if err != nil {
			return &fault.Error{Kind: fault.Refused, File: file, Field: "witnesses", What: err.Error()}
		}
	}
	return nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%q is not an address; expected https://HOST/PATH", text)
	}
	return nil
}

// add takes what a command line gives and writes it down.
func (s *outside) add(data string, given cli.AnchorSettings) error {
	if given.TSA != "" {
		s.TSA = given.TSA
	}
	for _, text := range given.Witnesses {
		key, at, ok := strings.Cut(text, "@")
		if !ok {
			return &fault.Error{Kind: fault.Refused, Field: "--witness", What: fmt.Sprintf("%q; expected VKEY@URL", text)}
		}
		s.Witnesses = slices.DeleteFunc(s.Witnesses, func(w witnessEntry) bool { return w.Key == key })
		s.Witnesses = append(s.Witnesses, witnessEntry{key, at})
	}
	if err := s.check("anchor"); err != nil {
		return err
	}
	if given.Roots != "" {
		b, err := os.ReadFile(given.Roots)
		if err != nil {
			return &fault.Error{Kind: fault.Refused, Field: "--tsa-roots", What: err.Error()}
		}
		if _, err := tsa.Roots(given.Roots, b); err != nil {
			return err
		}
		if !bytes.Contains(s.roots, b) { // earlier time stamps need the earlier roots
			s.roots = append(append(bytes.Clone(s.roots), b...), '\n')
		}
	}
	if s.TSA != "" && len(s.roots) == 0 {
		return &fault.Error{Kind: fault.Refused, Field: "--tsa-roots", What: "the roots of the time stamping authority are not known, so nothing that it says could be checked",
			Hint: "get its root certificates in PEM from the authority and name the file with --tsa-roots"}
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	if err := createFile(filepath.Join(data, outsideFile), write(text)); err != nil {
		return err
	}
	if given.Roots == "" {
		return nil
	}
	return createFile(filepath.Join(data, rootsFile), write(s.roots))
}

// pool is the roots for time stamps; nil when there are none.
func (s outside) pool() (*x509.CertPool, error) {
	if len(s.roots) == 0 {
		return nil, nil
	}
	return tsa.Roots(rootsFile, s.roots)
}

// Anchor has the last checkpoint time stamped and cosigned. Who has spoken for it already is not
// asked again, and who does not answer is listed.
func (o *office) Anchor(ctx context.Context, given *cli.AnchorSettings) (cli.Anchored, error) {
	out := cli.Anchored{New: []ledger.Anchor{}, Failed: []cli.AnchorFailure{}}
	s, err := readOutside(o.data)
	if err != nil {
		return out, err
	}
	if given != nil && (given.TSA != "" || given.Roots != "" || len(given.Witnesses) > 0) {
		if err := s.add(o.data, *given); err != nil {
			return out, err
		}
	}
	if s.TSA == "" && len(s.Witnesses) == 0 {
		if given == nil {
			return out, nil
		}
		return out, fault.Refuse("nobody outside is named who could vouch for a checkpoint").
			WithHint("name a time stamping authority with --tsa URL --tsa-roots FILE, or a witness with --witness VKEY@URL")
	}
	c, err := o.st.Checkpoint(ctx, o.org.ID)
	if err != nil {
		return out, err
	}
	out.Checkpoint = assure.Checkpoint{Size: c.Size, Root: c.RootHex()}
	said, err := o.st.Attestations(ctx, o.org.ID)
	if err != nil {
		return out, err
	}
	ask := func(by string, has bool, fetch func(context.Context) (ledger.Attestation, error)) error {
		if has {
			return nil
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		a, err := fetch(limited)
		if err != nil {
			out.Failed = append(out.Failed, cli.AnchorFailure{By: by, What: err.Error(), Err: err})
			return nil
		}
		a.Size, a.Note = c.Size, c.Note
		out.New = append(out.New, a.Anchor())
		return o.st.Attest(ctx, o.org.ID, a)
	}
	if s.TSA != "" {
		has := slices.ContainsFunc(said, func(a ledger.Attestation) bool { return a.Kind == ledger.Stamped && a.Size == c.Size })
		if err := ask(s.TSA, has, func(ctx context.Context) (ledger.Attestation, error) { return o.stamp(ctx, s, c) }); err != nil {
			return out, err
		}
	}
	for _, w := range s.Witnesses {
		key, err := ledger.ParseWitness(w.Key)
		if err != nil {
			return out, err
		}
		last := int64(0)
		for _, a := range said {
			if a.Kind == ledger.Cosigned && a.By == key.Name() {
				last = max(last, a.Size)
			}
		}
		if err := ask(key.Name(), last == c.Size, func(ctx context.Context) (ledger.Attestation, error) { return o.cosign(ctx, w.URL, key, c, last) }); err != nil {
			return out, err
		}
	}
	out.Window, err = o.window(ctx, c.Size)
	return out, err
}

func (o *office) stamp(ctx context.Context, s outside, c ledger.Signed) (ledger.Attestation, error) {
	roots, err := s.pool()
	if err != nil {
		return ledger.Attestation{}, err
	}
	if roots == nil {
		return ledger.Attestation{}, fault.Refuse("%s is missing: nothing that %s says could be checked", filepath.Join(o.data, rootsFile), s.TSA).WithHint("give the roots with assay anchor --tsa-roots FILE")
	}
	client := tsa.Client{URL: s.TSA, Roots: roots, HTTP: o.app.HTTP, Clock: o.app.Clock, Random: o.app.Random}
	got, err := client.Fetch(ctx, c.Note)
	return ledger.Attestation{Kind: ledger.Stamped, By: got.Authority, At: civil.InstantOf(got.Time), Proof: got.Response}, err
}

func (o *office) cosign(ctx context.Context, at string, key ledger.Witness, c ledger.Signed, last int64) (ledger.Attestation, error) {
	client := witness.Client{URL: at, Key: key, HTTP: o.app.HTTP, Clock: o.app.Clock}
	got, err := client.Ask(ctx, c, last, func(old int64) (tlog.TreeProof, error) {
		return ledger.ProveConsistency(c.Size, old, o.st.Hashes(ctx, o.org.ID))
	})
	return ledger.Attestation{Kind: ledger.Cosigned, By: got.Name, At: civil.InstantOf(got.Time), Proof: []byte(got.Line)}, err
}

// window measures what of the ledger nobody outside vouches for, as of a size.
func (o *office) window(ctx context.Context, size int64) (ledger.Window, error) {
	list, err := o.st.Attestations(ctx, o.org.ID)
	if err != nil {
		return ledger.Window{}, err
	}
	return o.measure(ctx, size, list)
}

func (o *office) measure(ctx context.Context, size int64, list []ledger.Attestation) (ledger.Window, error) {
	received := func(index int64) (civil.Instant, error) { return o.st.Received(ctx, o.org.ID, index) }
	return ledger.Measure(size, list, received, civil.InstantOf(o.app.Clock()))
}

// Window is what of the ledger nobody outside vouches for, as it is now.
func (p *pages) Window(ctx context.Context) (ledger.Window, error) {
	size, err := p.o.st.Size(ctx, p.o.org.ID)
	if err != nil {
		return ledger.Window{}, err
	}
	return p.o.window(ctx, size)
}

// sound checks again what others said and was kept. It gives back what holds, and calls fail for
// what does not, with a fault.Integrity, or with another error for what cannot be checked here.
func (o *office) sound(ctx context.Context, s outside, fail func(a ledger.Attestation, err error)) ([]ledger.Attestation, error) {
	list, err := o.st.Attestations(ctx, o.org.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	roots, err := s.pool()
	if err != nil {
		return nil, err
	}
	key, err := sqlite.NewKeys(filepath.Join(o.data, "keys"), o.app.Random).Verifier(o.org.ID)
	if err != nil {
		return nil, err
	}
	var out []ledger.Attestation
	for _, a := range list {
		c, err := ledger.OpenCheckpoint(a.Note, key)
		if err == nil {
			var now ledger.Signed
			if now, err = o.st.CheckpointAt(ctx, o.org.ID, a.Size); err == nil && now.Checkpoint != c.Checkpoint {
				err = &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("it is over another checkpoint of %d records than the ledger's", a.Size)}
			}
		}
		if err == nil {
			err = s.holds(a, c.Checkpoint, roots)
		}
		if err != nil {
			fail(a, err)
			continue
		}
		out = append(out, a)
	}
	return out, nil
}

// holds checks one word over its checkpoint.
func (s outside) holds(a ledger.Attestation, c ledger.Checkpoint, roots *x509.CertPool) error {
	if a.Kind == ledger.Stamped {
		if roots == nil {
			return fault.Refuse("the roots of its authority are not in %s", rootsFile)
		}
		got, err := tsa.Verify(a.Proof, a.Note, roots)
		if err == nil && (got.Authority != a.By || civil.InstantOf(got.Time) != a.At) {
			err = &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("it is by %s at %s", got.Authority, got.Time.Format(time.RFC3339))}
		}
		return err
	}
	for _, w := range s.Witnesses {
		key, err := ledger.ParseWitness(w.Key)
		if err != nil || key.Name() != a.By {
			continue
		}
		got, err := key.Open(c, string(a.Proof))
		if errors.Is(err, fault.NotFound) {
			continue // a key that this witness had before
		}
		if err == nil && civil.InstantOf(got.Time) != a.At {
			err = &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("it is of %s", got.Time.Format(time.RFC3339))}
		}
		return err
	}
	return fault.Refuse("the key of this witness is not in %s", outsideFile)
}

// verifyAnchors checks what others said, and measures the window from what holds.
func (o *office) verifyAnchors(ctx context.Context, out *cli.Verified) error {
	s, err := readOutside(o.data)
	if err != nil {
		return err
	}
	list, err := o.sound(ctx, s, func(a ledger.Attestation, err error) {
		what := fmt.Sprintf("the %s of %s on checkpoint %d: %v", a.Kind, a.By, a.Size, err)
		if errors.Is(err, fault.Integrity) {
			out.Faults = append(out.Faults, cli.VerifiedFault{Index: -1, What: what})
		} else {
			out.Notes = append(out.Notes, "not checked and not counted: "+what)
		}
	})
	if err != nil {
		return err
	}
	out.Window, err = o.measure(ctx, out.Size, list)
	if err != nil && len(out.Faults) > 0 {
		err = nil // the record whose age is asked for is among those at fault
	}
	out.Anchored, out.Unanchored = out.Window.Anchored, out.Window.Unanchored
	return err
}

// vouched gives a package what others said, as far as it holds.
func (o *office) vouched(ctx context.Context, m *publish.Material) error {
	s, err := readOutside(o.data)
	if err != nil {
		return err
	}
	var wrong error
	m.Anchors, err = o.sound(ctx, s, func(_ ledger.Attestation, err error) {
		if errors.Is(err, fault.Integrity) {
			wrong = err
		}
	})
	if err := errors.Join(err, wrong); err != nil {
		return err
	}
	if slices.ContainsFunc(m.Anchors, func(a ledger.Attestation) bool { return a.Kind == ledger.Stamped }) {
		m.StampRoots = s.roots
	}
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return err
	}
	m.Window, err = o.measure(ctx, size, m.Anchors)
	return err
}
