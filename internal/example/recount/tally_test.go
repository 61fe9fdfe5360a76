package recount

import (
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/example"
)

// tally is what one test counts: its items, those that it did not apply to, and its findings.
type tally struct {
	population    int
	notApplicable int
	findings      []example.Finding
}

// part is one attribute: whether it is asked, and what the records answer.
type part struct {
	letter string
	asked  answer
	holds  answer
}

func ask(letter string, holds answer) part { return part{letter, yes, holds} }

func askIf(asked answer, letter string, holds answer) part { return part{letter, asked, holds} }

// judge adds an item that is surely one and surely applies.
func (t *tally) judge(key string, parts ...part) { t.item(key, yes, no, parts...) }

// item adds an item. One that is perhaps none at all is undecided in every attribute, unless it
// is surely exempt; one that is perhaps exempt cannot deviate.
func (t *tally) item(key string, member, exempt answer, parts ...part) {
	if member == no {
		return
	}
	t.population++
	if exempt == yes {
		t.notApplicable++
		return
	}
	letters := map[answer]string{}
	for _, p := range parts {
		said := p.holds
		switch {
		case member == unknown:
			said = unknown
		case p.asked == no:
			continue
		case p.asked == unknown || exempt == unknown:
			said = max(said, unknown)
		}
		letters[said] += p.letter
	}
	switch {
	case letters[no] != "":
		t.found(key, assure.Deviation, letters[no])
	case letters[unknown] != "":
		t.found(key, assure.Undecided, letters[unknown])
	case letters[yes] == "":
		t.notApplicable++ // nothing was asked of it
	}
}

func (t *tally) found(key string, verdict assure.Verdict, letters string) {
	list := strings.Split(letters, "")
	slices.Sort(list)
	t.findings = append(t.findings, example.Finding{Key: key, Verdict: verdict, Attributes: list})
}

// running says whether an item falls due after the books were closed.
func (b *books) running(due instant) bool { return due != unclear && due > b.knownAt }

// counts says whether a day or an instant lies in the period.
func (b *books) counts(d day) answer { return between(d, b.from, b.to) }

func (b *books) countsAt(i instant) answer { return b.within(i, b.from, b.to) }

// overlaps says whether an interval touches the period.
func (b *books) overlaps(since, until instant) answer {
	return all(before(since, b.endOf(b.to)), before(b.startOf(b.from), until))
}

// inspection is what a person wrote down about an item of a control.
func (b *books) inspection(control, item string) (record, bool) {
	for _, r := range b.with("inspections", "item", item) {
		if r.text("control") == control {
			return r, true
		}
	}
	return record{}, false
}

// performed asks whether the act lies in the days given and is proven: by a record of a system or
// a signed one, or by a document made no more than five days later.
func (b *books) performed(letter, control, item string, from, to day) part {
	r, ok := b.inspection(control, item)
	if !ok {
		return ask(letter, no)
	}
	done := r.on("performed_on")
	proven := either(r.says("evidence_kind", "system_record", "signed_record"), notAfter(r.on("evidence_dated_on"), plus(done, 5)))
	return ask(letter, all(between(done, from, to), proven))
}

// inspected asks what a person answered to an attribute: a yes needs its evidence.
func (b *books) inspected(letter, control, item string) part {
	r, _ := b.inspection(control, item)
	switch r.text(strings.ToLower(letter)) {
	case "no":
		return ask(letter, no)
	case "not_applicable":
		return askIf(no, letter, yes)
	case "yes":
		if r.knows("evidence") {
			return ask(letter, yes)
		}
	}
	return ask(letter, unknown)
}

// inspectedAll asks the same of several letters.
func (b *books) inspectedAll(letters, control, item string) []part {
	var out []part
	for _, letter := range strings.Split(letters, "") {
		out = append(out, b.inspected(letter, control, item))
	}
	return out
}

// yearly asks whether the act of an item came no more than twelve months after the last one
// before the item began; it is not asked of the first.
func (b *books) yearly(letter, control, item string, begins day) part {
	last := day(unclear)
	for _, r := range b.with("inspections", "control", control) {
		if before(r.on("performed_on"), begins) == yes {
			last = max(last, r.on("performed_on"))
		}
	}
	r, ok := b.inspection(control, item)
	in := no
	if ok {
		in = notAfter(r.on("performed_on"), last.months(12))
	}
	return askIf(is(last != unclear), letter, in)
}

// run is an interval in which snapshots showed one and the same value.
type run struct {
	key          string // of its first snapshot
	what         record // that snapshot
	since, until instant
	snapshots    []record
}

// runs reads the snapshots of each thing and setting in the order of time.
func (b *books) runs(name string, by ...string) []run {
	var out []run
	for _, list := range b.series(name, "observed_at", by...) {
		for i, r := range list {
			if i > 0 && r.fields["value"] == list[i-1].fields["value"] {
				out[len(out)-1].snapshots = append(out[len(out)-1].snapshots, r)
				continue
			}
			if i > 0 {
				out[len(out)-1].until = r.at("observed_at")
			}
			out = append(out, run{r.key, r, r.at("observed_at"), never, []record{r}})
		}
	}
	return out
}

// series groups records by some fields, each group in the order of time.
func (b *books) series(name, time string, by ...string) map[string][]record {
	groups := map[string][]record{}
	for _, r := range b.registers[name] {
		var parts []string
		for _, f := range by {
			parts = append(parts, r.text(f))
		}
		groups[key(parts...)] = append(groups[key(parts...)], r)
	}
	for _, list := range groups {
		slices.SortStableFunc(list, func(x, y record) int { return int(x.at(time)/1000 - y.at(time)/1000) })
	}
	return groups
}
