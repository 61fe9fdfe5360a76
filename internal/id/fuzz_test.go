package id_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/id"
)

// FuzzMint: every identifier that is made can be read, and later ones sort after earlier ones.
func FuzzMint(f *testing.F) {
	f.Add(int64(1767225845000), int64(1), []byte("0123456789abcdef"))
	f.Add(int64(0), int64(0), bytes.Repeat([]byte{0xff}, 16))
	f.Fuzz(func(t *testing.T, at, later int64, chance []byte) {
		const end = 1 << 47 // milliseconds: the year 6429
		at, later = (at%end+end)%end, (later%end+end)%end
		chance = append(chance, make([]byte, 32)...)
		one, err := id.NewOrg(time.UnixMilli(at), bytes.NewReader(chance))
		if err != nil {
			t.Fatal(err)
		}
		if read, err := id.ParseOrg(string(one)); err != nil || read != one {
			t.Errorf("ParseOrg(%s) = %s, %v", one, read, err)
		}
		two, err := id.NewOrg(time.UnixMilli(later), bytes.NewReader(chance))
		if err != nil {
			t.Fatal(err)
		}
		if at < later != (one < two) {
			t.Errorf("%s of %d ms and %s of %d ms sort otherwise than their times", one, at, two, later)
		}
	})
}
