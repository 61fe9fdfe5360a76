package examination

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

// view is an engagement as one reader sees it. It is good while the house holds the engagement still: pages are drawn within See.
type view struct {
	ctx   context.Context
	e     *engage.Engagement
	side  engage.Side
	who   engage.Who
	q     url.Values
	zone  civil.Zone // of the engagement
	today civil.Date
}

func whoOf(ctx context.Context) engage.Who {
	v := access.From(ctx)
	return engage.Who{Email: v.Email, Person: string(v.Person), Name: v.Name, Roles: v.InForce(), Strong: v.Strong}
}

func (p *Pages) view(r *http.Request, e *engage.Engagement) *view {
	v := &view{ctx: r.Context(), e: e, side: p.o.Side, who: whoOf(r.Context()), q: r.URL.Query(), zone: p.o.Zone}
	if z, err := civil.ParseZone(e.Terms.Zone); err == nil {
		v.zone = z
	}
	v.today = v.zone.DateOf(civil.InstantOf(p.o.Clock()))
	return v
}

// visible reports whether somebody may read an engagement: at the firm its members and the partners, at the client everybody who may
// read engagements at all.
func visible(side engage.Side, who engage.Who, e *engage.Engagement) bool {
	if side == engage.Client || slices.Contains(who.Roles, access.Partner) {
		return true
	}
	_, member := e.PartOf(who.Email)
	return member
}

// draw draws a page while the engagement stands still. What the application knows besides is asked for before: the house is locked here.
func (p *Pages) draw(w http.ResponseWriter, r *http.Request, status int, page func(v *view) (templ.Component, error)) error {
	var b bytes.Buffer
	err := p.o.House.See(r.Context(), r.PathValue("id"), func(e *engage.Engagement) error {
		v := p.view(r, e)
		if !visible(p.o.Side, v.who, e) {
			return fault.NotFound
		}
		c, err := page(v)
		if err != nil {
			return err
		}
		return c.Render(r.Context(), &b)
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err = w.Write(b.Bytes())
	return shell.Quietly(err)
}

// guard keeps what the application is asked for from whoever may not see the engagement.
func (p *Pages) guard(r *http.Request) error {
	return p.o.House.See(r.Context(), r.PathValue("id"), func(e *engage.Engagement) error {
		if !visible(p.o.Side, whoOf(r.Context()), e) {
			return fault.NotFound
		}
		return nil
	})
}

// firmOnly answers what does not cross to the client: there it does not exist.
func (p *Pages) firmOnly() error {
	if p.o.Side != engage.Firm {
		return fault.NotFound
	}
	return nil
}

func (v *view) firm() bool { return v.side == engage.Firm }

// may reports whether the reader can do an act now, or after a proof of who they are, so that no page offers what would be refused.
func (v *view) may(kind string) bool {
	who := v.who
	who.Strong = true
	return v.e.May(v.side, who, kind) == nil
}

// called gives the name under which a member of the engagement stands; of others what is known of them.
func (v *view) called(who string) string {
	for _, m := range v.e.Members {
		if sameAddress(m.Email, who) {
			return m.Name
		}
	}
	return who
}

// The addresses.

func base(id string) string { return "/engagements/" + url.PathEscape(id) }

func (v *view) path(parts ...string) string {
	out := base(v.e.ID)
	for _, x := range parts {
		out += "/" + url.PathEscape(x)
	}
	return out
}

// act is the address of the form of an act; pairs are what it is about.
func (v *view) act(kind string, pairs ...string) string { return actPath(v.e.ID, kind, pairs...) }

func actPath(id, kind string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	out := base(id) + "/acts/" + kind
	if len(q) > 0 {
		out += "?" + q.Encode()
	}
	return out
}

func withQuery(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// on is an instant as the page says it.
func (v *view) on(i civil.Instant) string { return shell.From(v.ctx).Lang.Moment(i, v.zone) }

func (v *view) date(d civil.Date) string {
	if d == 0 {
		return ""
	}
	return shell.From(v.ctx).Lang.Date(d)
}

// span is the time of the report in the reader's language.
func span(ctx context.Context, t engage.Terms) string {
	l := shell.From(ctx).Lang
	if t.TypeTwo() {
		return shell.T(ctx, "%s to %s", l.Date(t.From), l.Date(t.To))
	}
	return shell.T(ctx, "as of %s", l.Date(t.AsOf))
}

// rate is basis points as a percentage, in the reader's form.
func rate(ctx context.Context, basis int) string {
	digits := 2
	switch {
	case basis%100 == 0:
		digits = 0
	case basis%10 == 0:
		digits = 1
	}
	return shell.From(ctx).Lang.Decimal(float64(basis)/100, digits) + "\u00a0%"
}

// typed is basis points as a percentage without its sign, as a form takes it.
func typed(basis int) string {
	whole, part := basis/100, basis%100
	switch {
	case part == 0:
		return strconv.Itoa(whole)
	case part%10 == 0:
		return fmt.Sprintf("%d.%d", whole, part/10)
	}
	return fmt.Sprintf("%d.%02d", whole, part)
}

// cut shortens a text for a table.
func cut(s string, n int) string {
	if r := []rune(s[:min(len(s), 4*n)]); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// short is the beginning of a hash.
func short(hash string) string { return hash[:min(len(hash), 12)] }

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// sentence is words that start a line of their own.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	for i, c := range s {
		return strings.ToUpper(string(c)) + s[i+len(string(c)):]
	}
	return s
}
