package advise

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/assayhq/assay/internal/fault"
)

// maxAnswers bounds a file of answers: people write them.
const maxAnswers = 64 << 10

// ParseAnswers reads a YAML file of answers; file is its name in messages. An unknown key, a key that stands
// twice, a value outside those listed, an impossible date: refused, with the line and what was expected.
func (b *Book) ParseAnswers(file string, text []byte) (Answers, error) {
	var a Answers
	root, err := document(file, text)
	if err != nil || root == nil {
		return a, err
	}
	var pairs []*ast.MappingValueNode
	switch n := root.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return a, fault.At(file, line(root), "", "expected answers as `question: answer`, one a line")
	}
	seen := map[string]bool{}
	for _, p := range pairs {
		id, row := p.Key.GetToken().Value, line(p.Key)
		switch _, known := b.question(id); {
		case !known:
			return Answers{}, fault.At(file, row, id, "there is no such question; expected one of %s", strings.Join(b.ids(), ", ")).
				WithHint("a misspelt answer would be an answer lost")
		case seen[id]:
			return Answers{}, fault.At(file, row, id, "answered twice")
		}
		seen[id] = true
		if err := b.pair(&a, file, id, p.Value); err != nil {
			return Answers{}, err
		}
	}
	return a, nil
}

func (b *Book) pair(a *Answers, file, id string, n ast.Node) error {
	var values []string
	switch n := n.(type) {
	case *ast.NullNode:
		return nil // left empty: unanswered
	case *ast.SequenceNode:
		if _, list := a.slot(id).(*[]string); !list {
			return fault.At(file, line(n), id, "expected one answer, not a list")
		}
		for _, item := range n.Values {
			s, ok := scalar(item)
			if !ok {
				return fault.At(file, line(n), id, "expected a list of plain answers")
			}
			if err := at(file, line(item), b.Answer(&Answers{}, id, s)); err != nil {
				return err
			}
			values = append(values, s)
		}
	default:
		s, ok := scalar(n)
		if !ok {
			return fault.At(file, line(n), id, "expected a plain answer")
		}
		values = []string{s}
	}
	return at(file, line(n), b.Answer(a, id, values...))
}

// at gives a refusal the place in the file that it is about.
func at(file string, line int, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	placed := *f
	placed.File, placed.Line = file, line
	return &placed
}

// scalar returns the text of a plain value as it stands in the file: NO is Norway and not false.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// document parses one YAML document; nil when it is empty, which answers nothing.
func document(file string, text []byte) (ast.Node, error) {
	if len(text) > maxAnswers {
		return nil, fault.At(file, 0, "", "the file is larger than %d bytes", maxAnswers)
	}
	if !utf8.Valid(text) {
		return nil, fault.At(file, 0, "", "the file is not UTF-8")
	}
	if err := shallow(file, text); err != nil {
		return nil, err
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, refusal(file, err)
	}
	if len(f.Docs) > 1 {
		return nil, fault.At(file, 0, "", "expected one YAML document, not %d", len(f.Docs))
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return nil, nil
	}
	switch f.Docs[0].Body.(type) {
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	}
	return f.Docs[0].Body, nil
}

// shallow refuses values that stand in each other deeper than anybody writes: the parser goes down once for each level,
// and memory with it. Levels by indentation need no count, for a file of maxAnswers holds few hundred of them.
func shallow(file string, text []byte) error {
	const most = 64
	brackets, marks, row := 0, 0, 0
	for _, t := range lexer.Tokenize(string(text)) {
		if t.Position == nil {
			continue
		}
		if t.Position.Line != row && brackets <= 0 {
			marks = 0
		}
		row = t.Position.Line
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			marks++
		case token.MappingValueType:
			if brackets <= 0 {
				marks++
			}
		}
		if brackets+marks > most {
			return fault.At(file, row, "", "values stand in each other more than %d deep", most)
		}
	}
	return nil
}

// refusal turns the library's error into one line of text with its line in the file.
func refusal(file string, err error) error {
	row, what := 0, err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		what = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			row = t.Position.Line
		}
	}
	what, _, _ = strings.Cut(what, "\n")
	return fault.At(file, row, "", "no YAML: %s", what)
}
