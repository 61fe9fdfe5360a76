package verify

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const tileFolder = "ledger/tiles/0/"

// tilePath is the place of level-0 tile n in the layout of C2SP tlog-tiles.
func tilePath(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return tileFolder + s
}

// tiles are the leaf hashes as they stood when the package was made. They are in the manifest
// and so sealed apart from the files of records: where the two differ lies the change.
type tiles struct {
	c     *container
	sums  map[string]string // SHA-256 of each entry as the manifest lists it
	names []string          // by number
	last  int               // leaves of the last one
	leafs int64
	at    int // number of the tile in data
	data  []byte
	ok    bool // data was read and is what the manifest says
	wrong int64
}

// newTiles lists the tiles of a package and reports entries that are none.
func newTiles(c *container, sums map[string]string, rep *Report) tiles {
	t := tiles{c: c, sums: sums, at: -1, last: tileWidth}
	for {
		full := tilePath(int64(len(t.names)))
		if c.files[full] == nil {
			break
		}
		t.names = append(t.names, full)
	}
	t.leafs = int64(len(t.names)) * tileWidth
	part := tilePath(int64(len(t.names))) + ".p/"
	known := map[string]bool{}
	for _, n := range t.names {
		known[n] = true
	}
	for _, n := range c.names {
		if !strings.HasPrefix(n, "ledger/tiles/") || known[n] {
			continue
		}
		w, err := strconv.Atoi(strings.TrimPrefix(n, part))
		if err != nil || w < 1 || w >= tileWidth || n != part+strconv.Itoa(w) || t.last != tileWidth {
			rep.entryFault(Entry, n, "not a tile that belongs here")
			continue
		}
		t.names, t.last, t.leafs = append(t.names, n), w, t.leafs+int64(w)
	}
	return t
}

// compare holds the leaves of a block against the tiles and reports the lines that differ.
func (t *tiles) compare(b *block, differ func(at int, what string)) {
	for i, leaf := range b.out.leaves {
		index := b.first + int64(i)
		if index >= t.leafs {
			if index == t.leafs {
				differ(i, "was not in the ledger when it was sealed: the tiles end before it")
			}
			return
		}
		want, ok := t.leaf(index)
		if ok && want != leaf {
			if t.wrong++; t.wrong <= maxFaults {
				differ(i, "is not the record that was sealed here")
			}
		}
	}
}

// leaf returns the hash that the tiles hold for an index, and false when they cannot be trusted.
func (t *tiles) leaf(index int64) (tlog.Hash, bool) {
	if n := int(index / tileWidth); n != t.at {
		t.load(n)
	}
	if !t.ok {
		return tlog.Hash{}, false
	}
	return tlog.Hash(t.data[index%tileWidth*tlog.HashSize:][:tlog.HashSize]), true
}

func (t *tiles) load(n int) {
	t.at, t.ok = n, false
	name := t.names[n]
	width := tileWidth
	if n == len(t.names)-1 {
		width = t.last
	}
	if t.c.files[name].UncompressedSize64 != uint64(width*tlog.HashSize) {
		return // the manifest will say so
	}
	e, err := t.c.open(name)
	if err != nil {
		return
	}
	if cap(t.data) < tileWidth*tlog.HashSize {
		t.data = make([]byte, tileWidth*tlog.HashSize)
	}
	t.data = t.data[:width*tlog.HashSize]
	_, err = io.ReadFull(e, t.data)
	if e.Close() != nil || err != nil {
		return
	}
	sum, _ := t.c.sum(name)
	want, listed := t.sums[name]
	// A tile that is itself altered says nothing about the records; the manifest names it.
	t.ok = !listed || want == hex.EncodeToString(sum[:])
}
