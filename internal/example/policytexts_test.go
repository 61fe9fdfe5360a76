package example_test

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/example"
)

// controlID finds controls named in a text, the first and last of a range too.
var controlID = regexp.MustCompile(`\b[A-Z]{3}-\d\d\b`)

// mustNotSay are claims that no document of the example makes either.
var mustNotSay = regexp.MustCompile(`(?i)\b(certified|certification|compliant|no exceptions? noted)\b`)

// TestPolicyTexts: ids, titles and versions are those of the register, controls those of the report, and each text is about
// half a page with rules that have a measure.
func TestPolicyTexts(t *testing.T) {
	t.Parallel()
	w := open(t, 1)
	list := example.PolicyTexts()
	if n := len(list); n < 12 || n > 15 {
		t.Errorf("%d policies, want 12 to 15", n)
	}
	register := map[string]map[string]any{}
	for _, p := range w.records["policies"] {
		register[p["policy_id"].(string)] = p
	}
	for _, p := range list {
		r := register[p.ID]
		if r == nil {
			t.Errorf("no record of a policy %s", p.ID)
			continue
		}
		said := func(field string) string { v, _ := r[field].(string); return v }
		version := cmp.Or(said("version"), "1.0")
		if p.Title != said("title") || p.Version != version || p.Owner == "" {
			t.Errorf("%s says title %q, version %q, owner %q; the register has %q, %q", p.ID, p.Title, p.Version, p.Owner, said("title"), version)
		}
		if (p.ApprovedBy != "") != (said("approver") != "") {
			t.Errorf("%s: approved by %q, the register names %q", p.ID, p.ApprovedBy, said("approver"))
		}
		for _, id := range slices.Concat(p.Controls, controlID.FindAllString(p.Text, -1)) {
			if !w.control(id) {
				t.Errorf("%s names %s, which is no control of the report", p.ID, id)
			}
		}
		if n := len(strings.Fields(p.Text)); n < 150 || n > 320 {
			t.Errorf("%s has %d words, want about half a page", p.ID, n)
		}
		if rules := regexp.MustCompile(`(?m)^\d+\. `).FindAllString(p.Text, -1); len(rules) < 5 {
			t.Errorf("%s has %d numbered rules", p.ID, len(rules))
		}
		if bad := mustNotSay.FindString(p.Text); bad != "" {
			t.Errorf("%s says %q", p.ID, bad)
		}
	}
}

// TestDescriptionTexts: each text has a list and a table, and names controls and stores that exist.
func TestDescriptionTexts(t *testing.T) {
	t.Parallel()
	w := open(t, 1)
	about := example.About()
	if diff := gocmp.Diff([]string{"dc1", "dc3", "dc5"}, slices.Sorted(maps.Keys(about.Texts))); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	for part, s := range about.Texts {
		if !strings.Contains(s, "|---|") || !strings.Contains(s, "\n- ") && !strings.Contains(s, "\n1. ") {
			t.Errorf("%s lacks a table or a list", part)
		}
		if n := len(strings.Fields(s)); n < 300 || n > 650 {
			t.Errorf("%s has %d words, want about a page", part, n)
		}
		for _, id := range controlID.FindAllString(s, -1) {
			if !w.control(id) {
				t.Errorf("%s names %s, which is no control of the report", part, id)
			}
		}
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(s, -1) {
			if !slices.Contains(w.all("data_stores", "store_id"), m[1]) {
				t.Errorf("%s names the store %s, which no record knows", part, m[1])
			}
		}
		if bad := mustNotSay.FindString(s); bad != "" {
			t.Errorf("%s says %q", part, bad)
		}
	}
	for _, p := range example.PolicyTexts() {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(p.Text, -1) {
			if !slices.Contains(w.all("data_stores", "store_id"), m[1]) {
				t.Errorf("the policy %s names the store %s, which no record knows", p.ID, m[1])
			}
		}
	}
}
