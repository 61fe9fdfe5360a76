package sqlite

import (
	"encoding/binary"
	"fmt"
	"net/url"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// conn is a connection for the one writer and for the verifier. It speaks to SQLite without
// database/sql, which spends more time on handing over twenty values of a row than SQLite
// spends on storing them: values are copied into one buffer per statement instead of one
// allocation each, and the connection takes no mutex, because one goroutine at a time uses it.
type conn struct {
	tls     *libc.TLS
	db      uintptr
	stmts   map[string]*stmt
	scratch uintptr // eight bytes for results that SQLite returns through a pointer
}

// openConn opens a database file that the driver has already seen; flags as in sqlite3_open_v2.
func openConn(path string, pragmas ...string) (*conn, error) {
	return openWith(path, lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE, pragmas)
}

// openReadOnly opens a database file that nobody changes meanwhile.
func openReadOnly(path string, pragmas ...string) (*conn, error) {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?immutable=1"
	return openWith(name, lib.SQLITE_OPEN_READONLY|lib.SQLITE_OPEN_URI, pragmas)
}

func openWith(path string, flags int32, pragmas []string) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), stmts: map[string]*stmt{}}
	c.scratch = libc.Xcalloc(c.tls, 1, 8)
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	rc := lib.Xsqlite3_open_v2(c.tls, name, c.scratch, flags|lib.SQLITE_OPEN_NOMUTEX, 0)
	c.db = c.pointer()
	if rc != lib.SQLITE_OK {
		err := c.fail(rc, "open "+path)
		c.close()
		return nil, err
	}
	lib.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	lib.Xsqlite3_busy_timeout(c.tls, c.db, 10_000) // a reader's checkpoint may hold a lock for a moment
	for _, p := range pragmas {
		if err := c.exec("PRAGMA " + p); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *conn) pointer() uintptr {
	return uintptr(binary.NativeEndian.Uint64(libc.GoBytes(c.scratch, 8)))
}

func (c *conn) close() {
	for _, s := range c.stmts {
		s.free()
	}
	c.stmts = nil
	lib.Xsqlite3_close_v2(c.tls, c.db)
	libc.Xfree(c.tls, c.scratch)
	c.tls.Close()
}

// sqlError is a result code of SQLite with what was being done.
type sqlError struct {
	code int32
	text string
}

func (e *sqlError) Error() string { return e.text }

// Code is the extended result code.
func (e *sqlError) Code() int { return int(e.code) }

func (c *conn) fail(rc int32, doing string) error {
	text := "out of memory"
	if c.db != 0 {
		text = libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
	}
	if len(doing) > 80 {
		doing = doing[:80] + "..."
	}
	return &sqlError{rc, fmt.Sprintf("sqlite: %s: %s (%d)", doing, text, rc)}
}

// exec runs a script without values.
func (c *conn) exec(sql string) error {
	text, err := libc.CString(sql)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, text)
	if rc := lib.Xsqlite3_exec(c.tls, c.db, text, 0, 0, 0); rc != lib.SQLITE_OK {
		return c.fail(rc, sql)
	}
	return nil
}

// inTransaction reports whether a transaction is open; some errors end one by themselves.
func (c *conn) inTransaction() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// rollback ends a transaction if one is open.
func (c *conn) rollback() {
	if c.inTransaction() {
		_ = c.exec("ROLLBACK") // nothing is left to do about an error; the next BEGIN would show it
	}
}

// prepare returns the compiled statement of a text, which the connection keeps.
func (c *conn) prepare(sql string) (*stmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.compile(sql, lib.SQLITE_PREPARE_PERSISTENT)
	if err == nil {
		c.stmts[sql] = s
	}
	return s, err
}

// do runs a statement without values that is run often.
func (c *conn) do(sql string) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	return s.run()
}

func (c *conn) compile(sql string, flags uint32) (*stmt, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	if rc := lib.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(sql)+1), flags, c.scratch, 0); rc != lib.SQLITE_OK {
		return nil, c.fail(rc, sql)
	}
	return &stmt{c: c, sql: sql, p: c.pointer()}, nil
}

// stmt is a compiled statement with the buffer of its values.
type stmt struct {
	c     *conn
	sql   string
	p     uintptr
	param int32 // the parameter that the next value goes to, less one
	mem   uintptr
	view  []byte
	used  int
	old   []uintptr // smaller buffers, still named by values that were bound before
}

func (s *stmt) free() {
	lib.Xsqlite3_finalize(s.c.tls, s.p)
	s.release()
	if s.mem != 0 {
		libc.Xfree(s.c.tls, s.mem)
	}
}

func (s *stmt) release() {
	for _, p := range s.old {
		libc.Xfree(s.c.tls, p)
	}
	s.old = s.old[:0]
}

// place copies bytes to where SQLite can read them until the statement is reset.
func (s *stmt) place(n int) (uintptr, []byte) {
	if s.mem == 0 || s.used+n > len(s.view) {
		if s.mem != 0 {
			s.old = append(s.old, s.mem)
		}
		size := max(2*len(s.view), 4096, n)
		s.mem = libc.Xmalloc(s.c.tls, libc.Tsize_t(size))
		s.view, s.used = libc.GoBytes(s.mem, size), 0
	}
	at := s.used
	s.used += n
	return s.mem + uintptr(at), s.view[at : at+n]
}

// text, blob, int and null give the next parameter its value. A fault can only be a parameter
// that the statement does not have; running it then fails.
func (s *stmt) text(v string) *stmt {
	p, b := s.place(len(v))
	copy(b, v)
	s.param++
	lib.Xsqlite3_bind_text(s.c.tls, s.p, s.param, p, int32(len(v)), lib.SQLITE_STATIC)
	return s
}

func (s *stmt) blob(v []byte) *stmt {
	p, b := s.place(len(v))
	copy(b, v)
	s.param++
	lib.Xsqlite3_bind_blob(s.c.tls, s.p, s.param, p, int32(len(v)), lib.SQLITE_STATIC)
	return s
}

func (s *stmt) int(v int64) *stmt {
	s.param++
	lib.Xsqlite3_bind_int64(s.c.tls, s.p, s.param, v)
	return s
}

func (s *stmt) null() *stmt {
	s.param++
	lib.Xsqlite3_bind_null(s.c.tls, s.p, s.param)
	return s
}

// value gives the next parameter a value of a projection: nil, int64 or string.
func (s *stmt) value(v any) error {
	switch v := v.(type) {
	case nil:
		s.null()
	case int64:
		s.int(v)
	case string:
		s.text(v)
	default:
		return fmt.Errorf("a projection holds %T; expected nil, int64 or string", v)
	}
	return nil
}

// run executes a statement that answers no rows and makes it ready for the next values.
func (s *stmt) run() error {
	_, err := s.step()
	s.reset()
	return err
}

// step moves to the next row. After the last one, and after an error, reset must follow.
func (s *stmt) step() (bool, error) {
	switch rc := lib.Xsqlite3_step(s.c.tls, s.p); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.fail(rc, s.sql)
	}
}

func (s *stmt) reset() {
	lib.Xsqlite3_reset(s.c.tls, s.p)
	s.param, s.used = 0, 0
	s.release()
}

// rows runs a query and calls fn for each row.
func (s *stmt) rows(fn func() error) error {
	defer s.reset()
	for {
		more, err := s.step()
		if err != nil || !more {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
}

func (s *stmt) colInt(i int32) int64 { return lib.Xsqlite3_column_int64(s.c.tls, s.p, i) }

func (s *stmt) colNull(i int32) bool {
	return lib.Xsqlite3_column_type(s.c.tls, s.p, i) == lib.SQLITE_NULL
}

// colBytes is valid until the next step.
func (s *stmt) colBytes(i int32) []byte {
	p := lib.Xsqlite3_column_blob(s.c.tls, s.p, i)
	n := lib.Xsqlite3_column_bytes(s.c.tls, s.p, i)
	if p == 0 {
		return nil
	}
	return libc.GoBytes(p, int(n))
}

func (s *stmt) colText(i int32) string { return string(s.colBytes(i)) }

// colValue is a projection value: nil, int64 or string; anything else shows as its text.
func (s *stmt) colValue(i int32) any {
	switch lib.Xsqlite3_column_type(s.c.tls, s.p, i) {
	case lib.SQLITE_NULL:
		return nil
	case lib.SQLITE_INTEGER:
		return s.colInt(i)
	}
	return s.colText(i)
}
