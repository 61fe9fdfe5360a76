package verify

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	recordFile = "ledger/records-%06d.txt"
	fileLines  = 100_000 // most lines of one file of records
	tileWidth  = 256     // leaves of a full tile, C2SP tlog-tiles
	blockSize  = 512 << 10
)

// A block is a piece of a file of records that ends with a line, on its way from the reader
// through a worker to the merger.
type block struct {
	buf   []byte
	entry string
	first int64 // ledger index of its first line
	line  int   // number of that line in the file
	count int   // lines
	cuts  []int64
	out   outcome
	done  chan struct{}
}

// outcome is what a worker found in a block.
type outcome struct {
	leaves   []tlog.Hash
	ends     []int // end of each line in buf, its line feed left out
	pieces   []piece
	marks    []mark
	received [2][26]byte // first and last
	erased   int64
}

// piece is a run of subtrees that ends at a size where the root may be wanted.
type piece struct {
	nodes stack
	start int64
	end   int64
}

// markKind says why a line needs a look by itself.
type markKind int

const (
	markBad     markKind = iota // not a line in the one spelling
	markForm                    // not a canonical record at its end
	markBack                    // received before its predecessor
	markErased                  // an erased record
	markPull                    // a record of assay.pulls
	markErasure                 // a record of assay.erasures
	markNamed                   // a record that a finding names
	markWatched                 // a record whose leaf a proof needs
)

type mark struct {
	kind markKind
	at   int // line in the block
	name uint64
}

// watchedLeaf is what a proof is held against.
type watchedLeaf struct {
	hash     tlog.Hash
	register string
}

// ledger streams the records of a package: one reader inflates and hashes the files, workers
// compute commitments, leaves and subtrees, the caller merges in order. Its memory is a fixed
// number of blocks, whatever the number of records.
type ledger struct {
	c       *container
	rep     *Report
	seed    maphash.Seed
	wanted  map[uint64]int // records that findings name, by the hash of their name
	found   []bool         // which of them the ledger holds
	watched map[int64]bool // indexes whose leaf a proof needs
	leaves  map[int64]watchedLeaf
	cuts    []int64 // sizes at which the root is wanted, ascending
	free    chan []byte

	stack    stack
	size     int64
	roots    map[int64]tlog.Hash
	tiles    tiles
	earlier  []*earlier // packages that the reader kept
	erased   bitset
	listed   bitset
	blobs    map[string]bool  // blobs that erasures list
	erasedOf map[string]int64 // records that erasures list, by register
	ages     []int64          // records whose received time is wanted, ascending
	aged     map[int64]string // those times; none of a record that was erased
	pulled   []string         // blobs that pulls name
	received [26]byte
	stopped  []Fault // by the reader
	broken   bool    // a file could not be read to its end: later indexes mean nothing
}

// run reads every file of records and leaves the tree, the roots and the marks behind.
func (l *ledger) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := max(1, runtime.GOMAXPROCS(0))
	depth := workers + 2
	l.free = make(chan []byte, depth+2)
	for range depth + 2 {
		l.free <- nil // made when it is needed: small packages need one
	}
	jobs, ordered := make(chan *block, depth), make(chan *block, depth)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(jobs)
		defer close(ordered)
		l.read(ctx, func(b *block) bool {
			select {
			case ordered <- b:
			case <-ctx.Done():
				return false
			}
			select {
			case jobs <- b:
			case <-ctx.Done():
				close(b.done)
				return false
			}
			return true
		})
	})
	for range workers {
		wg.Go(func() {
			for b := range jobs {
				l.work(b)
				close(b.done)
			}
		})
	}
	for b := range ordered {
		<-b.done
		if ctx.Err() == nil {
			l.merge(b)
		}
		l.free <- b.buf[:cap(b.buf)]
	}
	wg.Wait()
	for _, f := range l.stopped {
		l.rep.fault(f)
	}
	return ctx.Err()
}

// files returns the names of the files of records in order, and reports names out of order.
func (l *ledger) files() []string {
	var out []string
	for _, n := range l.c.names {
		if strings.HasPrefix(n, "ledger/records-") {
			if n != fmt.Sprintf(recordFile, len(out)) {
				l.breakAt(n, "expected %s here: a file of records is missing or renamed", fmt.Sprintf(recordFile, len(out)))
				break
			}
			out = append(out, n)
		}
	}
	return out
}

// breakAt notes what keeps the reader from going on. The report belongs to the merger.
func (l *ledger) breakAt(name, format string, args ...any) {
	l.broken = true
	l.stopped = append(l.stopped, Fault{Kind: Entry, Index: -1, Entry: name, What: fmt.Sprintf(format, args...)})
}

// read cuts the files into blocks of whole lines and sends them.
func (l *ledger) read(ctx context.Context, send func(*block) bool) {
	next := int64(0)
	for _, name := range l.files() {
		e, err := l.c.open(name)
		if err == nil {
			var ok bool
			next, ok, err = l.readFile(ctx, e, name, next, send)
			_ = e.rc.Close()
			if !ok && err == nil {
				return
			}
		}
		if err != nil {
			l.breakAt(name, "cannot be read on after record #%d: %v", next-1, err)
			return
		}
	}
}

var errLong = fmt.Errorf("a line is longer than %d bytes", maxLine)

func (l *ledger) readFile(ctx context.Context, e io.Reader, name string, next int64, send func(*block) bool) (int64, bool, error) {
	line := 1
	var rest []byte // the part of a line that the last block ended in
	for {
		var buf []byte
		select {
		case buf = <-l.free:
		case <-ctx.Done():
			return next, false, nil
		}
		// A block that grew for a long line is not kept.
		if size := blockOf(e); cap(buf) < size || cap(buf) > 2*blockSize {
			buf = make([]byte, size)
		}
		if len(rest)+chunkSize > len(buf) {
			buf = make([]byte, 2*len(rest)+blockSize)
		}
		n := copy(buf, rest)
		m, err := io.ReadFull(e, buf[n:])
		buf = buf[:n+m]
		ended := err == io.EOF || err == io.ErrUnexpectedEOF && readToEnd(e)
		if err != nil && !ended {
			l.free <- buf
			return next, false, err
		}
		whole := bytes.LastIndexByte(buf, '\n') + 1
		if ended {
			whole = len(buf)
		}
		rest = append([]byte(nil), buf[whole:]...)
		if len(rest) > maxLine {
			return next, false, errLong
		}
		if whole == 0 {
			l.free <- buf[:cap(buf)]
			if ended {
				return next, true, nil
			}
			continue
		}
		b := &block{buf: buf[:whole], entry: name, first: next, line: line, done: make(chan struct{})}
		b.count = bytes.Count(b.buf, []byte{'\n'})
		if b.buf[whole-1] != '\n' {
			b.count++
		}
		next, line = next+int64(b.count), line+b.count
		b.cuts = l.cutsWithin(b.first, next)
		if !send(b) {
			return next, false, nil
		}
		if ended {
			return next, true, nil
		}
	}
}

// blockOf is the size of a block for an entry: small ones need no large block.
func blockOf(r io.Reader) int {
	if e, ok := r.(*entry); ok && e.left < blockSize-chunkSize {
		return int(e.left) + chunkSize + 1
	}
	return blockSize
}

// readToEnd tells a real end of an entry from one that came too early.
func readToEnd(r io.Reader) bool {
	e, ok := r.(*entry)
	if !ok {
		return true
	}
	_, done := e.c.sum(e.name)
	return done
}

func (l *ledger) cutsWithin(first, next int64) []int64 {
	i, _ := slices.BinarySearch(l.cuts, first+1)
	j, _ := slices.BinarySearch(l.cuts, next+1)
	return l.cuts[i:j]
}

// merge takes a finished block, in order.
func (l *ledger) merge(b *block) {
	l.tiles.compare(b, func(i int, what string) { l.fault(b, i, "%s", what) })
	for _, e := range l.earlier {
		e.compare(l, b)
	}
	for _, p := range b.out.pieces {
		at := p.start
		for _, n := range p.nodes {
			at += n.width()
			l.stack.push(n, at)
		}
		if _, ok := slices.BinarySearch(l.cuts, p.end); ok {
			l.roots[p.end] = l.stack.root()
		}
	}
	for i, _ := slices.BinarySearch(l.ages, b.first); i < len(l.ages) && l.ages[i] < b.first+int64(b.count); i++ {
		if e, ok := scan(b.text(int(l.ages[i] - b.first))); ok {
			l.aged[l.ages[i]] = string(e.received)
		}
	}
	if b.line+b.count-1 > fileLines {
		l.rep.entryFault(Entry, b.entry, "more than %d lines", fileLines)
	}
	l.times(b)
	for _, m := range b.out.marks {
		l.marked(b, m)
	}
	l.size = b.first + int64(b.count)
	l.rep.Erased += b.out.erased
}

// times checks that received times never decrease from block to block, and keeps the extremes.
func (l *ledger) times(b *block) {
	var none [26]byte
	first, last := b.out.received[0], b.out.received[1]
	if last == none {
		return
	}
	if l.received == none {
		l.rep.FirstReceived = shown(first)
	} else if bytes.Compare(first[:], l.received[:]) < 0 {
		l.fault(b, 0, "received before a record that stands before it")
	}
	l.received = last
	l.rep.LastReceived = shown(last)
}

// shown is an instant in its one spelling.
func shown(t [26]byte) string {
	return strings.TrimRight(strings.TrimRight(string(t[:]), "0"), ".") + "Z"
}

// text returns the record in a line of a block. The salt of a record has been overwritten by
// then; its canonical text has not.
func (b *block) text(at int) []byte {
	from := 0
	if at > 0 {
		from = b.out.ends[at-1] + 1
	}
	line := b.buf[from:b.out.ends[at]]
	if len(line) > saltText+1 && line[saltText+1] == '{' {
		return line[saltText+1:]
	}
	if i := bytes.IndexByte(line, '{'); i >= 0 {
		return line[i:]
	}
	return nil
}

// register is the register of the record in a line, "" when it was erased.
func (b *block) register(at int) string {
	e, _ := scan(b.text(at))
	return string(e.register)
}

// fault adds a fault of the record in a line of a block.
func (l *ledger) fault(b *block, at int, format string, args ...any) {
	f := Fault{Kind: Record, Index: b.first + int64(at), Entry: b.entry, Line: b.line + at, What: fmt.Sprintf(format, args...)}
	if rec := b.text(at); rec != nil {
		f.Record = printable(describe(rec))
	}
	l.rep.fault(f)
}

func (l *ledger) marked(b *block, m mark) {
	index := b.first + int64(m.at)
	switch m.kind {
	case markBad:
		l.fault(b, m.at, "%v", errLine)
	case markForm:
		l.fault(b, m.at, "the record is not in its canonical form")
	case markBack:
		l.fault(b, m.at, "received before the record that stands before it")
	case markErased:
		l.erased.set(index)
	case markWatched:
		l.leaves[index] = watchedLeaf{b.out.leaves[m.at], b.register(m.at)}
	case markNamed:
		if _, err := parseRecord(b.text(m.at)); err != nil {
			l.fault(b, m.at, "%v", err)
			return
		}
		l.found[l.wanted[m.name]] = true
	case markPull, markErasure:
		r, err := parseRecord(b.text(m.at))
		if err == nil && m.kind == markPull {
			err = l.pull(r)
		} else if err == nil {
			err = l.erasure(r, index)
		}
		if err != nil {
			l.fault(b, m.at, "%v", err)
		}
	}
}

// pull notes which blob a pull keeps: blob names its place, file its content.
func (l *ledger) pull(r record) error {
	ms, err := object(r.body)
	if err != nil {
		return err
	}
	l.rep.Pulls++
	var blob, file string
	for _, m := range ms {
		switch m.name {
		case "blob":
			blob, _ = unquote(m.raw)
		case "file":
			file, _ = unquote(m.raw)
		}
	}
	if blob == "" {
		l.rep.BlobsNotKept++
		return nil
	}
	var sum [32]byte
	if !unhex(sum[:], []byte(file)) {
		return errors.New("the pull keeps a blob, but its field file is no SHA-256")
	}
	l.pulled = append(l.pulled, hex.EncodeToString(sum[:]))
	return nil
}
