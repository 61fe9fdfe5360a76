// Package blobtest is what every keeper of blobs must pass.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Blobs is what is tested.
type Blobs interface {
	Put(ctx context.Context, org id.Org, r io.Reader) (sum string, size int64, err error)
	Open(ctx context.Context, org id.Org, sum string) (io.ReadCloser, error)
	Verify(ctx context.Context, org id.Org, sum string) error
	Remove(ctx context.Context, org id.Org, sum string) error
}

// Place is where blobs are kept; it outlasts what Open returns.
type Place interface {
	Open() Blobs
	// Objects are the stored things of an organization by name, as whoever has the disk sees them.
	Objects(org id.Org) map[string][]byte
	// Replace puts other bytes under a name; nil deletes.
	Replace(org id.Org, name string, b []byte)
}

// The organizations of the suite.
const (
	first  id.Org = "org_00000000000000000000000000"
	second id.Org = "org_04000000000000000000000000"
)

// Run runs the suite; place makes a new empty place.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for name, test := range map[string]func(*testing.T, Place){
		"what was put is found again":       testPut,
		"the same twice is kept once":       testTwice,
		"a failed source leaves nothing":    testFailed,
		"nothing shows without the key":     testHidden,
		"organizations do not share blobs":  testTenants,
		"altered, cut or swapped is found":  testTamper,
		"removed is gone":                   testRemove,
		"many at once":                      testConcurrent,
		"a hash that is none is refused":    testNames,
		"a large one takes a stream's room": testLarge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place(t))
		})
	}
}

func put(t *testing.T, b Blobs, org id.Org, content string) string {
	t.Helper()
	sum, size, err := b.Put(t.Context(), org, strings.NewReader(content))
	want := sha256.Sum256([]byte(content))
	if err != nil || sum != hex.EncodeToString(want[:]) || size != int64(len(content)) {
		t.Fatalf("Put = %s, %d, %v; want %x, %d", sum, size, err, want, len(content))
	}
	return sum
}

func read(t *testing.T, b Blobs, org id.Org, sum string) (string, error) {
	t.Helper()
	r, err := b.Open(t.Context(), org, sum)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

func testPut(t *testing.T, p Place) {
	b := p.Open()
	for _, content := range []string{"", "a", strings.Repeat("0123456789abcdef", 10_000)} {
		sum := put(t, b, first, content)
		for _, b := range []Blobs{b, p.Open()} {
			if got, err := read(t, b, first, sum); err != nil || got != content {
				t.Errorf("Open = %d bytes, %v; want %d", len(got), err, len(content))
			}
			if err := b.Verify(t.Context(), first, sum); err != nil {
				t.Error(err)
			}
		}
	}
}

func testTwice(t *testing.T, p Place) {
	b := p.Open()
	sum := put(t, b, first, "the same")
	put(t, b, first, "the same")
	if n := len(p.Objects(first)); n != 1 {
		t.Errorf("%d objects, want 1", n)
	}
	// A copy that is damaged is mended by putting the content again.
	for name, object := range p.Objects(first) {
		p.Replace(first, name, object[:len(object)-3])
	}
	put(t, b, first, "the same")
	if err := b.Verify(t.Context(), first, sum); err != nil {
		t.Error(err)
	}
}

func testFailed(t *testing.T, p Place) {
	b := p.Open()
	broken := errors.New("the line is dead")
	if _, _, err := b.Put(t.Context(), first, io.MultiReader(strings.NewReader(strings.Repeat("x", 300_000)), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("Put = %v, want the source's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.Put(ctx, first, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put after cancel = %v", err)
	}
	if n := len(p.Objects(first)); n != 0 {
		t.Errorf("%d objects are left", n)
	}
}

func testHidden(t *testing.T, p Place) {
	content := "alice@example.com resigned"
	sum := put(t, p.Open(), first, content)
	for name, object := range p.Objects(first) {
		if strings.Contains(name, sum[:16]) || bytes.Contains(object, []byte("alice")) || bytes.Contains(object, []byte(sum)) {
			t.Errorf("object %s shows its content or its hash", name)
		}
	}
}

func testTenants(t *testing.T, p Place) {
	b := p.Open()
	sum := put(t, b, first, "shared by chance")
	if _, err := read(t, b, second, sum); !errors.Is(err, fault.NotFound) {
		t.Errorf("Open by another organization = %v, want not found", err)
	}
	put(t, b, second, "shared by chance")
	var one string
	for name := range p.Objects(first) {
		one = name
	}
	if _, same := p.Objects(second)[one]; same {
		t.Error("two organizations keep the same content under the same name: one learns of the other")
	}
	if err := b.Remove(t.Context(), first, sum); err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(t.Context(), second, sum); err != nil {
		t.Errorf("after another organization removed it: %v", err)
	}
}

func testTamper(t *testing.T, p Place) {
	b := p.Open()
	sum := put(t, b, first, strings.Repeat("evidence ", 20_000))
	other := ""
	var name string
	for n := range p.Objects(first) {
		name = n
	}
	put(t, b, first, "another file")
	for n := range p.Objects(first) {
		if n != name {
			other = n
		}
	}
	whole := p.Objects(first)[name]
	flip := func(at int) []byte {
		c := bytes.Clone(whole)
		c[at] ^= 1
		return c
	}
	for what, object := range map[string][]byte{
		"swapped for another":     p.Objects(first)[other],
		"a bit of the first part": flip(len(whole) - 150_000),
		"a bit of the last byte":  flip(len(whole) - 1),
		"a bit of the header":     flip(30),
		"cut":                     whole[:len(whole)/2],
		"cut at a chunk":          whole[:len(whole)-180_000%65_552],
		"empty":                   {},
		"longer":                  append(bytes.Clone(whole), 0),
	} {
		p.Replace(first, name, object)
		if err := b.Verify(t.Context(), first, sum); !errors.Is(err, fault.Integrity) {
			t.Errorf("%s: Verify = %v, want an integrity failure", what, err)
		}
		if _, err := read(t, b, first, sum); !errors.Is(err, fault.Integrity) {
			t.Errorf("%s: reading to the end = %v, want an integrity failure", what, err)
		}
	}
	p.Replace(first, name, nil)
	if err := b.Verify(t.Context(), first, sum); !errors.Is(err, fault.NotFound) {
		t.Errorf("deleted: Verify = %v, want not found", err)
	}
}

func testRemove(t *testing.T, p Place) {
	b := p.Open()
	sum := put(t, b, first, "to be erased")
	for range 2 {
		if err := b.Remove(t.Context(), first, sum); err != nil {
			t.Fatal(err)
		}
		if _, err := read(t, b, first, sum); !errors.Is(err, fault.NotFound) {
			t.Errorf("Open of a removed blob = %v", err)
		}
	}
	if n := len(p.Objects(first)); n != 0 {
		t.Errorf("%d objects are left", n)
	}
}

func testConcurrent(t *testing.T, p Place) {
	b := p.Open()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			content := fmt.Sprintf("file %d", i%5)
			sum, _, err := b.Put(t.Context(), first, strings.NewReader(content))
			if err == nil {
				err = b.Verify(t.Context(), first, sum)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(p.Objects(first)); n != 5 {
		t.Errorf("%d objects, want 5", n)
	}
}

func testNames(t *testing.T, p Place) {
	b := p.Open()
	put(t, b, first, "x")
	for _, sum := range []string{"", "../keys", strings.Repeat("A", 64), strings.Repeat("0", 63)} {
		if _, err := b.Open(t.Context(), first, sum); !errors.Is(err, fault.Refused) {
			t.Errorf("Open(%q) = %v, want a refusal", sum, err)
		}
	}
	if _, _, err := b.Put(t.Context(), "../../etc", strings.NewReader("x")); !errors.Is(err, fault.Refused) {
		t.Errorf("Put for an organization that is a path = %v, want a refusal", err)
	}
}

func testLarge(t *testing.T, p Place) {
	b := p.Open()
	sum, size, err := b.Put(t.Context(), first, io.LimitReader(zeros{}, 20<<20))
	if err != nil || size != 20<<20 {
		t.Fatalf("Put = %d, %v", size, err)
	}
	if err := b.Verify(t.Context(), first, sum); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
