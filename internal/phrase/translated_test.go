package phrase_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/phrase"
)

var update = flag.Bool("update", false, "add the sentences that de.yaml lacks, with an empty value, and sort it")

// TestEveryPhraseIsTranslated reads every sentence that the sources say. To update:
// go test ./internal/phrase -update, then fill in the empty values of de.yaml.
func TestEveryPhraseIsTranslated(t *testing.T) {
	t.Parallel()
	uses, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	table, err := phrase.Table()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		write(t, table, uses)
	}
	missing, faults := compare(uses, table)
	for _, f := range faults {
		t.Error(f)
	}
	if len(missing) > 0 {
		t.Errorf("%d sentences have no German in de.yaml (add them: go test ./internal/phrase -update):\n%s",
			len(missing), strings.Join(missing, "\n"))
	}
	for _, k := range phrase.Keys() {
		if !slices.ContainsFunc(uses, func(u use) bool { return u.key == k }) {
			t.Logf("%q is said by no literal in the sources; it may be a word from a lower room", k)
		}
	}
}

// compare returns the places whose sentence has no German, once each, and what is wrong with formats.
func compare(uses []use, table map[string]string) (missing, faults []string) {
	seen := map[string]bool{}
	for _, u := range uses {
		if table[u.key] == "" && !seen[u.key] {
			missing = append(missing, fmt.Sprintf("%s: %q", u.where, u.key))
		}
		seen[u.key] = true
		faults = append(faults, formatFaults(u, table[u.key])...)
	}
	return missing, faults
}

// write puts the table back with its head, sorted, and with what is missing.
func write(t *testing.T, table map[string]string, uses []use) {
	t.Helper()
	old, err := os.ReadFile("de.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(table)
	for _, u := range uses {
		all[u.key] += "" // an entry for each
	}
	if err := os.WriteFile("de.yaml", append(head(old), lines(t, all)...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// head is the comment on top of the file.
func head(file []byte) []byte {
	var b []byte
	for line := range bytes.Lines(file) {
		if line[0] != '#' {
			break
		}
		b = append(b, line...)
	}
	return b
}

// lines prints the table as JSON strings, which YAML reads as they are.
func lines(t *testing.T, table map[string]string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, k := range slices.Sorted(maps.Keys(table)) {
		for i, s := range []string{k, table[k]} {
			if err := enc.Encode(s); err != nil {
				t.Fatal(err)
			}
			b.Truncate(b.Len() - 1)
			b.WriteString([]string{": ", "\n"}[i])
		}
	}
	return b.Bytes()
}

// TestTableReads: the file is as -update writes it, so that two branches differ in lines only,
// and reads back as it was written.
func TestTableReads(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("de.yaml is being written")
	}
	table, err := phrase.Table()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("de.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file[len(head(file)):]), string(lines(t, table))); diff != "" {
		t.Errorf("de.yaml is not as -update writes it (- is, + written):\n%s", diff)
	}
	odd := map[string]string{"a: b": "\"c\" # d", "\u2028 <b>&": "ä\\n\n\t'", "%[2]s": "~", "null": "no"}
	back, err := phrase.Read(lines(t, odd))
	if diff := cmp.Diff(odd, back); err != nil || diff != "" {
		t.Errorf("Read(what is written) = %v, -want +got %s", err, diff)
	}
	for _, bad := range []string{"\"a\": \"b\"\n\"a\": \"c\"\n", "a: [b]", "- a", "\"a"} {
		if got, err := phrase.Read([]byte(bad)); err == nil {
			t.Errorf("Read(%q) = %v, want an error", bad, got)
		}
	}
}

// terms that have one word in German, whatever the sentence.
var terms = []struct{ english, german *regexp.Regexp }{
	{regexp.MustCompile(`(?i)\bpopulations?\b`), regexp.MustCompile(`Grundgesamtheit`)},
	{regexp.MustCompile(`(?i)\bdeviations?\b`), regexp.MustCompile(`(?i)Abweichung`)},
	{regexp.MustCompile(`(?i)\bundecided\b`), regexp.MustCompile(`(?i)unentschieden`)},
	{regexp.MustCompile(`(?i)\bcriteri(on|a)\b`), regexp.MustCompile(`(?i)kriteri`)},
	{regexp.MustCompile(`(?i)\breadiness\b`), regexp.MustCompile(`(?i)Prüfbereitschaft`)},
	{regexp.MustCompile(`(?i)\bcarve-out\b`), regexp.MustCompile(`Carve-out`)},
	{regexp.MustCompile(`(?i)\bsubservice organi[sz]ations?\b`), regexp.MustCompile(`Subdienstleister`)},
	{regexp.MustCompile(`(?i)\bcheckpoints?\b`), regexp.MustCompile(`Prüfpunkt|Checkpoint`)},
	{regexp.MustCompile(`(?i)\bevidence\b`), regexp.MustCompile(`(?i)Nachweis`)},
	{regexp.MustCompile(`(?i)\bcontrols?\b`), regexp.MustCompile(`(?i)kontroll`)},
}

var (
	informal = regexp.MustCompile(`(?i)\b(du|dein\w*|dich|dir)\b`)
	claims   = regexp.MustCompile(`(?i)zertifiziert|\b(nicht)?konform`)
)

// germanFaults says what is wrong with the German of a sentence besides its verbs.
func germanFaults(english, german string) []string {
	var faults []string
	add := func(what string) { faults = append(faults, fmt.Sprintf("%q: %q %s", english, german, what)) }
	if e, g := end(english), end(german); e != g {
		add(fmt.Sprintf("ends in %q, the English in %q", g, e))
	}
	if lead(english) != lead(german) {
		add("has other space at its ends than the English")
	}
	for _, term := range terms {
		if term.english.MatchString(english) && !term.german.MatchString(german) {
			add("says " + term.english.FindString(english) + " otherwise than the glossary")
		}
	}
	if e, g := braces(english), braces(german); !slices.Equal(e, g) {
		add(fmt.Sprintf("fills in %q, the English %q", g, e))
	}
	if informal.MatchString(german) {
		add(`says "du" to the reader`)
	}
	if claims.MatchString(german) {
		add("claims what an auditor alone may say")
	}
	if strings.IndexFunc(german, func(r rune) bool { return r < ' ' && r != '\n' || unicode.Is(unicode.Cf, r) && r != '\u00ad' }) >= 0 {
		add("has a control or direction mark in it")
	}
	return faults
}

var brace = regexp.MustCompile(`\{\w+\}`)

// braces lists what the elements fill in.
func braces(s string) []string {
	list := brace.FindAllString(s, -1)
	slices.Sort(list)
	return list
}

// end is the mark at the end of a sentence, if there is one.
func end(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || s == "No." || !strings.ContainsRune(".?:…", []rune(s)[len([]rune(s))-1]) || strings.HasSuffix(s, "Std.") || strings.HasSuffix(s, "Min.") ||
		strings.HasSuffix(s, "Sek.") || strings.HasSuffix(s, "Tg.") || strings.HasSuffix(s, "usw.") || strings.HasSuffix(s, "Nr.") {
		return ""
	}
	return string([]rune(s)[len([]rune(s))-1])
}

func lead(s string) [2]string {
	rest := strings.TrimLeftFunc(s, unicode.IsSpace)
	return [2]string{s[:len(s)-len(rest)], rest[len(strings.TrimRightFunc(rest, unicode.IsSpace)):]}
}

func TestGermanFollowsTheGlossary(t *testing.T) {
	t.Parallel()
	table, err := phrase.Table()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range phrase.Keys() {
		if table[k] == "" {
			continue
		}
		for _, f := range germanFaults(k, table[k]) {
			t.Error(f)
		}
	}
	for english, german := range map[string]string{
		"The population is whole.": "Die Menge ist vollständig.",
		"Sign in.":                 "Anmelden",
		"Your name":                "Dein Name",
		"The report is ready":      "Der Bericht ist konform",
		"Page ":                    "Seite",
		"{n} of {m}":               "{n} von {k}",
		"Open":                     "Auf\u202e",
	} {
		if got := germanFaults(english, german); len(got) != 1 {
			t.Errorf("germanFaults(%q, %q) = %q, want one fault", english, german, got)
		}
	}
}

func TestExtraction(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"web/a.go": {Data: []byte("package web\nfunc f() {\n" +
			"shell.T(ctx, \"one\")\nT(`two \"2\"` +\n\" and more\", x)\nl.N(n, \"%d a\", (\"%d b\"))\nshell.N(r.Context(), n, \"%d c of %s\", \"%d d of %s\", x)\n" +
			"phrase.Mark(\"three\"); m := phrase.Mark; m(\"also\"); t := func(n int, s string) string { return shell.T(ctx, s) }; t(1, \"wrapped\")\nreport.Mark(\"no\")\nshell.T(ctx, x, \"no\")\nl.T(x, \"no\")\nU(\"no\")\nlang(r).T(\"four %s\", xs...); shell.T(shell.With(ctx, c), \"in %s\", x)\n// l.T(\"no\")\n}")},
		"web/deep/b.templ": {Data: []byte("package deep\n\ntempl b() {\n\t<p title={ shell.T(ctx, \"five\") }>don't { shell.N(ctx, f(1, \")\"), \"%d e\", \"%d f\") }</p>\n" +
			"\t// shell.T(ctx, \"no\")\ntempl Mark(m report.Mark) {}\n\t@x(shell.T(ctx, \"six %s\", shell.T(ctx, `seven`)), phrase.Mark(\"eight\"))\n\t@report.Mark(\"no\")\n}")},
		"web/a_test.go":       {Data: []byte(`package web; var _ = T("no")`)},
		"web/deep/b_templ.go": {Data: []byte(`package deep; var _ = T("no")`)},
		"web/notes.md":        {Data: []byte(`T("no")`)},
	}
	got, err := sources(tree, "web")
	if err != nil {
		t.Fatal(err)
	}
	a, b := "web/a.go:", "web/deep/b.templ:"
	want := []use{
		{"one", a + "3", 0, false}, {`two "2" and more`, a + "4", 1, false}, {"%d a", a + "6", 1, true}, {"%d b", a + "6", 1, true},
		{"%d c of %s", a + "7", 2, true}, {"%d d of %s", a + "7", 2, true}, {"three", a + "8", unknown, false}, {"also", a + "8", unknown, false}, {"wrapped", a + "8", unknown, false}, {"four %s", a + "13", unknown, false}, {"in %s", a + "13", 1, false},
		{"five", b + "4", 0, false}, {"%d e", b + "4", 1, true}, {"%d f", b + "4", 1, true},
		{"six %s", b + "7", 1, false}, {"seven", b + "7", 0, false}, {"eight", b + "7", unknown, false},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(use{})); diff != "" {
		t.Errorf("sources(-want +got)\n%s", diff)
	}
	for path, source := range map[string]string{"web/x.go": "package", "web/x.templ": `{ T("a" }`, "web/y.templ": `{ T("a" b) }`} {
		if got, err := sources(fstest.MapFS{path: {Data: []byte(source)}}, "web"); err == nil {
			t.Errorf("sources(%s) = %v, want an error", source, got)
		}
	}
}

func TestFormatsAreCompared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		u      use
		german string
		want   int
	}{
		{use{key: "%s of %s", args: 2}, "%[2]s: %[1]s", 0},
		{use{key: "%s of %d", args: 2}, "%d von %s", 1},
		{use{key: "%s of %s", args: 2}, "%s", 1},
		{use{key: "%s of %s", args: 1}, "%s von %s", 1},
		{use{key: "nothing", args: 1}, "nichts", 1},
		{use{key: "100% of %s", args: 0}, "100 % von s", 0},
		{use{key: "5 % of %s, 5%% of it", args: 1}, "5 % von %s, 5%%", 0},
		{use{key: "%.1f", args: 1}, "%.1f", 1},
		{use{key: "One", args: 1, plural: true}, "Eines", 0},
		{use{key: "%d of %s", args: 1, plural: true}, "%d von %s", 1},
		{use{key: "%s", args: unknown}, "%d", 1},
	} {
		if got := formatFaults(c.u, c.german); len(got) != c.want {
			t.Errorf("formatFaults(%+v, %q) = %q, want %d faults", c.u, c.german, got, c.want)
		}
	}
	missing, _ := compare([]use{{key: "a"}, {key: "a"}, {key: "b"}, {key: "c"}}, map[string]string{"b": "", "c": "C"})
	if diff := cmp.Diff([]string{`: "a"`, `: "b"`}, missing); diff != "" {
		t.Errorf("compare(-want +got)\n%s", diff)
	}
}
