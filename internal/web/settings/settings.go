// Package settings is the pages on which an administrator says where an organization's notices go and sees how the installation is set
// up, and the page of an adviser over several client organizations.
package settings

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

import (
	"context"
	_ "embed" // the style sheet
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

//go:embed assets/settings.css
var style string

// Style is the pages' part of the style sheet.
func Style() string { return style }

// Hook is a receiver of the organization's events.
type Hook struct {
	ID      string
	URL     string // without what stands behind its host: that may be a secret
	Events  []string
	Form    string // signed or chat
	By      string // e-mail of who added it
	At      string // RFC 3339
	Stopped string // why nothing is sent any more
}

// NewHook is a receiver to be.
type NewHook struct {
	URL    string
	Events []string
	Form   string
}

// Delivery is one attempt to hand an event over.
type Delivery struct {
	Event   string
	ID      string // of the event, the same on every attempt
	At      string // RFC 3339
	Attempt int
	Status  int // of HTTP; 0 where no answer came
	Problem string
	Next    string // RFC 3339; empty: it is not tried again
}

// Hooks keeps the receivers of one organization.
type Hooks interface {
	Hooks(ctx context.Context) ([]Hook, error)
	// AddHook gives the secret that deliveries are signed with; empty for the form chat, which is not signed.
	AddHook(ctx context.Context, by string, n NewHook) (Hook, string, error)
	DropHook(ctx context.Context, key string) error
	Deliveries(ctx context.Context, key string, offset, limit int) (list []Delivery, total int, err error)
}

// Trial tries out what is set up.
type Trial interface {
	// TestHook has a test event sent to a receiver.
	TestHook(ctx context.Context, key string) error
	// TestMail sends an e-mail and says how that went.
	TestMail(ctx context.Context, to string) error
}

// Facts are what the operator set up when the installation was started.
type Facts struct {
	Version  string
	Address  string // that browsers reach it under
	Mail     string // host of the server that e-mail is given to; empty: none
	From     string // the address that e-mail comes from
	Provider string // that people may sign in with; empty: none
}

// Options are what the pages of an organization are wired from.
type Options struct {
	Hooks  Hooks
	Trial  Trial
	Events []string // that a receiver can ask for
	Facts  Facts
}

// Pages are the settings of one organization.
type Pages struct{ o Options }

// New wires them.
func New(o Options) (*Pages, error) {
	if o.Hooks == nil || o.Trial == nil || len(o.Events) == 0 {
		return nil, errors.New("settings: hooks, trial and events are required")
	}
	return &Pages{o}, nil
}

// Routes are the addresses. Who administers or leads may look; what was sent where, and every change, is the administrator's.
func (p *Pages) Routes() []shell.Route {
	get, post := http.MethodGet, http.MethodPost
	return []shell.Route{
		{Method: get, Pattern: "/settings", Policy: access.ReadPeople, Handler: p.show},
		{Method: post, Pattern: "/settings/hooks", Policy: access.ManageSources, Handler: p.add},
		{Method: get, Pattern: "/settings/hooks/{hook}", Policy: access.ManageSources, Handler: p.log},
		{Method: post, Pattern: "/settings/hooks/{hook}/test", Policy: access.ManageSources, Handler: p.testHook},
		{Method: post, Pattern: "/settings/hooks/{hook}/drop", Policy: access.ManageSources, Handler: p.drop},
		{Method: post, Pattern: "/settings/mail/test", Policy: access.ManageSources, Handler: p.testMail},
	}
}

// view is what the page shows.
type view struct {
	Hooks   []Hook
	Events  []string
	Chosen  []string
	Form    shell.Form
	Refused bool   // the form was: it stands open
	Mail    string // why the test mail could not be sent
	Facts   Facts
	May     bool
}

func form(ctx context.Context) shell.Form {
	return shell.Form{Action: "/settings/hooks", Submit: shell.T(ctx, "Add the receiver"), Fields: []shell.Field{
		{Name: "url", Label: shell.T(ctx, "Address"), Type: "text", Required: true, Max: 2000, Mono: true, Auto: "off",
			Help: shell.T(ctx, "An address of the public internet that begins with https://. Of it only the host is shown again: the rest may be a secret.")},
		{Name: "form", Label: shell.T(ctx, "Form"), Type: "radio", Required: true, Value: "signed", Options: []shell.Option{
			{Value: "signed", Text: shell.T(ctx, "For a program: JSON, signed by Standard Webhooks 1.0.0")},
			{Value: "chat", Text: shell.T(ctx, "For a chat: a message as Slack and Mattermost take it, not signed")},
		}},
	}}
}

func (p *Pages) view(r *http.Request) (view, error) {
	list, err := p.o.Hooks.Hooks(r.Context())
	return view{Hooks: list, Events: p.o.Events, Form: form(r.Context()), Facts: p.o.Facts, May: shell.May(r.Context(), access.ManageSources)}, err
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, page(v))
}

// add keeps a receiver. Its secret stands in the answer and nowhere else: no address leads to it again.
func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	n := NewHook{URL: shell.Value(r, "url"), Events: r.PostForm["events"], Form: shell.Value(r, "form")}
	if len(n.Events) > len(p.o.Events) {
		n.Events = n.Events[:len(p.o.Events)+1] // refused in any case
	}
	h, secret, err := p.o.Hooks.AddHook(r.Context(), access.From(r.Context()).Email, n)
	switch {
	case errors.Is(err, fault.Refused):
		v, e := p.view(r)
		if e != nil {
			return e
		}
		v.Form, v.Chosen, v.Refused = v.Form.Filled(r).WithErrors(err), n.Events, true
		return shell.Page(w, r, http.StatusUnprocessableEntity, page(v))
	case err != nil:
		return err
	case secret == "":
		shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "Events will be sent to %s.", h.URL)})
		return shell.Redirect(w, r, "/settings#hooks")
	}
	return shell.Page(w, r, http.StatusCreated, secretPage(h, secret))
}

func (p *Pages) drop(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	if err := p.o.Hooks.DropHook(r.Context(), r.PathValue("hook")); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "The receiver was removed; nothing more is sent to it.")})
	return shell.Redirect(w, r, "/settings#hooks")
}

func (p *Pages) testHook(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	key := r.PathValue("hook")
	err := p.o.Trial.TestHook(r.Context(), key)
	switch {
	case errors.Is(err, fault.Refused):
		shell.Say(w, shell.Flash{Text: err.Error(), Bad: true})
	case err != nil:
		return err
	default:
		shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "A test event is on its way. What comes of it stands here in a moment.")})
	}
	return shell.Redirect(w, r, "/settings/hooks/"+key)
}

// perPage is how many attempts one page of the log shows.
const perPage = 50

// logView is the log of one receiver.
type logView struct {
	Hook       Hook
	List       []Delivery
	Total      int
	Here, Last int
}

func (p *Pages) log(w http.ResponseWriter, r *http.Request) error {
	hooks, err := p.o.Hooks.Hooks(r.Context())
	if err != nil {
		return err
	}
	key := r.PathValue("hook")
	i := slices.IndexFunc(hooks, func(h Hook) bool { return h.ID == key })
	if i < 0 {
		return fault.NotFound
	}
	v := logView{Hook: hooks[i], Here: 1}
	if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil && n > 1 && n < 10_000 {
		v.Here = n
	}
	if v.List, v.Total, err = p.o.Hooks.Deliveries(r.Context(), key, (v.Here-1)*perPage, perPage); err != nil {
		return err
	}
	v.Last = max(1, (v.Total+perPage-1)/perPage)
	return shell.Page(w, r, http.StatusOK, logPage(v))
}

func (v logView) to(n int) string {
	return "/settings/hooks/" + v.Hook.ID + "?page=" + strconv.Itoa(n)
}

// testMail writes to the person who asks, and to nobody else.
func (p *Pages) testMail(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	to := access.From(r.Context()).Email
	err := p.o.Trial.TestMail(r.Context(), to)
	if err == nil {
		shell.Say(w, shell.Flash{Text: shell.T(r.Context(), "The server took the e-mail to %s.", to)})
		return shell.Redirect(w, r, "/settings#mail")
	}
	v, e := p.view(r)
	if e != nil {
		return e
	}
	v.Mail = err.Error()
	return shell.Page(w, r, http.StatusUnprocessableEntity, page(v))
}

var eventWords = map[string]string{
	"deviation.opened":  phrase.Mark("A test finds deviations that it did not find before"),
	"task.due":          phrase.Mark("A task is due within a day"),
	"task.late":         phrase.Mark("A task is late"),
	"report.drafted":    phrase.Mark("A draft of a document was drawn"),
	"checkpoint.signed": phrase.Mark("The ledger has a new checkpoint, told once a minute at most"),
}

func eventWord(ctx context.Context, e string) string {
	if w, ok := eventWords[e]; ok {
		return shell.T(ctx, w)
	}
	return e
}

func formWord(ctx context.Context, f string) string {
	if f == "chat" {
		return shell.T(ctx, "chat message")
	}
	return shell.T(ctx, "signed JSON")
}
