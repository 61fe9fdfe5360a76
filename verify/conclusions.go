package verify

import (
	"fmt"
	"strconv"
	"strings"
)

const entryResults = "results.json"

// readResults streams results.json before the ledger, so that one pass over the records finds
// those that findings name.
func (v *verifier) readResults() {
	e, err := v.c.open(entryResults)
	if err != nil {
		v.rep.entryFault(Conclusion, entryResults, "%v", err)
		return
	}
	defer e.rc.Close()
	bad := ""
	c, err := readResults(newStream(e), func(name string) {
		register, key, version, ok := splitName(name)
		if !ok {
			bad = name
			return
		}
		if h := v.hash(register, key, version); len(v.named) < maxNamed {
			if _, ok := v.named[h]; !ok {
				v.named[h] = len(v.named)
			}
		}
	})
	if err != nil {
		v.rep.entryFault(Conclusion, entryResults, "%v", err)
		return
	}
	if bad != "" {
		v.rep.entryFault(Conclusion, entryResults, "a finding rests on %q; expected register/key@version", bad)
	}
	if len(v.named) == maxNamed {
		v.rep.note("only the first %d records that findings name were looked up", maxNamed)
	}
	v.results = c
	v.rep.Tests = len(c.rows)
	v.rep.NamedRecords = len(v.named)
	for _, r := range c.rows {
		v.rep.Findings += int(r.t.n)
		for _, what := range r.faults() {
			v.rep.entryFault(Conclusion, entryResults, "%s, test %s, version %d: %s", r.control, r.test, r.version, what)
		}
	}
}

// maxNamed bounds the memory that the names of records in findings may take.
const maxNamed = 2_000_000

func (v *verifier) hash(register, key, version string) uint64 {
	spelt := func(s string) []byte {
		b := appendText(nil, s)
		return b[1 : len(b)-1]
	}
	return nameHash(v.seed, spelt(register), spelt(key), []byte(version))
}

// checkConclusions holds results and findings against the ledger and against each other.
func (v *verifier) checkConclusions() {
	if v.results == nil {
		return
	}
	r := v.results
	if got, ok := v.roots[r.size]; !v.l.broken && v.recordsStand() && (!ok || rootText(got) != r.root && !(r.size == 0 && r.root == "")) {
		v.rep.entryFault(Conclusion, entryResults, "its checkpoint (size %d) is not a state of this ledger", r.size)
	}
	v.checkNamed()
	rows := map[string][]result{}
	var order []string
	for _, row := range r.rows {
		if rows[row.control] == nil {
			order = append(order, row.control)
		}
		rows[row.control] = append(rows[row.control], row)
	}
	for _, control := range order {
		name := "findings/" + control + ".json"
		e, err := v.c.open(name)
		if err == nil {
			err = readFindings(newStream(e), control, rows[control])
			_ = e.rc.Close()
		}
		if err != nil {
			v.rep.entryFault(Conclusion, name, "%v", err)
		}
	}
	for _, n := range v.c.names {
		control, ok := strings.CutPrefix(strings.TrimSuffix(n, ".json"), "findings/")
		if ok && rows[control] == nil {
			v.rep.entryFault(Conclusion, n, "results.json has no such control")
		}
	}
}

// checkNamed reports the records that findings name and the ledger does not hold. One that was
// erased since has no name left, so as many may be missing from a register as were erased.
func (v *verifier) checkNamed() {
	missing := map[uint64]bool{}
	for h, i := range v.named {
		if !v.l.found[i] {
			missing[h] = true
		}
	}
	if len(missing) == 0 || v.l.broken {
		return
	}
	e, err := v.c.open(entryResults)
	if err != nil {
		return
	}
	defer e.rc.Close()
	byRegister, first, total := map[string]int64{}, map[string]string{}, int64(0)
	_, _ = readResults(newStream(e), func(name string) {
		register, key, version, ok := splitName(name)
		h := v.hash(register, key, version)
		if !ok || !missing[h] {
			return
		}
		delete(missing, h)
		if byRegister[register]++; byRegister[register] == 1 {
			first[register] = name
		}
	})
	for register, n := range byRegister {
		if n > v.l.erasedOf[register] {
			v.rep.fault(Fault{Kind: Conclusion, Index: -1, Record: printable(first[register]), Entry: entryResults,
				What: fmt.Sprintf("a finding rests on a record that the ledger does not hold (%d such in %s)", n, strconv.Quote(register))})
			continue
		}
		total += n
	}
	if total > 0 {
		v.rep.note("%d records that findings rest on were erased since; their leaves stand, their content is gone", total)
	}
}

// checkBlobs holds the kept input files against their names and the pulls.
func (v *verifier) checkBlobs() {
	const folder = "blobs/"
	for _, n := range v.c.names {
		want, ok := strings.CutPrefix(n, folder)
		if !ok {
			continue
		}
		v.rep.Blobs++
		if got, err := v.c.digest(n); err == nil && got != want {
			v.rep.entryFault(Entry, n, "is not the file of that name: its SHA-256 is %s", got)
		}
	}
	gone := map[string]bool{}
	for _, sum := range v.l.pulled {
		if v.c.files[folder+sum] != nil || gone[sum] {
			continue
		}
		gone[sum] = true
		if v.l.blobs[sum] {
			v.rep.BlobsErased++
			continue
		}
		v.rep.entryFault(Conclusion, folder+sum, "is missing: a pull says that it was kept, and no erasure lists it")
	}
}
