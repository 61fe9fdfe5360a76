// Command assay tests every item of every population, seals every record and drafts the report.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones must not depend on the machine

	"golang.org/x/term"

	"github.com/assayhq/assay/internal/app"
	"github.com/assayhq/assay/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := app.New()
	drawn := term.IsTerminal(int(os.Stderr.Fd()))
	code := cli.Main(ctx, os.Args[1:], a.House(), a.Streams(drawn, drawn && term.IsTerminal(int(os.Stdin.Fd()))))
	stop()
	os.Exit(code)
}
