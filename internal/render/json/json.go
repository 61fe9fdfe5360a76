// Package json writes the model of a report as JSON, for programs that draw or compare it.
package json

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/assayhq/assay/internal/report"
)

// Render writes the model, indented, with a line feed at its end.
func Render(w io.Writer, r *report.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write report %s as JSON: %w", r.Kind, err)
	}
	return nil
}
