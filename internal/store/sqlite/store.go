// Package sqlite keeps organizations, their ledgers and the projections of their registers in
// one SQLite database: record, leaf and typed row are written in one transaction.
package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // the driver of the readers

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
)

// Config says where a store lives and what it may use of the world.
type Config struct {
	Dir     string           // the data folder: assay.db, lock and anchor/ are made in it
	Anchor  string           // where checkpoints are kept outside the database; DIR/anchor when empty
	Clock   func() time.Time // received times
	Random  io.Reader        // salts
	Keys    Keys
	Inspect bool // open although a ledger disagrees with its checkpoint outside: to read and to verify, not to write
	// ReadOnly opens a folder that cannot be written, such as a mount for an auditor, and changes
	// nothing in it. Another process that works with it is noticed only as far as its lock can be seen.
	ReadOnly bool

	// Unsafe turns off what makes a commit survive a power cut. It exists to show that the
	// power cut tests would notice; nothing in the product sets it.
	Unsafe bool
	// MaxPages limits the size of the database file in pages, as a full disk would; 0 is no limit.
	MaxPages int
}

// Keys gives each organization's signing key.
type Keys interface {
	Signer(id.Org) (note.Signer, error)     // made if there is none
	Verifier(id.Org) (note.Verifier, error) // of a key that exists
}

// Store is an open database. Its methods may be called concurrently.
type Store struct {
	conf   Config
	clock  func() time.Time
	lock   *os.File
	reader *sql.DB

	answers answers // to questions about registers

	// The writer: one transaction at a time. Whoever holds the token may use what follows.
	token   chan struct{}
	conn    *conn
	salts   *bufio.Reader
	orgs    map[id.Org]*orgState
	lost    []id.Org    // see Lost
	batches []*batch    // of the open transaction
	logged  int64       // records in the write-ahead log, roughly
	full    atomic.Bool // the disk had no space for the open transaction

	group group // waiting Append calls

	anchor    anchor
	anchoring sync.Mutex
	anchored  map[id.Org]int64 // size of the checkpoint kept outside
	dirtyMu   sync.Mutex
	dirty     map[id.Org]bool // sealed by a group commit and not yet kept outside
	timer     *time.Timer

	background sync.WaitGroup
	copying    atomic.Bool // the log into the database file
}

// orgState is what the writer knows of an organization's ledger. Transactions work on a copy.
type orgState struct {
	id       id.Org
	tree     *ledger.Tree
	received civil.Instant // of the last record; it never goes back
	signer   note.Signer
	verifier note.Verifier
	tables   map[string]*table // by register
	fault    error             // why nothing may be signed, when opened to inspect
}

// Open opens a data folder, or makes one. It answers fault.Busy while another process has it,
// fault.Refused for a database of a newer version, and fault.Integrity when a ledger is not a
// continuation of the checkpoint kept outside the database.
func Open(ctx context.Context, c Config) (*Store, error) {
	lock, err := takeFolder(c)
	if err != nil {
		return nil, err
	}
	if c.Anchor == "" {
		c.Anchor = filepath.Join(c.Dir, "anchor")
	}
	s := &Store{
		conf: c, clock: c.Clock, lock: lock,
		token: make(chan struct{}, 1), salts: bufio.NewReaderSize(c.Random, 4096),
		orgs: map[id.Org]*orgState{}, anchor: anchor{c.Anchor}, anchored: map[id.Org]int64{}, dirty: map[id.Org]bool{},
	}
	if err := s.open(ctx); err != nil {
		s.closeFiles()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	path := filepath.Join(s.conf.Dir, "assay.db")
	// Readers first: opening through the driver readies SQLite for the writer.
	// Small caches and no mapping: there are as many readers as questions at a time, and the operating system keeps the file's pages
	// once for all of them.
	q := url.Values{"_pragma": {"query_only(1)", "busy_timeout(10000)", "cache_size(-2000)"}}
	if s.conf.ReadOnly {
		q.Set("mode", "ro")
		q.Set("immutable", "1")
	}
	var err error
	if s.reader, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode()); err != nil {
		return err
	}
	// No limit: who holds a connection may ask for another, and at a limit they would wait for each other for good. What bounds
	// them is how many ask at a time.
	s.reader.SetMaxIdleConns(16)
	if s.conf.ReadOnly {
		return s.openReadOnly(ctx, path)
	}
	sync := "synchronous = FULL"
	if s.conf.Unsafe {
		sync = "synchronous = NORMAL"
	}
	pragmas := []string{
		"page_size = 8192", // of a new file; before the log exists
		"journal_mode = WAL", sync, "foreign_keys = ON", "temp_store = FILE",
		// Pages of a pull that do not fit go to the log before the commit, so memory is bounded
		// whatever a pull holds.
		"cache_size = -65536",
		// The background copies the log into the file; the writer does so only when that lags.
		"wal_autocheckpoint = 32768", "journal_size_limit = 67108864",
	}
	if s.conn, err = openConn(path, pragmas...); err != nil {
		return s.explain(err)
	}
	if err := s.checkDurable(); err != nil {
		return err
	}
	if err := migrate(s.conn, path); err != nil {
		return s.explain(err)
	}
	if err := s.conn.exec(`CREATE TEMP TABLE seen (name TEXT, key TEXT, PRIMARY KEY (name, key)) WITHOUT ROWID`); err != nil {
		return err
	}
	if s.conf.MaxPages > 0 {
		if err := s.conn.exec(fmt.Sprintf("PRAGMA max_page_count = %d", s.conf.MaxPages)); err != nil {
			return err
		}
	}
	if err := s.loadOrgs(ctx); err != nil {
		return err
	}
	return s.conn.exec("PRAGMA shrink_memory") // what was read to hold the ledgers against their checkpoints
}

// checkDurable asks SQLite what it does, not what it was told.
func (s *Store) checkDurable() error {
	for _, want := range []struct{ pragma, value string }{{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}} {
		q, err := s.conn.prepare("PRAGMA " + want.pragma)
		if err != nil {
			return err
		}
		got := ""
		if err := q.rows(func() error { got = q.colText(0); return nil }); err != nil {
			return err
		}
		if got != want.value && !(s.conf.Unsafe && want.pragma == "synchronous") {
			return &fault.Error{
				Kind: fault.Integrity, File: s.conf.Dir,
				What: fmt.Sprintf("SQLite works with %s = %s, expected %s: a commit would not survive a power cut", want.pragma, got, want.value),
				Hint: "keep the data folder on a local file system",
			}
		}
	}
	return nil
}

// Close keeps what is not yet outside the database there and releases the folder.
func (s *Store) Close() error {
	s.token <- struct{}{} // wait for the writer
	defer s.release()
	if s.conn == nil {
		return nil // closed already
	}
	s.dirtyMu.Lock()
	if s.timer != nil && s.timer.Stop() {
		s.timer = nil
		s.background.Done()
	}
	s.dirtyMu.Unlock()
	err := s.anchorDirty(context.Background())
	s.background.Wait()
	s.closeFiles()
	return err
}

func (s *Store) closeFiles() {
	if s.reader != nil {
		s.reader.Close()
	}
	if s.conn != nil {
		s.conn.close()
		s.conn = nil
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

// checkpointSoon has the write-ahead log copied into the database file beside the writer once
// it has grown by some megabytes. Readers may do so: it changes no data.
func (s *Store) checkpointSoon(records int64) {
	s.logged += records
	if s.logged < 8000 || !s.copying.CompareAndSwap(false, true) {
		return
	}
	s.logged = 0
	s.background.Go(func() {
		defer s.copying.Store(false)
		// A fault here leaves the log as it is: it is complete, and the next copy takes more.
		_, _ = s.reader.Exec("PRAGMA wal_checkpoint(PASSIVE)")
	})
}

// Reader is a pool of connections that can only read, for engines: the projection tables are
// those of register.Schema.Table, their columns those of the register's layout.
func (s *Store) Reader() *sql.DB { return s.reader }

var errClosed = errors.New("the store is closed")

// acquire takes the writer.
func (s *Store) acquire(ctx context.Context) error {
	select {
	case s.token <- struct{}{}:
		if s.conn == nil {
			s.release()
			return errClosed
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) release() { <-s.token }

// state finds an organization for writing.
func (s *Store) state(org id.Org) (*orgState, error) {
	o, ok := s.orgs[org]
	if !ok {
		return nil, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no organization %q", org)}
	}
	if _, is := o.signer.(foreign); is {
		return o, errors.Join(o.fault, copied(ledger.Origin(org)))
	}
	if s.conf.ReadOnly {
		return o, errors.Join(o.fault, unwritable(s.conf.Dir, nil))
	}
	return o, o.fault
}

// begin starts the transaction of whoever holds the writer.
func (s *Store) begin() error {
	s.batches = s.batches[:0]
	return s.explain(s.conn.do("BEGIN IMMEDIATE"))
}

// commit makes the transaction durable and takes over what it did.
func (s *Store) commit() error {
	if err := s.explain(s.conn.do("COMMIT")); err != nil {
		s.abandon()
		// Whether it became durable is known only to the database: ask it before going on.
		for _, b := range s.batches {
			if e := s.loadTree(context.Background(), b.o); e != nil {
				b.o.fault = e
			}
		}
		return err
	}
	for _, b := range s.batches {
		b.o.tree, b.o.received = b.tree, b.received
	}
	return nil
}

// abandon leaves no trace of the transaction.
func (s *Store) abandon() {
	for _, b := range s.batches {
		_ = b.wait() // what it wrote goes too
	}
	s.conn.rollback()
	if s.full.Swap(false) {
		// What did not fit still lies in the log: give the space back. If a reader keeps the log
		// in use, the next checkpoint does.
		_ = s.conn.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	}
	for _, b := range s.batches {
		for _, t := range b.fresh {
			delete(b.o.tables, t.register)
		}
	}
}

// transact runs fn in a transaction. The caller holds the writer.
func (s *Store) transact(fn func() error) error {
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.explain(fn()); err != nil {
		s.abandon()
		return err
	}
	return s.commit()
}

// explain gives an error of SQLite a kind and a remedy where a person can help.
func (s *Store) explain(err error) error {
	var e *sqlError
	if !errors.As(err, &e) {
		return err
	}
	switch e.code & 0xff {
	case 13, 10: // SQLITE_FULL; a full disk also shows as SQLITE_IOERR while writing
		if e.code&0xff == 10 && e.code>>8 != 3 && e.code>>8 != 4 {
			break
		}
		s.full.Store(true)
		return &fault.Error{
			Kind: syscall.ENOSPC, File: s.conf.Dir, What: "no space is left for the database: nothing of this was stored", Err: err,
			Hint: "free space on the disk of the data folder and repeat; what was stored before is unharmed",
		}
	case 8, 14: // SQLITE_READONLY, SQLITE_CANTOPEN
		return unwritable(s.conf.Dir, err)
	case 11, 26: // SQLITE_CORRUPT, SQLITE_NOTADB
		return &fault.Error{
			Kind: fault.Integrity, File: s.conf.Dir, What: "the database file is damaged", Err: err,
			Hint: "restore the data folder from its backup and run assay verify",
		}
	}
	return err
}

// tree root of a prefix, from the stored tiles.
func (s *Store) rootAt(ctx context.Context, org id.Org, size int64) (tlog.Hash, error) {
	return tlog.TreeHash(size, s.tiles(ctx, org))
}
