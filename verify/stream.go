package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// stream walks JSON of any size token by token. Names count exactly and once; values that
// nobody asks for are skipped.
type stream struct{ d *json.Decoder }

func newStream(r io.Reader) stream {
	d := json.NewDecoder(r)
	d.UseNumber()
	return stream{d}
}

func (s stream) delim(want json.Delim) error {
	t, err := s.d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("expected %q, found %v", want.String(), t)
	}
	return nil
}

// object calls each for every member; each must consume the value.
func (s stream) object(each func(name string) error) error {
	if err := s.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for s.d.More() {
		t, err := s.d.Token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return fmt.Errorf("the name %v is repeated", t)
		}
		seen[name] = true
		if err := each(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return s.delim('}')
}

// array calls each for every element; each must consume it.
func (s stream) array(each func() error) error {
	t, err := s.d.Token()
	if err != nil || t == nil { // Go prints an empty list that nobody made as null
		return err
	}
	if t != json.Delim('[') {
		return errors.New("expected a list")
	}
	for s.d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	return s.delim(']')
}

func (s stream) text(to *string) error {
	t, err := s.d.Token()
	if err != nil {
		return err
	}
	v, ok := t.(string)
	if !ok {
		return errors.New("expected a text")
	}
	*to = v
	return nil
}

func (s stream) number(to *int64) error {
	t, err := s.d.Token()
	if err != nil {
		return err
	}
	v, ok := t.(json.Number)
	if !ok {
		return errors.New("expected a number")
	}
	*to, err = v.Int64()
	return err
}

func (s stream) texts(to *[]string) error {
	return s.array(func() error {
		var v string
		if err := s.text(&v); err != nil {
			return err
		}
		*to = append(*to, v)
		return nil
	})
}

// skip passes over one value of any kind.
func (s stream) skip() error {
	depth := 0
	for {
		t, err := s.d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// end refuses text after the value.
func (s stream) end() error {
	if _, err := s.d.Token(); err != io.EOF {
		return errors.New("text after the end")
	}
	return nil
}
