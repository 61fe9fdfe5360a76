// Package returned compares a document that was sent out with what came back of it. An auditor may change our words;
// figures, cells, identifiers, and what management said, stay as they are whatever the document says. It is pure.
//
// Whoever sends a document out keeps its model (report.Keep): each drawing of a draft knows its own time, so a draft made
// later is another one. When the document comes back, the kept model is drawn again and read (render/docx, format/docx),
// what came back is read, and both are compared. Pictures, heads and feet of pages are not: they are drawn from the model.
package returned

import (
	"sort"
	"strings"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/report"
)

// DraftProperty is the custom property by which a document knows the draft that it was drawn from.
const DraftProperty = "AssayDraft"

// Class says whose the changed text is.
type Class string

// The classes, the weaker first: a change takes the strongest that it touches.
const (
	Wording    Class = "wording"    // text of ours or of a template: the firm may accept the change
	Data       Class = "data"       // what management said, or the frame of the document: refused
	Conclusion Class = "conclusion" // a conclusion of the auditor, which is decided and then written: refused
	Figure     Class = "figure"     // a figure, a date, a cell or an identifier: refused
)

// Kind is what happened to a passage.
type Kind string

// The kinds of change.
const (
	Changed Kind = "changed"
	Removed Kind = "removed"
	Added   Kind = "added"
)

// Piece is a stretch of words of a difference.
type Piece struct {
	Op   string `json:"op"` // same, removed or added
	Text string `json:"text"`
}

// Change is one passage that is not as it was sent.
type Change struct {
	Kind    Kind     `json:"kind"`
	Class   Class    `json:"class"`
	Section string   `json:"section"`         // the heading of its section
	Under   string   `json:"under,omitempty"` // the heading above it
	ID      string   `json:"id,omitempty"`    // in the model: the anchor above it and its number below that; empty where it has none
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	Words   []Piece  `json:"words,omitempty"`
	Why     string   `json:"why"`
	Truth   []string `json:"truth,omitempty"` // the true values of what was changed
	By      []string `json:"by,omitempty"`    // who tracked changes in it
}

// Comment is a remark that came back, with its place.
type Comment struct {
	lint.Comment
	Section string `json:"section"`
	Under   string `json:"under,omitempty"`
}

// Returned is what came back.
type Returned struct {
	Wording  []Change  `json:"wording"` // may be accepted
	Refused  []Change  `json:"refused"`
	Comments []Comment `json:"comments"`
	Notes    []string  `json:"notes,omitempty"` // what could not be told for certain
}

// Compare lists what the document that came back says otherwise than the one that was sent. Both are read by the same
// reader: sent is the model drawn again. A document of another draft is refused.
func Compare(m *report.Report, sent, back *lint.Document) (Returned, error) {
	out := Returned{Wording: []Change{}, Refused: []Change{}, Comments: []Comment{}}
	note, err := sameDraft(m, sent, back)
	if err != nil {
		return out, err
	}
	if note != "" {
		out.Notes = append(out.Notes, note)
	}
	if was, now := long(sent), long(back); now > 4*was+moreText {
		return out, fault.Refuse("the document says %d times as much as the draft that was sent: it is no edited copy of it", now/max(was, 1)).WithHint("edit the document that was downloaded, and give that one back")
	}
	before, after := passages(sent), passages(back)
	own(m, before)
	for _, c := range changes(before, after) {
		if c.Class == Wording {
			out.Wording = append(out.Wording, c)
		} else {
			out.Refused = append(out.Refused, c)
		}
	}
	for _, c := range back.Comments {
		x := Comment{Comment: c}
		if at := sort.Search(len(after), func(i int) bool { return after[i].block > c.Block }); at > 0 {
			x.Section, x.Under = after[at-1].section, after[at-1].under
		}
		out.Comments = append(out.Comments, x)
	}
	return out, nil
}

// moreText is how much text, in bytes, a document may bring besides four times what was sent.
const moreText = 2 << 20

// long is the length of what a document says, in bytes: the work of a comparison grows with it.
func long(d *lint.Document) (n int) {
	for _, b := range d.Blocks {
		n += 1 + len(b.Text)
		for _, list := range [][]string{b.Cells, b.Pictures} {
			for _, s := range list {
				n += len(s)
			}
		}
	}
	return n
}

// sameDraft refuses a document of another draft, and one that does not say of which it is.
func sameDraft(m *report.Report, sent, back *lint.Document) (note string, err error) {
	const hint = "send out the draft of now, or compare with the one that the document was made of"
	mine, theirs := sent.Properties[DraftProperty], back.Properties[DraftProperty]
	if mine != "" && mine == theirs {
		return "", nil
	}
	if theirs != "" {
		return "", fault.Refuse("the document was made of another draft of %s than the one it is compared with (%s at %s ledger records)",
			m.Title, m.When.Words(), report.Count(m.Checkpoint.Size)).WithHint(hint)
	}
	for _, b := range back.Blocks {
		if m.Checkpoint.Root != "" && strings.Contains(b.Text, m.Checkpoint.Root) {
			return "The document has lost the mark of its draft; it was told by the ledger's root on its cover. Where the draft is another one all the same, the differences are listed as refused.", nil
		}
	}
	return "", fault.Refuse("the document does not say of which draft it is: neither its properties nor its cover name one").WithHint(hint)
}
