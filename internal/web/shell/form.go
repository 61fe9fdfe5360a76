package shell

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/fault"
)

// maxForm is how much a form may hold without files: a text of a megabyte, spelt in percent signs, and some.
const maxForm = 4 << 20

// Field is one field of a form as a page draws it. Label, Help and the words of options come in the reader's language.
type Field struct {
	Name, Label, Help, Value, Error string
	Type                            string // text (default), email, password, date, datetime, number, area, markdown, select, radio, check, file, hidden
	Options                         []Option
	Required                        bool
	Auto                            string // autocomplete, as HTML has it
	Rows                            int    // of an area
	Max                             int    // characters; 0: 2,000 of a line, 1,000,000 of an area
	Suffix                          string // what stands behind the field, such as a unit
	Preview                         string // of markdown: the address that draws it
	Mono                            bool
}

// Option is one choice of a select or of radio buttons.
type Option struct{ Value, Text string }

// ID is the field's id in the page.
func (f Field) ID() string { return "f-" + f.Name }

func (f Field) max() int {
	switch {
	case f.Max > 0:
		return f.Max
	case f.Type == "area" || f.Type == "markdown":
		return 1_000_000
	}
	return 2000
}

// describedBy names what explains the field to a screen reader.
func (f Field) describedBy() string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.ID()+"-help")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

// Form is what a page posts.
type Form struct {
	Action string // below the organization when Local is not set
	Global bool   // Action is no address of the organization
	Submit string
	Fields []Field
	Hidden map[string]string
	Back   string // where "Cancel" leads; may be empty
	Error  string // about the whole form
}

// WithErrors puts a refusal beside the field that it names, or above the form.
func (f Form) WithErrors(err error) Form {
	for _, e := range flatten(err) {
		var x *fault.Error
		if errors.As(e, &x) && x.Field != "" {
			for i := range f.Fields {
				if f.Fields[i].Name == x.Field {
					c := *x
					c.Field = ""
					f.Fields[i].Error = c.Error()
					x = nil
					break
				}
			}
			if x == nil {
				continue
			}
		}
		f.Error = strings.TrimSpace(f.Error + " " + e.Error())
	}
	return f
}

func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		if _, is := err.(*fault.Error); !is { //nolint:errorlint // only a joined error is taken apart
			var out []error
			for _, e := range many.Unwrap() {
				out = append(out, flatten(e)...)
			}
			return out
		}
	}
	return []error{err}
}

// Filled puts what was posted back into the fields, so that nobody types it twice. Passwords are not given back.
func (f Form) Filled(r *http.Request) Form {
	f.Fields = append([]Field(nil), f.Fields...)
	for i, x := range f.Fields {
		if x.Type != "password" && x.Type != "file" && r.PostForm.Has(x.Name) {
			f.Fields[i].Value = r.PostForm.Get(x.Name)
		}
	}
	return f
}

// ReadForm reads a posted form without files. Text must be UTF-8, and may not hold control characters other than line ends and tabs.
func ReadForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t == "multipart/form-data" {
		if err := r.ParseMultipartForm(maxForm); err != nil {
			return fault.Refuse("the form cannot be read: %v", err)
		}
	} else if err := r.ParseForm(); err != nil {
		return fault.Refuse("the form cannot be read: %v; expected at most %d MiB", err, maxForm>>20)
	}
	for name, values := range r.PostForm {
		for i, v := range values {
			if err := CheckText(name, v); err != nil {
				return err
			}
			values[i] = strings.ReplaceAll(v, "\r\n", "\n")
		}
	}
	return nil
}

// CheckText refuses text that no person types: bytes that are not UTF-8, and control characters. Marks that turn the direction of
// text stay: they are shown isolated.
func CheckText(field, v string) error {
	if !utf8.ValidString(v) {
		return &fault.Error{Kind: fault.Refused, Field: field, What: "the text is not UTF-8"}
	}
	for _, c := range v {
		if c != '\n' && c != '\r' && c != '\t' && unicode.IsControl(c) {
			return &fault.Error{Kind: fault.Refused, Field: field, What: fmt.Sprintf("the text holds the control character U+%04X; expected text that can be seen", c)}
		}
	}
	return nil
}

// Value gives a posted value without blanks around it.
func Value(r *http.Request, name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
