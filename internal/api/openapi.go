package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/gauge"
)

func description(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Assay", Version: version, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			Description: "Everything that people do in the application, for programs. JSON has the names that the command line prints.\n\n" +
				"**Who asks**: `Authorization: Bearer assay_...`, a token of one organization with scopes and an expiry; it never gives more than the roles of its person. " +
				"An organization that does not exist, one of which you are no member, and one that the token is not for answer alike: 404.\n\n" +
				"**Problems** are RFC 9457. **Pages**: `limit` and `cursor`; `next` is the cursor of the next page. " +
				"**Writes** take an `Idempotency-Key`. **Limits**: `RateLimit` and `RateLimit-Policy` say what is left, `Retry-After` when to come back."},
		Servers:    []*huma.Server{{URL: "/", Description: "This installation"}},
		Components: &huma.Components{SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "An API token of one organization"}, "session": {Type: "apiKey", In: "cookie", Name: "__Host-assay", Description: "A person who signed in with a browser"}}},
		Tags: []*huma.Tag{{Name: "Organization", Description: "What is reported on"}, {Name: "Results", Description: "Controls, items and verdicts"}, {Name: "Readiness", Description: "What is missing, and when the report can be had"},
			{Name: "Ledger", Description: "Where records came from and what proves them"}, {Name: "Registers", Description: "Records, version by version"}, {Name: "Imports", Description: "Files, whole or nothing"},
			{Name: "Evidence", Description: "Files that show what was done"}, {Name: "Work", Description: "What is due, and what management answers"}, {Name: "Documents", Description: "Drafts"},
			{Name: "People", Description: "Members"}, {Name: "Web hooks", Description: "Events, sent to receivers"}},
	}
}

// registry names schemas by their package where that is not this one: two rooms may use one word for two things.
func registry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		pkg := t.PkgPath()
		pkg = pkg[strings.LastIndexByte(pkg, '/')+1:]
		if t.Name() == "" || pkg == "" || pkg == "api" {
			return name
		}
		return strings.ToUpper(pkg[:1]) + pkg[1:] + name
	})
	// These write themselves as text or as another shape than they have in memory.
	alias[civil.Date, day](r)
	alias[civil.Zone, zone](r)
	alias[gauge.Status, colour](r)
	alias[gauge.Severity, weight](r)
	alias[gauge.Gates, gates](r)
	return r
}

func alias[T, As any](r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[T](), reflect.TypeFor[As]())
}

type (
	day    struct{}
	zone   struct{}
	colour struct{}
	weight struct{}
	gates  struct{}
)

func (day) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date"}
}

func (zone) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "IANA name of a zone"}
}

func (colour) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{"green", "amber", "red"}}
}

func (weight) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{"info", "amber", "red"}}
}

func (gates) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Description: "The gates that the report asks: D, I, P, O, E, F", AdditionalProperties: colour{}.Schema(r)}
}

// amend says of a part that may be absent that it is null then: huma takes a pointer to an object for an object.
func amend(doc *huma.OpenAPI) {
	all := doc.Components.Schemas.Map()
	clean, span := all["GaugeClean"], all["GaugeSpan"]
	for _, name := range []string{"conservative", "strict"} {
		s := *span
		s.Nullable = true
		clean.Properties[name] = &s
	}
}

func schemaFor[T any](doc *huma.OpenAPI) *huma.Schema {
	return doc.Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

func text() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

func octets() *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "binary"}
}

func object() *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// media describes bodies that huma does not read by itself.
func (o operation) media(x *huma.Operation) {
	if o.stream {
		x.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
		for kind, s := range o.body {
			x.RequestBody.Content[kind] = &huma.MediaType{Schema: s}
		}
	}
	if o.answer != nil {
		x.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{}}
		for kind, s := range o.answer {
			x.Responses["200"].Content[kind] = &huma.MediaType{Schema: s}
		}
	}
}
