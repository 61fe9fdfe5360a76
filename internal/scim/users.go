package scim

import (
	"errors"
	"net/http"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

func (s *Server) users(c *call) error {
	w, err := condition(c.r.URL.Query().Get("filter"), userSchema, userFields)
	if err != nil {
		return err
	}
	start, count, err := c.pageOf()
	if err != nil {
		return err
	}
	list, total, err := s.o.Directory.Listed(c.ctx, c.org.ID, w, start, count)
	if err != nil {
		return err
	}
	var ids []string
	for _, x := range list {
		ids = append(ids, x.ID)
	}
	in, err := s.o.Groups.GroupsOfListed(c.ctx, c.org.ID, ids)
	if err != nil {
		return err
	}
	var out []object
	for _, x := range list {
		out = append(out, c.userObject(x, in[x.ID]))
	}
	return c.list(out, total, start)
}

// find gives an entry with its groups.
func (s *Server) find(c *call, ident string) (access.Listed, []access.ListedGroup, error) {
	list, err := s.o.Directory.ListedOf(c.ctx, c.org.ID, []string{ident})
	if err != nil {
		return access.Listed{}, nil, err
	}
	if len(list) == 0 {
		return access.Listed{}, nil, nowhere
	}
	in, err := s.o.Groups.GroupsOfListed(c.ctx, c.org.ID, []string{ident})
	return list[0], in[ident], err
}

func (s *Server) user(c *call) error {
	x, in, err := s.find(c, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.resource(http.StatusOK, c.userObject(x, in))
}

// postUser lists a person. One who is here already, by an invitation or from elsewhere, is added as they are.
func (s *Server) postUser(c *call) error {
	o, err := body(c)
	if err != nil {
		return err
	}
	d := draft{Listed: access.Listed{Org: c.org.ID, Active: true}, fresh: true}
	if err := d.whole(o); err != nil {
		return err
	}
	return s.alone(c, func() error {
		if err := s.free(c, d); err != nil {
			return err
		}
		p, made, err := s.o.Accounts.Enlist(c.ctx, c.org.ID, d.Email, d.title(), c.by, c.from)
		if err != nil {
			return err
		}
		now := s.o.Clock().UTC()
		d.Person, d.Own, d.Created, d.Changed = p.ID, made, now, now
		if d.ID, err = id.New("user", now, s.o.Random); err != nil {
			return err
		}
		if err := s.end(c, d.Listed, !d.Active); err != nil {
			return err
		}
		if err := s.o.Directory.SaveListed(c.ctx, d.Listed); err != nil {
			return unique(err)
		}
		return c.resource(http.StatusCreated, c.userObject(d.Listed, nil))
	})
}

// free refuses a user that the directory lists already, and one too many.
func (s *Server) free(c *call, d draft) error {
	eq := func(field, value string) access.Where { return access.Where{Op: "eq", Field: field, Value: value} }
	same := []access.Where{eq("name", lower(d.UserName)), eq("email", d.Email)}
	if d.External != "" {
		same = append(same, eq("external", d.External))
	}
	_, n, err := s.o.Directory.Listed(c.ctx, c.org.ID, &access.Where{Op: "or", Parts: same}, 1, 0)
	if err != nil {
		return err
	}
	if n > 0 {
		return problem{Status: http.StatusConflict, Type: "uniqueness", Detail: "the directory lists this userName, address or externalId already"}
	}
	if _, n, err = s.o.Directory.Listed(c.ctx, c.org.ID, nil, 1, 0); err == nil && n >= maxUsers {
		err = problem{Status: http.StatusForbidden, Detail: "the directory is full"}
	}
	return err
}

// end ends the person's membership here, in force or not.
func (s *Server) end(c *call, x access.Listed, really bool) error {
	if !really {
		return nil
	}
	if err := s.o.Accounts.End(c.ctx, c.org.ID, x.Person, c.by, c.from); !errors.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

func (s *Server) putUser(c *call) error {
	o, err := body(c)
	if err != nil {
		return err
	}
	return s.alone(c, func() error { return s.change(c, func(d *draft) error { return d.whole(o) }) })
}

func (s *Server) patchUser(c *call) error {
	o, err := body(c)
	if err != nil {
		return err
	}
	list, err := operations(o)
	if err != nil {
		return err
	}
	return s.alone(c, func() error {
		return s.change(c, func(d *draft) error {
			for _, x := range list {
				if err := d.patch(x); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// change makes a user what the edit says. The roles follow first: a user who is said to be gone is gone before anything else can fail.
func (s *Server) change(c *call, edit func(*draft) error) error {
	was, in, err := s.find(c, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.unchanged(c.userObject(was, in)); err != nil {
		return err
	}
	d := draft{Listed: was}
	if err := edit(&d); err != nil {
		return err
	}
	if d.Listed != was {
		d.Changed = s.o.Clock().UTC()
	}
	if err := s.end(c, d.Listed, d.active && !d.Active); err != nil {
		return err
	}
	if d.Listed != was {
		if err := s.o.Directory.SaveListed(c.ctx, d.Listed); err != nil {
			return unique(err)
		}
	}
	if d.Active && !was.Active { // back: what the groups give is given again
		if roles := c.org.rolesOf(in); len(roles) > 0 {
			if err := s.o.Accounts.Reassign(c.ctx, c.org.ID, []account.Reassignment{{Person: d.Person, Add: roles}}, c.by, c.from); err != nil {
				return errors.Join(err, s.o.Directory.SaveListed(c.ctx, was))
			}
		}
	}
	if err := s.rename(c, draft{Listed: was}, d); err != nil {
		return err
	}
	return c.resource(http.StatusOK, c.userObject(d.Listed, in))
}

// rename gives a person that this directory made, and whom nobody else lists, the directory's name.
func (s *Server) rename(c *call, was, d draft) error {
	if !d.Own || was.title() == d.title() {
		return nil
	}
	elsewhere, err := s.o.Directory.ListedElsewhere(c.ctx, c.org.ID, d.Person)
	if err != nil || elsewhere {
		return err
	}
	return s.o.Accounts.Rename(c.ctx, c.org.ID, d.Person, d.title(), c.by, c.from)
}

// deleteUser ends a membership. That there was one stays in the history.
func (s *Server) deleteUser(c *call) error {
	return s.alone(c, func() error {
		x, in, err := s.find(c, c.r.PathValue("id"))
		if err != nil {
			return err
		}
		if err := c.unchanged(c.userObject(x, in)); err != nil {
			return err
		}
		if err := s.end(c, x, true); err != nil {
			return err
		}
		now := s.o.Clock().UTC()
		x.Active, x.Changed, x.Ended = false, now, &now
		if err := s.o.Directory.SaveListed(c.ctx, x); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	})
}
