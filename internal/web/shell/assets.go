package shell

import (
	"crypto/sha256"
	_ "embed" // style sheet and mark
	"encoding/hex"
	"net/http"

	"github.com/assayhq/assay/internal/access"
)

//go:embed assets/shell.css
var shellCSS string

//go:embed assets/mark.svg
var iconSVG []byte

// Style is the style sheet of frame and forms.
func Style() string { return shellCSS }

// Assets are the style sheet and the script of all pages, each under a name that changes with its content.
type Assets struct{ Style, Script []byte }

func named(b []byte, ext string) string {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return "/assets/app." + hex.EncodeToString(sum[:6]) + "." + ext
}

func (a Assets) css() string { return named(a.Style, "css") }
func (a Assets) js() string  { return named(a.Script, "js") }

func (a Assets) routes() []Route {
	out := []Route{{http.MethodGet, "/assets/mark.svg", access.Public, asset(iconSVG, "image/svg+xml", "public, max-age=86400")}}
	if u := a.css(); u != "" {
		out = append(out, Route{http.MethodGet, u, access.Public, asset(a.Style, "text/css; charset=utf-8", "public, max-age=31536000, immutable")})
	}
	if u := a.js(); u != "" {
		out = append(out, Route{http.MethodGet, u, access.Public, asset(a.Script, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable")})
	}
	return out
}

func asset(b []byte, kind, cache string) Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", cache)
		_, err := w.Write(b)
		return Quietly(err)
	}
}
