package scim

import (
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
)

// draft is a user as a request would have it.
type draft struct {
	access.Listed
	fresh  bool // has no address yet
	active bool // the request says whether the user is active
}

// ignored lists attributes of RFC 7643 that a user may come with and that are not kept here; a password is not even looked at.
var ignored = []string{"schemas", "id", "meta", "groups", "password", "nickname", "profileurl", "title", "usertype", "preferredlanguage", "locale", "timezone",
	"phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates"}

// take sets one attribute. A nil value unsets it. Sub is the part of it, or empty.
func (d *draft) take(attribute, sub string, v any) (err error) {
	if sub != "" && slices.Contains([]string{"username", "externalid", "displayname", "active"}, attribute) {
		return bad("invalidPath", "%s has no part %s", attribute, short(sub))
	}
	switch attribute {
	case "username":
		s, err := text("userName", v, 254)
		if err == nil && s == "" {
			err = invalid("userName: expected a name that is not empty")
		}
		d.UserName = s
		return err
	case "externalid":
		d.External, err = text("externalId", v, 254)
		return err
	case "displayname":
		d.Display, err = text("displayName", v, 200)
		return err
	case "active":
		if v == nil {
			return fixed("active cannot be without a value")
		}
		d.Active, err = truth("active", v)
		d.active = true
		return err
	case "name":
		return d.name(sub, v)
	case "emails":
		return d.emails(sub, v)
	}
	if slices.Contains(ignored, attribute) {
		return nil
	}
	return bad("invalidPath", "a user has no attribute %s", short(attribute))
}

func (d *draft) name(sub string, v any) (err error) {
	switch sub {
	case "":
		o, ok := v.(object)
		if !ok && v != nil {
			return invalid("name: expected an object")
		}
		if v == nil {
			d.Given, d.Family, d.Formatted = "", "", ""
		}
		for _, part := range sorted(o) {
			if part == "" {
				return bad("invalidPath", "a part of a name has no name")
			}
			if err := d.name(part, o[part]); err != nil {
				return err
			}
		}
	case "givenname":
		d.Given, err = text("name.givenName", v, 200)
	case "familyname":
		d.Family, err = text("name.familyName", v, 200)
	case "formatted":
		d.Formatted, err = text("name.formatted", v, 200)
	case "middlename", "honorificprefix", "honorificsuffix":
	default:
		err = bad("invalidPath", "a name has no part %s", short(sub))
	}
	return err
}

// emails chooses the one address that a person has here: the primary one, else that of work, else the first.
func (d *draft) emails(sub string, v any) error {
	switch sub {
	case "type", "primary", "display":
		return nil
	case "value":
		return d.address(v)
	}
	list, ok := v.([]any)
	if o, one := v.(object); one {
		list, ok = []any{o}, true
	}
	if !ok || len(list) == 0 || len(list) > 50 {
		return fixed("emails: expected the address of the user, which cannot be taken away")
	}
	var best any
	rank := -1
	for _, x := range list {
		o, ok := x.(object)
		if !ok {
			return invalid("emails: expected objects with a value")
		}
		now := 0
		if kind, _ := o["type"].(string); strings.EqualFold(kind, "work") {
			now = 1
		}
		if p, err := truth("primary", o["primary"]); err == nil && p {
			now = 2
		}
		if now > rank {
			best, rank = o["value"], now
		}
	}
	return d.address(best)
}

// address sets the address of a new user; one that is there is not changed, since its holder signs in by it.
func (d *draft) address(v any) error {
	s, err := text("emails", v, 254)
	if err != nil {
		return err
	}
	email, err := access.ParseEmail(s)
	if err != nil {
		return invalid("emails: %s", err)
	}
	if !d.fresh && email != d.Email {
		return fixed("emails: the address is what the person signs in by, and a directory does not change it; end this user and make one with the new address")
	}
	d.Email = email
	return nil
}

// whole reads a user as POST and PUT give it.
func (d *draft) whole(o object) error {
	d.External, d.Given, d.Family, d.Formatted, d.Display = "", "", "", "", ""
	if _, ok := o["username"]; !ok {
		return invalid("userName: expected a name")
	}
	for _, name := range sorted(o) {
		v := o[name]
		if strings.HasPrefix(name, "urn:") || v == nil {
			continue // an extension that is not kept; null is no value (RFC 7643 section 2.5)
		}
		if list, ok := v.([]any); ok && len(list) == 0 {
			continue
		}
		if err := d.take(name, "", v); err != nil {
			return err
		}
	}
	if d.Email == "" {
		email, err := access.ParseEmail(d.UserName)
		if err != nil {
			return invalid("emails: expected an address, or a userName that is one")
		}
		d.Email = email
	}
	return nil
}

// title is how the person is called.
func (d *draft) title() string {
	for _, s := range []string{d.Formatted, strings.TrimSpace(d.Given + " " + d.Family), d.Display, d.UserName} {
		if s != "" {
			return string([]rune(s)[:min(200, len([]rune(s)))])
		}
	}
	return d.Email
}

// operation is one of a PATCH (RFC 7644 section 3.5.2).
type operation struct {
	op    string // add, replace, remove
	path  string
	value any
	given bool // a value stands in it
}

func operations(o object) ([]operation, error) {
	schemas, _ := o["schemas"].([]any)
	if !slices.Contains(schemas, any("urn:ietf:params:scim:api:messages:2.0:PatchOp")) {
		return nil, bad("invalidSyntax", "expected the schema urn:ietf:params:scim:api:messages:2.0:PatchOp")
	}
	list, ok := o["operations"].([]any)
	if !ok || len(list) == 0 || len(list) > maxOperations {
		return nil, bad("invalidSyntax", "expected 1 to %d Operations", maxOperations)
	}
	var out []operation
	work := len(list)
	for _, x := range list {
		m, _ := x.(object)
		op, _ := m["op"].(string)
		path, isText := m["path"].(string)
		y := operation{op: strings.ToLower(op), path: strings.TrimSpace(path)} // Entra ID writes Add, Replace, Remove
		y.value, y.given = m["value"]
		if o, ok := y.value.(object); ok && y.path == "" {
			work += len(o) // each name is a path
		}
		switch {
		case work > maxOperations:
			return nil, bad("invalidSyntax", "expected 1 to %d Operations", maxOperations)
		case y.op != "add" && y.op != "replace" && y.op != "remove":
			return nil, bad("invalidSyntax", "op: expected add, replace or remove, not %s", short(op))
		case m["path"] != nil && !isText, len(path) > maxPath:
			return nil, bad("invalidPath", "path: expected a text of at most %d bytes", maxPath)
		case y.op == "remove" && y.path == "":
			return nil, bad("noTarget", "remove needs a path")
		case y.op != "remove" && !y.given:
			return nil, invalid("%s needs a value", y.op)
		}
		out = append(out, y)
	}
	return out, nil
}

// target takes a path apart: the attribute and its part in lower case, and what stands in brackets.
type target struct {
	attribute, sub string
	brackets       *expression
	extension      bool // of a schema that is not kept
}

func aim(path, schema string) (target, error) {
	low := strings.ToLower(path)
	if prefix := strings.ToLower(schema) + ":"; strings.HasPrefix(low, prefix) {
		path = path[len(prefix):]
	} else if strings.HasPrefix(low, "urn:") {
		return target{extension: true}, nil
	}
	if len(path) > maxPath { // names in a value are paths too
		return target{}, bad("invalidPath", "a path has at most %d bytes", maxPath)
	}
	p, err := parsePath(path)
	if err != nil {
		return target{}, bad("invalidPath", "the path cannot be read: %s", short(path))
	}
	return target{attribute: strings.ToLower(p.attribute.name), sub: strings.ToLower(p.attribute.sub), brackets: p.brackets}, nil
}

// otherwise reports a path to an address that is not kept here, such as emails[type eq "home"].value.
func (t target) otherwise() bool {
	if t.brackets == nil || t.attribute != "emails" {
		return false
	}
	w, known := constant("emails."+strings.ToLower(t.brackets.attribute.name), t.brackets.op, t.brackets.value)
	return known && w.Op == "false"
}

func sorted(o object) []string { return slices.Sorted(maps.Keys(o)) }

// patch does one operation. Without a path each name in the value is one, as Entra ID writes "name.givenName".
func (d *draft) patch(x operation) error {
	if x.path == "" {
		o, ok := x.value.(object)
		if !ok {
			return invalid("an operation without a path needs an object as its value")
		}
		for _, name := range sorted(o) {
			if name == "" {
				return bad("invalidPath", "an attribute has no name")
			}
			if err := d.patch(operation{op: x.op, path: name, value: o[name], given: true}); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := aim(x.path, userSchema)
	if err != nil || t.extension {
		return err
	}
	if t.otherwise() {
		return nil
	}
	if x.op == "remove" {
		return d.take(t.attribute, t.sub, nil)
	}
	return d.take(t.attribute, t.sub, x.value)
}
