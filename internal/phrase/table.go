package phrase

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed de.yaml
var germanFile []byte

// german is read when the first German sentence is asked for. A fault in the file leaves the
// table empty and the product English; a test finds it.
var german = sync.OnceValues(func() (map[string]string, error) { return read(germanFile) })

// read parses a table of translations: one flat map. A key that stands twice is refused.
func read(file []byte) (map[string]string, error) {
	table := map[string]string{}
	if err := yaml.Unmarshal(file, &table); err != nil {
		return nil, fmt.Errorf("read translations: %w", err)
	}
	return table, nil
}

// say looks the sentence up; one that is missing or left empty stays English.
func (l Lang) say(english string) string {
	if l != German {
		return english
	}
	table, _ := german()
	if said := table[english]; said != "" {
		return said
	}
	return english
}

// Keys lists the English sentences that stand in the table, sorted, with or without a
// translation. It is for tests.
func Keys() []string {
	table, _ := german()
	return slices.Sorted(maps.Keys(table))
}
