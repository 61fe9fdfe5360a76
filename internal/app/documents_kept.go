package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web"
)

var _ web.Shelf = (*shelf)(nil)

// shelf keeps drafts with their models, so that two can be compared.
type shelf struct{ p *pages }

// mostModel bounds the model of a draft, in bytes.
const mostModel = 256 << 20

// Kept lists the drafts that were kept, and the packages that were sealed before, the latest first. A package holds its report in its
// own file: here it is a draft without a model.
func (s *shelf) Kept(ctx context.Context) ([]publish.Draft, error) {
	o := s.p.o
	var out []publish.Draft
	err := o.made(ctx, publish.Drafts, "kept_at", func(k record.Known) error {
		var d publish.Draft
		if err := json.Unmarshal(k.Body, &d); err != nil {
			return fmt.Errorf("read %s: %w", k.Name(), err)
		}
		out = append(out, d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return nil, err
	}
	packed, err := o.st.System(ctx, o.org.ID, record.Packages, size)
	if err != nil {
		return nil, err
	}
	for _, k := range packed {
		out = append(out, publish.Draft{ID: k.Key, Report: o.program.Report, Size: k.Index, At: k.Received.String()})
	}
	slices.SortStableFunc(out, func(a, b publish.Draft) int { return cmp.Compare(b.At, a.At) })
	return out, nil
}

// Keep keeps a draft as it is now.
func (s *shelf) Keep(ctx context.Context, by access.Visitor, kind, title string) (publish.Draft, error) {
	if title = strings.TrimSpace(title); title == "" || utf8.RuneCountInString(title) > 200 || strings.ContainsAny(title, "\r\n") {
		return publish.Draft{}, fault.At("", 0, "title", "expected what the draft is kept for, in one line of at most 200 characters")
	}
	kept, d, err := s.put(ctx, by, kind, title)
	if err != nil {
		return kept, err
	}
	_, err = s.p.o.st.Append(ctx, s.p.o.org.ID, "", []record.Draft{d})
	return kept, err
}

// put stores the model of a draft and makes the record of it, which the caller appends.
func (s *shelf) put(ctx context.Context, by access.Visitor, kind, title string) (publish.Draft, record.Draft, error) {
	o := s.p.o
	r, tests, hash, err := s.now(ctx, kind)
	if err != nil {
		return publish.Draft{}, record.Draft{}, err
	}
	b, err := json.Marshal(report.Kept{Report: *r, Tests: tests})
	if err != nil {
		return publish.Draft{}, record.Draft{}, err
	}
	kept := publish.Draft{Report: string(r.Kind), Title: title, Hash: hash, Size: r.Checkpoint.Size, Root: r.Checkpoint.Root, KnownAt: r.KnownAt,
		By: by.Email, At: civil.InstantOf(o.app.Clock()).String()}
	if kept.ID, err = id.New("draft", o.app.Clock(), o.app.Random); err != nil {
		return kept, record.Draft{}, err
	}
	if kept.Model, kept.Bytes, err = o.blobs.Put(ctx, o.org.ID, bytes.NewReader(b)); err != nil {
		return kept, record.Draft{}, err
	}
	d, err := o.keep(ctx, publish.Drafts, 1, by, kept)
	return kept, d, err
}

// now is a draft as it is now, what the tests counted, and its fingerprint.
func (s *shelf) now(ctx context.Context, kind string) (*report.Report, []report.Tally, string, error) {
	if kind == "" {
		kind = s.p.o.program.Report
	}
	if err := drafted(kind); err != nil {
		return nil, nil, "", err
	}
	res, err := (&drawings{s.p}).results(ctx, kind)
	if err != nil {
		return nil, nil, "", err
	}
	f, err := s.p.o.facts(ctx, kind, res)
	if err != nil {
		return nil, nil, "", err
	}
	hash, err := report.Fingerprint(report.Kind(kind), f)
	if err != nil {
		return nil, nil, "", err
	}
	if f.Signed, err = s.p.o.signed(ctx, report.Kind(kind), f); err != nil {
		return nil, nil, "", err
	}
	r, err := report.Build(report.Kind(kind), f)
	return r, report.Tallies(res.Controls), hash, err
}

// State changes with the run that drafts are drawn from, with what was signed, and with the erasure of a draft. Records that came since
// the run change no draft yet.
func (s *shelf) State(ctx context.Context, ids ...string) (string, error) {
	r, _ := s.p.latest()
	out := fmt.Sprintf("%d %s", r.size, r.day)
	signed, err := s.p.o.signatures(ctx)
	if err != nil {
		return "", err
	}
	for _, x := range signed {
		out += fmt.Sprintf(" %s@%d", x.ID, x.Version)
	}
	list, err := s.Kept(ctx)
	if err != nil {
		return "", err
	}
	for _, key := range ids {
		i := slices.IndexFunc(list, func(d publish.Draft) bool { return d.ID == key })
		if i < 0 || list[i].Model == "" {
			continue // as it is now, or without a model: both are told when they are asked for
		}
		f, err := s.p.o.blobs.Open(ctx, s.p.o.org.ID, list[i].Model)
		if err == nil {
			err = f.Close()
		} else if errors.Is(err, fault.NotFound) {
			out, err = out+" without "+key, nil
		}
		if err != nil {
			return "", err
		}
	}
	return out, nil
}

// Model gives the model of a draft that was kept, or of the draft of a kind as it is now where no key is given.
func (s *shelf) Model(ctx context.Context, key, kind string) (*report.Kept, publish.Draft, error) {
	if key == "" {
		r, tests, hash, err := s.now(ctx, kind)
		if err != nil {
			return nil, publish.Draft{}, err
		}
		return &report.Kept{Report: *r, Tests: tests}, publish.Draft{Report: string(r.Kind), Hash: hash, Size: r.Checkpoint.Size, Root: r.Checkpoint.Root, KnownAt: r.KnownAt}, nil
	}
	list, err := s.Kept(ctx)
	if err != nil {
		return nil, publish.Draft{}, err
	}
	i := slices.IndexFunc(list, func(d publish.Draft) bool { return d.ID == key })
	if i < 0 {
		return nil, publish.Draft{}, fault.NotFound
	}
	d := list[i]
	if d.Model == "" {
		return nil, d, fault.Refuse("the draft of %s was kept without its model, so that it cannot be compared", d.At)
	}
	f, err := s.p.o.blobs.Open(ctx, s.p.o.org.ID, d.Model)
	if err != nil {
		return nil, d, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostModel))
	if err != nil {
		return nil, d, err
	}
	k, err := report.ReadKept(b)
	return k, d, err
}
