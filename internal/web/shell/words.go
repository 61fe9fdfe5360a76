package shell

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
)

func fullTitle(ctx context.Context, title string) string {
	if o := From(ctx).Organization; o != "" {
		return title + " · " + o + " · Assay"
	}
	return title + " · Assay"
}

var roleNames = map[access.Role]string{
	access.Administrator: phrase.Mark("Administrator"), access.Lead: phrase.Mark("Compliance lead"), access.Owner: phrase.Mark("Control owner"),
	access.Executive: phrase.Mark("Executive"), access.Contributor: phrase.Mark("Contributor"), access.Adviser: phrase.Mark("Adviser"),
	access.Auditor: phrase.Mark("Auditor"), access.Customer: phrase.Mark("Customer"),
	access.Partner: phrase.Mark("Engagement partner"), access.Practitioner: phrase.Mark("Practitioner"),
}

// RoleWord names a role in the reader's language.
func RoleWord(ctx context.Context, r access.Role) string { return T(ctx, roleNames[r]) }

func roleWords(ctx context.Context, roles []access.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, RoleWord(ctx, r))
	}
	return strings.Join(out, ", ")
}

func moment(ctx context.Context, s string, z civil.Zone) string {
	if d, err := civil.ParseDate(s); err == nil {
		return From(ctx).Lang.Date(d)
	}
	i, err := civil.ParseInstant(s)
	if err != nil {
		return s
	}
	if From(ctx).Lang == phrase.English {
		return report.Moment(s, z)
	}
	return From(ctx).Lang.Moment(i, z)
}

func attrs(f Field) templ.Attributes {
	a := templ.Attributes{"id": f.ID(), "name": f.Name}
	if d := f.describedBy(); d != "" {
		a["aria-describedby"] = d
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	if f.Required {
		a["required"] = true
	}
	if f.Auto != "" {
		a["autocomplete"] = f.Auto
	} else if f.Type != "select" {
		a["autocomplete"] = "off"
	}
	if f.Mono {
		a["class"] = "mono"
	}
	if f.Type != "select" && f.Type != "file" && f.Type != "date" && f.Type != "number" {
		a["maxlength"] = f.max()
	}
	return a
}

func inputType(t string) string {
	switch t {
	case "":
		return "text"
	case "datetime":
		return "text" // with a zone, which datetime-local has not
	}
	return t
}

func sortedNames(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// phrases are the sentences of the script in the reader's language, as JSON.
func phrases(ctx context.Context) string {
	m := map[string]string{}
	for _, p := range scriptPhrases() {
		m[p] = T(ctx, p)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "{}"
	}
	return string(b)
}
