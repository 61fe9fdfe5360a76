package verify

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// single is a proof by itself with what it is held against, in parts that can be changed one by
// one. A text that was changed as a whole takes the place of the parts.
type single struct {
	head   []string // lines before the hashes
	hashes []string
	note   string // the signed checkpoint
	text   string
	line   string // of the record; "" for a proof of consistency
	old    string // the older checkpoint; "" for a proof of inclusion
	key    string

	l           *testLedger
	size, other int64 // of the tree; the index, or the older size
}

func (s single) render() string {
	if s.text != "" {
		return s.text
	}
	return strings.Join(append(slices.Clone(s.head), s.hashes...), "\n") + "\n\n" + s.note
}

func (s single) inclusion() bool { return s.old == "" }

// check is what assay-verify says of it.
func (s single) check() error {
	var err error
	if s.inclusion() {
		_, err = CheckProof([]byte(s.render()), []byte(s.line), s.key)
	} else {
		_, err = CheckConsistency([]byte(s.render()), []byte(s.old), s.key)
	}
	return err
}

func (s single) same(t single) bool {
	return s.render() == t.render() && s.line == t.line && s.old == t.old && s.key == t.key
}

func spelt[H ~[]tlog.Hash](hashes H) []string {
	out := make([]string, len(hashes))
	for i, h := range hashes {
		out[i] = h.String()
	}
	return out
}

// member proves a record.
func (l *testLedger) member(t testing.TB, index, size int64) single {
	t.Helper()
	p, err := tlog.ProveRecord(size, index, l)
	if err != nil {
		t.Fatal(err)
	}
	return single{head: []string{"c2sp.org/tlog-proof@v1", "index " + strconv.FormatInt(index, 10)}, hashes: spelt(p),
		note: string(l.checkpoint(size)), line: l.records[index].line(), key: l.key.vkey, l: l, size: size, other: index}
}

// growth proves that a smaller ledger is a prefix of a larger.
func (l *testLedger) growth(t testing.TB, old, size int64) single {
	t.Helper()
	p, err := tlog.ProveTree(size, old, l)
	if err != nil {
		t.Fatal(err)
	}
	return single{head: []string{"old " + strconv.FormatInt(old, 10)}, hashes: spelt(p),
		note: string(l.checkpoint(size)), old: string(l.checkpoint(old)), key: l.key.vkey, l: l, size: size, other: old}
}

const mutantSizes = 200 // trees of 1 to this many leaves

// elsewhere is another number in [0, n), or n itself when there is none.
func elsewhere(r *rand.Rand, at, n int64) int64 {
	if n < 2 {
		return n
	}
	return (at + 1 + r.Int64N(n-1)) % n
}

func flip(r *rand.Rand, s string) string {
	b := []byte(s)
	b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	return string(b)
}

// flipHash changes one bit of 32 bytes in base64.
func flipHash(r *rand.Rand, s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString([]byte(flip(r, string(b))))
}

// part picks a line of the note by its number and changes it.
func (s *single) part(n int, change func(string) string) {
	lines := strings.Split(s.note, "\n")
	lines[n] = change(lines[n])
	s.note = strings.Join(lines, "\n")
}

// signature changes the 64 bytes of the signature, or the four before them.
func (s *single) signature(change func([]byte) []byte) {
	s.part(4, func(line string) string {
		at := strings.LastIndexByte(line, ' ') + 1
		b, err := base64.StdEncoding.DecodeString(line[at:])
		if err != nil {
			panic(err)
		}
		return line[:at] + base64.StdEncoding.EncodeToString(change(b))
	})
}

// resign signs another text than the ledger's with the ledger's own key.
func (s single) resign(origin string, size int64, root string) string {
	b, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, s.l.key.signer)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// respelling writes base64 another way that lax readers take for the same.
func respelling(r *rand.Rand, s string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := len(strings.TrimRight(s, "=")) - 1
	switch r.IntN(5) {
	case 0:
		return s[:at] + string(digits[strings.IndexByte(digits, s[at])^1]) + s[at+1:]
	case 1:
		return strings.TrimRight(s, "=")
	case 2:
		return strings.NewReplacer("+", "-", "/", "_").Replace(s)
	case 3:
		return s[:at] + "\r" + s[at:]
	}
	return s + "="
}

func number(r *rand.Rand, n int64) string {
	return []string{"0%d", "+%d", " %d", "%d ", "%d.0", "0x%x", "-%d", "%d_", "%d\r", "%d00000000000000000000"}[r.IntN(10)]
}

// mutators change a proof so that it proves nothing any more. Those that find nothing to change
// leave the proof as it is, and another is tried.
var mutators = map[string]func(*rand.Rand, *single){
	"a flipped bit of the text":   func(r *rand.Rand, s *single) { s.text = flip(r, s.render()) },
	"a byte left out of the text": func(r *rand.Rand, s *single) { b := s.render(); i := r.IntN(len(b)); s.text = b[:i] + b[i+1:] },
	"a text cut short":            func(r *rand.Rand, s *single) { b := s.render(); s.text = b[:1+r.IntN(len(b)-1)] },
	"text after the end":          func(r *rand.Rand, s *single) { s.text = s.render() + []string{"\n", " ", "x\n", "\x00"}[r.IntN(4)] },
	"carriage returns":            func(_ *rand.Rand, s *single) { s.text = strings.ReplaceAll(s.render(), "\n", "\r\n") },
	"two lines swapped":           swapLines,
	"a line repeated":             repeatLine,
	"a flipped bit of a hash":     onHash(flipHash),
	"another spelling of a hash":  onHash(respelling),
	"a foreign hash":              onHash(func(r *rand.Rand, _ string) string { return tlog.RecordHash([]byte{byte(r.Uint32())}).String() }),
	"two hashes swapped":          func(r *rand.Rand, s *single) { swap(r, s.hashes) },
	"the hashes reversed":         func(_ *rand.Rand, s *single) { slices.Reverse(s.hashes) },
	"a hash left out":             dropHash,
	"a hash repeated": func(r *rand.Rand, s *single) {
		addHash(r, s, func(at int) string { return s.hashes[at%len(s.hashes)] })
	},
	"a hash added":                   func(r *rand.Rand, s *single) { addHash(r, s, func(int) string { return s.l.root(s.size).String() }) },
	"the root as the only hash":      func(_ *rand.Rand, s *single) { s.hashes = []string{s.l.root(s.size).String()} },
	"another number in the head":     func(r *rand.Rand, s *single) { s.number("%d", elsewhere(r, s.other, s.size)) },
	"a number beyond the tree":       func(r *rand.Rand, s *single) { s.number("%d", s.size+1+r.Int64N(3)) },
	"another spelling of the number": func(r *rand.Rand, s *single) { s.number(number(r, s.other), s.other) },
	"another header":                 func(r *rand.Rand, s *single) { s.head[0] = flip(r, s.head[0]) },
	"an extra line":                  func(_ *rand.Rand, s *single) { s.head = slices.Insert(s.head, len(s.head)-1, "extra YQ==") },
	"another size": func(r *rand.Rand, s *single) {
		s.part(1, func(string) string { return fmt.Sprint(elsewhere(r, s.size, mutantSizes)) })
	},
	"another spelling of the size": func(r *rand.Rand, s *single) {
		s.part(1, func(string) string { return fmt.Sprintf(number(r, s.size), s.size) })
	},
	"another root":                 func(r *rand.Rand, s *single) { s.part(2, func(x string) string { return flipHash(r, x) }) },
	"another spelling of the root": func(r *rand.Rand, s *single) { s.part(2, func(x string) string { return respelling(r, x) }) },
	"another origin":               func(r *rand.Rand, s *single) { s.part(0, func(x string) string { return flip(r, x) }) },
	"an extension line":            func(_ *rand.Rand, s *single) { s.part(2, func(x string) string { return x + "\nextension" }) },
	"no empty line":                func(_ *rand.Rand, s *single) { s.note = strings.Replace(s.note, "\n\n", "\n", 1) },
	"a flipped bit of the signature": func(r *rand.Rand, s *single) {
		s.signature(func(b []byte) []byte { return []byte(flip(r, string(b))) })
	},
	"a signature of zeros": func(_ *rand.Rand, s *single) {
		s.signature(func(b []byte) []byte { return append(b[:4:4], make([]byte, 64)...) })
	},
	"a signature cut short": func(r *rand.Rand, s *single) { s.signature(func(b []byte) []byte { return b[:r.IntN(len(b))] }) },
	"another spelling of the signature": func(r *rand.Rand, s *single) {
		s.part(4, func(x string) string { at := strings.LastIndexByte(x, ' ') + 1; return x[:at] + respelling(r, x[at:]) })
	},
	"the signature with the order added": func(_ *rand.Rand, s *single) { s.signature(addOrder) },
	"two signatures":                     func(_ *rand.Rand, s *single) { s.part(4, func(x string) string { return x + "\n" + x }) },
	"no signature":                       func(_ *rand.Rand, s *single) { s.note = s.note[:strings.Index(s.note, "— ")] },
	"another name on the signature": func(r *rand.Rand, s *single) {
		s.part(4, func(x string) string { return strings.Replace(x, "org_", "0rg_", 1) })
	},
	"the checkpoint of another size": func(r *rand.Rand, s *single) {
		s.note = string(s.l.checkpoint(1 + elsewhere(r, s.size-1, mutantSizes)))
	},
	"another root, signed by the log": func(r *rand.Rand, s *single) {
		s.note = s.resign(s.l.origin(), s.size, flipHash(r, s.l.root(s.size).String()))
	},
	"another origin, signed by the log": func(_ *rand.Rand, s *single) {
		s.note = s.resign("assay.local/org_other", s.size, s.l.root(s.size).String())
	},
	"signed by another key": func(r *rand.Rand, s *single) {
		s.note = string(newTestKey(2+r.Uint64N(9)).checkpoint(s.size, s.l.root(s.size)))
	},
	"held against another key":        func(r *rand.Rand, s *single) { s.key = newTestKey(2 + r.Uint64N(9)).vkey },
	"a flipped bit of the key":        func(r *rand.Rand, s *single) { s.key = flip(r, s.key) },
	"a flipped bit of what is proven": func(r *rand.Rand, s *single) { s.proven(func(x string) string { return flip(r, x) }) },
	"something else that is proven": func(r *rand.Rand, s *single) {
		s.proven(func(string) string {
			if s.inclusion() {
				return s.l.records[elsewhere(r, s.other, mutantSizes)].line()
			}
			return string(s.l.checkpoint(1 + elsewhere(r, s.other-1, mutantSizes)))
		})
	},
	"another number and what it names": func(r *rand.Rand, s *single) {
		if s.inclusion() && s.size > 1 {
			n := elsewhere(r, s.other, s.size)
			s.number("%d", n)
			s.line = s.l.records[n].line()
		} else if !s.inclusion() && s.size > 1 {
			n := 1 + elsewhere(r, s.other-1, s.size)
			s.number("%d", n)
			s.old = string(s.l.checkpoint(n))
		}
	},
	"another past, signed by the log": func(r *rand.Rand, s *single) {
		if !s.inclusion() {
			s.old = s.resign(s.l.origin(), s.other, flipHash(r, s.l.root(s.other).String()))
		}
	},
	"past and present swapped": func(_ *rand.Rand, s *single) {
		if !s.inclusion() {
			s.number("%d", s.size)
			s.old, s.note = s.note, s.old
		}
	},
	"the present in place of the past": func(_ *rand.Rand, s *single) {
		if !s.inclusion() {
			s.old = s.note
		}
	},
}

func (l *testLedger) origin() string { return "assay.local/" + testOrg }

func (s *single) number(format string, n int64) {
	word, _, _ := strings.Cut(s.head[len(s.head)-1], " ")
	s.head[len(s.head)-1] = word + " " + fmt.Sprintf(format, n)
}

func (s *single) proven(change func(string) string) {
	if s.inclusion() {
		s.line = change(s.line)
	} else {
		s.old = change(s.old)
	}
}

func swap(r *rand.Rand, s []string) {
	if len(s) > 1 {
		i := r.IntN(len(s))
		j := elsewhere(r, int64(i), int64(len(s)))
		s[i], s[j] = s[j], s[i]
	}
}

func swapLines(r *rand.Rand, s *single) {
	lines := strings.Split(s.render(), "\n")
	swap(r, lines)
	s.text = strings.Join(lines, "\n")
}

func repeatLine(r *rand.Rand, s *single) {
	lines := strings.SplitAfter(s.render(), "\n")
	i := r.IntN(len(lines) - 1)
	s.text = strings.Join(slices.Insert(lines, i, lines[i]), "")
}

func onHash(change func(*rand.Rand, string) string) func(*rand.Rand, *single) {
	return func(r *rand.Rand, s *single) {
		if len(s.hashes) > 0 {
			i := r.IntN(len(s.hashes))
			s.hashes[i] = change(r, s.hashes[i])
		}
	}
}

func dropHash(r *rand.Rand, s *single) {
	if len(s.hashes) > 0 {
		i := r.IntN(len(s.hashes))
		s.hashes = slices.Delete(s.hashes, i, i+1)
	}
}

func addHash(r *rand.Rand, s *single, hash func(at int) string) {
	at := r.IntN(len(s.hashes) + 1)
	if len(s.hashes) > 0 {
		s.hashes = slices.Insert(s.hashes, at, hash(at))
	} else {
		s.hashes = []string{s.l.root(s.size).String()}
	}
}

// addOrder adds the order of the group to the second half of a signature: the equation of Ed25519
// still holds, and only the bound on that half refuses it.
func addOrder(b []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	half := slices.Clone(b[4+ed25519.SignatureSize/2:])
	slices.Reverse(half)
	sum := new(big.Int).Add(order, new(big.Int).SetBytes(half)).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(slices.Clone(b[:4+32]), sum...)
}

// driver feeds the second verifier: a line a proof, with its parts in base64. It prints the number
// of every proof that is accepted, and whatever is raised that is not a plain refusal.
const driver = `
import base64, sys
sys.path.insert(0, sys.argv[1])
import verifier
for n, case in enumerate(sys.stdin.buffer):
    text, key, line, old = [base64.b64decode(x) for x in case.rstrip(b"\n").split(b" ")]
    try:
        verifier.check_proof(text, verifier.read_key(key), line, old)
        print(n)
    except verifier.Fault:
        pass
    except Exception as e:
        print(n, "crashed", repr(e))
`

// second gives the proofs to the second verifier in one process and returns what it printed.
func second(t testing.TB, cases func(yield func(single))) []string {
	t.Helper()
	cmd := python(t, "-c", driver, "../internal/publish")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(in, 1<<20)
	cases(func(s single) {
		for i, part := range []string{s.render(), s.key, s.line, s.old} {
			if i > 0 {
				_ = w.WriteByte(' ')
			}
			_, _ = io.WriteString(w, base64.StdEncoding.EncodeToString([]byte(part)))
		}
		_ = w.WriteByte('\n')
	})
	if err := w.Flush(); err != nil {
		t.Errorf("%v\n%s", err, errs.String())
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil || errs.Len() > 0 {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return strings.Fields(strings.ReplaceAll(strings.ReplaceAll(out.String(), " ", "_"), "\n", " "))
}

// mutants makes the same mutants for the same seed: n of them, of trees of every size from 1 to
// mutantSizes and of places all over them.
func mutants(t testing.TB, n int, yield func(kind string, s single)) {
	t.Helper()
	l := synthetic(mutantSizes, 4)
	kinds := slices.Sorted(maps.Keys(mutators))
	r := rand.New(rand.NewPCG(2026, 11))
	for i := range n {
		for {
			size := 1 + int64(i)%mutantSizes
			sound := l.member(t, r.Int64N(size), size)
			if r.IntN(2) == 0 {
				sound = l.growth(t, 1+r.Int64N(size), size)
			}
			s := sound
			s.head, s.hashes = slices.Clone(s.head), slices.Clone(s.hashes)
			kind := kinds[r.IntN(len(kinds))]
			mutators[kind](r, &s)
			if !s.same(sound) {
				yield(kind, s)
				break
			}
		}
	}
}

// TestSingleProofs: every proof of trees of 1 to 40 leaves, and a sample of the larger ones, is
// accepted by both verifiers.
func TestSingleProofs(t *testing.T) {
	t.Parallel()
	l := synthetic(mutantSizes, 4)
	var sound []single
	for size := int64(1); size <= mutantSizes; size++ {
		step := 1 + size/40*7
		for i := int64(0); i < size; i += step {
			sound = append(sound, l.member(t, i, size), l.growth(t, i+1, size))
		}
	}
	for _, s := range sound {
		if err := s.check(); err != nil {
			t.Errorf("%v of %d refused: %v\n%s", s.head, s.size, err, s.render())
		}
	}
	accepted := second(t, func(yield func(single)) {
		for _, s := range sound {
			yield(s)
		}
	})
	for i, got := range accepted {
		if got != strconv.Itoa(i) {
			t.Fatalf("verify.py said %s where proof %d should be accepted", got, i)
		}
	}
	if len(accepted) != len(sound) {
		t.Errorf("verify.py accepted %d of %d sound proofs", len(accepted), len(sound))
	}
}

// TestMutants changes sound proofs in every way that is listed; no verifier may accept one. It
// takes 3,000, or as many as ASSAY_MUTANTS says.
func TestMutants(t *testing.T) {
	t.Parallel()
	n := 3000
	if s := os.Getenv("ASSAY_MUTANTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			t.Fatalf("ASSAY_MUTANTS=%q is not a count", s)
		}
	} else if testing.Short() {
		n = 500
	}
	start, seen, accepted := time.Now(), map[string]int{}, 0
	mutants(t, n, func(kind string, s single) {
		seen[kind]++
		if err := s.check(); err == nil {
			accepted++
			t.Errorf("assay-verify accepted %s (%v of %d):\n%s", kind, s.head, s.size, s.render())
		}
	})
	t.Logf("assay-verify: %d mutants of %d kinds, %d accepted, %v", n, len(seen), accepted, time.Since(start).Round(time.Millisecond))
	if n >= 500 && len(seen) != len(mutators) {
		t.Errorf("%d of %d kinds of mutants were made", len(seen), len(mutators))
	}
	start = time.Now()
	var made []string
	took := second(t, func(yield func(single)) {
		mutants(t, n, func(kind string, s single) {
			made = append(made, kind)
			yield(s)
		})
	})
	for _, s := range took[:min(len(took), 10)] {
		number, _, _ := strings.Cut(s, "_")
		i, _ := strconv.Atoi(number)
		t.Errorf("verify.py said %s of %s", s, made[i])
	}
	t.Logf("verify.py: %d mutants, %d accepted or crashed, %v", len(made), len(took), time.Since(start).Round(time.Millisecond))
}
