package intake

import (
	"context"

	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

func count(ctx context.Context, n int64) string { return shell.From(ctx).Lang.Count(n) }

// fileField is the field of the file. It stands last, so that what is said of the file is known when its first byte comes.
func fileField(ctx context.Context, f shell.Form) shell.Field {
	x := shell.Field{Name: "file", Label: shell.T(ctx, "File"), Type: "file", Required: true}
	for _, y := range f.Fields {
		if y.Name == x.Name {
			x.Error = y.Error
		}
	}
	return x
}

var categoryNames = map[string]string{
	"availability": phrase.Mark("Availability"), "processing_integrity": phrase.Mark("Processing integrity"),
	"confidentiality": phrase.Mark("Confidentiality"), "privacy": phrase.Mark("Privacy"),
}
