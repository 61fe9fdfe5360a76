package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// body reads a JSON object whose names are in lower case: names of attributes have no case (RFC 7643 section 2.1).
func body(c *call) (map[string]any, error) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != mediaType && kind != "application/json" {
		return nil, problem{Status: http.StatusUnsupportedMediaType, Detail: "expected Content-Type: application/scim+json"}
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, problem{Status: http.StatusRequestEntityTooLarge, Detail: "the body is larger than 1 MiB"}
	} else if err != nil {
		return nil, bad("invalidSyntax", "the body ended before its end")
	}
	return parse(b)
}

func parse(b []byte) (map[string]any, error) {
	if !utf8.Valid(b) {
		return nil, bad("invalidSyntax", "the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		var p problem
		if errors.As(err, &p) {
			return nil, p
		}
		return nil, bad("invalidSyntax", "the body is no JSON: %s", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("invalidSyntax", "something follows the JSON object")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, bad("invalidSyntax", "expected a JSON object")
	}
	return o, nil
}

// value reads one value. A name that comes twice in an object is refused: two readers would take another one each.
func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, bad("invalidSyntax", "the JSON is nested deeper than %d", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		out := map[string]any{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key := strings.ToLower(name.(string)) // names of objects are strings, or Token fails
			if _, twice := out[key]; twice {
				return nil, bad("invalidSyntax", "an attribute comes twice: %s", short(key))
			}
			if out[key], err = value(d, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for d.More() {
			x, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		_, err := d.Token()
		return out, err
	}
	return t, nil
}

// short is a text of the request as it may stand in an answer.
func short(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// text checks a text attribute; null is none.
func text(name string, v any, most int) (string, error) {
	if v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", invalid("%s: expected a text", name)
	}
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > most || strings.ContainsFunc(s, unicode.IsControl) {
		return "", invalid("%s: expected at most %d characters without control characters", name, most)
	}
	return s, nil
}

// truth reads a boolean. Entra ID also sends it as a text, "False".
func truth(name string, v any) (bool, error) {
	switch x := v.(type) {
	case bool:
		return x, nil
	case string:
		switch strings.ToLower(x) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, invalid("%s: expected true or false", name)
}
