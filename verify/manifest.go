package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// manifest lists every entry of a package but itself, the seal and the checkpoint.
type manifest struct {
	Created string          `json:"created"`
	Entries []manifestEntry `json:"entries"`
	Format  string          `json:"format"`
	Org     struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"organization"`
	Origin string `json:"origin"`
	Period struct {
		From string `json:"from"`
		To   string `json:"to"`
		Zone string `json:"zone"`
	} `json:"period"`
	Records int64 `json:"records"`
}

type manifestEntry struct {
	Bytes  int64  `json:"bytes"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

const manifestFormat = "assay-package/1"

var errManifest = errors.New("not the canonical form of a manifest: a name, a value or the order of the entries is spelt in another way")

// parseManifest reads a manifest and compares it with its own canonical form, so that no
// unknown, repeated or differently spelt member passes.
func parseManifest(b []byte) (*manifest, error) {
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, err
	}
	if !bytes.Equal(m.canonical(len(b)), b) {
		return nil, errManifest
	}
	if m.Format != manifestFormat {
		return nil, errors.New("format " + strconv.Quote(m.Format) + "; this program reads " + manifestFormat)
	}
	if _, ok := instant([]byte(m.Created)); !ok || m.Records < 0 {
		return nil, errManifest
	}
	for i, e := range m.Entries {
		var sum [32]byte
		if !unhex(sum[:], []byte(e.SHA256)) || e.Bytes < 0 || i > 0 && m.Entries[i-1].Name >= e.Name {
			return nil, errManifest
		}
	}
	return &m, nil
}

// canonical prints the manifest as RFC 8785 does: members by name, no white space.
func (m *manifest) canonical(size int) []byte {
	b := append(make([]byte, 0, size+64), `{"created":`...)
	b = appendText(b, m.Created)
	b = append(b, `,"entries":[`...)
	for i, e := range m.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"bytes":`...), e.Bytes, 10)
		b = appendText(append(b, `,"name":`...), e.Name)
		b = appendText(append(b, `,"sha256":`...), e.SHA256)
		b = append(b, '}')
	}
	b = appendText(append(b, `],"format":`...), m.Format)
	b = appendText(append(b, `,"organization":{"id":`...), m.Org.ID)
	b = appendText(append(b, `,"name":`...), m.Org.Name)
	b = appendText(append(b, `},"origin":`...), m.Origin)
	b = appendText(append(b, `,"period":{"from":`...), m.Period.From)
	b = appendText(append(b, `,"to":`...), m.Period.To)
	b = appendText(append(b, `,"zone":`...), m.Period.Zone)
	b = strconv.AppendInt(append(b, `},"records":`...), m.Records, 10)
	return append(b, '}')
}
