package scope

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// ProposalRegister is the register that keeps proposals: its name and its definition. One key is one proposal; its
// versions are what was prepared and what was decided, each by whom.
const (
	Proposals        = "program_changes"
	ProposalRegister = `name: program_changes
title: Changes of the program
doc: 'A change of scope, controls, tests or description: who prepared it, what it puts in which file of the program, and who decided about it.'
key: [change_id]
event: [decided_at, prepared_at]
fields:
  - name: change_id
    type: text
    doc: The change.
  - name: title
    type: text
    required: true
    doc: What it is about.
  - name: reason
    type: text
    doc: Why it is made.
  - name: state
    type: text
    required: true
    doc: 'prepared, approved, rejected or withdrawn'
  - name: prepared_by
    type: text
    required: true
    doc: Who prepared it.
    login: true
    personal: true
  - name: prepared_person
    type: text
    doc: The account of who prepared it.
  - name: prepared_at
    type: instant
    required: true
    doc: When.
  - name: decided_by
    type: text
    doc: Who approved, rejected or withdrew it.
    login: true
    personal: true
  - name: decided_person
    type: text
    doc: The account of who decided.
  - name: decided_at
    type: instant
    doc: When.
  - name: why
    type: text
    doc: What was said with the decision.
  - name: change
    type: text
    required: true
    doc: 'The files of the program as they shall read, and the SHA-256 of each as it read when the change was drawn, as JSON.'
  - name: entered_by
    type: text
    doc: Who entered it.
    login: true
    personal: true
`
)

// The states of a proposal.
const (
	Prepared  = "prepared"
	Approved  = "approved"
	Rejected  = "rejected"
	Withdrawn = "withdrawn"
)

// Proposal is a change of a program that waits for a second person, or that was decided. Times are RFC 3339.
type Proposal struct {
	ID             string `json:"change_id"`
	Title          string `json:"title"`
	Reason         string `json:"reason,omitempty"`
	State          string `json:"state"`
	PreparedBy     string `json:"prepared_by"`               // e-mail, as registers name people
	PreparedPerson string `json:"prepared_person,omitempty"` // the account, whatever its address is later
	PreparedAt     string `json:"prepared_at"`
	DecidedBy      string `json:"decided_by,omitempty"`
	DecidedPerson  string `json:"decided_person,omitempty"`
	DecidedAt      string `json:"decided_at,omitempty"`
	Why            string `json:"why,omitempty"`
	EnteredBy      string `json:"entered_by,omitempty"` // who entered this version, as the register says; whoever keeps a version says it anew
	// Change is the patch as JSON: text to the register, since a record's fields are flat.
	Change string `json:"change"`
}

// Patch is what a proposal puts into which file of the program.
type Patch struct {
	Files map[string]string `json:"files"`          // path in the folder -> text
	Base  map[string]string `json:"base,omitempty"` // path -> SHA-256 of the text it was drawn from; absent: the file was not there
}

// Between is the patch that makes one program of another. It is empty when nothing differs, and refuses a file that is
// left out: nothing of a program is deleted.
func Between(now, to Folder) (Patch, error) {
	p := Patch{Files: map[string]string{}, Base: map[string]string{}}
	now, to = apart(now, to)
	a, err := now.Files()
	if err != nil {
		return p, err
	}
	b, err := to.Files()
	if err != nil {
		return p, err
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if was, ok := a[name]; !ok || string(was) != string(b[name]) {
			p.Files[name] = string(b[name])
			if ok {
				p.Base[name] = Digest(was)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[name]; !ok {
			return p, fault.At(name, 0, "", "is missing; nothing of a program is deleted")
		}
	}
	return p, nil
}

// apart leaves out of both programs the controls that are the same in both, which is most of them.
func apart(a, b Folder) (Folder, Folder) {
	was, is := map[string][]Version{}, map[string][]Version{}
	for _, v := range a.Versions {
		was[v.Control.ID] = append(was[v.Control.ID], v)
	}
	for _, v := range b.Versions {
		is[v.Control.ID] = append(is[v.Control.ID], v)
	}
	same := func(v Version) bool { return reflect.DeepEqual(was[v.Control.ID], is[v.Control.ID]) }
	a.Versions = slices.DeleteFunc(slices.Clone(a.Versions), same)
	b.Versions = slices.DeleteFunc(slices.Clone(b.Versions), same)
	return a, b
}

// named leaves in a program only the controls that a patch names.
func (p Patch) named(f Folder) Folder {
	f.Versions = slices.DeleteFunc(slices.Clone(f.Versions), func(v Version) bool {
		_, facts := p.Files["controls/"+v.Control.ID+".yaml"]
		_, test := p.Files[TestFile(v.Control.ID, v.Version)]
		return !facts && !test
	})
	return f
}

// Digest names a text that a change was drawn from.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Text is the patch as the register keeps it.
func (p Patch) Text() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

// Patch reads what the proposal puts into the program.
func (p Proposal) Patch() (Patch, error) {
	var out Patch
	if err := json.Unmarshal([]byte(p.Change), &out); err != nil {
		return out, &fault.Error{Kind: fault.Refused, Field: "change", What: "change " + p.ID + " does not hold files of a program as JSON", Err: err, Hint: "reject it, and have it prepared again on the pages of the program"}
	}
	return out, nil
}

// Stale lists the files that read otherwise now than when the patch was drawn.
func (p Patch) Stale(now Folder) ([]string, error) {
	files, err := p.named(now).Files()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		is, there := files[name]
		base, had := p.Base[name]
		if there != had || there && Digest(is) != base {
			out = append(out, name)
		}
	}
	return out, nil
}

// Onto puts the patch into a program. It is refused where a file has changed since the patch was drawn.
func (p Patch) Onto(now Folder) (Folder, error) {
	stale, err := p.Stale(now)
	if err != nil {
		return Folder{}, err
	}
	if len(stale) > 0 {
		return Folder{}, fault.At(stale[0], 0, "", "has been changed since this change was drawn").WithHint("draw the change again from what is in force now")
	}
	files, err := now.Files()
	if err != nil {
		return Folder{}, err
	}
	for name, text := range p.Files {
		files[name] = []byte(text)
	}
	return ReadFolder(files)
}

// Shared reports whether two people must share the change: it touches the scope, the system, what a control says or how
// it is tested. The prose of the description, policies and registers are changed by one.
func (p Patch) Shared() bool {
	for name := range p.Files {
		if name == "program.yaml" || name == "system.yaml" || strings.HasPrefix(name, "controls/") || strings.HasPrefix(name, "tests/") {
			return true
		}
	}
	return false
}
