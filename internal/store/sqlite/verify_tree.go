package sqlite

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
)

func (v *verifier) dbTile(level int, n int64) ([]byte, error) {
	sql := "SELECT level, hashes FROM tiles WHERE org = ?1 AND n = ?2 AND level = ?3"
	if level == 0 {
		sql = leavesOf
	}
	q, err := v.c.prepare(sql)
	if err != nil {
		return nil, err
	}
	q.text(string(v.o.id)).int(n)
	if level > 0 {
		q.int(int64(level))
	}
	var b []byte
	err = q.rows(func() error {
		if level == 0 {
			b = appendLeaf(b, q.colBytes(1))
		} else {
			b = slices.Clone(q.colBytes(1))
		}
		return nil
	})
	return b, err
}

func (v *verifier) keptLeaf(index int64) (tlog.Hash, bool, error) {
	if index >= v.anchor.Size {
		return tlog.Hash{}, false, nil
	}
	if index%ledger.TileWidth == 0 {
		var err error
		if v.kept, err = v.s.anchor.tile(v.o.id, 0, index/ledger.TileWidth, v.anchor.Size); err != nil {
			return tlog.Hash{}, false, err
		}
	}
	h, ok := hashIn(v.kept, index)
	return h, ok, nil
}

func hashIn(tile []byte, index int64) (h tlog.Hash, ok bool) {
	at := int(index%ledger.TileWidth) * tlog.HashSize
	if at+tlog.HashSize > len(tile) {
		return h, false
	}
	copy(h[:], tile[at:])
	return h, true
}

// upperTile checks a tile above the leaves against those below it.
func (v *verifier) upperTile(level int, n int64, hashes []tlog.Hash) error {
	if level == 0 {
		return nil
	}
	b, err := v.dbTile(level, n)
	if err != nil {
		return err
	}
	for i, h := range hashes {
		if kept, ok := hashIn(b, int64(i)); !ok || kept != h {
			first := (n*ledger.TileWidth + int64(i)) << (ledger.TileHeight * level)
			v.defect(record.Tile, -1, "", "hash %d of tile %d/%d of the tree is not what the records make, of which the first is #%d", i, level, n, first)
			return nil
		}
	}
	if len(b) != len(hashes)*tlog.HashSize {
		v.defect(record.Tile, -1, "", "tile %d/%d of the tree is longer than the ledger", level, n)
	}
	return nil
}
