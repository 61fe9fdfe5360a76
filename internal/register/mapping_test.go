package register

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
)

const notes = `
name: notes
key: [note_id]
fields:
  - {name: note_id, type: text}
  - {name: drill_id, type: text}
  - {name: author, type: text}
  - {name: position, type: int}
`

func converter(t testing.TB, mapping string) (*Converter, error) {
	t.Helper()
	m, err := ParseMapping("m.yaml", []byte(mapping))
	if err != nil {
		return nil, err
	}
	other := schema(t, notes)
	return NewConverter(schema(t, drills), m, func(n string) *Schema {
		if n == "notes" {
			return other
		}
		return nil
	})
}

// bodies converts one JSON row and prints its records.
func bodies(t *testing.T, mapping, row string) ([]string, error) {
	t.Helper()
	c, err := converter(t, mapping)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.Rows("in.json", input(t, 9, row))
	var out []string
	for _, r := range rows {
		out = append(out, r.Register+" "+r.Key+" "+string(r.Body))
	}
	return out, err
}

func TestMapping(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mapping, row string
		want         []string
	}{
		"rename, constant, free fields stay, read ones do not": {
			"fields:\n  drill_id: id\n  team: {constant: red}\n",
			`{"id":"7","place":"roof","kind":"fire"}`,
			[]string{`drills 7 {"drill_id":"7","kind":"fire","place":"roof","team":"red"}`},
		},
		"drop": {
			"drop: [kind, secret]\nfields:\n  drill_id: id\n  team: {constant: red}\n",
			`{"id":"7","secret":"x","kind":"source's own"}`,
			[]string{`drills 7 {"drill_id":"7","team":"red"}`},
		},
		"paths into objects and lists": {
			"fields:\n  drill_id: meta.ids[1].text\n  team: meta.team\n",
			`{"meta":{"ids":[{"text":"a"},{"text":"b"}],"team":"t"}}`,
			[]string{`drills b {"drill_id":"b","team":"t"}`},
		},
		"a name with dots goes first": {
			"fields:\n  drill_id: a.b\n  team: '\"Team [now]\"'\n",
			`{"a.b":"whole","a":{"b":"part"},"Team [now]":"t"}`,
			[]string{`drills whole {"drill_id":"whole","team":"t"}`},
		},
		"values, empty and otherwise": {
			"fields:\n  drill_id: id\n  team: {from: people, empty: nobody, otherwise: somebody}\n  kind: {from: k, values: {FIRE: fire, 2: flood}}\n  announced: {from: a, values: {Y: true, N: false}}\n",
			`{"id":"7","people":[],"k":2,"a":"N"}`,
			[]string{`drills 7 {"announced":false,"drill_id":"7","kind":"flood","team":"nobody"}`},
		},
		"a list that is not empty": {
			"fields:\n  drill_id: id\n  team: {from: people, empty: nobody, otherwise: somebody}\n",
			`{"id":"7","people":[{"x":1}]}`,
			[]string{`drills 7 {"drill_id":"7","team":"somebody"}`},
		},
		"what the source does not say stays unsaid": {
			"fields:\n  drill_id: id\n  team: {constant: t}\n  kind: {from: k, empty: fire, otherwise: flood}\n",
			`{"id":"7","k":null}`,
			[]string{`drills 7 {"drill_id":"7","team":"t"}`},
		},
		"join": {
			"fields:\n  drill_id: id\n  team: {from: 'people[].name', join: ', '}\n",
			`{"id":"7","people":[{"name":"a"},{"name":2},{}]}`,
			[]string{`drills 7 {"drill_id":"7","team":"a, 2"}`},
		},
		"join of an empty list is empty text": {
			"fields:\n  drill_id: id\n  team: {from: people, join: ','}\n",
			`{"id":"7","people":[]}`,
			[]string{`drills 7 {"drill_id":"7","team":""}`},
		},
		"first that has a value": {
			"fields:\n  drill_id: id\n  team: {first: [a, b, c]}\n",
			`{"id":"7","a":null,"b":"","c":"x"}`,
			[]string{`drills 7 {"drill_id":"7","team":"x"}`},
		},
		"first: empty when only empty ones came": {
			"fields:\n  drill_id: id\n  team: {first: [a, b, c]}\n",
			`{"id":"7","b":""}`,
			[]string{`drills 7 {"drill_id":"7","team":""}`},
		},
		"a key of several fields": {
			"fields:\n  drill_id: {text: '{place}#{nr}{{x}}'}\n  team: {constant: t}\n",
			`{"place":"roof","nr":12}`,
			[]string{`drills roof#12{x} {"drill_id":"roof#12{x}","team":"t"}`},
		},
		"local times": {
			"zone: Europe/Madrid\nfields:\n  drill_id: id\n  team: {constant: t}\n  held_at: at\n  ended_at: end\n",
			`{"id":"7","at":"2026-01-31 09:00:00","end":"2026-01-31T10:30:00Z"}`,
			[]string{`drills 7 {"drill_id":"7","ended_at":"2026-01-31T10:30:00Z","held_at":"2026-01-31T08:00:00Z","team":"t"}`},
		},
		"children of lists and objects, first of a key": {
			`
fields:
  drill_id: id
  team: {constant: t}
children:
  - register: notes
    each: [notes, lead]
    repeat: first
    fields:
      note_id: {text: '{$parent.id}-{by}'}
      drill_id: $parent.id
      author: by
      position: $index
`,
			`{"id":"7","notes":[{"by":"ann"},{"by":"bob"},{"by":"ann"}],"lead":{"by":"cy"}}`,
			[]string{
				`drills 7 {"drill_id":"7","team":"t"}`,
				`notes 7-ann {"author":"ann","drill_id":"7","note_id":"7-ann","position":1}`,
				`notes 7-bob {"author":"bob","drill_id":"7","note_id":"7-bob","position":2}`,
				`notes 7-cy {"author":"cy","drill_id":"7","note_id":"7-cy","position":1}`,
			},
		},
		"children of plain values": {
			"fields:\n  drill_id: id\n  team: {constant: t}\nchildren:\n  - register: notes\n    each: who\n    fields: {note_id: $item}\n",
			`{"id":"7","who":["ann"]}`,
			[]string{`drills 7 {"drill_id":"7","team":"t"}`, `notes ann {"note_id":"ann"}`},
		},
	} {
		got, err := bodies(t, tc.mapping, tc.row)
		if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestMappingRefusesRows(t *testing.T) {
	t.Parallel()
	madrid := "zone: Europe/Madrid\nfields:\n  drill_id: id\n  team: {constant: t}\n  held_at: at\n"
	child := "fields:\n  drill_id: id\n  team: {constant: t}\nchildren:\n  - register: notes\n    each: n\n    fields: {note_id: id}\n"
	for _, tc := range []struct{ mapping, row, want string }{
		{madrid, `{"id":"7","at":"2026-10-25T02:30:00"}`, `in.json:9: held_at: "2026-10-25T02:30:00" happens twice in Europe/Madrid: clocks go back over it; give the time with its offset`},
		{madrid, `{"id":"7","at":"2026-03-29T02:30:00"}`, `in.json:9: held_at: "2026-03-29T02:30:00" does not exist in Europe/Madrid: clocks skip it; give the time with its offset`},
		{madrid, `{"id":"7","at":"2026-02-30T02:30:00"}`, `in.json:9: held_at: "2026-02-30T02:30:00" is not a local time; expected YYYY-MM-DDThh:mm:ss`},
		{madrid, `{"at":"2026-02-20T02:30:00"}`, `in.json:9: drill_id: missing; it is the key of the record`},
		{"fields:\n  drill_id: id\n  team: {from: x, join: ','}\n", `{"id":"7","x":[[1]]}`, `in.json:9: team: element 1 of the list is a list; expected a text or a number`},
		{child, `{"id":"7","n":"x"}`, `in.json:9: n: "x"; expected a list, to split notes off`},
		{child, `{"id":"7","n":[{}]}`, `in.json:9: note_id: missing; it is the key of the record`},
	} {
		_, err := bodies(t, tc.mapping, tc.row)
		refused(t, err, tc.want)
	}
}

func TestMappingRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"feilds:\n  drill_id: id\n", `m.yaml:1: feilds: column 1: unknown key; did you mean fields?`},
		{"fields:\n  drill_id: id\n  taem: x\n", `m.yaml:3: taem: column 3: drills has no such field; did you mean team?`},
		{"fields:\n  drill_id: {form: id}\n", `m.yaml:2: form: column 14: unknown key; did you mean from?`},
		{"fields:\n  drill_id: {from: id, constant: x}\n", `m.yaml:2: drill_id: column 3: expected exactly one of from, first, text and constant`},
		{"fields:\n  drill_id: {constant: x, join: y}\n", `m.yaml:2: drill_id: column 3: a constant takes no further keys`},
		{"fields:\n  drill_id: a..b\n", `m.yaml:2: drill_id: column 3: "a..b" is no path; expected names joined with dots`},
		{"fields:\n  drill_id: a[x]\n", `m.yaml:2: drill_id: column 3: "a[x]" is no path; expected [0], [1], ... or [] after a list`},
		{"fields:\n  drill_id: $parent.id\n", `m.yaml:2: drill_id: column 3: "$parent.id": $parent, $item and $index exist only in children`},
		{"fields:\n  drill_id: {text: 'x{id'}\n", `m.yaml:2: text: column 14: "x{id": { without }`},
		{"fields:\n  drill_id: [a, b]\n", "m.yaml:2: drill_id: column 3: expected one path; write `first` for the first of several that has a value"},
		{"fields:\n  kind: {constant: storm}\n", `m.yaml:2: kind: column 3: "storm"; expected one of fire, flood`},
		{"fields:\n  minutes: {from: m, values: {a: ten}}\n", `m.yaml:2: minutes: column 3: "ten"; expected a whole number`},
		{"fields:\n  drill_id: id\n  drill_id: nr\n", `m.yaml:3: mapping key "drill_id" already defined at [2:3]`},
		{"fields:\n  drill_id:\n", `m.yaml:2: drill_id: column 3: expected a text`},
		{"zone: Mars/Olympus\n", `m.yaml:1: zone: column 1: "Mars/Olympus" is not a known zone; expected an IANA name such as America/New_York`},
		{"zone: Local\n", `m.yaml:1: zone: column 1: "Local" is not a zone; expected an IANA name such as Europe/Madrid`},
		{"extent: all\n", `m.yaml:1: extent: column 1: "all" is unknown; expected full, or no extent at all`},
		{"totals: {minuts: 3}\n", `m.yaml:1: totals: column 1: minuts is no whole-number field of drills; did you mean minutes?`},
		{"totals: {minutes: many}\n", `m.yaml:1: totals: column 1: minutes: "many" is no whole number`},
		{"sequence: held_at\n", `m.yaml:1: sequence: column 1: held_at is no number or text field of drills`},
		{"register: notes\n", `m.yaml:1: register: column 1: the mapping is for notes, not for drills`},
		{"children:\n  - register: notes\n    each: x\n", `m.yaml:2: children: column 13: a child needs register, each and fields`},
		{"children:\n  - register: nots\n    each: x\n    fields: {note_id: id}\n", `m.yaml:2: register: column 13: "nots" is no register`},
		{"children:\n  - register: notes\n    each: x\n    repeat: last\n    fields: {note_id: id}\n", `m.yaml:4: repeat: column 5: "last" is unknown; expected first or link`},
		{"children:\n  - register: notes\n    each: x\n    repeat: link\n    fields: {note_id: id}\n", `m.yaml:2: repeat: column 13: link is for aliases, whose records name the same person; notes are none`},
		{"children:\n  - register: notes\n    each: x\n    fields: {note_id: $up.id}\n", `m.yaml:4: note_id: column 14: "$up.id" is unknown; expected $parent.NAME, $item or $index`},
		{"- a\n", `m.yaml:1: column 1: expected a mapping: names and values`},
		{"", `m.yaml:1: expected one YAML document that is not empty`},
		{"fields: &a\n  drill_id: *a\n", `m.yaml:1: anchors, aliases and tags are not allowed here; write the value out`},
		{"fields:\n  drill_id: \"a\x00b\"\n", `m.yaml:2: byte 23 of the row is NUL; expected text`},
	} {
		_, err := converter(t, tc.in)
		refused(t, err, tc.want)
	}
}

// TestLink joins logins that share a name and names that share a login, however they come.
func TestLink(t *testing.T) {
	t.Parallel()
	people := schema(t, "name: aliases\nkey: [alias]\nfields:\n  - {name: alias, type: text}\n  - {name: person_id, type: text, required: true}\n")
	m, err := ParseMapping("m.yaml", []byte("fields: {drill_id: id, team: id}\nchildren:\n  - {register: aliases, each: p, repeat: link, fields: {alias: login, person_id: name}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewConverter(schema(t, drills), m, func(string) *Schema { return people })
	if err != nil {
		t.Fatal(err)
	}
	pairs := [][2]string{{"u1", "ann"}, {"u2", "anna"}, {"u3", "bob"}, {"u1", "ann"}, {"u2", "ann"}, {"u1", "anna"}, {"u4", "anna"}, {"u4", "u4"}}
	next := map[string]string{}
	for _, p := range pairs {
		rows, err := c.Rows("in.json", input(t, 1, `{"id":"1","p":{"login":"`+p[0]+`","name":"`+p[1]+`"}}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			if _, ok := next[r.Key]; ok {
				t.Errorf("alias %s is given twice", r.Key)
			}
			next[r.Key] = r.Columns[1].(string)
		}
	}
	end := func(n string) string {
		for next[n] != "" {
			n = next[n]
		}
		return n
	}
	for _, n := range []string{"u1", "u2", "u4", "ann", "anna"} {
		if end(n) != end("u1") {
			t.Errorf("%s ends at %s, u1 at %s", n, end(n), end("u1"))
		}
	}
	if end("u3") == end("u1") || end("bob") != end("u3") {
		t.Errorf("bob ends at %s, u3 at %s, u1 at %s", end("bob"), end("u3"), end("u1"))
	}
}

// FuzzMapping reads a mapping and, when it is one, a row through it: neither may panic, and
// each refusal has a kind.
func FuzzMapping(f *testing.F) {
	f.Add("zone: Europe/Madrid\nfields:\n  drill_id: {text: '{a.b[0]}#{c}'}\n  team: {first: [x, y], empty: e, otherwise: o, join: ',', values: {a: b}}\n", `{"a":{"b":[1]},"c":"d","x":[]}`)
	f.Add("fields: {drill_id: id, team: t}\nchildren:\n  - {register: notes, each: n, repeat: first, fields: {note_id: $item, position: $index, author: $parent.t}}\n", `{"id":"1","t":"x","n":["a","b"]}`)
	s, other := schema(f, drills), schema(f, notes)
	f.Fuzz(func(t *testing.T, mapping, row string) {
		m, err := ParseMapping("m.yaml", []byte(mapping))
		if err != nil {
			if !errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "m.yaml:") {
				t.Errorf("%v: no refusal with its place", err)
			}
			return
		}
		c, err := NewConverter(s, m, func(n string) *Schema {
			if n == "notes" {
				return other
			}
			return nil
		})
		if err != nil {
			return
		}
		v, err := ParseJSON("in.json", 1, []byte(row))
		if err != nil || v.Kind != Object {
			return
		}
		rows, err := c.Rows("in.json", Input{Line: 1, Fields: v.Members})
		if err != nil {
			if fault.Hint(err) == "" && !strings.Contains(err.Error(), "in.json:1: ") {
				t.Errorf("a refusal without a place: %v", err)
			}
			return
		}
		if cols, err := Project(s, rows[0].Body); err != nil || !cmp.Equal(cols, rows[0].Columns) {
			t.Errorf("Project(%s) = %v, %v, want %v", rows[0].Body, cols, err, rows[0].Columns)
		}
	})
}
