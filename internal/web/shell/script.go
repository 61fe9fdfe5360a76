package shell

import "github.com/assayhq/assay/internal/web/elements"

func scriptPhrases() []string { return elements.Phrases() }
