package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/shell"
)

// target is one entry of the command palette, as the element assay-palette reads it.
type target struct {
	Title string `json:"title"`
	Hint  string `json:"hint,omitempty"`
	URL   string `json:"url"`
	Group string `json:"group,omitempty"`
}

// places are the controls as JSON, without the brackets around them; the same for every reader of one language.
type places struct {
	base, group string
	list        []byte
}

// palette lists where the reader can go: the pages of the navigation and, for who sees results, every control.
func (s *Site) palette(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var pages []target
	for _, g := range shell.From(ctx).Nav {
		for _, i := range g.Items {
			title := shell.T(ctx, "Pages")
			if g.Title != "" {
				title = shell.T(ctx, g.Title)
			}
			pages = append(pages, target{Title: shell.T(ctx, i.Text), URL: string(shell.At(ctx, i.Path)), Group: title})
		}
	}
	if s.o.Gauge != nil && shell.May(ctx, access.ReadResults) {
		pages = append(pages, target{Title: shell.T(ctx, "Gaps"), URL: string(shell.At(ctx, "/readiness/gaps")), Group: shell.T(ctx, "Readiness")},
			target{Title: shell.T(ctx, "Readiness of controls"), URL: string(shell.At(ctx, "/readiness/controls")), Group: shell.T(ctx, "Readiness")})
	}
	parts, err := joined(pages)
	if err != nil {
		return err
	}
	if shell.May(ctx, access.ReadResults) {
		c, err := s.controlPlaces(ctx)
		if err != nil {
			return err
		}
		if len(parts) > 0 && len(c) > 0 {
			parts = append(parts, ',')
		}
		parts = append(parts, c...)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(bytes.Join([][]byte{{'['}, parts, {']'}}, nil))
	return shell.Quietly(err)
}

// controlPlaces writes the controls once for each language, for a program may have thousands.
func (s *Site) controlPlaces(ctx context.Context) ([]byte, error) {
	base, group := shell.From(ctx).Base, shell.T(ctx, "Controls")
	if p := s.kept.places.Load(); p != nil && p.base == base && p.group == group {
		return p.list, nil
	}
	var list []target
	for _, c := range s.o.Catalog.Controls {
		list = append(list, target{Title: c.ID + " " + c.Title, Hint: c.Owner, URL: string(shell.At(ctx, row{Control: c}.url(nil))), Group: group})
	}
	b, err := joined(list)
	if err == nil {
		s.kept.places.Store(&places{base, group, b})
	}
	return b, err
}

// joined writes the entries of a JSON array without its brackets.
func joined(list []target) ([]byte, error) {
	if len(list) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return b[1 : len(b)-1 : len(b)-1], nil
}
