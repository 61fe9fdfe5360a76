package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

// problem is an error of RFC 7644 section 3.12.
type problem struct {
	Status int
	Type   string // scimType
	Detail string
}

func (p problem) Error() string { return p.Detail }

// MarshalJSON writes the message; its status is a text.
func (p problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Schemas []string `json:"schemas"`
		Type    string   `json:"scimType,omitempty"`
		Detail  string   `json:"detail"`
		Status  string   `json:"status"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.Type, p.Detail, strconv.Itoa(p.Status)})
}

var nowhere = problem{Status: http.StatusNotFound, Detail: "there is no such resource here"}

func bad(kind, format string, args ...any) problem {
	return problem{Status: http.StatusBadRequest, Type: kind, Detail: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) problem { return bad("invalidValue", format, args...) }

func fixed(format string, args ...any) problem { return bad("mutability", format, args...) }

func unique(err error) error {
	if errors.Is(err, fault.Refused) {
		return problem{Status: http.StatusConflict, Type: "uniqueness", Detail: err.Error()}
	}
	return err
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p problem
	switch {
	case errors.Is(err, context.Canceled):
		return
	case errors.As(err, &p):
	case errors.Is(err, fault.NotFound):
		p = nowhere
	case errors.Is(err, access.SignIn):
		w.Header().Set("WWW-Authenticate", `Bearer realm="assay"`)
		p = problem{Status: http.StatusUnauthorized, Detail: "expected Authorization: Bearer with a token of the organization that has the scope provision"}
	case errors.Is(err, fault.Denied):
		p = problem{Status: http.StatusForbidden, Detail: err.Error()}
	case errors.Is(err, fault.Refused):
		p = invalid("%s", err.Error())
	case errors.Is(err, fault.Busy):
		w.Header().Set("Retry-After", "2")
		p = problem{Status: http.StatusServiceUnavailable, Detail: "too much is asked at this moment"}
	default:
		s.o.Failed(r, err)
		p = problem{Status: http.StatusInternalServerError, Detail: "something failed here; it has been logged"}
	}
	c := call{w: w}
	if err := c.answer(p.Status, p); err != nil {
		_ = shell.Quietly(err)
	}
}
