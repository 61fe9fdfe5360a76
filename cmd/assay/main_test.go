package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // to tamper with a database behind the program's back

	"github.com/assayhq/assay/internal/app"
	"github.com/assayhq/assay/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"assay": func() {
		a := app.New()
		os.Exit(cli.Main(context.Background(), os.Args[1:], a.House(), a.Streams(false, false)))
	}})
}

// TestScripts runs the outside contract: commands, their JSON, their exit codes.
func TestScripts(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "assay-verify"), "./cmd/assay-verify")
	build.Dir = filepath.Join("..", "..", "verify")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build assay-verify: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "jq": jq, "sqlite": sqlite},
	})
}

// exits CODE PROGRAM ARG...: runs a program and checks its exit code; its output is kept for
// stdout, stderr and jq as exec does.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ee *exec.ExitError
	if errors.As(err, &ee) {
		got = ee.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\n%s", got, want, ts.ReadFile("stderr"))
	}
}

// jq FILE PATH WANT: compares one value of a JSON file; a path is names and numbers joined with
// dots, "len" is the length. Compare with "?" to ask only that it is there.
func jq(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: jq FILE PATH WANT")
	}
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		ts.Fatalf("%s is not one JSON value: %v", args[0], err)
	}
	for _, p := range strings.Split(args[1], ".") {
		var ok bool
		switch x := v.(type) {
		case map[string]any:
			if p == "len" {
				v, ok = float64(len(x)), true
			} else {
				v, ok = x[p]
			}
		case []any:
			if p == "len" {
				v, ok = float64(len(x)), true
			} else if i, err := strconv.Atoi(p); err == nil && i < len(x) {
				v, ok = x[i], true
			}
		}
		if !ok {
			if neg {
				return
			}
			ts.Fatalf("%s: nothing at %q of %s", args[0], p, args[1])
		}
	}
	got := fmt.Sprint(v)
	if s, ok := v.(float64); ok {
		got = strconv.FormatFloat(s, 'f', -1, 64)
	}
	if args[2] == "?" {
		return
	}
	if (got == args[2]) == neg {
		ts.Fatalf("%s: %s = %s, want %s (negated: %v)", args[0], args[1], got, args[2], neg)
	}
}

// sqlite FILE STATEMENT: changes a database without the program.
func sqlite(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	r, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("the statement changed nothing (%v)", err)
	}
}
