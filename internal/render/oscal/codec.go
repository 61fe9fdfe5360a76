package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Rest keeps what an object held when it was read: the order of its members, and the members that the
// struct has no field for, word for word. Writing puts them back.
type Rest struct {
	order   []string
	unknown map[string]json.RawMessage
}

// Read reads one OSCAL document of any version. Members that this package does not know are kept. It
// refuses what is no JSON object, or holds a member twice.
func Read(b []byte) (*Document, error) {
	if !json.Valid(b) {
		return nil, fault.Refuse("the document is not one JSON value")
	}
	d := new(Document)
	if err := decode(b, reflect.ValueOf(d).Elem(), ""); err != nil {
		return nil, err
	}
	return d, nil
}

// Write writes the document as JSON, two spaces a level: the members in the order in which they were read,
// new ones after them.
func (d *Document) Write(w io.Writer) error {
	var b bytes.Buffer
	if err := encode(&b, reflect.ValueOf(d).Elem()); err != nil {
		return fmt.Errorf("write an OSCAL document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b.Bytes(), "", "  "); err != nil {
		return fmt.Errorf("write an OSCAL document: %w", err)
	}
	out.WriteByte('\n')
	_, err := w.Write(out.Bytes())
	return err
}

var restType = reflect.TypeFor[Rest]()

// fields maps the members of a struct to its fields.
func fields(t reflect.Type) (names []string, at map[string]int) {
	at = map[string]int{}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
			at[name] = i
		}
	}
	return names, at
}

func decode(raw json.RawMessage, v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(raw, v.Elem(), path)
	case reflect.Slice:
		return decodeArray(raw, v, path)
	case reflect.Struct:
		return decodeObject(raw, v, path)
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		return fault.Refuse("%s: %s, expected a %s", path, clip(raw), v.Kind())
	}
	return nil
}

func decodeArray(raw json.RawMessage, v reflect.Value, path string) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return fault.Refuse("%s: %s, expected an array", path, clip(raw))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, x := range list {
		if err := decode(x, v.Index(i), fmt.Sprintf("%s/%d", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeObject(raw json.RawMessage, v reflect.Value, path string) error {
	_, at := fields(v.Type())
	rest := Rest{unknown: map[string]json.RawMessage{}}
	err := members(raw, func(name string, value json.RawMessage) error {
		if slices.Contains(rest.order, name) {
			return fault.Refuse("%s: the member %q stands twice", path, name)
		}
		rest.order = append(rest.order, name)
		i, known := at[name]
		// A known member without content is kept as it came: its field cannot tell it from none.
		if s := string(value); !known || s == "null" || s == `""` || s == "[]" {
			rest.unknown[name] = value
			return nil
		}
		return decode(value, v.Field(i), path+"/"+name)
	})
	if errors.Is(err, errNoObject) {
		return fault.Refuse("%s: %s, expected an object", path, clip(raw))
	}
	if f := v.FieldByName("Rest"); f.IsValid() && f.Type() == restType {
		f.Set(reflect.ValueOf(rest))
	}
	return err
}

var errNoObject = errors.New("no object")

// members reads an object's members in their order.
func members(raw json.RawMessage, take func(string, json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errNoObject
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := take(t.(string), value); err != nil {
			return err
		}
	}
	return nil
}

func clip(raw json.RawMessage) string {
	rs := []rune(string(raw))
	if len(rs) > 40 {
		return string(rs[:40]) + "…"
	}
	return string(rs)
}

func encode(b *bytes.Buffer, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		return encode(b, v.Elem())
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encode(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case reflect.Struct:
		return encodeObject(b, v)
	}
	return encodeValue(b, v.Interface())
}

func encodeValue(b *bytes.Buffer, x any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(x); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line break
	return nil
}

func encodeObject(b *bytes.Buffer, v reflect.Value) error {
	names, at := fields(v.Type())
	var rest Rest
	if f := v.FieldByName("Rest"); f.IsValid() && f.Type() == restType {
		rest = f.Interface().(Rest)
	}
	order := slices.Clone(rest.order)
	for _, n := range names {
		if !slices.Contains(rest.order, n) {
			order = append(order, n)
		}
	}
	b.WriteByte('{')
	first := true
	for _, n := range order {
		i, known := at[n]
		set := known && !v.Field(i).IsZero()
		raw, kept := rest.unknown[n]
		if !set && !kept {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		if err := encodeValue(b, n); err != nil {
			return err
		}
		b.WriteByte(':')
		if !set {
			b.Write(raw)
		} else if err := encode(b, v.Field(i)); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}
