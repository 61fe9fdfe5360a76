package ledger

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight and TileWidth are those of C2SP tlog-tiles: level L, number N holds the hashes of
// 256 subtrees of 256^L leaves each.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// Tree is the right edge of a growing tree: all that appending and the root need. The zero
// value is the empty tree.
type Tree struct {
	size int64
	edge [][]tlog.Hash // by level of tiles: the hashes of the last tile while it is not full
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Clone copies the tree, so that a transaction may fail without a trace.
func (t *Tree) Clone() *Tree {
	c := &Tree{size: t.size, edge: make([][]tlog.Hash, len(t.edge))}
	for i, e := range t.edge {
		c.edge[i] = append(make([]tlog.Hash, 0, TileWidth), e...)
	}
	return c
}

// Append adds a leaf and calls full for each tile that it completes, lowest level first. The
// hashes are valid only during the call.
func (t *Tree) Append(leaf tlog.Hash, full func(level int, n int64, hashes []tlog.Hash) error) error {
	t.size++
	h := leaf
	for level := 0; ; level++ {
		if level == len(t.edge) {
			t.edge = append(t.edge, make([]tlog.Hash, 0, TileWidth))
		}
		t.edge[level] = append(t.edge[level], h)
		if len(t.edge[level]) < TileWidth {
			return nil
		}
		hashes := t.edge[level]
		n := t.size>>(TileHeight*(level+1)) - 1
		if err := full(level, n, hashes); err != nil {
			return err
		}
		h = merge(hashes)
		t.edge[level] = t.edge[level][:0]
	}
}

// Edge calls partial for each tile that is begun and not full.
func (t *Tree) Edge(partial func(level int, n int64, hashes []tlog.Hash) error) error {
	for level, e := range t.edge {
		if len(e) == 0 {
			continue
		}
		if err := partial(level, t.size>>(TileHeight*(level+1)), e); err != nil {
			return err
		}
	}
	return nil
}

// Root is the root of the tree (RFC 6962, section 2.1).
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	// An incomplete tile is the last, incomplete subtree of the level above: its size never
	// reaches the power of two at which the level above splits.
	var list []tlog.Hash
	for _, e := range t.edge {
		level := e
		if len(list) > 0 {
			level = append(slices.Clip(e), merge(list))
		}
		list = level
		if len(list) == 0 {
			continue
		}
	}
	return merge(list)
}

// merge is the root over subtrees of one size, of which the last may be smaller.
func merge(h []tlog.Hash) tlog.Hash {
	if len(h) == 1 {
		return h[0]
	}
	k := 1
	for k<<1 < len(h) {
		k <<= 1
	}
	return tlog.NodeHash(merge(h[:k]), merge(h[k:]))
}

// TreeAt rebuilds the edge of a tree from its stored tiles.
func TreeAt(size int64, tile func(level int, n int64) ([]byte, error)) (*Tree, error) {
	t := &Tree{size: size}
	for level := 0; size>>(TileHeight*level) > 0; level++ {
		width := int(size >> (TileHeight * level) & (TileWidth - 1))
		t.edge = append(t.edge, make([]tlog.Hash, 0, TileWidth))
		if width == 0 {
			continue
		}
		b, err := tile(level, size>>(TileHeight*(level+1)))
		if err != nil {
			return nil, err
		}
		hashes, err := SplitTile(b, width)
		if err != nil {
			return nil, err
		}
		t.edge[level] = append(t.edge[level], hashes...)
	}
	return t, nil
}
