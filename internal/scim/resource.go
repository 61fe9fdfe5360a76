package scim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/access"
)

type object = map[string]any

func (c *call) meta(kind, place, ident string, created, changed time.Time) object {
	return object{"resourceType": kind, "created": created.UTC().Format(time.RFC3339Nano), "lastModified": changed.UTC().Format(time.RFC3339Nano),
		"location": c.base + "/" + place + "/" + ident}
}

// put adds what is there: attributes without a value are left out (RFC 7643 section 2.5).
func put(o object, name, value string) {
	if value != "" {
		o[name] = value
	}
}

func (c *call) userObject(x access.Listed, groups []access.ListedGroup) object {
	name := object{}
	put(name, "givenName", x.Given)
	put(name, "familyName", x.Family)
	put(name, "formatted", x.Formatted)
	in := []object{}
	for _, g := range groups {
		in = append(in, object{"value": g.ID, "display": g.Name, "type": "direct", "$ref": c.base + "/Groups/" + g.ID})
	}
	o := object{"schemas": []string{userSchema}, "id": x.ID, "userName": x.UserName, "active": x.Active, "groups": in,
		"emails": []object{{"value": x.Email, "type": "work", "primary": true}}, "meta": c.meta("User", "Users", x.ID, x.Created, x.Changed)}
	put(o, "externalId", x.External)
	put(o, "displayName", x.Display)
	if len(name) > 0 {
		o["name"] = name
	}
	return versioned(o)
}

func (c *call) groupObject(g access.ListedGroup) object {
	members := []object{}
	for _, m := range g.Members {
		members = append(members, object{"value": m, "type": "User", "$ref": c.base + "/Users/" + m})
	}
	o := object{"schemas": []string{groupSchema}, "id": g.ID, "displayName": g.Name, "members": members, "meta": c.meta("Group", "Groups", g.ID, g.Created, g.Changed)}
	put(o, "externalId", g.External)
	return versioned(o)
}

// versioned adds a version that follows from the content (RFC 7644 section 3.14).
func versioned(o object) object {
	b, _ := json.Marshal(o) // texts, booleans and lists of them
	sum := sha256.Sum256(b)
	o["meta"].(object)["version"] = `W/"` + hex.EncodeToString(sum[:12]) + `"`
	return o
}

func version(o object) string { return o["meta"].(object)["version"].(string) }

// unchanged refuses a request that names another version than the present one.
func (c *call) unchanged(now object) error {
	list := c.r.Header.Values("If-Match")
	if len(list) == 0 || names(list, version(now)) {
		return nil
	}
	return problem{Status: http.StatusPreconditionFailed, Detail: "the resource has changed since that version; its version is " + version(now)}
}

func names(headers []string, version string) bool {
	for _, h := range headers {
		for tag := range strings.SplitSeq(h, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version, "W/") {
				return true
			}
		}
	}
	return false
}

// resource answers with one resource.
func (c *call) resource(status int, o object) error {
	c.w.Header().Set("ETag", version(o))
	meta := o["meta"].(object)
	if status == http.StatusCreated {
		c.w.Header().Set("Location", meta["location"].(string))
	} else if c.r.Method == http.MethodGet && names(c.r.Header.Values("If-None-Match"), version(o)) {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	keep, err := c.projection()
	if err != nil {
		return err
	}
	return c.answer(status, keep(o))
}

// projection leaves out what attributes and excludedAttributes leave out (RFC 7644 section 3.9), by whole attributes.
func (c *call) projection() (func(object) object, error) {
	only, err := c.attributes("attributes")
	if err != nil {
		return nil, err
	}
	but, err := c.attributes("excludedAttributes")
	if err != nil {
		return nil, err
	}
	return func(o object) object {
		out := object{}
		for name, v := range o {
			low := strings.ToLower(name)
			if always := low == "id" || low == "schemas"; always || (len(only) == 0 || slices.Contains(only, low)) && !slices.Contains(but, low) {
				out[name] = v
			}
		}
		return out
	}, nil
}

func (c *call) attributes(parameter string) ([]string, error) {
	text := c.r.URL.Query().Get(parameter)
	if len(text) > maxFilter {
		return nil, invalid("%s is longer than %d bytes", parameter, maxFilter)
	}
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		for _, schema := range []string{userSchema, groupSchema} {
			name = strings.TrimPrefix(name, strings.ToLower(schema)+":")
		}
		full := name
		if name, _, _ = strings.Cut(name, "."); parameter == "excludedAttributes" && name != full {
			continue // a part of an attribute is not left out alone
		}
		if name != "" {
			out = append(out, name)
		}
	}
	return out, nil
}

// pageOf reads startIndex and count (RFC 7644 section 3.4.2.4).
func (c *call) pageOf() (start, count int, err error) {
	start, count = 1, 100
	for name, to := range map[string]*int{"startIndex": &start, "count": &count} {
		if s := c.r.URL.Query().Get(name); s != "" {
			if *to, err = strconv.Atoi(s); err != nil {
				return 0, 0, invalid("%s: expected a whole number", name)
			}
		}
	}
	return max(start, 1), min(max(count, 0), maxPage), nil
}

func (c *call) list(resources []object, total, start int) error {
	keep, err := c.projection()
	if err != nil {
		return err
	}
	out := make([]object, 0, len(resources))
	for _, o := range resources {
		out = append(out, keep(o))
	}
	return c.answer(http.StatusOK, object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		"totalResults": total, "startIndex": start, "itemsPerPage": len(out), "Resources": out})
}
