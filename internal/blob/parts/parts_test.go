package parts_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/blob/parts"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
)

var (
	_ operate.Parts = (*parts.Store)(nil)
	_ operate.Shelf = (*parts.Store)(nil)
)

const org, other = id.Org("org_a1"), id.Org("org_b2")

func TestParts(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := parts.Open(dir)
	if err := s.Begin(ctx, org, "upload_1", []byte("about it")); err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(ctx, org, "upload_1", nil); err == nil {
		t.Error("an upload began twice")
	}
	n, err := s.Write(ctx, org, "upload_1", 0, io.MultiReader(strings.NewReader("first "), iotest.ErrReader(errors.New("cut off"))))
	if err == nil || n != 6 {
		t.Errorf("a piece cut off: %d, %v; want the 6 bytes that came, and the fault", n, err)
	}
	s = parts.Open(dir) // another process
	about, size, last, err := s.About(ctx, org, "upload_1")
	if err != nil || string(about) != "about it" || size != 6 || last == 0 {
		t.Errorf("About = %q, %d, %v, %v", about, size, last, err)
	}
	if n, err := s.Write(ctx, org, "upload_1", 3, strings.NewReader("x")); !errors.Is(err, fault.Refused) || n != 6 {
		t.Errorf("a piece at another place: %d, %v; want refused at 6", n, err)
	}
	if n, err := s.Write(ctx, org, "upload_1", 6, strings.NewReader("second")); err != nil || n != 12 {
		t.Errorf("the second piece: %d, %v", n, err)
	}
	r, err := s.Open(ctx, org, "upload_1")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(r)
	_ = r.Close()
	if string(b) != "first second" {
		t.Errorf("the upload holds %q", b)
	}
	list, err := s.Names(ctx, org)
	if diff := cmp.Diff([]string{"upload_1"}, list); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if list, err := s.Names(ctx, other); err != nil || len(list) > 0 {
		t.Errorf("another organization lists %v, %v", list, err)
	}
	for _, name := range []string{"upload_2", "../" + string(org) + "/upload_1", "upload_1/../upload_1", ""} {
		if _, _, _, err := s.About(ctx, other, name); !errors.Is(err, fault.NotFound) {
			t.Errorf("About(%q) in another organization = %v, want not found", name, err)
		}
	}
	if _, err := s.Open(ctx, "../x", "upload_1"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an organization that is a path: %v", err)
	}
	for range 2 {
		if err := s.Remove(ctx, org, "upload_1"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Write(ctx, org, "upload_1", 12, strings.NewReader("x")); !errors.Is(err, fault.NotFound) {
		t.Errorf("a piece of what was removed: %v", err)
	}
}
