package phrase_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/report"
)

// use is one place in the sources where a sentence is said.
type use struct {
	key   string
	where string
	// args counts the arguments of the format, n of a plural included; unknown when it cannot be seen.
	args   int
	plural bool
}

const unknown = -1

// sources walks the folders of a tree for the sentences in Go and templ files, those that
// are generated and those of tests left out.
func sources(tree fs.FS, folders ...string) ([]use, error) {
	var uses []use
	for _, folder := range folders {
		err := fs.WalkDir(tree, folder, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			found := extractGo
			switch {
			case strings.HasSuffix(path, ".templ"):
				found = extractTempl
			case !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, "_templ.go"):
				return nil
			}
			b, err := fs.ReadFile(tree, path)
			if err != nil {
				return err
			}
			us, err := found(path, b)
			uses = append(uses, us...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return uses, nil
}

func extractGo(path string, src []byte) ([]use, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var uses []use
	sayers := map[string]int{} // what the file calls Mark or T, and which argument is the sentence
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, x := range n.Rhs {
				as, named := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident)
				if !named {
					continue
				}
				if name, of := callee(x); name == "Mark" && of == "phrase" {
					sayers[as.Name] = 0
				}
				if lit, ok := x.(*ast.FuncLit); ok {
					if at, ok := wraps(lit); ok {
						sayers[as.Name] = at
					}
				}
			}
		case *ast.CallExpr:
			where := fmt.Sprintf("%s:%d", path, set.Position(n.Pos()).Line)
			name, of := callee(n.Fun)
			if at, ok := sayers[name]; ok && of == "" {
				uses = append(uses, keys(n, at, 1, unknown, where)...)
				break
			}
			if name == "Mark" && of == "" && f.Name.Name == "phrase" {
				uses = append(uses, keys(n, 0, 1, unknown, where)...)
				break
			}
			uses = append(uses, said(n, where)...)
		}
		return true
	})
	return uses, nil
}

// wraps reports which parameter of a function literal is said by T in it.
func wraps(lit *ast.FuncLit) (at int, ok bool) {
	var params []string
	for _, field := range lit.Type.Params.List {
		for _, name := range field.Names {
			params = append(params, name.Name)
		}
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		if name, _ := callee(call.Fun); name == "T" {
			for _, arg := range call.Args {
				if x, is := arg.(*ast.Ident); is && x.Name != "ctx" && slices.Contains(params, x.Name) {
					at, ok = slices.Index(params, x.Name), true
					return false
				}
			}
		}
		return true
	})
	return at, ok
}

var (
	opening = regexp.MustCompile(`(\bphrase\.)?\b(T|N|Mark)\(`)
	noCall  = regexp.MustCompile(`^\s*//|^templ |^func `) // what stands before a comment's word or a declaration
)

// extractTempl finds the calls in a templ file, which is no Go that package parser reads:
// from each name on, it scans tokens up to the parenthesis that closes the call.
func extractTempl(path string, src []byte) ([]use, error) {
	var uses []use
	for _, at := range opening.FindAllIndex(src, -1) {
		line := 1 + bytes.Count(src[:at[0]], []byte("\n"))
		start := bytes.LastIndexByte(src[:at[0]], '\n') + 1
		if noCall.Match(src[start:at[0]]) {
			continue
		}
		where := fmt.Sprintf("%s:%d", path, line)
		end, ok := closing(src[at[0]:])
		if !ok {
			return nil, fmt.Errorf("%s: a call without its closing parenthesis", where)
		}
		expr, err := parser.ParseExpr(string(src[at[0] : at[0]+end]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if call, ok := expr.(*ast.CallExpr); ok {
			uses = append(uses, said(call, where)...)
		}
	}
	return uses, nil
}

// closing returns the offset after the parenthesis that closes the first one.
func closing(src []byte) (int, bool) {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	for depth := 0; ; {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.LPAREN:
			depth++
		case token.RPAREN:
			if depth--; depth == 0 {
				return file.Offset(pos) + 1, true
			}
		case token.EOF:
			return 0, false
		}
	}
}

// said returns the sentences of a call of T, N or Mark: T("..."), l.T("..."),
// shell.T(ctx, "..."), l.N(n, "one", "other"), shell.N(ctx, n, "one", "other"),
// phrase.Mark("..."). A sentence that is no constant was marked where it stands.
func said(call *ast.CallExpr, where string) []use {
	name, of := callee(call.Fun)
	first := 0
	if len(call.Args) > 0 && isContext(call.Args[0]) {
		first = 1
	}
	switch {
	case name == "Mark" && of == "phrase":
		return keys(call, 0, 1, unknown, where)
	case name == "T":
		return keys(call, first, 1, len(call.Args)-first-1, where)
	case name == "N":
		us := keys(call, first+1, 2, len(call.Args)-first-2, where)
		for i := range us {
			us[i].plural = true
		}
		return us
	}
	return nil
}

func keys(call *ast.CallExpr, from, n, args int, where string) []use {
	if call.Ellipsis.IsValid() {
		args = unknown
	}
	var uses []use
	for i := from; i < from+n && i < len(call.Args); i++ {
		if s, ok := constant(call.Args[i]); ok {
			uses = append(uses, use{key: s, where: where, args: args})
		}
	}
	return uses
}

func callee(fun ast.Expr) (name, of string) {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name, ""
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return f.Sel.Name, x.Name
		}
		return f.Sel.Name, "?"
	}
	return "", ""
}

func isContext(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "ctx"
	case *ast.SelectorExpr:
		return e.Sel.Name == "ctx"
	case *ast.CallExpr:
		name, _ := callee(e.Fun)
		return name == "Context" || name == "With"
	}
	return false
}

// constant reads a string literal of either kind, or a sum of them.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.ParenExpr:
		return constant(e.X)
	case *ast.BinaryExpr:
		a, ok := constant(e.X)
		b, also := constant(e.Y)
		return a + b, ok && also && e.Op == token.ADD
	}
	return "", false
}

// repository reads what this repository says: the doors and acts whose words people read, this
// package, the elements, and the words of the rooms below that pages show.
func repository() ([]use, error) {
	folders := []string{"web", "phrase"}
	for _, f := range []string{"operate", "account"} {
		if _, err := os.Stat(filepath.Join("..", f)); err == nil {
			folders = append(folders, f)
		}
	}
	uses, err := sources(os.DirFS(".."), folders...)
	if err != nil {
		return nil, err
	}
	const script = "web/elements/dist/phrases.txt"
	b, err := os.ReadFile(filepath.Join("..", script))
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		uses = append(uses, use{key: line, where: fmt.Sprintf("%s:%d", script, i+1)})
	}
	return append(uses, words()...), nil
}

// words are what the rooms below, which know no phrases, call things that pages show.
func words() []use {
	var uses []use
	add := func(key, where string) { uses = append(uses, use{key: key, where: where}) }
	for s := report.Clean; s <= report.Deviates; s++ {
		add(s.Word(), "report.Standing.Word")
	}
	for c := assure.Shown; c <= assure.CheckFailed; c++ {
		add(c.Word(), "assure.Completeness.Word")
	}
	for _, g := range []gauge.Gate{gauge.Design, gauge.Implemented, gauge.Population, gauge.Operation, gauge.EvidenceOK, gauge.Findings} {
		add(g.Title(), "gauge.Gate.Title")
	}
	for _, v := range []assure.Verdict{assure.Pass, assure.Deviation, assure.Undecided, assure.NotApplicable} {
		add(report.VerdictWord(v), "report.VerdictWord")
	}
	for _, s := range []assure.CheckStatus{assure.Passed, assure.Failed, assure.Missing} {
		add(report.CheckWord(s), "report.CheckWord")
	}
	for _, c := range []string{"C1", "C2", "C3", "C4", "C5", "C6", "A1", "A2", "A3", "A4", "A5"} {
		add(report.CheckName(c), "report.CheckName")
	}
	for _, s := range []assure.Shape{assure.Event, assure.Schedule, assure.State, assure.Roster} {
		add(report.ShapeWords(s), "report.ShapeWords")
	}
	for _, f := range []assure.Frequency{assure.PerEvent, assure.Continuous, assure.Daily, assure.Weekly, assure.Monthly, assure.Quarterly, assure.Semiannual, assure.Annual} {
		add(report.FrequencyWords(f), "report.FrequencyWords")
	}
	return uses
}
