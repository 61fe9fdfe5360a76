package shell

import "strings"

const darkMedia = "@media screen and (prefers-color-scheme: dark) {"

// Themed lets a reader choose between light and dark: what a style sheet says for systems that are dark holds for them unless
// light was chosen, and everywhere where dark was.
func Themed(css string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(css, darkMedia)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		body, after := block(rest)
		out.WriteString(darkMedia + strings.ReplaceAll(body, ":root", `:root:not([data-theme="light"])`) + "}\n")
		out.WriteString("@media screen {" + strings.ReplaceAll(body, ":root", `:root[data-theme="dark"]`) + "}")
		css = after
	}
}

// block splits at the brace that ends a block.
func block(s string) (body, after string) {
	depth := 1
	for i, c := range s {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}
