// Package elements is the front end of the pages: custom elements and their style sheet, as two files that the
// pages name by their hash. The sources are TypeScript and CSS in src; what is served is bundled from them and kept in dist,
// so that neither a build nor a run needs Node. Every element wraps what works without script.
package elements

import (
	"crypto/sha256"
	_ "embed" // the bundles
	"encoding/hex"
	"strings"
	"sync"
)

// Remake dist after a change of src:
//go:generate go test -run TestBundle -update .

//go:embed dist/app.js
var script []byte

//go:embed dist/app.css
var style []byte

//go:embed dist/phrases.txt
var phrases string

// Script is the bundle of all elements: ES2022, without eval, for script-src 'self'. Load it with defer. Callers leave it as it is.
func Script() []byte { return script }

// Style is the style sheet of the elements. It stands on the tokens of report.Style. Callers leave it as it is.
func Style() []byte { return style }

// ScriptName is a file name that changes with the script: what it names may be kept for ever.
func ScriptName() string { return names().script }

// StyleName is a file name that changes with the style sheet.
func StyleName() string { return names().style }

// Phrases are the English texts that the elements show, sorted. A page in another language carries the translations as a
// JSON object from phrase to text in <meta name="assay-phrases" content>; {names} in braces are filled in by the elements.
func Phrases() []string { return strings.Split(strings.TrimSuffix(phrases, "\n"), "\n") }

var names = sync.OnceValue(func() (n struct{ script, style string }) {
	n.script = "app." + digest(script) + ".js"
	n.style = "app." + digest(style) + ".css"
	return n
})

// digest is the start of the SHA-256, 12 hexadecimal digits: enough to tell versions of one file apart.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
