package verify

import (
	"archive/zip"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

const firstFile = "ledger/records-000000.txt"

// swap replaces the first occurrence, and fails the test when there is none: a script that
// changes nothing would show nothing.
func (e entries) swap(t testing.TB, name, old, new string) {
	t.Helper()
	if !strings.Contains(e[name], old) || old == new {
		t.Fatalf("%s does not contain %q", name, old)
	}
	e[name] = strings.Replace(e[name], old, new, 1)
}

// lines edits the lines of a file of records.
func (e entries) lines(name string, edit func([]string) []string) {
	e[name] = strings.Join(edit(slices.Collect(strings.Lines(e[name]))), "")
}

// reseal makes manifest and seal fit the entries again, as somebody without the key can.
func (e entries) reseal(l *testLedger) {
	checkpoint := e["checkpoint"]
	for _, n := range []string{"manifest.json", "seal", "checkpoint"} {
		delete(e, n)
	}
	l.seal(e)
	e["checkpoint"] = checkpoint
}

func TestTamper(t *testing.T) {
	t.Parallel()
	rename := func(e entries, from, to string) { e[to] = e[from]; delete(e, from) }
	for _, c := range []struct {
		name   string
		script func(t *testing.T, e entries, l *testLedger)
		want   string // how the first fault is named
	}{
		{"edit a record", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, firstFile, `of 300"`, `of 301"`)
		}, "changes/change-300@1 #300 (ledger/records-000000.txt:301)"},
		{"edit a record's key", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, firstFile, `"key":"change-300"`, `"key":"change-999"`)
		}, "changes/change-999@1 #300 "},
		{"make a record unreadable", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, firstFile, `"version":1}`, `"version":1`)
		}, "#0 (ledger/records-000000.txt:1)"},
		{"delete a record", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string { return slices.Delete(s, 512, 513) })
		}, "changes/change-513@1 #512 "},
		{"delete the last record", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string { return s[:len(s)-1] })
		}, "#599: missing"},
		{"insert a record", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string {
				return slices.Insert(s, 100, strings.ReplaceAll(s[100], "change-100", "change-new"))
			})
		}, "changes/change-new@1 #100 "},
		{"append a record", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string { return append(s, s[len(s)-1]) })
		}, "changes/change-599@1 #600 "},
		{"reorder two records", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string { s[40], s[41] = s[41], s[40]; return s })
		}, "changes/change-41@1 #40 "},
		{"back-date an event", func(t *testing.T, e entries, l *testLedger) {
			e.lines(firstFile, func(s []string) []string {
				s[50] = strings.Replace(s[50], `"event":"2026-01`, `"event":"2025-01`, 1)
				return s
			})
		}, "changes/change-50@1 #50 "},
		{"back-date what was received", func(t *testing.T, e entries, l *testLedger) {
			e.lines(firstFile, func(s []string) []string {
				s[50] = strings.Replace(s[50], `"received":"2026-02`, `"received":"2025-02`, 1)
				return s
			})
		}, "changes/change-50@1 #50 "},
		{"change a salt", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string { s[60] = strings.Repeat("0", 32) + s[60][32:]; return s })
		}, "changes/change-60@1 #60 "},
		{"edit a record and its tile", func(t *testing.T, e entries, l *testLedger) {
			edit(t, e, l, 300)
		}, "records #300 to #599: changed after"},
		{"edit a record, its tile, the manifest and the seal", func(t *testing.T, e entries, l *testLedger) {
			edit(t, e, l, 300)
			e.reseal(l)
		}, "records #300 to #599: changed after"},
		{"edit a tile", func(t *testing.T, e entries, l *testLedger) {
			e["ledger/tiles/0/001"] = strings.Repeat("x", len(e["ledger/tiles/0/001"]))
		}, "ledger/tiles/0/001: was changed"},
		{"withhold a record as if it were erased", func(t *testing.T, e entries, l *testLedger) {
			l.records[70].erased = true
			e.lines(firstFile, func(s []string) []string { s[70] = l.records[70].line(); return s })
		}, "#70 (ledger/records-000000.txt:71): its content is withheld"},
		{"upper-case hex of a salt", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string {
				s[80] = strings.ToUpper(s[80][:32]) + s[80][32:]
				return s
			})
		}, "changes/change-80@1 #80 "},
		{"carriage returns", func(t *testing.T, e entries, _ *testLedger) {
			e[firstFile] = strings.ReplaceAll(e[firstFile], "\n", "\r\n")
		}, "#0 (ledger/records-000000.txt:1)"},
		{"an empty line", func(t *testing.T, e entries, _ *testLedger) {
			e.lines(firstFile, func(s []string) []string { return slices.Insert(s, 9, "\n") })
		}, "#9 (ledger/records-000000.txt:10)"},
		{"no line feed at the end", func(t *testing.T, e entries, _ *testLedger) {
			e[firstFile] = strings.TrimSuffix(e[firstFile], "\n")
		}, "changes/change-599@1 #599 "},
		{"move lines to another file", func(t *testing.T, e entries, _ *testLedger) {
			s := slices.Collect(strings.Lines(e[firstFile]))
			e[firstFile], e["ledger/records-000001.txt"] = strings.Join(s[:500], ""), strings.Join(s[500:], "")
		}, firstFile + ": has"},
		{"remove a file of records", func(t *testing.T, e entries, _ *testLedger) {
			delete(e, firstFile)
		}, "#0 to #599: missing"},
		{"swap a blob", func(t *testing.T, e entries, _ *testLedger) {
			e["blobs/"+hexSum(testBlob)] = strings.Replace(testBlob, "p-1", "p-2", 1)
		}, "blobs/" + hexSum(testBlob)},
		{"swap a blob and rename it", func(t *testing.T, e entries, l *testLedger) {
			delete(e, "blobs/"+hexSum(testBlob))
			e["blobs/"+hexSum("other")] = "other"
		}, "blobs/" + hexSum(testBlob) + ": is missing"},
		{"rename an entry", func(t *testing.T, e entries, _ *testLedger) {
			rename(e, "tests/CHG-01.txtar", "tests/CHG-02.txtar")
		}, "tests/CHG-01.txtar: is missing"},
		{"add an entry", func(t *testing.T, e entries, _ *testLedger) { e["notes.txt"] = "hello" }, "notes.txt: was added"},
		{"remove an entry", func(t *testing.T, e entries, _ *testLedger) { delete(e, "populations/changes.parquet") }, "populations/changes.parquet: is missing"},
		{"edit report.html", func(t *testing.T, e entries, _ *testLedger) { e.swap(t, "report.html", "DRAFT", "FINAL") }, "report.html: was changed"},
		{"edit results.json", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "results.json", `"known_at":"2026`, `"known_at":"2027`)
		}, "results.json: was changed"},
		{"drop a finding", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "results.json", `"verdict":"undecided"`, `"verdict":"deviation"`)
		}, "results.json: was changed"},
		{"edit README.md", func(t *testing.T, e entries, _ *testLedger) { e["README.md"] += "\nTrust us.\n" }, "README.md: has"},
		{"edit the manifest", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "manifest.json", `"to":"2026-06-30"`, `"to":"2026-06-29"`)
		}, "manifest.json: is not the one that was sealed"},
		{"edit an entry and the manifest", func(t *testing.T, e entries, _ *testLedger) {
			old := hexSum(e["README.md"])
			e["README.md"] = "# How to comply\n"
			e.swap(t, "manifest.json", old, hexSum(e["README.md"]))
		}, "manifest.json: is not the one that was sealed"},
		{"edit an entry, the manifest and the seal", func(t *testing.T, e entries, l *testLedger) {
			e["README.md"] = "# How to comply\n"
			e.reseal(l)
		}, "seal: is not the record that the checkpoint covers"},
		{"replace the checkpoint by an older one", func(t *testing.T, e entries, l *testLedger) {
			e["checkpoint"] = string(l.checkpoint(300))
		}, "checkpoint: is of a ledger of 300 records"},
		{"sign with another key", func(t *testing.T, e entries, l *testLedger) {
			e["checkpoint"] = string(newTestKey(9).checkpoint(601, l.root(600)))
		}, "checkpoint: the signature is not by the key"},
		{"a second signature line", func(t *testing.T, e entries, _ *testLedger) {
			e["checkpoint"] += e["checkpoint"][strings.LastIndex(e["checkpoint"], "— "):]
		}, "checkpoint: not a checkpoint"},
		{"another spelling of the signature", func(t *testing.T, e entries, _ *testLedger) {
			e["checkpoint"] = respell(t, e["checkpoint"], "=\n")
		}, "checkpoint: not a checkpoint"},
		{"another spelling of the root", func(t *testing.T, e entries, _ *testLedger) {
			e["checkpoint"] = respell(t, e["checkpoint"], "=\n\n")
		}, "checkpoint: not a checkpoint"},
		{"an earlier checkpoint that was never signed", func(t *testing.T, e entries, l *testLedger) {
			e["ledger/checkpoints.txt"] = respell(t, e["ledger/checkpoints.txt"], "=\n")
		}, "ledger/checkpoints.txt: checkpoint 3"},
		{"another key", func(t *testing.T, e entries, _ *testLedger) { e["key"] = newTestKey(9).vkey + "\n" }, "key: is not the key that was sealed"},
		{"sign a changed history with the log's own key", func(_ *testing.T, e entries, l *testLedger) {
			become(e, l.rewritten(260))
		}, "records #0 to #399: this is another history"},
		{"sign a changed history with the log's own key, an earlier package kept", func(_ *testing.T, e entries, l *testLedger) {
			become(e, l.rewritten(260))
		}, "changes/change-260@1 #260 "},
		{"sign a changed history with the log's own key, two checkpoints kept", func(_ *testing.T, e entries, l *testLedger) {
			become(e, l.rewritten(260))
		}, "records #250 to #399: this is another history"},
		{"sign a history without its first record", func(_ *testing.T, e entries, l *testLedger) {
			become(e, l.without(0))
		}, "records #0 to #399: this is another history"},
		{"sign a history without its end", func(_ *testing.T, e entries, l *testLedger) {
			short := *l
			short.records, short.hashes = slices.Clip(l.records[:390]), slices.Clip(l.hashes[:tlog.StoredHashCount(390)])
			become(e, &short)
		}, "records #391 to #399: missing: the ledger is smaller"},
		{"show two histories to two people, checkpoints compared", func(_ *testing.T, e entries, l *testLedger) {
			become(e, l.rewritten(260))
		}, "records #0 to #600: this is another history"},
		{"show two histories to two people, packages compared", func(_ *testing.T, e entries, l *testLedger) {
			become(e, l.rewritten(260))
		}, "changes/change-260@1 #260 "},
		{"move a time stamp to another checkpoint and sign the package", func(t *testing.T, e entries, l *testLedger) {
			tsa := newTestAuthority(t, "Time", noon())
			vouched(e, l, func(e entries) {
				e["anchors/200/checkpoint"], e["anchors/tsa-roots.pem"] = string(l.checkpoint(200)), tsa.pem()
				e["anchors/200/timestamp-1.tsr"] = tsa.stamp(t, string(l.checkpoint(100)))
			})
		}, "anchors/200/timestamp-1.tsr: it stamps other bytes"},
		{"move a cosignature to another checkpoint and sign the package", func(_ *testing.T, e entries, l *testLedger) {
			vouched(e, l, func(e entries) {
				e["anchors/200/checkpoint"] = string(l.checkpoint(200))
				e["anchors/200/cosignatures"] = tamperWitness.cosign(string(l.checkpoint(100)), 1_767_225_845)
			})
		}, "anchors/200/cosignatures: the cosignature of witness.example/w1 does not hold"},
		{"leave out that a witness refused", func(_ *testing.T, e entries, l *testLedger) {
			vouched(e, l, func(e entries) {
				e["anchors/200/checkpoint"] = string(l.checkpoint(200))
				e["anchors/200/cosignatures"] = newTestWitness("witness.example/w2", 2).cosign(string(l.checkpoint(200)), 1_767_225_845)
			})
		}, "no checkpoint in it has a valid cosignature of the witness witness.example/w1"},
		{"forge a history that the witness did not see", func(_ *testing.T, e entries, l *testLedger) {
			forged := l.rewritten(150)
			vouched(e, forged, func(e entries) {
				e["anchors/200/checkpoint"] = string(l.checkpoint(200))
				e["anchors/200/cosignatures"] = tamperWitness.cosign(string(l.checkpoint(200)), 1_767_225_845)
			})
		}, "anchors/200/checkpoint: is not of this ledger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := synthetic(600, 1)
			e := l.build()
			o := Options{Checkpoints: keptBefore(t, c.name, l, e), Witnesses: demanded[c.name]}
			c.script(t, e, l)
			path := e.write(t, zip.Deflate)
			if o.Checkpoints != nil { // it is sound by itself: only what somebody kept tells
				if rep := check(t, path, Options{Key: l.key.vkey}); !rep.OK {
					t.Fatalf("the forged package does not even hold by itself: %v", rep.Faults)
				}
			}
			rep := check(t, path, o)
			if rep.OK {
				t.Fatal("the package was accepted")
			}
			first := rep.Faults[0]
			if !strings.Contains(first.String(), c.want) {
				t.Errorf("first fault = %s\nwant it to name %q; all: %v", first, c.want, rep.Faults)
			}
			want, other := secondNames[c.name]
			if !other {
				want, _, _ = strings.Cut(c.want, ": ")
			}
			if want == "" {
				return
			}
			code, out := checkPython(t, path, o)
			if _, fault, _ := strings.Cut(out, "at fault: "); code != 3 || !strings.HasPrefix(fault, strings.TrimSpace(want)) {
				t.Errorf("verify.py = %d, want 3 and %q:\n%s", code, want, out)
			}
		})
	}
}

// tamperWitness is the witness whom the reader trusts.
var tamperWitness = newTestWitness("witness.example/w1", 1)

// demanded is whose cosignature the reader demands, by script.
var demanded = map[string][]string{
	"move a cosignature to another checkpoint and sign the package": {tamperWitness.vkey},
	"leave out that a witness refused":                              {tamperWitness.vkey},
	"forge a history that the witness did not see":                  {tamperWitness.vkey},
}

// vouched puts a package in the place of one in which others speak of its checkpoints.
func vouched(e entries, l *testLedger, say func(e entries)) {
	clear(e)
	maps.Copy(e, l.anchor(say))
}

// secondNames is what the second verifier names where that is not the place which assay-verify
// finds first: it stops at its first fault, in the order in which belief passes on. It reads no
// time stamps and no cosignatures, so that "" stands where nothing else tells.
var secondNames = map[string]string{
	"move a time stamp to another checkpoint and sign the package":  "",
	"move a cosignature to another checkpoint and sign the package": "",
	"leave out that a witness refused":                              "",
	"forge a history that the witness did not see":                  "",
	"edit a record and its tile":                                    "manifest.json: is not the one that was sealed",
	"make a record unreadable":                                      "#0 (ledger/records-000000.txt:1)",
	"no line feed at the end":                                       "#599 (ledger/records-000000.txt:600)",
	"remove a file of records":                                      "records #0 to #599: missing",
	"upper-case hex of a salt":                                      "#80 (ledger/records-000000.txt:81)",
}

// keptBefore is what somebody kept from before a script, by its name: files for --checkpoint.
func keptBefore(t *testing.T, script string, l *testLedger, e entries) []string {
	t.Helper()
	before := *l
	before.records, before.hashes = slices.Clip(l.records[:400]), slices.Clip(l.hashes[:tlog.StoredHashCount(400)])
	path := filepath.Join(t.TempDir(), "kept")
	var text string
	switch script {
	case "sign a changed history with the log's own key", "sign a history without its first record", "sign a history without its end":
		text = string(l.checkpoint(400))
	case "sign a changed history with the log's own key, two checkpoints kept":
		text = string(l.checkpoint(250)) + "\n" + string(l.checkpoint(400))
	case "sign a changed history with the log's own key, an earlier package kept":
		return []string{before.build().write(t, zip.Deflate)}
	case "show two histories to two people, checkpoints compared":
		text = e["checkpoint"]
	case "show two histories to two people, packages compared":
		return []string{e.write(t, zip.Deflate)}
	default:
		return nil
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{path}
}

// become puts the sealed package of another ledger in the place of one.
func become(e entries, l *testLedger) {
	clear(e)
	maps.Copy(e, l.build())
}

// again makes a ledger of other records, which the same key signs.
func (l *testLedger) again(records []testRecord) *testLedger {
	fresh := &testLedger{key: l.key, fileMax: l.fileMax}
	for _, r := range records {
		fresh.add(r)
	}
	return fresh
}

// rewritten is the history with another record at i.
func (l *testLedger) rewritten(i int) *testLedger {
	records := slices.Clone(l.records)
	records[i].body = strings.Replace(records[i].body, `"ci_status":"passed"`, `"ci_status":"failed"`, 1)
	return l.again(records)
}

// without is the history without record i, and an erasure that still lists the right record.
func (l *testLedger) without(i int) *testLedger {
	records := slices.Delete(slices.Clone(l.records), i, i+1)
	for j := range records {
		records[j].body = strings.Replace(records[j].body, `"indexes":[11]`, `"indexes":[10]`, 1)
	}
	return l.again(records)
}

// edit changes record i and repairs everything that needs no key: its tile and both listings.
func edit(t *testing.T, e entries, l *testLedger, i int) {
	t.Helper()
	before := l.records[i].line()
	old := l.records[i].leaf()
	l.records[i].body = strings.Replace(l.records[i].body, `"author":"p-`, `"author":"q-`, 1)
	leaf := l.records[i].leaf()
	e.swap(t, firstFile, before, l.records[i].line())
	tile := fmt.Sprintf("ledger/tiles/0/%03d", i/256)
	e.swap(t, tile, string(old[:]), string(leaf[:]))
	for _, n := range []string{firstFile, tile} {
		at := strings.Index(e["manifest.json"], `"name":"`+n+`","sha256":"`) + len(`"name":"`+n+`","sha256":"`)
		e["manifest.json"] = e["manifest.json"][:at] + hexSum(e[n]) + e["manifest.json"][at+64:]
	}
	if e["manifest.json"] == "" || e[tile] == "" {
		t.Fatal("nothing was edited")
	}
}

// respell changes the unused bits of the last base64 group before a mark.
func respell(t *testing.T, s, mark string) string {
	t.Helper()
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := strings.LastIndex(s, mark) - 1
	if at < 0 {
		t.Fatal("no base64 found")
	}
	d := strings.IndexByte(digits, s[at])
	return s[:at] + string(digits[d^1]) + s[at+1:]
}

// TestSignedButWrong has packages that the organization itself sealed and signed: the signature
// holds, the content does not bear out what it says.
func TestSignedButWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		script func(t *testing.T, e entries, l *testLedger)
		want   string
	}{
		{"a finding about a record that does not exist", func(t *testing.T, e entries, _ *testLedger) {
			for _, n := range []string{"results.json", "findings/CHG-01.json"} {
				e.swap(t, n, `"changes/change-9@1"`, `"changes/change-9@2"`)
			}
		}, "changes/change-9@2"},
		{"sums that do not add up", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "results.json", `"passed":15`, `"passed":16`)
		}, "is not the population of 20"},
		{"fewer deviations than findings", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "results.json", `"deviating":1`, `"deviating":0`)
			e.swap(t, "results.json", `"passed":15`, `"passed":16`)
		}, "it counts 0 deviating and 1 undecided items, but lists 1 and 1"},
		{"a digest of other findings", func(t *testing.T, e entries, _ *testLedger) {
			i := strings.Index(e["results.json"], `"digest":"`) + 10
			e["results.json"] = e["results.json"][:i] + strings.Repeat("0", 64) + e["results.json"][i+64:]
		}, "its digest is 000000000000"},
		{"attributes counted wrong", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "results.json", `"deviations":0`, `"deviations":3`)
		}, "attribute E is counted 3 times"},
		{"findings that differ from the results", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "findings/CHG-01.json", "no approval", "approved late")
		}, "findings/CHG-01.json: "},
		{"findings of no control", func(t *testing.T, e entries, _ *testLedger) { e["findings/IAM-02.json"] = "[]\n" }, "findings/IAM-02.json"},
		{"results of another ledger", func(t *testing.T, e entries, _ *testLedger) { e.swap(t, "results.json", `"size":600`, `"size":599`) }, "its checkpoint (size 599)"},
		{"a proof of another record", func(t *testing.T, e entries, _ *testLedger) {
			e["proofs/changes/10.tlog-proof"] = strings.Replace(e["proofs/changes/9.tlog-proof"], "index 9\n", "index 10\n", 1)
		}, "proofs/changes/10.tlog-proof: does not prove record #10"},
		{"a proof under another register", func(t *testing.T, e entries, _ *testLedger) {
			e["proofs/people/9.tlog-proof"] = e["proofs/changes/9.tlog-proof"]
		}, "proofs/people/9.tlog-proof: record #9 is of the register changes"},
		{"a proof in another spelling", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "proofs/changes/9.tlog-proof", "index 9", "index 09")
		}, "proofs/changes/9.tlog-proof: not a tlog-proof"},
		{"a missing blob", func(t *testing.T, e entries, _ *testLedger) { delete(e, "blobs/"+hexSum(testBlob)) }, "blobs/" + hexSum(testBlob) + ": is missing"},
		{"a repeated name in results", func(t *testing.T, e entries, _ *testLedger) {
			e.swap(t, "results.json", `{"checkpoint":`, `{"organization":"a","checkpoint":`)
		}, "repeated"},
		{"an erased record that nothing lists", func(t *testing.T, e entries, l *testLedger) {
			l.records[70].erased = true
			e.lines(firstFile, func(s []string) []string { s[70] = l.records[70].line(); return s })
		}, "#70 (ledger/records-000000.txt:71): its content is withheld"},
		{"a tile that is not one", func(t *testing.T, e entries, _ *testLedger) { e["ledger/tiles/0/009"] = "x" }, "ledger/tiles/0/009: not a tile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := synthetic(600, 1)
			e := l.build()
			c.script(t, e, l)
			for _, n := range []string{"manifest.json", "seal", "checkpoint"} {
				delete(e, n)
			}
			l.seal(e)
			path := e.write(t, zip.Deflate)
			rep := check(t, path, Options{})
			if rep.OK {
				t.Fatal("the package was accepted")
			}
			if !strings.Contains(fmt.Sprint(rep.Faults[0]), c.want) {
				t.Errorf("faults = %v, want the first to say %q", rep.Faults, c.want)
			}
			if want, reads := secondReads[c.name]; reads {
				if code, out := checkPython(t, path, Options{}); code != 3 || !strings.Contains(out, "at fault: "+want) {
					t.Errorf("verify.py = %d, want 3 and %q:\n%s", code, want, out)
				}
			}
		})
	}
}

// secondReads are those of the packages above that the second verifier refuses too. The others
// are wrong in their conclusions, which it does not recount.
var secondReads = map[string]string{
	"a proof of another record":           "proofs/changes/10.tlog-proof: does not prove record #10",
	"a proof under another register":      "proofs/people/9.tlog-proof: is not of that record",
	"a proof in another spelling":         "proofs/changes/9.tlog-proof: not a tlog-proof",
	"an erased record that nothing lists": "#70 (ledger/records-000000.txt:71): its content is withheld",
	"a tile that is not one":              "records #600 to",
}

// TestSpelling has what the organization signed in a form that has a second spelling.
func TestSpelling(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(string) string{
		"white space":      func(m string) string { return strings.Replace(m, ",", ", ", 1) },
		"unknown member":   func(m string) string { return strings.Replace(m, `"format"`, `"extra":1,"format"`, 1) },
		"upper-case hex":   func(m string) string { return upperSum(m) },
		"other case":       func(m string) string { return strings.Replace(m, `"created"`, `"Created"`, 1) },
		"repeated member":  func(m string) string { return strings.Replace(m, `{"created"`, `{"created":"x","created"`, 1) },
		"escaped letter":   func(m string) string { return strings.Replace(m, "Europe", `\u0045urope`, 1) },
		"order of entries": func(m string) string { return strings.Replace(m, `{"bytes":4,`, `{"bytes":04,`, 1) },
		"text after it":    func(m string) string { return m + "\n" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := synthetic(40, 1)
			e := l.build()
			m := change(e["manifest.json"])
			if m == e["manifest.json"] {
				t.Fatal("nothing was changed")
			}
			s := testRecord{regi: "assay.packages", key: "p", version: 1, recv: "2026-03-01T00:00:00Z", body: `{"manifest":"` + hexSum(m) + `"}`}
			l.add(s)
			e["manifest.json"], e["seal"], e["checkpoint"] = m, s.line(), string(l.checkpoint(41))
			rep := e.check(t, Options{})
			if rep.OK || rep.Faults[0].Kind != Manifest {
				t.Errorf("ok = %v, faults = %v, want the manifest first", rep.OK, rep.Faults)
			}
		})
	}
}

func upperSum(m string) string {
	i := strings.Index(m, `"sha256":"`) + 10
	return m[:i] + strings.ToUpper(m[i:i+64]) + m[i+64:]
}
