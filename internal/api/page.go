package api

import (
	"bytes"
	_ "embed" // the page and its style sheet
	"encoding/json"
	"html/template"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed reference.html
var pageText string

//go:embed reference.css
var styleSheet []byte

var pageTemplate = template.Must(template.New("reference").Parse(pageText))

type shownParam struct{ Name, In, Doc, Type string }

type shownExample struct{ Summary, Request, Answer string }

type shownOperation struct {
	*huma.Operation
	Method, Path string
	Params       []shownParam
	Shown        []shownExample
}

// page draws the reference: one page without a script, so that it can be read where the installation cannot reach anything else.
func page(a *API) ([]byte, error) {
	doc := a.huma.OpenAPI()
	ops := map[string][]shownOperation{}
	for _, r := range a.routes {
		for _, op := range operations(doc) {
			if op.OperationID == r.ID {
				x := shownOperation{Operation: op, Method: r.Method, Path: r.Pattern, Shown: shownExamples(op)}
				for _, p := range op.Parameters {
					x.Params = append(x.Params, shownParam{p.Name, p.In, p.Description, p.Schema.Type})
				}
				ops[op.Tags[0]] = append(ops[op.Tags[0]], x)
			}
		}
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, map[string]any{"Info": doc.Info, "Tags": doc.Tags, "Ops": ops, "Kinds": problemKinds(), "Events": Events()})
	return b.Bytes(), err
}

func problemKinds() []map[string]any {
	out := []map[string]any{{"Status": 403, "Name": "step-up", "Title": "Prove again who you are", "Text": "The act asks a person to prove again who they are. No token can."}}
	for _, k := range kinds {
		out = append(out, map[string]any{"Status": k.status, "Name": k.name, "Title": k.title, "Text": k.text})
	}
	return out
}

func shownExamples(op *huma.Operation) []shownExample {
	byName := map[string]*shownExample{}
	put := func(m map[string]*huma.Example, to func(*shownExample, *huma.Example)) {
		for name, e := range m {
			if byName[name] == nil {
				byName[name] = &shownExample{}
			}
			to(byName[name], e)
		}
	}
	if op.RequestBody != nil {
		for _, m := range op.RequestBody.Content {
			put(m.Examples, func(s *shownExample, e *huma.Example) { s.Request = pretty(e.Value) })
		}
	}
	for _, r := range op.Responses {
		for _, m := range r.Content {
			put(m.Examples, func(s *shownExample, e *huma.Example) { s.Summary, s.Answer = e.Summary, pretty(e.Value) })
		}
	}
	var out []shownExample
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, *byName[name])
	}
	return out
}

func pretty(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the template escapes
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return ""
	}
	return b.String()
}
