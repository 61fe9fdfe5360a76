// Package pgtest starts a private PostgreSQL for tests: data in a temporary folder, no TCP
// port, no durability, nothing shared with a server that the machine may run.
package pgtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// server is the one PostgreSQL of this process.
type server struct {
	socket string   // the folder of its unix socket
	stdin  *os.File // held open: the guard below ends when this process does, however it ends
}

var (
	start    = sync.OnceValues(launch)
	database atomic.Int64
)

// Start returns the DSN of a fresh, empty database, dropped when the test ends. The first
// call of a process starts the server, which the process's end stops and deletes. The test
// is skipped where PostgreSQL's programs are not installed.
func Start(t testing.TB) (dsn string) {
	t.Helper()
	if _, err := binaries(); err != nil {
		t.Skip(err)
	}
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	admin := s.dsn("postgres")
	name := fmt.Sprintf("t%d", database.Add(1))
	if err := run(admin, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := run(admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return s.dsn(name)
}

func (s server) dsn(database string) string {
	return fmt.Sprintf("host=%s port=5432 user=postgres dbname=%s sslmode=disable", s.socket, database)
}

func run(dsn, statement string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	if e := c.Close(ctx); err == nil {
		err = e
	}
	return err
}

// binaries returns the folder of initdb and pg_ctl. Debian keeps them off the PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if p, e := exec.LookPath("initdb"); err == nil && e == nil {
		if p, e = filepath.EvalSymlinks(p); e == nil {
			found = append(found, p)
		}
	}
	for i := len(found) - 1; i >= 0; i-- {
		dir := filepath.Dir(found[i])
		if _, err := os.Stat(filepath.Join(dir, "pg_ctl")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL is not installed here: neither initdb on the PATH nor /usr/lib/postgresql/*/bin/initdb (Debian: apt-get install postgresql)")
}

// guard makes the cluster, says so on standard output, then waits for its standard input to
// end and takes everything down again. It outlives a test process that panics or is killed.
const guard = `
trap '' PIPE # the test may be gone before it is told
exec 2>"$1/log"
cd "$1" || exit 1
"$0/initdb" -D "$1/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >&2 &&
"$0/pg_ctl" -D "$1/data" -l "$1/log" -w -t 120 -o "-k $1 -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >&2 &&
echo ready
exec >&-
cat >/dev/null
"$0/pg_ctl" -D "$1/data" -w -m immediate stop >&2
cd / && rm -rf "$1"
`

func launch() (server, error) {
	bin, err := binaries()
	if err != nil {
		return server{}, err
	}
	// Not TMPDIR: a socket's path is limited to 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "assay-pg-")
	if err != nil {
		return server{}, err
	}
	cred, err := unprivileged()
	if err != nil {
		return server{}, err
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return server{}, err
		}
	}
	in, hold, err := os.Pipe()
	if err != nil {
		return server{}, err
	}
	cmd := exec.Command("/bin/sh", "-c", guard, bin, dir)
	cmd.Stdin = in
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: cred}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return server{}, err
	}
	if err := cmd.Start(); err != nil {
		return server{}, fmt.Errorf("start PostgreSQL: %w", err)
	}
	in.Close()
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) == "ready" {
		return server{socket: dir, stdin: hold}, nil
	}
	if err == nil || err == io.EOF {
		err = fmt.Errorf("it said %q", line)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	hold.Close()
	return server{}, fmt.Errorf("start PostgreSQL from %s: %w\n%s", bin, err, log)
}

// unprivileged returns an account to run as when this process is root, whom PostgreSQL refuses.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}
