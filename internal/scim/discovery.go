package scim

import (
	"net/http"
)

const coreSchema = "urn:ietf:params:scim:schemas:core:2.0:"

// config says what this service can do (RFC 7643 section 5).
func (s *Server) config(c *call) error {
	can := func(b bool) object { return object{"supported": b} }
	return c.answer(http.StatusOK, object{
		"schemas":        []string{coreSchema + "ServiceProviderConfig"},
		"patch":          can(true),
		"bulk":           object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":         object{"supported": true, "maxResults": maxPage},
		"changePassword": can(false),
		"sort":           can(false),
		"etag":           can(true),
		"authenticationSchemes": []object{{"type": "oauthbearertoken", "name": "API token", "primary": true,
			"description": "A token of one organization with the scope provision, as Authorization: Bearer", "specUri": "https://www.rfc-editor.org/info/rfc6750"}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": c.base + "/ServiceProviderConfig"},
	})
}

func (s *Server) types(c *call) error {
	kind := func(name, place, schema, text string) object {
		return object{"schemas": []string{coreSchema + "ResourceType"}, "id": name, "name": name, "endpoint": place, "description": text, "schema": schema,
			"schemaExtensions": []object{}, "meta": object{"resourceType": "ResourceType", "location": c.base + "/ResourceTypes/" + name}}
	}
	return c.known(kind("User", "/Users", userSchema, "People of the organization"), kind("Group", "/Groups", groupSchema, "Groups, which stand for roles"))
}

// known answers with one of a few resources, or with all of them. A filter is refused (RFC 7644 section 4).
func (c *call) known(list ...object) error {
	if c.r.URL.Query().Has("filter") {
		return problem{Status: http.StatusForbidden, Detail: "these are not filtered"}
	}
	ident := c.r.PathValue("id")
	if ident == "" {
		return c.list(list, len(list), 1)
	}
	for _, o := range list {
		if o["id"] == ident {
			return c.answer(http.StatusOK, o)
		}
	}
	return nowhere
}

// attribute describes one attribute (RFC 7643 section 7).
func attribute(name, kind, text string, change ...any) object {
	o := object{"name": name, "type": kind, "multiValued": false, "description": text, "required": false, "mutability": "readWrite", "returned": "default"}
	switch kind {
	case "string":
		o["caseExact"], o["uniqueness"] = false, "none"
	case "reference":
		o["caseExact"], o["uniqueness"] = true, "none"
	}
	for i := 0; i+1 < len(change); i += 2 {
		o[change[i].(string)] = change[i+1]
	}
	return o
}

func (s *Server) schemas(c *call) error {
	schema := func(ident, name, text string, attributes ...object) object {
		return object{"schemas": []string{coreSchema + "Schema"}, "id": ident, "name": name, "description": text, "attributes": attributes,
			"meta": object{"resourceType": "Schema", "location": c.base + "/Schemas/" + ident}}
	}
	const read, once = "readOnly", "immutable"
	return c.known(
		schema(userSchema, "User", "A person of the organization",
			attribute("userName", "string", "The name in the directory, whatever the case", "required", true, "uniqueness", "server"),
			attribute("name", "complex", "The parts of the name", "subAttributes", []object{
				attribute("formatted", "string", "The whole name"), attribute("familyName", "string", "The family name"), attribute("givenName", "string", "The given name")}),
			attribute("displayName", "string", "The name to show"),
			attribute("active", "boolean", "Whether the person may have roles here"),
			attribute("emails", "complex", "The one address that the person signs in by", "multiValued", true, "mutability", once, "subAttributes", []object{
				attribute("value", "string", "The address", "mutability", once), attribute("type", "string", "work", "mutability", once), attribute("primary", "boolean", "true", "mutability", once)}),
			attribute("groups", "complex", "The groups of the person", "multiValued", true, "mutability", read, "subAttributes", []object{
				attribute("value", "string", "The id of the group", "mutability", read), attribute("display", "string", "Its name", "mutability", read),
				attribute("$ref", "reference", "Its address", "mutability", read, "referenceTypes", []string{"Group"}),
				attribute("type", "string", "direct", "mutability", read)})),
		schema(groupSchema, "Group", "A group, whose name may stand for a role",
			attribute("displayName", "string", "The name; assay-lead stands for the role lead, and so on", "required", true, "uniqueness", "server"),
			attribute("members", "complex", "The users in it", "multiValued", true, "subAttributes", []object{
				attribute("value", "string", "The id of the user", "mutability", once), attribute("type", "string", "User", "mutability", once),
				attribute("$ref", "reference", "The address of the user", "mutability", once, "referenceTypes", []string{"User"})})),
	)
}
