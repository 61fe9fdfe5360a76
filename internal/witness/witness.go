// Package witness is both sides of C2SP tlog-witness: the small server that remembers how far it
// has seen each ledger and cosigns only what extends it, and the client by which a ledger asks.
package witness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

const (
	path       = "/add-checkpoint"
	sizeType   = "text/x.tlog.size"
	maxRequest = 64 << 10
	maxProof   = 63 // lines of a consistency proof
)

// Server cosigns the checkpoints of the ledgers that it knows. It answers by C2SP tlog-witness:
// 200 with a cosignature, 400 for another form, 403 for a signature that is not the ledger's,
// 404 for a ledger that it does not know, 409 when it has seen another size, and 422 when what
// it has seen is no prefix of the new state: a fork.
type Server struct {
	key    ledger.Cosigner
	clock  func() time.Time
	report func(format string, args ...any) // what the operator should see

	mu    sync.Mutex // one request at a time, so that what is compared is what is replaced
	store Folder
	logs  map[string]*log
}

// log is one known ledger.
type log struct {
	key  note.Verifier
	last ledger.Checkpoint
}

// NewServer makes a witness of ledgers, each given by the verifier key that its organization
// published. What it remembers of them is read from the folder and must carry their signatures.
func NewServer(key ledger.Cosigner, store Folder, vkeys []string, clock func() time.Time, report func(string, ...any)) (*Server, error) {
	s := &Server{key: key, clock: clock, report: report, store: store, logs: map[string]*log{}}
	for _, text := range vkeys {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return nil, fault.Refuse("%q is not the verifier key of a ledger: %v", text, err)
		}
		if s.logs[v.Name()] != nil {
			return nil, fault.Refuse("two keys for the ledger %s", v.Name())
		}
		last, err := store.read(v)
		if err != nil {
			return nil, err
		}
		s.logs[v.Name()] = &log{v, last.Checkpoint}
	}
	return s, nil
}

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	size   int64 // for 409
	what   string
}

func (r *refusal) Error() string { return r.what }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, what: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers POST /add-checkpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != path:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "expected POST", http.StatusMethodNotAllowed)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request is too long or was cut off", http.StatusBadRequest)
		return
	}
	c, err := s.add(b)
	var no *refusal
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, c.Line)
	case errors.As(err, &no) && no.status == http.StatusConflict:
		s.report("409 %s", no.what)
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(no.status)
		fmt.Fprintf(w, "%d\n", no.size)
	case errors.As(err, &no):
		s.report("%d %s", no.status, no.what)
		http.Error(w, no.what, no.status)
	default: // the disk: nothing is cosigned that could not be remembered
		s.report("500 %v", err)
		http.Error(w, "the checkpoint could not be kept", http.StatusInternalServerError)
	}
}

// add checks a request, remembers the checkpoint and cosigns it, in this order.
func (s *Server) add(body []byte) (ledger.Cosignature, error) {
	old, proof, signed, err := parse(body)
	if err != nil {
		return ledger.Cosignature{}, err
	}
	origin, _, _ := strings.Cut(string(signed), "\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[origin]
	if l == nil {
		return ledger.Cosignature{}, refuse(http.StatusNotFound, "the ledger %q is not known here", origin)
	}
	// Lines of other keys may stand there and are left out of what is kept.
	n, err := note.Open(signed, note.VerifierList(l.key))
	if err != nil {
		return ledger.Cosignature{}, refuse(http.StatusForbidden, "the checkpoint is not signed by the key of %s", origin)
	}
	c, err := ledger.ParseCheckpoint(n.Text)
	if err != nil || c.Origin != origin {
		return ledger.Cosignature{}, refuse(http.StatusBadRequest, "not a checkpoint: %v", err)
	}
	if err := l.extends(old, proof, c); err != nil {
		return ledger.Cosignature{}, err
	}
	own := fmt.Appendf([]byte(n.Text), "\n— %s %s\n", n.Sigs[0].Name, n.Sigs[0].Base64)
	if err := s.store.write(origin, own); err != nil {
		return ledger.Cosignature{}, err
	}
	l.last = c
	return s.key.Cosign(c, s.clock()), nil
}

// extends holds a checkpoint against the last one that was cosigned.
func (l *log) extends(old int64, proof tlog.TreeProof, c ledger.Checkpoint) error {
	conflict := func(format string, args ...any) error {
		return &refusal{http.StatusConflict, l.last.Size, fmt.Sprintf("%s: ", c.Origin) + fmt.Sprintf(format, args...)}
	}
	switch {
	case old > c.Size:
		return refuse(http.StatusBadRequest, "the old size %d is larger than the checkpoint's %d", old, c.Size)
	case old != l.last.Size:
		return conflict("the last size cosigned is %d; the request starts at %d and leads to %d", l.last.Size, old, c.Size)
	case (old == 0 || old == c.Size) && len(proof) > 0:
		return refuse(http.StatusUnprocessableEntity, "%s: a proof from %d to %d is empty", c.Origin, old, c.Size)
	case old == c.Size && old > 0 && c.Root != l.last.Root:
		return conflict("ANOTHER HISTORY of %d records: root %s was cosigned, %s is shown", c.Size, l.last.RootHex(), c.RootHex())
	case old == 0 && c.Size == 0 && c.Root != (&ledger.Tree{}).Root():
		return refuse(http.StatusUnprocessableEntity, "%s: an empty ledger has another root", c.Origin)
	case old > 0 && old < c.Size && tlog.CheckTree(proof, c.Size, c.Root, old, l.last.Root) != nil:
		return refuse(http.StatusUnprocessableEntity, "%s: ANOTHER HISTORY: the %d records cosigned before are no prefix of the %d shown", c.Origin, old, c.Size)
	}
	return nil
}

// parse reads a request in its one spelling.
func parse(body []byte) (old int64, proof tlog.TreeProof, signed []byte, err error) {
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	text, isOld := strings.CutPrefix(lines[0], "old ")
	old, e := strconv.ParseInt(text, 10, 64)
	if !ok || !isOld || e != nil || old < 0 || strconv.FormatInt(old, 10) != text {
		return 0, nil, nil, refuse(http.StatusBadRequest, `expected "old SIZE", the lines of a proof, an empty line and a checkpoint`)
	}
	if len(lines)-1 > maxProof {
		return 0, nil, nil, refuse(http.StatusBadRequest, "more than %d lines of proof", maxProof)
	}
	for _, l := range lines[1:] {
		h, e := tlog.ParseHash(l)
		if e != nil || h.String() != l {
			return 0, nil, nil, refuse(http.StatusBadRequest, "%q is not the base64 of a hash", l)
		}
		proof = append(proof, h)
	}
	return old, proof, signed, nil
}
