package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/mail"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scim"
	"github.com/assayhq/assay/internal/store/accounts"
	"github.com/assayhq/assay/internal/store/sqlite"
	"github.com/assayhq/assay/internal/web"
	"github.com/assayhq/assay/internal/web/campaign"
	"github.com/assayhq/assay/internal/web/elements"
	examination "github.com/assayhq/assay/internal/web/engage"
	"github.com/assayhq/assay/internal/web/program"
	"github.com/assayhq/assay/internal/web/settings"
	"github.com/assayhq/assay/internal/web/shell"
	"github.com/assayhq/assay/internal/web/signin"
	"github.com/assayhq/assay/internal/web/work"
)

// installation is a data folder that is served: its organizations, its people, and the door to both.
type installation struct {
	app      *App
	st       *sqlite.Store
	data     string
	readOnly bool
	life     context.Context
	turn     turn
	draws    *draws
	base     string // what addresses begin with that leave the pages
	tenants  *tenants
	address  func(r *http.Request) string // where a request comes from
	accounts *account.Service             // nil where the folder cannot be written
	people   *accounts.Store
	hooks    *hooking     // nil as accounts are
	sender   *mail.Sender // nil where no server is named
	facts    settings.Facts
	pages    *signin.Pages // nil as accounts are
	door     *shell.Door
	api      *api.API // nil as accounts are
	scim     *scim.Server
	empty    atomic.Bool  // nobody had an account when it was opened
	first    atomic.Value // an id.Person: who has just made the first account

	houses  sync.Mutex               // over what follows
	engaged map[id.Org]*engage.House // by organization; see house
	copies  copies                   // of clients, as firms here hold them

	background sync.WaitGroup
}

// install opens a data folder to serve it; one that does not exist yet is made. The caller closes what it gets.
func (a *App) install(ctx context.Context, data string, s cli.Serving) (*installation, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	readOnly := false
	st, err := sqlite.Open(ctx, a.config(data, false))
	if errors.Is(err, fs.ErrPermission) {
		c := a.config(data, false)
		c.ReadOnly, readOnly = true, true
		st, err = sqlite.Open(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	in, err := a.installed(ctx, st, data, readOnly, s)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return in, nil
}

// installed wires the door of an opened data folder.
func (a *App) installed(ctx context.Context, st *sqlite.Store, data string, readOnly bool, s cli.Serving) (*installation, error) {
	in := &installation{app: a, st: st, data: data, readOnly: readOnly, life: ctx, turn: make(turn, atOnce), draws: newDraws()}
	in.tenants = &tenants{in: in, opened: map[string]*tenant{}}
	if err := in.tenants.list(ctx); err != nil {
		return nil, err
	}
	o := shell.Options{Tenants: in.tenants, Failed: in.failed, Clock: in.app.Clock, Rest: pause, Secure: strings.HasPrefix(s.URL, "https:"),
		Assets: shell.Assets{Style: []byte(shell.Themed(styles())), Script: elements.Script()}}
	var err error
	if o.Hosts, err = hosts(s); err != nil {
		return nil, err
	}
	switch {
	case s.Demo:
		err = in.asExample(&o, s)
	case readOnly:
		err = in.readers(&o, s)
	default:
		err = in.signIn(ctx, &o, s)
	}
	if err != nil {
		return nil, err
	}
	in.door, err = shell.NewDoor(o)
	return in, err
}

// hosts are the names under which the pages may be asked for: that of the address that browsers use, or this machine's own. Whoever
// listens on a network says the address, since links that leave the pages begin with it.
func hosts(s cli.Serving) ([]string, error) {
	own := []string{"localhost", "127.0.0.1", "::1", "[::1]"}
	if s.URL != "" {
		u, err := url.Parse(s.URL)
		if err != nil {
			return nil, &fault.Error{Kind: fault.Refused, Field: "--url", What: err.Error()}
		}
		return append(own, u.Hostname()), nil // the machine's own, for whoever watches over it
	}
	if host, _, _ := net.SplitHostPort(s.Listen); !loopback(host) {
		return nil, fault.Refuse("--listen %s is reached over a network, and nothing says under which address", s.Listen).WithHint("name it: --url https://assay.example.com")
	}
	return own, nil
}

func styles() string {
	return report.Style() + shell.Style() + web.Style() + string(elements.Style()) + signin.Style() + work.Style() + program.Style() + settings.Style() + campaign.Style() + examination.Style()
}

func (in *installation) failed(r *http.Request, err error) {
	log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
}

// readers lets everybody who reaches the address read a folder that cannot be written, such as an auditor's mount: there is nowhere
// to keep accounts. It is the machine's own address or nothing.
func (in *installation) readers(o *shell.Options, s cli.Serving) error {
	if host, _, _ := net.SplitHostPort(s.Listen); !loopback(host) || s.URL != "" {
		return fault.Refuse("%s cannot be written, so that nobody can sign in; it is served on this machine's own addresses only, not on %s", in.data, s.Listen)
	}
	o.Identify = func(*http.Request) (shell.Visit, error) {
		return shell.Visit{Visitor: access.Visitor{Person: "reader", Name: "Reader"}}, nil
	}
	o.Routes = []shell.Route{{Method: http.MethodGet, Pattern: "/{$}", Policy: access.OwnAccount, Handler: in.toResults}}
	return nil
}

// toResults leads to the results of the only, or the first, organization.
func (in *installation) toResults(w http.ResponseWriter, r *http.Request) error {
	slugs := in.tenants.names()
	if len(slugs) == 0 {
		return fault.NotFound
	}
	http.Redirect(w, r, "/o/"+slugs[0]+"/results", http.StatusSeeOther)
	return nil
}

// roles gives what a person is in an organization.
func (in *installation) roles(ctx context.Context, p id.Person, org id.Org) ([]access.Role, error) {
	if in.readOnly { // what can be read; nothing can be written
		kind, err := in.tenants.kind(ctx, org)
		if kind == access.Firm {
			return []access.Role{access.Partner}, err
		}
		return []access.Role{access.Auditor, access.Owner}, err
	}
	return in.memberRoles(ctx, p, org)
}

// Close ends the background work and closes the folder.
func (in *installation) Close() error {
	in.wait()
	err := in.copies.Close()
	if in.people != nil {
		err = errors.Join(err, in.people.Close())
	}
	return errors.Join(err, in.st.Close())
}

// wait lets the background work end, which it does when the context has.
func (in *installation) wait() {
	in.background.Wait()
	in.tenants.mu.Lock()
	defer in.tenants.mu.Unlock()
	for _, t := range in.tenants.opened {
		t.p.background.Wait()
	}
}

// serve shows the pages until the context ends.
func (a *App) serve(ctx context.Context, data string, s cli.Serving, ready func(cli.Served)) (err error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // most of what is alive is what pages are drawn from, and stays: half as much again is room enough
	}
	ctx, end := context.WithCancel(ctx)
	in, err := a.install(ctx, data, s)
	if err != nil {
		end()
		return err
	}
	defer func() { end(); err = errors.Join(err, in.Close()) }()
	return in.listen(ctx, s, ready)
}

// pause waits for so long, or until the context ends.
func pause(ctx context.Context, long time.Duration) {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// listen answers requests until the context ends.
func (in *installation) listen(ctx context.Context, s cli.Serving, ready func(cli.Served)) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fault.Refuse("%v", err)
	}
	srv := &http.Server{Handler: in.door, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	said := cli.Served{URL: "http://" + l.Addr().String()}
	if s.URL != "" {
		said.URL = strings.TrimSuffix(s.URL, "/")
	}
	if said.FirstRun, err = in.firstRun(ctx, said.URL); err != nil {
		return err
	}
	ready(said)
	for _, slug := range in.tenants.names() { // so that nobody waits for the tests later
		in.background.Go(func() { _, _ = in.tenants.open(ctx, slug) })
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return srv.Shutdown(stop)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serveDemo shows the pages of the folder that the demo has built and holds open.
func (o *office) serveDemo(ctx context.Context, s cli.Serving, ready func(cli.Served)) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	in, err := o.app.installed(ctx, o.st, o.data, false, s)
	if err != nil {
		return err
	}
	err = in.listen(ctx, s, ready)
	end()
	in.wait()
	return err
}
