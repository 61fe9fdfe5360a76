package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	product = "github.com/assayhq/assay/"
	garden  = "verify" // a module of its own: no code in common
)

// inspect returns the faults of a source tree, each with its place. It reads all files that
// are no tests, whatever their build tags.
func inspect(tree fs.FS) []string {
	var faults []string
	err := fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case e.IsDir() && name != "." && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case e.IsDir():
			if misplaced(tree, name) {
				faults = append(faults, name+" belongs to no room: add a row to the table in internal/house_test.go, with an ADR")
				return fs.SkipDir
			}
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			faults = append(faults, file(tree, name)...)
		}
		return nil
	})
	if err != nil {
		faults = append(faults, err.Error())
	}
	return faults
}

// find returns the row of a folder, given without "internal/". A row that names the folder goes before a "*".
func find(folder string) (room, bool) {
	i := slices.IndexFunc(rooms, func(r room) bool { return r.name == folder })
	if i < 0 {
		parent, _ := path.Split(folder)
		i = slices.IndexFunc(rooms, func(r room) bool { return parent != "" && r.name == parent+"*" })
	}
	if i < 0 {
		return room{}, false
	}
	r := rooms[i]
	r.name = folder
	return r, true
}

// misplaced reports a folder that holds Go outside every room, or a folder below internal/
// that is neither a room, nor on the way to one, nor data inside one.
func misplaced(tree fs.FS, dir string) bool {
	folder := strings.TrimPrefix(dir, "internal/")
	if _, ok := find(folder); ok || dir == garden || strings.HasPrefix(dir, garden+"/") {
		return false
	}
	code, err := fs.Glob(tree, path.Join(dir, "*.go"))
	code = slices.DeleteFunc(code, func(f string) bool { return dir == "internal" && strings.HasSuffix(f, "_test.go") })
	if err != nil || len(code) > 0 {
		return true
	}
	if !strings.HasPrefix(dir, "internal/") {
		return false
	}
	for up := folder; up != "."; up = path.Dir(up) {
		if _, ok := find(up); ok {
			return false
		}
	}
	return !slices.ContainsFunc(rooms, func(r room) bool { return strings.HasPrefix(r.name, folder+"/") })
}

// worlds says what each package of the standard library (and each driver) touches. A path
// that ends with a slash stands for all below it.
var worlds = map[string]string{
	"os": "files", "os/": "files", "io/ioutil": "files", "path/filepath": "files", "syscall": "files",
	"log": "files", "golang.org/x/sys/": "files",
	"net": "network", "net/http": "network", "net/http/": "network", "net/rpc": "network", "net/smtp": "network", "crypto/tls": "network",
	"database/sql": "sql", "database/sql/": "sql", "modernc.org/sqlite": "sql", "github.com/jackc/pgx/": "sql",
	"crypto/rand": "random", "math/rand": "seeded", "math/rand/v2": "seeded",
}

func touches(imported string) string {
	if w, ok := worlds[imported]; ok {
		return w
	}
	for p, w := range worlds {
		if strings.HasSuffix(p, "/") && strings.HasPrefix(imported, p) {
			return w
		}
	}
	return ""
}

func file(tree fs.FS, name string) []string {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return []string{err.Error()}
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	fail := func(at token.Pos, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s:%d: ", name, set.Position(at).Line)+fmt.Sprintf(format, args...))
	}
	dir := path.Dir(name)
	if dir == garden || strings.HasPrefix(dir, garden+"/") {
		for _, s := range f.Imports {
			p, ok := strings.CutPrefix(unquote(s.Path.Value), product)
			if ok && p != garden && !strings.HasPrefix(p, garden+"/") {
				fail(s.Pos(), "the verifier may not import %s: it shares no code with what it checks", p)
			}
		}
		return faults
	}
	r, ok := find(strings.TrimPrefix(dir, "internal/"))
	if !ok {
		return nil // said of the folder
	}
	for _, s := range f.Imports {
		if message := r.refuses(unquote(s.Path.Value)); message != "" {
			fail(s.Pos(), "room %s may not %s", r.name, message)
		}
		if s.Name != nil && s.Name.Name == "." {
			fail(s.Pos(), "room %s may not import %s into its own names: calls could not be told apart", r.name, unquote(s.Path.Value))
		}
	}
	calls(f, func(at token.Pos, imported, function string) {
		if message := r.forbids(imported, function); message != "" {
			fail(at, "room %s may not %s (%s.%s)", r.name, message, imported, function)
		}
	})
	return faults
}

// refuses says why a room may not import a package, or "".
func (r room) refuses(imported string) string {
	if p, ok := strings.CutPrefix(imported, product); ok {
		p = strings.TrimPrefix(p, "internal/")
		if to, ok := find(p); !ok || !r.opens(to) {
			return "import " + p
		}
		return ""
	}
	if imported == "testing" || strings.HasPrefix(imported, "testing/") || imported == "net/http/httptest" {
		if r.floor != suites {
			return "import " + imported
		}
		return ""
	}
	if w := touches(imported); w != "" && !r.mayTouch(w) {
		return "touch " + w + " (" + imported + ")"
	}
	return ""
}

func (r room) mayTouch(world string) bool { return slices.Contains(strings.Fields(r.world), world) }

// opens reports whether the table has an arrow from the room to another. An arrow to a room
// leads to the rooms inside it too: catalog opens catalog/tests.
func (r room) opens(to room) bool {
	if to.floor == ground && r.floor > ground {
		return true
	}
	floors := map[string]floor{"all:first": first, "all:second": second, "all:third": third, "all:doors": doors}
	for _, m := range strings.Fields(r.may) {
		if f, whole := floors[m]; m == to.name || strings.HasPrefix(to.name, m+"/") || whole && f == to.floor {
			return true
		}
	}
	return false
}

// forbids says why a room may not call a function, or "".
func (r room) forbids(imported, function string) string {
	switch imported + "." + function {
	case "time.Now", "time.Since", "time.Until":
		if !r.mayTouch("clock") {
			return "read the clock"
		}
	case "time.After", "time.AfterFunc", "time.Sleep", "time.Tick", "time.NewTimer", "time.NewTicker":
		if r.floor <= first {
			return "wait"
		}
	case "fmt.Print", "fmt.Printf", "fmt.Println":
		if r.floor < roof {
			return "touch files"
		}
	}
	return ""
}

// calls visits each mention of a function of an imported package, called or passed on.
func calls(f *ast.File, visit func(at token.Pos, imported, function string)) {
	names := map[string]string{}
	for _, s := range f.Imports {
		p := unquote(s.Path.Value)
		name := path.Base(p)
		if s.Name != nil {
			name = s.Name.Name
		}
		names[name] = p
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && names[x.Name] != "" {
				visit(s.Pos(), names[x.Name], s.Sel.Name)
			}
		}
		return true
	})
}

func unquote(literal string) string {
	s, err := strconv.Unquote(literal)
	if err != nil {
		panic(err) // the parser has accepted it
	}
	return s
}
