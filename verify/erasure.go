package verify

import (
	"encoding/json"
	"errors"
	"fmt"
)

// erasure notes what a record of assay.erasures lists. Only earlier records can be erased, so
// a list that names a later one is refused, and a line without content that no list names is
// content that somebody withheld.
func (l *ledger) erasure(r record, index int64) error {
	if _, err := object(r.body); err != nil {
		return err
	}
	var body struct {
		Indexes  []int64  `json:"indexes"`
		Register string   `json:"register"`
		Blobs    []string `json:"blobs"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		return fmt.Errorf("an erasure must list ledger indexes: %w", err)
	}
	for _, i := range body.Indexes {
		if i < 0 || i >= index {
			return errors.New("an erasure lists a record that does not stand before it")
		}
		l.listed.set(i)
		l.erasedOf[body.Register]++
	}
	for _, b := range body.Blobs {
		l.blobs[b] = true
	}
	return nil
}
