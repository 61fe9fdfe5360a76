package main

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// session is what the provider remembers of a browser: who proved themselves, and when.
type session struct {
	person string
	since  time.Time
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><title>Sign in</title>
<h1>Sign in</h1>
{{with .Fault}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="/login">
<input type="hidden" name="id" value="{{.ID}}">
<p><label>Name <input name="name" value="{{.Name}}" autocomplete="username" autofocus></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<p><button>Sign in</button></p>
</form>
</html>
`))

// loginPage shows the form, unless the browser is signed in well enough for what is asked.
func (s *store) loginPage(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	req, ok := s.request(id)
	if !ok {
		http.Error(w, "no such request", http.StatusNotFound)
		return
	}
	if c, err := r.Cookie("session"); err == nil {
		if was, ok := s.session(c.Value); ok && enough(req, was) {
			s.finish(id, was)
			back(w, r, id)
			return
		}
	}
	if s.hinted && s.people[req.asked.LoginHint].password != "" {
		s.finish(id, s.open(w, req.asked.LoginHint))
		back(w, r, id)
		return
	}
	show(w, http.StatusOK, id, req.asked.LoginHint, "")
}

func (s *store) login(w http.ResponseWriter, r *http.Request) {
	id, name := r.FormValue("id"), r.FormValue("name")
	if _, ok := s.request(id); !ok {
		http.Error(w, "no such request", http.StatusNotFound)
		return
	}
	if p, ok := s.people[name]; !ok || p.password != r.FormValue("password") {
		show(w, http.StatusForbidden, id, name, "Name or password is wrong.")
		return
	}
	s.finish(id, s.open(w, name))
	back(w, r, id)
}

// enough reports whether an earlier sign-in serves a request.
func enough(req *request, was session) bool {
	if slices.Contains(req.asked.Prompt, "login") {
		return false
	}
	return req.asked.MaxAge == nil || time.Since(was.since) < time.Duration(*req.asked.MaxAge)*time.Second
}

func show(w http.ResponseWriter, status int, id, name, fault string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Execute(w, map[string]string{"ID": id, "Name": name, "Fault": fault})
}

func back(w http.ResponseWriter, r *http.Request, id string) {
	http.Redirect(w, r, "/authorize/callback?id="+url.QueryEscape(id), http.StatusSeeOther)
}

// open starts a session of the browser.
func (s *store) open(w http.ResponseWriter, name string) session {
	was := session{name, time.Now()}
	key := secret()
	s.mu.Lock()
	s.sessions[key] = was
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return was
}
