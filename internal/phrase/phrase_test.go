package phrase_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/phrase"
)

const (
	en = phrase.English
	de = phrase.German
)

func TestPick(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header, chosen string
		want           phrase.Lang
	}{
		{"", "", en},
		{"de", "", de},
		{"de-AT,de;q=0.9,en;q=0.8", "", de},
		{"en-GB,en;q=0.9,de;q=0.8", "", en},
		{"en;q=0.1, de;q=0.9", "", de},
		{"fr-FR,fr;q=0.9,de;q=0.5", "", de},
		{"fr-FR,fr;q=0.9", "", en},
		{"de;q=0", "", en},
		{"*", "", en},
		{"gsw", "", de},
		{"not a header;;;q=x", "", en},
		{"de", "en", en},
		{"en", "de", de},
		{"en", "DE_at", de},
		{"de", "fr", de},
		{"de", "deutsch", de},
		{strings.Repeat("fr,", 1000) + "de", "", en},
		{"de," + strings.Repeat("x-", 100000), "", de},
		{strings.Repeat("-", 100000), "", en},
	} {
		if got := phrase.Pick(c.header, c.chosen); got != c.want {
			t.Errorf("Pick(%.40q, %q) = %s, want %s", c.header, c.chosen, got, c.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	var got []string
	for _, l := range phrase.Languages() {
		got = append(got, string(l)+" "+l.Name())
	}
	if diff := cmp.Diff([]string{"en English", "de Deutsch"}, got); diff != "" {
		t.Errorf("Languages(-want +got)\n%s", diff)
	}
}

func TestT(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		got, want string
	}{
		{en.T("never"), "never"},
		{de.T("never"), "nie"},
		{phrase.Lang("fr").T("never"), "never"},
		{phrase.Lang("").T("never"), "never"},
		{de.T("%s and %s", "a", "b"), "a und b"},
		{de.T("no such sentence of %s", "ours"), "no such sentence of ours"},
		{en.T("100% of it"), "100% of it"},
		{en.T("%[2]s of %[1]s", "a", "b"), "b of a"},
		{en.T("%s", "%d"), "%d"},
		{phrase.Mark("never"), "never"},
	} {
		if c.got != c.want {
			t.Errorf("T = %q, want %q", c.got, c.want)
		}
	}
}

func TestN(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		got, want string
	}{
		{en.N(0, "%d item", "%d items"), "0 items"},
		{en.N(1, "%d item", "%d items"), "1 item"},
		{en.N(-1, "%d item", "%d items"), "-1 item"},
		{en.N(1234567, "%d item", "%d items"), "1,234,567 items"},
		{de.N(1, "in %d month", "in %d months"), "in 1 Monat"},
		{de.N(1234, "in %d month", "in %d months"), "in 1.234 Monaten"},
		{en.N(1, "One item of %[2]s", "%d items of %s", "x"), "One item of x"},
		{en.N(2, "One item of %[2]s", "%d items of %s", "x"), "2 items of x"},
		{en.N(1, "One item", "%d items of %s", "x"), "One item"},
		{en.N(4321, "%[2]s has %[1]d item", "%[2]s has %[1]d items", "x"), "x has 4,321 items"},
		{en.N(2, "%d of %d %%", "%d of %d %%", 10), "2 of 10 %"},
		{de.N(math.MinInt, "%s", "%s"), "-9.223.372.036.854.775.808"},
	} {
		if c.got != c.want {
			t.Errorf("N = %q, want %q", c.got, c.want)
		}
	}
}

func TestKeysAreSorted(t *testing.T) {
	t.Parallel()
	keys := phrase.Keys()
	table, err := phrase.Table()
	if err != nil || len(keys) != len(table) || len(keys) < 20 {
		t.Fatalf("Keys() = %d keys of a table of %d, %v", len(keys), len(table), err)
	}
	for i, k := range keys {
		if _, ok := table[k]; !ok || i > 0 && keys[i-1] >= k {
			t.Errorf("Keys()[%d] = %q, out of order or not in the table", i, k)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for b.Loop() {
		phrase.Pick("de-AT,de;q=0.9,en;q=0.8", "")
	}
}

func BenchmarkT(b *testing.B) {
	for b.Loop() {
		de.T("%s and %s", "a", "b")
	}
}
