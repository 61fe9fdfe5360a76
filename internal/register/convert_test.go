package register

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// drills is a small register with every type.
const drills = `
name: drills
title: Drills
key: [drill_id]
event: [held_at, held_on]
interval: [held_at, ended_at]
fields:
  - {name: drill_id, type: text}
  - {name: team, type: text, required: true}
  - {name: kind, type: text, values: [fire, flood]}
  - {name: minutes, type: int}
  - {name: announced, type: bool}
  - {name: held_at, type: instant}
  - {name: held_on, type: date}
  - {name: ended_at, type: instant, end: true}
`

func schema(t testing.TB, yaml string) *Schema {
	t.Helper()
	s, err := Load("drills.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// input makes a row of a JSON object.
func input(t testing.TB, line int, json string) Input {
	t.Helper()
	v, err := ParseJSON("in.json", line, []byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return Input{Line: line, Fields: v.Members}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	s := schema(t, drills)
	in := input(t, 3, `{"drill_id":"d-1","team":"","kind":"fire","minutes":1e1,"announced":true,"held_at":"2026-01-31T09:00:00.5+01:00",
		"held_on":null,"extra":{"b":1.50,"a":[null]},"z":null,"recorded_at":"2026-02-01T00:00:00Z","record_version":4}`)
	r, err := Convert(s, "in.json", in)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := civil.ParseInstant("2026-01-31T08:00:00.5Z")
	recorded, _ := civil.ParseInstant("2026-02-01T00:00:00Z")
	want := &Row{
		Register: "drills", Key: "d-1", Version: 4, Event: &at, Recorded: &recorded, Line: 3,
		Body:    []byte(`{"announced":true,"drill_id":"d-1","extra":{"a":[null],"b":1.5},"held_at":"2026-01-31T08:00:00.5Z","kind":"fire","minutes":10,"team":""}`),
		Columns: []any{"d-1", "", "fire", int64(10), int64(1), int64(at), nil, nil},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	cols, err := Project(s, r.Body)
	if diff := cmp.Diff(r.Columns, cols); err != nil || diff != "" {
		t.Errorf("Project of the body: %v (-converted +projected):\n%s", err, diff)
	}
	if !s.Open(cols) {
		t.Error("an interval without its end is not open")
	}
}

func TestConvertDateIsNoInstant(t *testing.T) {
	t.Parallel()
	s := schema(t, drills)
	r, err := Convert(s, "in.json", input(t, 1, `{"drill_id":"d","team":"x","held_on":"2026-02-28"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, day, kind := s.When(r.Columns); r.Event != nil || kind != Date || day.String() != "2026-02-28" {
		t.Errorf("event %v, When = %s %s; want no event and the date 2026-02-28", r.Event, kind, day)
	}
}

func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	s := schema(t, drills)
	for _, tc := range []struct{ in, want string }{
		{`{"team":"x"}`, `in.json:5: drill_id: missing; it is the key of the record`},
		{`{"drill_id":"","team":"x"}`, `in.json:5: drill_id: missing; it is the key of the record`},
		{`{"drill_id":"a\nb","team":"x"}`, `in.json:5: drill_id: "a\nb" holds a control character; a key is one line of text`},
		{`{"drill_id":" \u00a0","team":"x"}`, `in.json:5: drill_id: " \u00a0" shows nothing; it is the key of the record`},
		{`{"drill_id":"\u200b","team":"x"}`, `in.json:5: drill_id: "\u200b" shows nothing; it is the key of the record`},
		{`{"drill_id":"d","team":"  "}`, `in.json:5: team: "  " shows nothing; drills needs it in every row`},
		{`{"drill_id":"d"}`, `in.json:5: team: missing; drills needs it in every row`},
		{`{"drill_id":"d","team":null}`, `in.json:5: team: missing; drills needs it in every row`},
		{`{"drill_id":"d","team":["x"]}`, `in.json:5: team: a list; expected text`},
		{`{"drill_id":"d","team":1.10}`, `in.json:5: team: 1.10 is a number; expected text`},
		{`{"drill_id":"d","team":true}`, `in.json:5: team: true; expected text`},
		{`{"drill_id":"d","team":"x","kind":"Fire"}`, `in.json:5: kind: "Fire"; expected one of fire, flood`},
		{`{"drill_id":"d","team":"x","kind":""}`, `in.json:5: kind: ""; expected one of fire, flood`},
		{`{"drill_id":"d","team":"x","minutes":1.5}`, `in.json:5: minutes: 1.5; expected a whole number`},
		{`{"drill_id":"d","team":"x","minutes":"ten"}`, `in.json:5: minutes: "ten"; expected a whole number`},
		{`{"drill_id":"d","team":"x","minutes":9007199254740993}`, `in.json:5: minutes: 9007199254740993; expected a whole number of at most 2^53`},
		{`{"drill_id":"d","team":"x","announced":"yes"}`, `in.json:5: announced: "yes"; expected true or false`},
		{`{"drill_id":"d","team":"x","announced":1}`, `in.json:5: announced: 1; expected true or false`},
		{`{"drill_id":"d","team":"x","held_on":"2026-02-30"}`, `in.json:5: held_on: "2026-02-30" is not a date; expected an existing day as YYYY-MM-DD`},
		{`{"drill_id":"d","team":"x","held_on":20260228}`, `in.json:5: held_on: 20260228; expected an existing day as YYYY-MM-DD`},
		{`{"drill_id":"d","team":"x","held_at":"2026-02-30T10:00:00Z"}`, `in.json:5: held_at: "2026-02-30T10:00:00Z" is not a time; expected RFC 3339, as in 2026-01-31T09:00:00Z`},
		{`{"drill_id":"d","team":"x","held_at":"2026-02-28T10:00:00"}`, `in.json:5: held_at: "2026-02-28T10:00:00" has no offset; expected RFC 3339, as in 2026-01-31T09:00:00Z or 2026-01-31T10:00:00+01:00`},
		{`{"drill_id":"d","team":"x","held_at":1700000000}`, `in.json:5: held_at: 1700000000; expected a time in RFC 3339 with its offset, as in 2026-01-31T09:00:00Z`},
		{`{"drill_id":"d","team":"x","big":12345678901234567890}`, `in.json:5: big: the number 12345678901234567890 does not survive as a 64-bit float; deliver it as text`},
		{`{"drill_id":"d","team":"x","record_version":0}`, `in.json:5: record_version: 0 is no version; expected a whole number from 1`},
		{`{"drill_id":"d","team":"x","recorded_at":"now"}`, `in.json:5: recorded_at: "now" is not a time; expected RFC 3339, as in 2026-01-31T09:00:00Z`},
	} {
		_, err := Convert(s, "in.json", input(t, 5, tc.in))
		refused(t, err, tc.want)
	}
}

// TestConvertLoose holds what formats without types mean: everything is text, "" is nothing
// where text is not wanted.
func TestConvertLoose(t *testing.T) {
	t.Parallel()
	s := schema(t, drills)
	row := func(pairs ...string) Input {
		in := Input{Line: 2, Loose: true}
		for i := 0; i < len(pairs); i += 2 {
			in.Fields = append(in.Fields, Member{pairs[i], text(pairs[i+1])})
		}
		return in
	}
	r, err := Convert(s, "in.csv", row("drill_id", "7", "team", "", "kind", "", "minutes", " 12 ", "announced", "Yes", "held_at", "", "held_on", "", "ended_at", "", "note", ""))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"announced":true,"drill_id":"7","minutes":12,"note":"","team":""}`; string(r.Body) != want {
		t.Errorf("body = %s, want %s", r.Body, want)
	}
	for _, tc := range []struct{ field, value, want string }{
		{"announced", "maybe", `in.csv:2: announced: "maybe"; expected true, false, yes, no, 1 or 0`},
		{"minutes", "=1+1", `in.csv:2: minutes: "=1+1" is a formula; expected a whole number`},
		{"minutes", "012", `in.csv:2: minutes: "012"; expected a whole number`},
	} {
		_, err := Convert(s, "in.csv", row("drill_id", "7", "team", "t", tc.field, tc.value))
		refused(t, err, tc.want)
	}
}

func TestCompositeKeysDoNotCollide(t *testing.T) {
	t.Parallel()
	s := schema(t, "name: settings\nkey: [system, setting]\nfields:\n  - {name: system, type: text}\n  - {name: setting, type: text}\n")
	keys := map[string]bool{}
	for _, in := range []string{`{"system":"a/b","setting":"c"}`, `{"system":"a","setting":"b/c"}`, `{"system":"a%2Fb","setting":"c"}`} {
		r, err := Convert(s, "in.json", input(t, 1, in))
		if err != nil {
			t.Fatal(err)
		}
		keys[r.Key] = true
	}
	if len(keys) != 3 {
		t.Errorf("keys %v, want three", keys)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"name: x\nkeys: [a]\nfields: []\n", `x.yaml:2: unknown field "keys"`},
		{"name: x\nkey: [a]\nfields:\n  - name: a\n    typ: text\n", `x.yaml:5: unknown field "typ"`},
		{"name: X\nkey: [a]\nfields:\n  - {name: a, type: text}\n", `x.yaml:1: name: "X" is not a register's name; expected a-z, 0-9 and _ from a letter, at most 48`},
		{"name: assay.pulls\nkey: [a]\nfields:\n  - {name: a, type: text}\n", `x.yaml:1: name: "assay.pulls" is not a register's name; expected a-z, 0-9 and _ from a letter, at most 48`},
		{"name: x\nfields:\n  - {name: a, type: text}\n", `x.yaml: key: a register needs a natural key: the fields that name one record`},
		{"name: x\nkey: [b]\nfields:\n  - {name: a, type: text}\n", `x.yaml:2: key: "b" is no field of the register; did you mean a?`},
		{"name: x\nkey: [a]\nfields:\n  - {name: a, type: string}\n", `x.yaml:4: a: type "string" is unknown; expected text, bool, int, instant or date`},
		{"name: x\nkey: [a]\nfields:\n  - {name: a, type: text}\n  - {name: a, type: int}\n", `x.yaml:4: a: the field is declared twice`},
		{"name: x\nkey: [a]\nevent: [a]\nfields:\n  - {name: a, type: text}\n", `x.yaml:3: event: a is of type text; expected one of [instant date]`},
		{"name: x\nkey: [a]\ninterval: [b, c]\nfields:\n  - {name: a, type: text}\n  - {name: b, type: date}\n  - {name: c, type: date}\n", "x.yaml:3: interval: expected two fields, start and end, the second with `end: true`"},
		{"name: &n x\nkey: [a]\nfields:\n  - {name: *n, type: text}\n", `x.yaml:1: anchors, aliases and tags are not allowed here; write the value out`},
		{"name: x\nname: y\n", `x.yaml:2: mapping key "name" already defined at [1:1]`},
		{"name: [\n", `x.yaml:1: sequence end token ']' not found`},
	} {
		_, err := Load("x.yaml", []byte(tc.in))
		refused(t, err, tc.want)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(drills))
	f.Add([]byte("name: x\nkey: [a]\nfields:\n  - {name: a, type: text}\n"))
	f.Add([]byte("fields:\n  ! #0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Load("x.yaml", b)
		if err == nil && s.Check() != nil {
			t.Errorf("Load returned a schema that Check refuses")
		}
		if err != nil && (!errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "x.yaml:")) {
			t.Errorf("%v: no refusal with its place", err)
		}
	})
}

// TestConvertCells holds that a date cell of a workbook is a civil date, and an instant only
// where the mapping names the zone.
func TestConvertCells(t *testing.T) {
	t.Parallel()
	s := schema(t, drills)
	row := func(field, local string) Input {
		return Input{Line: 4, Loose: true, Fields: []Member{{"drill_id", text("d")}, {"team", text("t")}, {field, Value{Kind: Local, Text: local}}}}
	}
	zoned, err := ParseMapping("m.yaml", []byte("zone: Europe/Madrid\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		field, local string
		m            *Mapping
		want         string
	}{
		{"held_on", "2026-02-28", nil, `{"drill_id":"d","held_on":"2026-02-28","team":"t"}`},
		{"held_on", "2026-02-28T00:00:00", nil, `{"drill_id":"d","held_on":"2026-02-28","team":"t"}`},
		{"held_at", "2026-02-28", zoned, `{"drill_id":"d","held_at":"2026-02-27T23:00:00Z","team":"t"}`},
		{"held_at", "2026-02-28T09:00:00", zoned, `{"drill_id":"d","held_at":"2026-02-28T08:00:00Z","team":"t"}`},
		{"note", "2026-02-28", nil, `{"drill_id":"d","note":"2026-02-28","team":"t"}`},
		{"held_on", "2026-02-28T09:00:00", nil, `f.xlsx:4: held_on: "2026-02-28T09:00:00" is not a date; expected an existing day as YYYY-MM-DD`},
		{"held_at", "2026-02-28T09:00:00", nil, `f.xlsx:4: held_at: 2026-02-28T09:00:00 is a date cell without a zone; expected a time in RFC 3339 with its offset, as in 2026-01-31T09:00:00Z`},
		{"held_at", "2026-10-25T02:30:00", zoned, `f.xlsx:4: held_at: "2026-10-25T02:30:00" happens twice in Europe/Madrid: clocks go back over it; give the time with its offset`},
	} {
		c, err := NewConverter(s, tc.m, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := c.Rows("f.xlsx", row(tc.field, tc.local))
		if tc.want[0] != '{' {
			refused(t, err, tc.want)
		} else if err != nil || string(rows[0].Body) != tc.want {
			t.Errorf("%s %s = %v, %v, want %s", tc.field, tc.local, rows, err, tc.want)
		}
	}
}

func BenchmarkRows(b *testing.B) {
	c, err := NewConverter(schema(b, drills), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(`{"drill_id":"d-77","team":"red","kind":"fire","minutes":31,"announced":true,"held_at":"2026-01-31T09:00:00+01:00","note":"a text of some length"}`)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		v, err := ParseJSON("f", 1, line)
		if err == nil {
			_, err = c.Rows("f", Input{Line: 1, Fields: v.Members})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// TestConvertScalar: settings come as booleans and numbers, and compare as text. Other text
// fields refuse a boolean: a ticket of false names none.
func TestConvertScalar(t *testing.T) {
	t.Parallel()
	s := schema(t, "name: settings\nkey: [setting]\nfields:\n  - {name: setting, type: text}\n  - {name: value, type: text, scalar: true}\n")
	for in, want := range map[string]string{`true`: "true", `1.50`: "1.5", `14`: "14", `"on"`: "on"} {
		r, err := Convert(s, "in.json", input(t, 1, `{"setting":"s","value":`+in+`}`))
		if err != nil || r.Columns[1] != want {
			t.Errorf("value %s = %v, %v, want %s", in, r, err, want)
		}
	}
}

func TestConvertRefusesAFieldTwice(t *testing.T) {
	t.Parallel()
	_, err := Convert(schema(t, drills), "in.json", Input{Line: 3, Fields: []Member{{"drill_id", text("d")}, {"team", text("t")}, {"x", text("1")}, {"x", text("2")}}})
	refused(t, err, "in.json:3: x: the field is given twice")
}
