package operate

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Blobs keeps files write-once. Altered content ends in a fault.Integrity instead of io.EOF.
type Blobs interface {
	// Put stores what r gives until its end and returns the SHA-256 of it; from then on it
	// survives a power cut. When r fails nothing is left.
	Put(ctx context.Context, org id.Org, r io.Reader) (sum string, size int64, err error)
	// Open answers fault.NotFound for a file that is not there.
	Open(ctx context.Context, org id.Org, sum string) (io.ReadCloser, error)
}

// Locker takes files as evidence.
type Locker struct {
	Desk    *Desk
	Files   Blobs
	Uploads *Uploads
}

// Given is what a person says of a file.
type Given struct {
	Control, Item      string
	Title, Description string
	FileName, Type     string         // as declared
	Captured           *civil.Instant // when the thing was captured
}

// Exhibit is a piece of evidence.
type Exhibit struct {
	ID string
	Given
	Size     int64
	SHA256   string
	Blob     string
	By       string // who gave it
	Uploaded civil.Instant
	Index    int64 // of its record in the ledger
	Version  int
	Received civil.Instant
	Source   string
}

// Give keeps what r gives until its end, hashed on its way, and records it. Nothing is recorded of a file that was not kept whole.
func (l *Locker) Give(ctx context.Context, a Actor, g Given, r io.Reader) (Exhibit, error) {
	if err := a.check(); err != nil {
		return Exhibit{}, err
	}
	g.FileName, g.Type = FileName(g.FileName), MediaType(g.Type)
	key, err := l.Desk.mint("evidence")
	if err != nil {
		return Exhibit{}, err
	}
	x := Exhibit{ID: key, Given: g, By: a.Email, SHA256: strings.Repeat("0", 64), Blob: strings.Repeat("0", 64)}
	// What cannot be recorded is refused before the file is read.
	if err := l.check(ctx, a, x); err != nil {
		return Exhibit{}, err
	}
	digest := sha256.New()
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	counted := &counter{r: io.TeeReader(limited, digest)}
	x.Blob, x.Size, err = l.Files.Put(ctx, a.Org, counted)
	if err != nil {
		return Exhibit{}, err
	}
	if x.SHA256 = hex.EncodeToString(digest.Sum(nil)); x.Size != counted.n || x.Blob != x.SHA256 {
		return Exhibit{}, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the file that was kept is %s with %d bytes, what came is %s with %d", x.Blob, x.Size, x.SHA256, counted.n), Hint: "check the disk of the data folder"}
	}
	x.Uploaded = l.Desk.Now()
	_, err = l.Desk.put(ctx, a, evidence, 1, x.members())
	return x, err
}

// GiveUpload takes an upload that is whole.
func (l *Locker) GiveUpload(ctx context.Context, a Actor, g Given, name string) (Exhibit, error) {
	done, err := l.Uploads.hold(name)
	if err != nil {
		return Exhibit{}, err
	}
	defer done()
	u, err := l.Uploads.Find(ctx, a, name)
	if errors.Is(err, fault.NotFound) {
		return Exhibit{}, fault.At("", 0, "file", "the upload is not there any more; choose the file again")
	}
	if err != nil {
		return Exhibit{}, err
	}
	if !u.Whole() {
		return Exhibit{}, fault.At("", 0, "file", "%d of %d bytes have arrived; wait until all are there", u.Offset, u.Length)
	}
	r, err := l.Uploads.Parts.Open(ctx, a.Org, name)
	if err != nil {
		return Exhibit{}, err
	}
	g.FileName, g.Type = u.Name, u.Type
	x, err := l.Give(ctx, a, g, r)
	if e := r.Close(); err == nil {
		err = e
	}
	if err != nil {
		return Exhibit{}, err
	}
	return x, l.Uploads.Shelf.Remove(ctx, a.Org, name)
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n += int64(n); c.n > MaxFile {
		return n, fault.At("", 0, "file", "the file holds more than %d bytes, the most that is taken", int64(MaxFile))
	}
	return n, err
}

func (l *Locker) check(ctx context.Context, a Actor, x Exhibit) error {
	var errs []error
	for _, f := range []struct{ name, v string }{{"control", x.Control}, {"title", x.Title}} {
		if strings.TrimSpace(f.v) == "" {
			errs = append(errs, fault.At("", 0, f.name, "missing; expected what the file is evidence of"))
		}
	}
	if x.Captured != nil && *x.Captured > l.Desk.Now() {
		errs = append(errs, fault.At("", 0, "captured_at", "the time lies ahead; expected when the thing was captured"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s, err := l.Desk.schema(ctx, a.Org, evidence)
	if err != nil {
		return err
	}
	_, err = register.Convert(s, "", register.Input{Fields: x.members()})
	return err
}

func (x Exhibit) members() members {
	var ms members
	ms.text("evidence_id", x.ID)
	ms.text("control", x.Control)
	ms.text("item", x.Item)
	ms.text("title", x.Title)
	ms.text("description", x.Description)
	ms.text("file_name", x.FileName)
	ms.text("media_type", x.Type)
	ms = append(ms, register.Member{Name: "size", Value: register.Value{Kind: register.Number, Text: fmt.Sprint(x.Size)}})
	ms.text("sha256", x.SHA256)
	ms.text("blob", x.Blob)
	if x.Captured != nil {
		ms.text("captured_at", x.Captured.String())
	}
	ms.text("uploaded_by", x.By)
	ms.text("uploaded_at", x.Uploaded.String())
	return ms
}

// FileName makes a name of a file safe to show and to give back: its last part, without what cannot be seen or turns the direction
// of text, and no longer than file systems take.
func FileName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.ToValidUTF8(s, ""), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, ". ")
	for len(s) > 200 { // the end stays: it says the kind of file
		ext := path.Ext(s)
		if len(ext) > 20 {
			ext = ""
		}
		s = strings.TrimSuffix(s, ext)
		cut := 200 - len(ext)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + ext
	}
	return cmp.Or(s, "file")
}

// MediaType is a declared type without parameters; what is none is bytes.
func MediaType(s string) string {
	if t, _, err := mime.ParseMediaType(s); err == nil && strings.Count(t, "/") == 1 && len(t) < 128 {
		return t
	}
	return "application/octet-stream"
}

// List gives a page of the evidence of a control, or of all where it is empty, the newest first, and how much there is.
func (l *Locker) List(ctx context.Context, org id.Org, control, item, text string, offset, limit int) ([]Exhibit, int64, error) {
	s := l.Desk.Schemas.Schema(evidence)
	if s == nil {
		return nil, 0, &fault.Error{Kind: fault.NotFound, What: "no register evidence"}
	}
	q := record.Query{Text: text, Sort: "uploaded_at", Desc: true, Offset: offset, Limit: limit}
	if control != "" {
		q.Where = append(q.Where, record.Match{Field: "control", Op: "=", Value: control})
	}
	if item != "" {
		q.Where = append(q.Where, record.Match{Field: "item", Op: "=", Value: item})
	}
	page, total, err := l.Desk.Books.List(ctx, org, s, q)
	if err != nil {
		return nil, 0, err
	}
	out := make([]Exhibit, len(page))
	for i, k := range page {
		if out[i], err = exhibit(k); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// Find gives one piece of evidence in its latest version, and how many versions there are.
func (l *Locker) Find(ctx context.Context, org id.Org, key string) (Exhibit, error) {
	h, err := l.Desk.Books.History(ctx, org, evidence, key)
	if err != nil {
		return Exhibit{}, err
	}
	return exhibit(h[len(h)-1])
}

// Open reads the file of a piece of evidence.
func (l *Locker) Open(ctx context.Context, org id.Org, x Exhibit) (io.ReadCloser, error) {
	return l.Files.Open(ctx, org, x.Blob)
}

func exhibit(k record.Known) (Exhibit, error) {
	var b struct {
		ID          string `json:"evidence_id"`
		Control     string `json:"control"`
		Item        string `json:"item"`
		Title       string `json:"title"`
		Description string `json:"description"`
		FileName    string `json:"file_name"`
		Type        string `json:"media_type"`
		Size        int64  `json:"size"`
		SHA256      string `json:"sha256"`
		Blob        string `json:"blob"`
		Captured    string `json:"captured_at"`
		By          string `json:"uploaded_by"`
		Uploaded    string `json:"uploaded_at"`
	}
	if err := json.Unmarshal(k.Body, &b); err != nil {
		return Exhibit{}, &fault.Error{Kind: fault.Integrity, What: "the body of " + k.Name(), Err: err}
	}
	x := Exhibit{ID: b.ID, Given: Given{b.Control, b.Item, b.Title, b.Description, b.FileName, b.Type, nil}, Size: b.Size, SHA256: b.SHA256, Blob: b.Blob, By: b.By,
		Index: k.Index, Version: k.Version, Received: k.Received, Source: k.Source}
	if at, ok := instant(b.Captured); ok {
		x.Captured = &at
	}
	x.Uploaded, _ = instant(b.Uploaded)
	return x, nil
}

// known checks that pieces of evidence exist and are about the control and item.
func (l *Locker) known(ctx context.Context, org id.Org, control, item string, ids []string) error {
	var errs []error
	for _, key := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		x, err := l.Find(ctx, org, key)
		switch {
		case errors.Is(err, fault.NotFound):
			errs = append(errs, fault.At("", 0, "evidence", "no evidence %s", key))
		case err != nil:
			return err
		case x.Control != control || x.Item != "" && x.Item != item:
			errs = append(errs, fault.At("", 0, "evidence", "%s is about %s %s; expected evidence of %s %s", key, x.Control, x.Item, control, item))
		}
	}
	return errors.Join(errs...)
}
