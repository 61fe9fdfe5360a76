package publish

import (
	"archive/zip"
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// entry is one line of the manifest.
type entry struct {
	name, sum string
	size      int64
}

// archive writes the entries of a zip and keeps what the manifest says of each.
type archive struct {
	zip     *zip.Writer
	at      time.Time
	entries []entry
	names   map[string]bool
}

func newArchive(w io.Writer, at time.Time) *archive {
	return &archive{zip: zip.NewWriter(w), at: at, names: map[string]bool{}}
}

// method decides how an entry is kept. Tiles do not compress and Parquet is compressed already.
// Records are deflated: that makes them a fifth as large, and verifying a million of them took
// 1.0 to 1.7 times as long as sha256sum over them, against 0.8 to 0.9 times when stored.
func method(name string) uint16 {
	if strings.HasPrefix(name, "ledger/tiles/") || strings.HasPrefix(name, "populations/") {
		return zip.Store
	}
	return zip.Deflate
}

// put writes an entry and lists it.
func (a *archive) put(name string, fill func(io.Writer) error) (entry, error) {
	if a.names[name] {
		return entry{}, fault.Refuse("the package would hold two entries named %s", name)
	}
	a.names[name] = true
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method(name), Modified: a.at})
	if err != nil {
		return entry{}, fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.New()
	n := &counter{}
	b := bufio.NewWriterSize(io.MultiWriter(w, sum, n), 128<<10)
	if err := fill(b); err != nil {
		return entry{}, fmt.Errorf("write %s: %w", name, err)
	}
	if err := b.Flush(); err != nil {
		return entry{}, fmt.Errorf("write %s: %w", name, err)
	}
	e := entry{name, hex.EncodeToString(sum.Sum(nil)), n.n}
	a.entries = append(a.entries, e)
	return e, nil
}

func (a *archive) bytes(name string, b []byte) (entry, error) {
	return a.put(name, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// manifest prints the list of the entries so far as RFC 8785 does.
func (p *packer) manifest() []byte {
	entries := slices.Clone(p.zip.entries)
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	b := appendText([]byte(`{"created":`), p.m.Created.String())
	b = append(b, `,"entries":[`...)
	for i, e := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"bytes":`...), e.size, 10)
		b = appendText(append(b, `,"name":`...), e.name)
		b = append(appendText(append(b, `,"sha256":`...), e.sum), '}')
	}
	b = append(b, `],"format":"assay-package/1","organization":{"id":`...)
	b = appendText(b, string(p.m.Organization))
	b = appendText(append(b, `,"name":`...), p.m.Name)
	b = appendText(append(b, `},"origin":`...), p.origin())
	period := p.m.Results.Period
	b = appendText(append(b, `,"period":{"from":`...), period.From.String())
	b = appendText(append(b, `,"to":`...), period.To.String())
	b = appendText(append(b, `,"zone":`...), period.Zone.String())
	b = strconv.AppendInt(append(b, `},"records":`...), p.size, 10)
	return append(b, '}')
}

// appendText appends a text as RFC 8785 spells it. It must be UTF-8.
func appendText(dst []byte, s string) []byte {
	const short = "\bb\ff\nn\rr\tt\"\"\\\\"
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			dst = append(dst, c)
			continue
		}
		spelt := fmt.Sprintf(`\u%04x`, c)
		for j := 0; j < len(short); j += 2 {
			if short[j] == c {
				spelt = `\` + short[j+1:j+2]
			}
		}
		dst = append(dst, spelt...)
	}
	return append(dst, '"')
}
