// Command assay-verify checks an Assay package offline and without Assay.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"github.com/assayhq/assay/verify"
)

const usage = `usage: assay-verify FILE.zip [--checkpoint OLD]... [--key VKEY] [--witness VKEY]...
                    [--tsa-roots FILE.pem] [--json]

Checks that a package is as it was sealed: every record, every entry, every proof, every figure
that can be recounted. It needs no network and no other program.

  --checkpoint OLD  a checkpoint (or several, or an earlier package) that you kept: a ledger that
                    is smaller, or that was rewritten since, is refused
  --key VKEY        the organization's verifier key, or a file that holds it, from another channel
                    than the package
  --witness VKEY    the key of a witness, or a file that holds it: a package without a valid
                    cosignature of it is refused
  --tsa-roots FILE  root certificates in PEM: a package without a valid time stamp by an
                    authority under them is refused
  --json            print one JSON object

Exit: 0 all is as sealed; 3 something is not, and the first record or entry at fault is named;
2 the file or an argument cannot be read.
`

// Exit codes.
const (
	exitOK      = 0
	exitRead    = 2
	exitChanged = 3
)

func main() {
	// The bounds of the library keep far below this; it makes the collector keep the promise.
	debug.SetMemoryLimit(192 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type arguments struct {
	file    string
	json    bool
	help    bool
	options verify.Options
}

var errUsage = errors.New("expected one FILE.zip")

// parse accepts flags before and after the file, as --name value and --name=value.
func parse(args []string) (arguments, error) {
	var a arguments
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, given := strings.Cut(arg, "=")
		take := func() (string, error) {
			if given {
				return value, nil
			}
			if len(args) == 0 {
				return "", fmt.Errorf("%s needs a value", name)
			}
			value, args = args[0], args[1:]
			return value, nil
		}
		switch name {
		case "-h", "--help", "-help":
			a.help = true
		case "--json", "-json":
			a.json = true
		case "--checkpoint", "-checkpoint":
			v, err := take()
			if err != nil {
				return a, err
			}
			a.options.Checkpoints = append(a.options.Checkpoints, v)
		case "--key", "-key":
			v, err := take()
			if err != nil {
				return a, err
			}
			a.options.Key = v
		case "--witness", "-witness":
			v, err := take()
			if err != nil {
				return a, err
			}
			a.options.Witnesses = append(a.options.Witnesses, v)
		case "--tsa-roots", "-tsa-roots":
			v, err := take()
			if err != nil {
				return a, err
			}
			if a.options.StampRoots, err = os.ReadFile(v); err != nil {
				return a, fmt.Errorf("--tsa-roots: %w", err)
			}
			if len(a.options.StampRoots) == 0 {
				return a, fmt.Errorf("--tsa-roots: %s is empty", v)
			}
		default:
			if strings.HasPrefix(arg, "-") || a.file != "" {
				return a, fmt.Errorf("unexpected argument %q", arg)
			}
			a.file = arg
		}
	}
	if a.file == "" && !a.help {
		return a, errUsage
	}
	return a, nil
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	a, err := parse(args)
	if err != nil {
		fmt.Fprintf(errs, "assay-verify: %v\n%s", err, usage)
		return exitRead
	}
	if a.help {
		fmt.Fprint(out, usage)
		return exitOK
	}
	if b, err := os.ReadFile(a.options.Key); a.options.Key != "" && err == nil {
		a.options.Key = string(b)
	}
	for i, w := range a.options.Witnesses {
		if b, err := os.ReadFile(w); err == nil {
			a.options.Witnesses[i] = string(b)
		}
	}
	rep, err := verify.File(ctx, a.file, a.options)
	if err != nil {
		fmt.Fprintf(errs, "assay-verify: %v\n", err)
		return exitRead
	}
	if a.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(rep)
	} else {
		err = rep.Print(out)
	}
	if err != nil {
		fmt.Fprintf(errs, "assay-verify: %v\n", err)
		return exitRead
	}
	if !rep.OK {
		return exitChanged
	}
	return exitOK
}
