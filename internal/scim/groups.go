package scim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/id"
)

// rolesOf gives the roles that groups give, each once.
func (o *Organization) rolesOf(groups []access.ListedGroup) []access.Role {
	return rolesBy(o.role, groups)
}

func rolesBy(role func(group string) (access.Role, bool), groups []access.ListedGroup) []access.Role {
	var out []access.Role
	for _, g := range groups {
		if r, ok := role(g.Name); ok && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func (s *Server) groups(c *call) error {
	w, err := condition(c.r.URL.Query().Get("filter"), groupSchema, groupFields)
	if err != nil {
		return err
	}
	start, count, err := c.pageOf()
	if err != nil {
		return err
	}
	list, total, err := s.o.Groups.ListedGroups(c.ctx, c.org.ID, w, start, count)
	if err != nil {
		return err
	}
	but, err := c.attributes("excludedAttributes")
	if err != nil {
		return err
	}
	var out []object
	for _, g := range list {
		if slices.Contains(but, "members") { // as Entra ID asks; a version says more than is read here
			o := c.groupObject(g)
			delete(o["meta"].(object), "version")
			out = append(out, o)
			continue
		}
		if g, err = s.o.Groups.ListedGroup(c.ctx, c.org.ID, g.ID); err != nil {
			return err
		}
		out = append(out, c.groupObject(g))
	}
	return c.list(out, total, start)
}

func (s *Server) group(c *call) error {
	g, err := s.o.Groups.ListedGroup(c.ctx, c.org.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.resource(http.StatusOK, c.groupObject(g))
}

func (s *Server) postGroup(c *call) error {
	o, err := body(c)
	if err != nil {
		return err
	}
	g := access.ListedGroup{Org: c.org.ID}
	if err := wholeGroup(&g, o); err != nil {
		return err
	}
	return s.alone(c, func() error {
		_, n, err := s.o.Groups.ListedGroups(c.ctx, c.org.ID, &access.Where{Op: "eq", Field: "display", Value: lower(g.Name)}, 1, 0)
		if err != nil {
			return err
		}
		if n > 0 {
			return problem{Status: http.StatusConflict, Type: "uniqueness", Detail: "the directory has a group of this name already"}
		}
		if _, n, err = s.o.Groups.ListedGroups(c.ctx, c.org.ID, nil, 1, 0); err != nil {
			return err
		} else if n >= maxGroups {
			return problem{Status: http.StatusForbidden, Detail: "the directory has as many groups as it may"}
		}
		now := s.o.Clock().UTC()
		g.Created, g.Changed = now, now
		if g.ID, err = id.New("group", now, s.o.Random); err != nil {
			return err
		}
		if err := s.keepGroup(c, access.ListedGroup{}, g); err != nil {
			return err
		}
		return c.resource(http.StatusCreated, c.groupObject(g))
	})
}

// wholeGroup reads a group as POST and PUT give it. Members that are not spoken of stay.
func wholeGroup(g *access.ListedGroup, o object) error {
	g.External = ""
	if v, ok := o["members"]; ok {
		if v == nil {
			v = []any{}
		}
		list, err := members(v)
		if err != nil {
			return err
		}
		g.Members = list
	}
	if err := takeGroup(g, "externalid", o["externalid"]); err != nil {
		return err
	}
	return takeGroup(g, "displayname", o["displayname"])
}

func takeGroup(g *access.ListedGroup, attribute string, v any) (err error) {
	switch attribute {
	case "displayname":
		if g.Name, err = text("displayName", v, 200); err == nil && g.Name == "" {
			err = invalid("displayName: expected a name")
		}
	case "externalid":
		g.External, err = text("externalId", v, 254)
	case "id", "schemas", "meta":
	default:
		err = bad("invalidPath", "a group has no attribute %s", short(attribute))
	}
	return err
}

// members reads identifiers of users, sorted, each once.
func members(v any) ([]string, error) {
	list, ok := v.([]any)
	if o, one := v.(object); one {
		list, ok = []any{o}, true
	}
	if !ok || len(list) > maxMembers {
		return nil, invalid("members: expected at most %d users", maxMembers)
	}
	var out []string
	for _, x := range list {
		o, _ := x.(object)
		s, ok := o["value"].(string)
		if kind, _ := o["type"].(string); !ok || s == "" || kind != "" && !strings.EqualFold(kind, "User") {
			return nil, invalid("members: expected objects with the id of a user as value; groups in groups are not kept here")
		}
		out = append(out, s)
	}
	return unite(out), nil
}

func unite(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *Server) putGroup(c *call) error {
	o, err := body(c)
	if err != nil {
		return err
	}
	return s.alone(c, func() error {
		return s.changeGroup(c, http.StatusOK, func(g *access.ListedGroup) error { return wholeGroup(g, o) })
	})
}

func (s *Server) patchGroup(c *call) error {
	o, err := body(c)
	if err != nil {
		return err
	}
	list, err := operations(o)
	if err != nil {
		return err
	}
	return s.alone(c, func() error {
		return s.changeGroup(c, http.StatusNoContent, func(g *access.ListedGroup) error {
			for _, x := range list {
				if err := patchOfGroup(g, x); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// patchOfGroup does one operation, in memory.
func patchOfGroup(g *access.ListedGroup, x operation) error {
	if x.path == "" {
		o, ok := x.value.(object)
		if !ok {
			return invalid("an operation without a path needs an object as its value")
		}
		for _, name := range sorted(o) {
			if name == "" {
				return bad("invalidPath", "an attribute has no name")
			}
			if err := patchOfGroup(g, operation{op: x.op, path: name, value: o[name], given: true}); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := aim(x.path, groupSchema)
	if err != nil || t.extension {
		return err
	}
	if t.attribute != "members" {
		if x.op == "remove" {
			x.value = nil
		}
		return takeGroup(g, t.attribute, x.value)
	}
	return patchMembers(g, t, x)
}

// patchMembers does what directories write in several ways: members[value eq "..."], a list of values, or all of them.
func patchMembers(g *access.ListedGroup, t target, x operation) error {
	var list []string
	var err error
	switch {
	case t.brackets != nil:
		value, isText := t.brackets.value.(string)
		if !isText || t.brackets.op != "eq" || !strings.EqualFold(t.brackets.attribute.name, "value") || x.op != "remove" {
			return bad("invalidPath", "expected a path such as members[value eq \"...\"], for remove")
		}
		list = []string{value}
	case t.sub != "":
		return bad("invalidPath", "members are changed as a whole, not by %s", short(t.sub))
	case x.op == "remove" && (!x.given || x.value == nil):
		g.Members = nil
		return nil
	default:
		if list, err = members(x.value); err != nil {
			return err
		}
	}
	switch x.op {
	case "add":
		g.Members = unite(append(slices.Clone(g.Members), list...))
	case "replace":
		g.Members = list
	case "remove":
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool {
			_, gone := slices.BinarySearch(list, m)
			return gone
		})
	}
	if len(g.Members) > maxMembers {
		return invalid("members: a group has at most %d", maxMembers)
	}
	return nil
}

func (s *Server) changeGroup(c *call, status int, edit func(*access.ListedGroup) error) error {
	was, err := s.o.Groups.ListedGroup(c.ctx, c.org.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.unchanged(c.groupObject(was)); err != nil {
		return err
	}
	g := was
	if err := edit(&g); err != nil {
		return err
	}
	if g.Name != was.Name || g.External != was.External || !slices.Equal(g.Members, was.Members) {
		g.Changed = s.o.Clock().UTC()
		if err := s.keepGroup(c, was, g); err != nil {
			return err
		}
	}
	o := c.groupObject(g)
	if status == http.StatusNoContent {
		c.w.Header().Set("ETag", version(o))
		c.w.WriteHeader(status)
		return nil
	}
	return c.resource(status, o)
}

func (s *Server) deleteGroup(c *call) error {
	return s.alone(c, func() error {
		was, err := s.o.Groups.ListedGroup(c.ctx, c.org.ID, c.r.PathValue("id"))
		if err != nil {
			return err
		}
		if err := c.unchanged(c.groupObject(was)); err != nil {
			return err
		}
		now := s.o.Clock().UTC()
		g := was
		g.Members, g.Changed, g.Ended = nil, now, &now
		if err := s.keepGroup(c, was, g); err != nil {
			return err
		}
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// keepGroup gives and takes what the change of a group gives and takes, all of it or nothing, and keeps the group.
func (s *Server) keepGroup(c *call, was, g access.ListedGroup) error {
	if g.Ended == nil && g.Name != was.Name {
		_, n, err := s.o.Groups.ListedGroups(c.ctx, c.org.ID, &access.Where{Op: "and", Parts: []access.Where{
			{Op: "eq", Field: "display", Value: lower(g.Name)}, {Op: "ne", Field: "id", Value: g.ID}}}, 1, 0)
		if err != nil {
			return err
		}
		if n > 0 {
			return problem{Status: http.StatusConflict, Type: "uniqueness", Detail: "the directory has a group of this name already"}
		}
	}
	touched := unite(append(slices.Clone(was.Members), g.Members...))
	people, err := s.o.Directory.ListedOf(c.ctx, c.org.ID, touched)
	if err != nil {
		return err
	}
	if len(people) != len(touched) {
		return invalid("members: one of them is no user of this directory")
	}
	in, err := s.o.Groups.GroupsOfListed(c.ctx, c.org.ID, touched)
	if err != nil {
		return err
	}
	var list []account.Reassignment
	for _, x := range people {
		if r := c.org.difference(x, in[x.ID], g); len(r.Add)+len(r.Drop) > 0 {
			list = append(list, r)
		}
	}
	if len(list) > 0 {
		if err := s.o.Accounts.Reassign(c.ctx, c.org.ID, list, c.by, c.from); err != nil {
			return err
		}
	}
	return unique(s.o.Groups.SaveListedGroup(c.ctx, g))
}

// difference is what becomes of a user's roles when one group becomes g: what only it gave is taken, what is new is given. With it goes what
// a group gave once and there is not in this kind of organization. Who is not active has no role to give or to take.
func (o *Organization) difference(x access.Listed, in []access.ListedGroup, g access.ListedGroup) account.Reassignment {
	r := account.Reassignment{Person: x.Person}
	if !x.Active {
		return r
	}
	then := slices.DeleteFunc(slices.Clone(in), func(y access.ListedGroup) bool { return y.ID == g.ID })
	if _, stays := slices.BinarySearch(g.Members, x.ID); stays && g.Ended == nil {
		then = append(then, g)
	}
	before, after := rolesBy(o.named, in), o.rolesOf(then)
	r.Add = slices.DeleteFunc(slices.Clone(after), func(y access.Role) bool { return slices.Contains(before, y) })
	r.Drop = slices.DeleteFunc(before, func(y access.Role) bool { return slices.Contains(after, y) })
	return r
}
