package program

import (
	"context"
	"net/url"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// query spells names and values for an address; an empty value is left out.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v.Encode()
}

func controlPath(id string) string { return "/program/" + url.PathEscape(id) }

// date is a civil day in the reader's language.
func date(ctx context.Context, d civil.Date) string { return shell.From(ctx).Lang.Date(d) }

// interval says for which days a version is in force.
func interval(ctx context.Context, v scope.Version) string {
	switch {
	case v.From == scope.First && v.To == nil:
		return shell.T(ctx, "from the beginning, without an end")
	case v.From == scope.First:
		return shell.T(ctx, "from the beginning to %s", date(ctx, *v.To))
	case v.To == nil:
		return shell.T(ctx, "from %s, without an end", date(ctx, v.From))
	}
	return shell.T(ctx, "%s to %s", date(ctx, v.From), date(ctx, *v.To))
}

var categoryNames = map[string]string{
	"security": phrase.Mark("Security"), "availability": phrase.Mark("Availability"), "processing_integrity": phrase.Mark("Processing integrity"),
	"confidentiality": phrase.Mark("Confidentiality"), "privacy": phrase.Mark("Privacy"),
}

// categoryMeans says in our own words what a category promises.
var categoryMeans = map[string]string{
	"security":             phrase.Mark("Systems and data are protected against access and damage that nobody allowed. Part of every SOC 2 and SOC 3 report; it cannot be left out."),
	"availability":         phrase.Mark("The system is there to be used as promised. Take it when contracts name a figure for uptime or recovery."),
	"processing_integrity": phrase.Mark("Processing is complete, valid, accurate, on time and authorized. Take it when customers rest on what the system computes."),
	"confidentiality":      phrase.Mark("Information that was promised to be kept secret is. Take it when customers hand over such information under a promise."),
	"privacy":              phrase.Mark("Personal data is collected, used, kept, disclosed and disposed of as stated to the people it is about. Take it when you deal with those people yourself."),
}

var natureNames = map[string]string{"manual": phrase.Mark("Manual"), "automated": phrase.Mark("Automated"), "hybrid": phrase.Mark("Hybrid")}
var typeNames = map[string]string{"preventive": phrase.Mark("Preventive"), "detective": phrase.Mark("Detective"), "corrective": phrase.Mark("Corrective")}

var frequencyNames = map[assure.Frequency]string{
	assure.PerEvent: phrase.Mark("Each event"), assure.Continuous: phrase.Mark("Continuous"), assure.Daily: phrase.Mark("Daily"), assure.Weekly: phrase.Mark("Weekly"),
	assure.Monthly: phrase.Mark("Monthly"), assure.Quarterly: phrase.Mark("Quarterly"), assure.Semiannual: phrase.Mark("Twice a year"), assure.Annual: phrase.Mark("Annual"),
}

var shapeNames = map[assure.Shape]string{
	assure.Event: phrase.Mark("Event: each occurrence"), assure.Schedule: phrase.Mark("Schedule: each instance due"),
	assure.State: phrase.Mark("State: each asset, for as long as it stood"), assure.Roster: phrase.Mark("Roster: each member, per duty"),
}

// named says a value by a table of names, or as it stands.
func named[K ~string](ctx context.Context, m map[K]string, k K) string {
	if s, ok := m[k]; ok {
		return shell.T(ctx, s)
	}
	return string(k)
}

var frameworkNames = map[string]string{
	catalog.TSC: phrase.Mark("Trust Services Criteria"), catalog.ISO27001: phrase.Mark("ISO/IEC 27001, Annex A"), catalog.SOC1: phrase.Mark("Control objectives (SOC 1)"),
}

// items reads a list that a person typed: by lines or commas, without repeats.
func items(s string, comma bool) []string {
	split := func(r rune) bool { return r == '\n' || comma && (r == ',' || r == ' ' || r == ';' || r == '\t') }
	out := []string{}
	seen := map[string]bool{}
	for _, x := range strings.FieldsFunc(s, split) {
		if x = strings.TrimSpace(x); x != "" && !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

// fieldNames names what scope.Compare compares.
var fieldNames = map[string]string{
	"title": phrase.Mark("Title"), "statement": phrase.Mark("Statement"), "owner": phrase.Mark("Owner"), "frequency": phrase.Mark("Frequency"),
	"nature": phrase.Mark("Nature"), "type": phrase.Mark("Type"), "key control": phrase.Mark("Key control"), "evidence types": phrase.Mark("Evidence types"),
	"shape": phrase.Mark("Population"), "unit": phrase.Mark("One item is"), "source": phrase.Mark("Source"), "completeness": phrase.Mark("Population is whole by"),
	"pass rule": phrase.Mark("Passes when"), "zero occurrence": phrase.Mark("When nothing happened"), "escalation": phrase.Mark("Escalates to"),
	"criteria": phrase.Mark("Criteria"), "supporting": phrase.Mark("Supporting only"), "ISO/IEC 27001": phrase.Mark("ISO/IEC 27001, Annex A"),
	"objectives": phrase.Mark("Control objectives"), "tags": phrase.Mark("Tags"), "test": phrase.Mark("Test"),
}

// short is the beginning of a text, on one line.
func short(s string) string {
	rs := []rune(strings.Join(strings.Fields(s), " "))
	if len(rs) <= 160 {
		return string(rs)
	}
	return string(rs[:159]) + "…"
}

func categoryWord(ctx context.Context, c string) string { return named(ctx, categoryNames, c) }
