package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/web/shell"
)

// whole reads a whole number within bounds.
func whole(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, &fault.Error{Kind: fault.Refused, Field: "days", What: fmt.Sprintf("expected a whole number from %d to %d", least, most)}
	}
	return n, nil
}

// people is the pages of one organization's members.
type people struct {
	*Pages
	org  id.Org
	name string
}

// listView is the page of all members.
type listView struct {
	Members []account.Member // with a role, or one that is not valid here
	Former  []account.Member
	Open    []access.Invitation
	Waiting []account.Awaiting // whose roles wait
	Form    shell.Form
	Ticked  []access.Role
	Link    string // of a new invitation, shown once
	Sent    string // the address that it goes to
	Names   map[id.Person]string
	May     bool // the visitor may manage people
}

func (x *people) view(r *http.Request) (v listView, err error) {
	ctx := r.Context()
	all, err := x.o.Accounts.Members(ctx, x.org)
	if err != nil {
		return v, err
	}
	v.Names = map[id.Person]string{}
	for _, m := range all {
		v.Names[m.Person.ID] = m.Person.Name
		if len(held(m)) > 0 {
			v.Members = append(v.Members, m)
		} else {
			v.Former = append(v.Former, m)
		}
	}
	if v.Open, err = x.o.Accounts.Invitations(ctx, x.org); err != nil {
		return v, err
	}
	if v.Waiting, err = x.o.Accounts.Awaiting(ctx, x.org); err != nil {
		return v, err
	}
	v.May = shell.May(ctx, access.ManagePeople)
	v.Form = shell.Form{Action: "/people/invite", Submit: shell.T(ctx, "Invite"), Fields: []shell.Field{
		{Name: "email", Type: "email", Label: shell.T(ctx, "E-mail"), Required: true, Max: 254},
	}}
	return v, nil
}

func (x *people) list(w http.ResponseWriter, r *http.Request) error {
	v, err := x.view(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, peoplePage(v))
}

// posted reads the roles of a form.
func posted(r *http.Request) []access.Role {
	var out []access.Role
	for _, s := range r.PostForm["roles"] {
		out = append(out, access.Role(s))
	}
	return out
}

func (x *people) invite(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	ctx, email, roles := r.Context(), shell.Value(r, "email"), posted(r)
	secret, err := x.o.Accounts.Invite(ctx, x.org, email, roles, access.From(ctx), x.from(r))
	if err != nil {
		if !told(err) {
			return err
		}
		v, err2 := x.view(r)
		if err2 != nil {
			return err2
		}
		v.Form, v.Ticked = v.Form.Filled(r).WithErrors(err), roles
		return shell.Page(w, r, status(w, err), peoplePage(v))
	}
	if x.o.Mail != nil {
		text := shell.T(ctx, "%s invites you to join %s on Assay. Open this address within seven days; it is good once:", access.From(ctx).Name, x.name) + "\n\n" + x.o.Base + "/invitation/" + x.o.Accounts.Mailed(secret) + "\n"
		if err := x.o.Mail.Send(ctx, email, shell.T(ctx, "Invitation to %s", x.name), text); err == nil {
			shell.Say(w, shell.Flash{Text: shell.T(ctx, "The invitation is on its way to %s.", email)})
			return shell.Redirect(w, r, "/people")
		}
	}
	v, err := x.view(r)
	if err != nil {
		return err
	}
	if x.o.Mail != nil { // no link on the page: the mail is what proves whose the address is
		v.Form, v.Ticked = v.Form.Filled(r), roles
		v.Form.Submit = shell.T(ctx, "Send again")
		v.Form.Error = shell.T(ctx, "The invitation to %s could not be sent by e-mail: nobody has it. Send it again; if it fails again, the operator of the installation looks after the mail server.", email)
		return shell.Page(w, r, http.StatusServiceUnavailable, peoplePage(v))
	}
	v.Link, v.Sent = x.o.Base+"/invitation/"+secret, email // handed over by hand
	return shell.Page(w, r, http.StatusOK, peoplePage(v))
}

func (x *people) uninvite(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := x.o.Accounts.Uninvite(ctx, x.org, r.PathValue("id"), access.From(ctx), x.from(r)); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The invitation is taken back.")})
	return shell.Redirect(w, r, "/people")
}

// oneView is the page of one member.
type oneView struct {
	Member    account.Member
	Ticked    []access.Role
	Error     string
	Names     map[id.Person]string
	May       bool
	Self      bool
	Elsewhere bool // has a role in another organization too
}

func (x *people) viewOne(r *http.Request) (v oneView, err error) {
	all, err := x.o.Accounts.Members(r.Context(), x.org)
	if err != nil {
		return v, err
	}
	v.Names = map[id.Person]string{}
	for _, m := range all {
		v.Names[m.Person.ID] = m.Person.Name
	}
	i := slices.IndexFunc(all, func(m account.Member) bool { return string(m.Person.ID) == r.PathValue("id") })
	if i < 0 {
		return v, fault.NotFound
	}
	v.Member, v.Ticked = all[i], all[i].Roles
	v.May, v.Self = shell.May(r.Context(), access.ManagePeople), all[i].Person.ID == access.From(r.Context()).Person
	v.Elsewhere, err = x.o.Accounts.Elsewhere(r.Context(), x.org, all[i].Person.ID)
	return v, err
}

func (x *people) one(w http.ResponseWriter, r *http.Request) error {
	v, err := x.viewOne(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, memberPage(v))
}

// act does something to a member and says so, or draws the member's page with what is in the way.
func (x *people) act(w http.ResponseWriter, r *http.Request, said string, do func(p id.Person, by access.Visitor) error) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	v, err := x.viewOne(r)
	if err != nil {
		return err
	}
	if err := do(v.Member.Person.ID, access.From(r.Context())); err != nil {
		if !told(err) || errors.Is(err, fault.NotFound) {
			return err
		}
		v.Error = err.Error()
		if h := fault.Hint(err); h != "" {
			v.Error += "; " + h
		}
		if r.PostForm.Has("roles") {
			v.Ticked = posted(r)
		}
		return shell.Page(w, r, status(w, err), memberPage(v))
	}
	shell.Say(w, shell.Flash{Text: said})
	return shell.Redirect(w, r, "/people/"+string(v.Member.Person.ID))
}

func (x *people) setRoles(w http.ResponseWriter, r *http.Request) error {
	return x.act(w, r, shell.T(r.Context(), "The roles are changed."), func(p id.Person, by access.Visitor) error {
		return x.o.Accounts.SetRoles(r.Context(), x.org, p, posted(r), by, x.from(r))
	})
}

func (x *people) end(w http.ResponseWriter, r *http.Request) error {
	return x.act(w, r, shell.T(r.Context(), "The membership has ended."), func(p id.Person, by access.Visitor) error {
		return x.o.Accounts.End(r.Context(), x.org, p, by, x.from(r))
	})
}

func (x *people) endSessions(w http.ResponseWriter, r *http.Request) error {
	return x.act(w, r, shell.T(r.Context(), "All sessions of this person have ended."), func(p id.Person, by access.Visitor) error {
		return x.o.Accounts.EndSessionsOf(r.Context(), x.org, p, by, x.from(r))
	})
}

// stamp is a time as shell.Moment reads it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// day is the date of a time where the organization is.
func day(ctx context.Context, t time.Time) string {
	return shell.From(ctx).Zone.DateOf(civil.InstantOf(t)).String()
}
