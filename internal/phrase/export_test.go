package phrase

// Table is the German table as it was read, with the fault in it.
func Table() (map[string]string, error) { return german() }

// Read parses a table of translations.
var Read = read
