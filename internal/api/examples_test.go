package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
)

// document is as much of the served document as its examples need.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Examples    map[string]struct {
			Status int `json:"status"`
			Place  int `json:"place"`
		} `json:"x-examples"`
		Parameters []struct {
			Name, In string
			Required bool
			Examples map[string]struct{ Value any }
		} `json:"parameters"`
		RequestBody struct {
			Content map[string]struct {
				Examples map[string]struct{ Value any }
			} `json:"content"`
		} `json:"requestBody"`
		Responses map[string]struct {
			Content map[string]struct {
				Examples map[string]struct{ Value any }
			} `json:"content"`
		} `json:"responses"`
	} `json:"paths"`
}

// ask is one example as the document has it.
type ask struct {
	op, name, method, path string
	place, status          int
	query                  url.Values
	headers                []string
	media, body            string
	answer                 any
	answerMedia            string
}

// asks reads every example out of the served document, in the order in which they can be run.
func asks(t *testing.T, doc []byte) []ask {
	t.Helper()
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	var out []ask
	for path, methods := range d.Paths {
		for method, op := range methods {
			if len(op.Examples) == 0 {
				t.Errorf("%s has no example", op.OperationID)
			}
			for name, x := range op.Examples {
				a := ask{op: op.OperationID, name: name, method: strings.ToUpper(method), path: path, place: x.Place, status: x.Status, query: url.Values{}}
				for _, p := range op.Parameters {
					e, ok := p.Examples[name]
					switch {
					case !ok && p.Required:
						t.Errorf("%s %s: no value of the parameter %s", a.op, name, p.Name)
					case !ok:
					case p.In == "path":
						a.path = strings.Replace(a.path, "{"+p.Name+"}", url.PathEscape(fmt.Sprint(e.Value)), 1)
					case p.In == "header":
						a.headers = append(a.headers, p.Name, fmt.Sprint(e.Value))
					default:
						values, many := e.Value.([]any)
						if !many {
							values = []any{e.Value}
						}
						for _, v := range values {
							a.query.Add(p.Name, fmt.Sprint(v))
						}
					}
				}
				for media, m := range op.RequestBody.Content {
					if e, ok := m.Examples[name]; ok {
						a.media = media
						if s, is := e.Value.(string); is {
							a.body = s
						} else if b, err := json.Marshal(e.Value); err == nil {
							a.body = string(b)
						}
					}
				}
				for media, m := range op.Responses[fmt.Sprint(x.Status)].Content {
					if e, ok := m.Examples[name]; ok {
						a.answer, a.answerMedia = e.Value, media
					}
				}
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(a, b ask) int { return a.place - b.place })
	return out
}

// TestExamples runs every example of the document, as it is served, and compares status, media type and shape of the answer; the answer
// also has to be one that the operation's schema allows. ASSAY_UPDATE writes the answers down anew.
func TestExamples(t *testing.T) {
	t.Parallel()
	w := setup(t, plenty)
	who := w.person("example", access.Lead, access.Administrator)
	taken := map[string]given{}
	list := asks(t, w.api.OpenAPI())
	for _, x := range list {
		target := x.path
		if len(x.query) > 0 {
			target += "?" + x.query.Encode()
		}
		rec := w.do(who, x.method, target, x.media, x.body, x.headers...)
		media, _, _ := strings.Cut(rec.Header().Get("Content-Type"), ";")
		var got any = rec.Body.String()
		if strings.HasSuffix(media, "json") {
			got = decode[any](t, rec)
			w.allowed(t, x.op, rec.Code, media, got)
		}
		taken[x.op+" "+x.name] = given{rec.Code, media, small(got)}
		if rec.Body.Len() == 0 {
			taken[x.op+" "+x.name] = given{Status: rec.Code}
		}
		if os.Getenv("ASSAY_UPDATE") != "" {
			continue
		}
		if rec.Code != x.status || media != x.answerMedia {
			t.Errorf("%s %s: %s %s = %d %s, want %d %s: %s", x.op, x.name, x.method, target, rec.Code, media, x.status, x.answerMedia, rec.Body)
		}
		if diff := differs("", got, x.answer); diff != "" && rec.Body.Len() > 0 {
			t.Errorf("%s %s: the answer is not of the shape of its example: %s", x.op, x.name, diff)
		}
	}
	t.Logf("%d examples of %d operations ran", len(list), len(w.api.Routes()))
	if len(w.fails) > 0 {
		t.Errorf("faults of the machine: %v", w.fails)
	}
	if os.Getenv("ASSAY_UPDATE") == "" {
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(taken); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("examples.json", b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// allowed validates an answer by the schema that the document gives for its status.
func (w *world) allowed(t *testing.T, op string, status int, media string, got any) {
	t.Helper()
	doc := w.api.huma.OpenAPI()
	for _, p := range doc.Paths {
		for _, o := range []*huma.Operation{p.Get, p.Post, p.Put, p.Delete} {
			if o == nil || o.OperationID != op {
				continue
			}
			r := o.Responses[fmt.Sprint(status)]
			if r == nil {
				t.Errorf("%s answers %d, which the document does not say", op, status)
				return
			}
			if m := r.Content[media]; m != nil && m.Schema != nil {
				res := &huma.ValidateResult{}
				huma.Validate(doc.Components.Schemas, m.Schema, huma.NewPathBuffer([]byte(op), 0), huma.ModeReadFromServer, got, res)
				for _, err := range res.Errors {
					t.Errorf("%s %d: %v", op, status, err)
				}
			} else {
				t.Errorf("%s %d: the document knows no %s", op, status, media)
			}
		}
	}
}

// small keeps an example readable: of a list the first two.
func small(v any) any {
	switch v := v.(type) {
	case []any:
		v = v[:min(2, len(v))]
		for i := range v {
			v[i] = small(v[i])
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = small(v[k])
		}
	}
	return v
}

// differs says where two values have another shape: other members, or another type at the same place. Of lists the first elements are
// compared, where both have one.
func differs(at string, a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return at + " is no object"
		}
		for k, v := range a {
			if _, ok := b[k]; !ok {
				return at + "." + k + " is not in the example"
			}
			if d := differs(at+"."+k, v, b[k]); d != "" {
				return d
			}
		}
		for k := range b {
			if _, ok := a[k]; !ok {
				return at + "." + k + " is in the example only"
			}
		}
	case []any:
		b, ok := b.([]any)
		if !ok || (len(a) == 0) != (len(b) == 0) {
			return at + " is another list"
		}
		if len(a) > 0 {
			return differs(at+"[0]", a[0], b[0])
		}
	default:
		if fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b) {
			return fmt.Sprintf("%s is a %T, in the example a %T", at, a, b)
		}
	}
	return ""
}
