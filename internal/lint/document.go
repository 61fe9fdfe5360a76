package lint

// Document is a text document as a word processor keeps it, before anybody knows what it says. What is tracked as
// inserted stands in its text, what is tracked as deleted does not.
type Document struct {
	Blocks     []Block
	Comments   []Comment
	Properties map[string]string // custom properties, by name
}

// Block is a paragraph or a row of a table. Exactly one of Text and Cells speaks; a paragraph may be empty.
type Block struct {
	Style    string   // the name of its style, in small letters; empty: the default
	Level    int      // of a heading, from 1; 0: body text
	Text     string   // of a paragraph; tabs and breaks are kept
	Cells    []string // of a row
	Table    int      // which table of the document the row belongs to, from 1; 0: none
	Head     bool     // the row is repeated on each page
	List     bool     // the paragraph is an item of a list
	Contents bool     // it belongs to a list of contents, which is made from the headings
	Marks    []string // bookmarks that begin in it
	Pictures []string // what is said of its pictures to those who do not see them
	Tracked  []string // who tracked changes in it, each once
}

// Comment is a remark that somebody made beside a text.
type Comment struct {
	Author string `json:"author"`
	On     string `json:"on,omitempty"` // as the document has it, RFC 3339 mostly
	Text   string `json:"text"`
	About  string `json:"about,omitempty"` // the text that it is made on
	Block  int    `json:"-"`               // where that begins; -1: not known
}
