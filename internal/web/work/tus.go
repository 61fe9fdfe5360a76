package work

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/web/shell"
)

// tusVersion is the version of the protocol of resumable uploads (tus.io, core with creation, termination and expiration).
const tusVersion = "1.0.0"

// patchType is the type of a piece.
const patchType = "application/offset+octet-stream"

// tusOptions says what is understood.
func (p *Pages) tusOptions(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", "creation,termination,expiration")
	h.Set("Tus-Max-Size", strconv.FormatInt(operate.MaxFile, 10))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// speaks checks the version of the protocol. It answers false when it has answered the request.
func speaks(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Tus-Resumable", tusVersion)
	if r.Header.Get("Tus-Resumable") == tusVersion {
		return true
	}
	w.Header().Set("Tus-Version", tusVersion)
	tell(w, http.StatusPreconditionFailed, "the protocol is tus "+tusVersion)
	return false
}

func tell(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	_ = shell.JSON(w, status, map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
}

// tusFault answers what an upload refuses as the protocol asks; anything else is told like every other fault.
func tusFault(w http.ResponseWriter, err error) error {
	var status int
	switch {
	case errors.Is(err, operate.ErrOffset):
		status = http.StatusConflict
	case errors.Is(err, operate.ErrLocked):
		status = http.StatusLocked
	case errors.Is(err, operate.ErrLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, fault.NotFound):
		status = http.StatusNotFound
	case errors.Is(err, fault.Refused):
		status = http.StatusBadRequest
	default:
		return err
	}
	tell(w, status, err.Error())
	return nil
}

// tusCreate makes room for a file and gives the address of its upload.
func (p *Pages) tusCreate(w http.ResponseWriter, r *http.Request) error {
	if !speaks(w, r) {
		return nil
	}
	length, err := lengthOf(r.Header, "Upload-Length")
	if err != nil {
		return tusFault(w, err)
	}
	meta, err := Metadata(r.Header.Get("Upload-Metadata"))
	if err != nil {
		return tusFault(w, err)
	}
	u, err := p.o.Locker.Uploads.Begin(r.Context(), p.actor(r.Context()), length, meta["filename"], meta["filetype"])
	if err != nil {
		return tusFault(w, err)
	}
	w.Header().Set("Location", string(shell.At(r.Context(), "/uploads/"+u.ID)))
	expires(w, u)
	w.WriteHeader(http.StatusCreated)
	return nil
}

func expires(w http.ResponseWriter, u operate.Upload) {
	w.Header().Set("Upload-Expires", u.Expires.Time().UTC().Format(http.TimeFormat))
}

// tusHead says how much of an upload is here.
func (p *Pages) tusHead(w http.ResponseWriter, r *http.Request) error {
	if !speaks(w, r) {
		return nil
	}
	u, err := p.o.Locker.Uploads.Find(r.Context(), p.actor(r.Context()), r.PathValue("id"))
	if err != nil {
		return tusFault(w, err)
	}
	h := w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Length, 10))
	h.Set("Cache-Control", "no-store")
	expires(w, u)
	w.WriteHeader(http.StatusOK)
	return nil
}

// tusPatch takes a piece.
func (p *Pages) tusPatch(w http.ResponseWriter, r *http.Request) error {
	if !speaks(w, r) {
		return nil
	}
	if r.Header.Get("Content-Type") != patchType {
		tell(w, http.StatusUnsupportedMediaType, "a piece is of the type "+patchType)
		return nil
	}
	offset, err := lengthOf(r.Header, "Upload-Offset")
	if err != nil {
		return tusFault(w, err)
	}
	p.in(w, r)
	u, err := p.o.Locker.Uploads.Take(r.Context(), p.actor(r.Context()), r.PathValue("id"), offset, r.Body)
	if err != nil {
		return tusFault(w, err)
	}
	w.Header().Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	expires(w, u)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// tusDelete forgets an upload.
func (p *Pages) tusDelete(w http.ResponseWriter, r *http.Request) error {
	if !speaks(w, r) {
		return nil
	}
	if err := p.o.Locker.Uploads.Drop(r.Context(), p.actor(r.Context()), r.PathValue("id")); err != nil {
		return tusFault(w, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// lengthOf reads a header that is a number of bytes: digits alone.
func lengthOf(h http.Header, name string) (int64, error) {
	s := h.Get(name)
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, fault.Refuse("%s is %q; expected a number of bytes", name, cut(s, 40))
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fault.Refuse("%s is %q; expected a number of bytes", name, cut(s, 40))
	}
	return n, nil
}

// Metadata reads the header Upload-Metadata: pairs of a name and a value in base64, with commas between them.
func Metadata(s string) (map[string]string, error) {
	out := map[string]string{}
	if strings.TrimSpace(s) == "" {
		return out, nil
	}
	if len(s) > 8192 {
		return nil, fault.Refuse("Upload-Metadata is longer than 8192 bytes")
	}
	for pair := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		b, err := base64.StdEncoding.Strict().DecodeString(value)
		if _, twice := out[name]; err != nil || name == "" || twice || !utf8.Valid(b) {
			return nil, fault.Refuse("Upload-Metadata: %q is no pair of a name and text in base64", cut(pair, 60))
		}
		out[name] = string(b)
	}
	return out, nil
}
