package verify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// held is a checkpoint that the reader kept, and what became of it.
type held struct {
	Checkpoint
	what string // why it cannot be believed, or ""
}

// earlier is a package that the reader kept: its tiles lead to the very record that changed.
type earlier struct {
	tiles tiles
	size  int64 // of its tree, the seal included
	seal  tlog.Hash
	found bool
	close func() error
}

// readHeld reads a file of checkpoints, or an earlier package.
func readHeld(path string) (notes [][]byte, e *earlier, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	head := make([]byte, 4)
	if n, _ := io.ReadFull(f, head); n == 4 && string(head) == "PK\x03\x04" {
		note, e, err := readEarlier(f)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
		}
		return [][]byte{note}, e, nil
	}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxNotes))
	if err != nil {
		return nil, nil, err
	}
	notes, err = splitNotes(b)
	for _, n := range notes {
		if err == nil {
			_, err = parseCheckpoint(n)
		}
	}
	if err == nil && len(notes) == 0 {
		err = errCheckpointForm
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return notes, nil, err
}

// readEarlier takes the checkpoint and the leaves out of an earlier package, and holds the
// leaves against the checkpoint, so that a comparison with them is one with what was signed.
func readEarlier(f *os.File) ([]byte, *earlier, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	var rep Report
	c, err := openContainer(f, st.Size(), &rep)
	if err != nil {
		return nil, nil, err
	}
	if c == nil {
		return nil, nil, errors.New(rep.Faults[0].String())
	}
	note, err := c.whole("checkpoint", maxText)
	if err != nil {
		return nil, nil, fmt.Errorf("checkpoint: %w", err)
	}
	cp, err := parseCheckpoint(note)
	if err != nil {
		return nil, nil, err
	}
	line, err := c.whole("seal", maxLine)
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	seal, _, err := commit([]byte(strings.TrimSuffix(string(line), "\n")))
	if err != nil {
		return nil, nil, fmt.Errorf("seal: %w", err)
	}
	e := &earlier{tiles: newTiles(c, nil, &rep), size: cp.Size, seal: seal, close: f.Close}
	var s stack
	for i := range e.tiles.leafs {
		h, ok := e.tiles.leaf(i)
		if !ok {
			return nil, nil, fmt.Errorf("the tile of record #%d cannot be read", i)
		}
		s.push(node{0, h}, i+1)
	}
	s.push(node{0, seal}, e.tiles.leafs+1)
	if e.tiles.leafs+1 != cp.Size || s.root() != cp.Root {
		return nil, nil, errors.New("its tiles do not lead to its own checkpoint; give the checkpoint alone")
	}
	return note, e, nil
}

// compare names the first record that is not the one of the earlier package.
func (e *earlier) compare(l *ledger, b *block) {
	for i, leaf := range b.out.leaves {
		index := b.first + int64(i)
		if e.found || index >= e.size {
			return
		}
		want := e.seal
		if index < e.tiles.leafs {
			want, _ = e.tiles.leaf(index)
		}
		if want != leaf {
			e.found = true
			l.fault(b, i, "is not the record that stood here in the package you kept")
		}
	}
}
