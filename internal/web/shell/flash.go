package shell

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// Flash is what the next page says about the act that led to it.
type Flash struct {
	Text string `json:"t"`
	Bad  bool   `json:"b,omitempty"`
	Undo string `json:"u,omitempty"` // an address of ours that takes the act back by a POST
}

const flashCookie = "assay_note"

// Say keeps a note for the next page.
func Say(w http.ResponseWriter, f Flash) {
	b, err := json.Marshal(f)
	if err != nil || len(b) > 2000 {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString(b), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 60})
}

// takeFlash reads the note and has the browser forget it.
func takeFlash(w http.ResponseWriter, r *http.Request) Flash {
	var f Flash
	c, err := r.Cookie(flashCookie)
	if err != nil || r.Method != http.MethodGet || !WantsPage(r) {
		return f
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(b, &f) != nil {
		return Flash{}
	}
	if f.Undo != "" {
		f.Undo = Local(f.Undo)
	}
	return f
}
