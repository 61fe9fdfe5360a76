// Command assay-witness remembers how far it has seen the ledgers of others and cosigns their
// checkpoints, so that whoever trusts it can tell a rewritten ledger (C2SP tlog-witness).
//
// A witness is worth something when somebody else than the organization runs it, such as its
// auditor or a customer:
//
//	assay-witness init ./witness --name witness.example/w1    # prints the VKEY: publish it
//	echo 'VERIFIER KEY OF THE LEDGER' >> ./witness/logs       # assay init printed it
//	assay-witness serve ./witness --listen :8418
//
// The organization then names it once, and an auditor demands its word:
//
//	assay anchor --witness 'VKEY@http://witness.example:8418'
//	assay-verify package.zip --witness VKEY
//
// The folder is the witness's memory. Keep it: a witness that has lost it needs a new key.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/witness"
)

type commands struct {
	Init  initCmd  `cmd:"" help:"Make a key and a folder for a new witness, and print its public key."`
	Serve serveCmd `cmd:"" help:"Cosign checkpoints of the ledgers whose keys stand in DIR/logs, one a line."`
}

type initCmd struct {
	Dir  string `arg:"" help:"Folder of the witness; it must not hold one yet." type:"path"`
	Name string `help:"Name of the witness, such as witness.example/w1." required:""`
}

type serveCmd struct {
	Dir    string `arg:"" help:"Folder of the witness." type:"path"`
	Listen string `help:"Address to listen on." default:"127.0.0.1:8418" placeholder:"ADDR"`
}

// world is what the process gives to a command.
type world struct {
	ctx       context.Context
	out, errs io.Writer
	clock     func() time.Time
	random    io.Reader
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(os.Args[1:], world{ctx, os.Stdout, os.Stderr, time.Now, rand.Reader})
	stop()
	os.Exit(code)
}

func run(args []string, w world) int {
	var c commands
	stop := -1
	k, err := kong.New(&c, kong.Name("assay-witness"), kong.Description("Cosign the checkpoints of ledgers that only ever grow."),
		kong.Writers(w.out, w.errs), kong.Exit(func(code int) { stop = code }))
	if err != nil {
		fmt.Fprintln(w.errs, "assay-witness:", err)
		return 1
	}
	kc, err := k.Parse(args)
	if stop >= 0 {
		return stop
	}
	if err == nil {
		err = kc.Run(w)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(w.errs, "assay-witness:", err)
	if h := fault.Hint(err); h != "" {
		fmt.Fprintln(w.errs, "hint:", h)
	}
	switch {
	case errors.Is(err, fault.Integrity):
		return 3
	case errors.Is(err, fault.Refused):
		return 2
	}
	return 1
}

// Run makes a witness. The key is made once: a second key in the same folder would forget what
// the first has promised.
func (c *initCmd) Run(w world) error {
	key, err := ledger.NewCosigner(w.random, c.Name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(c.Dir, "state"), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.Dir, "key"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fault.Refuse("%s holds a witness already", c.Dir).WithHint("choose another folder")
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, key.Secret()+"\n")
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	fmt.Fprintln(w.out, key.Text())
	return nil
}

// Run serves until the process is told to stop.
func (c *serveCmd) Run(w world) error {
	s, n, err := open(c.Dir, w)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.errs, "Witnessing %d ledgers on http://%s\n", n, l.Addr())
	h := &http.Server{Handler: s, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stopped := make(chan error, 1)
	go func() {
		<-w.ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 5*time.Second)
		defer cancel()
		stopped <- h.Shutdown(end)
	}()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// open reads the folder of a witness.
func open(dir string, w world) (*witness.Server, int, error) {
	secret, err := os.ReadFile(filepath.Join(dir, "key"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, fault.Refuse("%s holds no witness", dir).WithHint("make one with assay-witness init")
	}
	if err != nil {
		return nil, 0, err
	}
	key, err := ledger.ParseCosigner(strings.TrimSuffix(string(secret), "\n"))
	if err != nil {
		return nil, 0, err
	}
	// A folder that is gone is not made again: an empty memory would cosign a fork.
	state := filepath.Join(dir, "state")
	if _, err := os.Stat(state); err != nil {
		return nil, 0, fault.Refuse("the memory of the witness is gone: %v", err).WithHint("restore it, or make a new witness with a new key")
	}
	b, err := os.ReadFile(filepath.Join(dir, "logs"))
	if err != nil {
		return nil, 0, fault.Refuse("%v", err).WithHint("write the verifier keys of the ledgers into it, one a line")
	}
	var vkeys []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			vkeys = append(vkeys, line)
		}
	}
	report := func(format string, args ...any) {
		fmt.Fprintf(w.errs, w.clock().UTC().Format(time.RFC3339)+" "+format+"\n", args...)
	}
	s, err := witness.NewServer(key, witness.Folder(state), vkeys, w.clock, report)
	return s, len(vkeys), err
}
