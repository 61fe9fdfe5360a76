package publish

// Bounds on JSON that becomes values in memory: an empty object of three bytes becomes a value of some hundred.
const (
	mostResults = 50_000    // tests of results.json
	mostObjects = 4_000_000 // objects and nulls in it: findings, with what each of them holds
)

// counted counts the objects and nulls of a JSON text, and how many of them stand right in a list of the outermost object. Of what is no
// JSON it says something; reading it refuses that.
func counted(b []byte) (all, outer int) {
	depth, text := 0, false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == 'n':
			all++
			if depth == 2 {
				outer++
			}
			if c == '{' {
				depth++
			}
		case c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return all, outer
}

// bounded refuses results that would become far more in memory than they are in the package.
func bounded(b []byte) error {
	switch all, outer := counted(b); {
	case outer > mostResults:
		return broken("results.json", "holds %d results; at most %d are read", outer, mostResults)
	case all > mostObjects:
		return broken("results.json", "holds %d objects; at most %d are read", all, mostObjects)
	}
	return nil
}
