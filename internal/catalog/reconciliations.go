package catalog

import (
	"embed"
	"io/fs"
)

//go:embed reconciliations/*.yaml
var reconciliations embed.FS

// Reconciliations are the files that say which registers are compared with each other, and what of a
// register is recomputed; package collect reads and checks them. To add one, add a file.
func Reconciliations() fs.FS {
	sub, err := fs.Sub(reconciliations, "reconciliations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}
