package elements_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const nav = `<nav aria-label="Pages"><a href="/home" data-key="g h" data-key-label="Go to the home page">Home</a> <a href="/controls" data-key="g c" data-key-label="Go to the controls">Controls</a></nav>
<assay-keys><a href="/help/keys">Keyboard</a></assay-keys>`

// TestKeys: sequences, the list of shortcuts, the search field, and rows, all from the keyboard.
func TestKeys(t *testing.T) {
	t.Parallel()
	list := nav + `<label>Search <input type="search" data-search></label><ul data-rows><li><a href="/a">A</a></li><li hidden><a href="/b">B</a></li><li><a href="/c">C</a></li></ul>`
	p := newSite(t, map[string]string{"/": list, "/home": list, "/controls": list, "/c": "arrived"}).tab("/")
	p.keys("g", "c")
	p.until(`location.pathname === "/controls"`)
	p.keys("x", "g", "g", "h") // a false start does not spoil what follows
	p.until(`location.pathname === "/home"`)

	p.keys("?")
	p.is(`document.querySelector("dialog[open] h2").textContent`, "Keyboard")
	p.is(`[...document.querySelectorAll("dialog[open] dt")].map((x) => x.textContent + "=" + x.nextSibling.textContent).join("|")`,
		"g h=Go to the home page|g c=Go to the controls|?=This list|/=Search|j k=Next or previous row|Enter=Open the row|Esc=Close")
	p.keys("g", "c", kb.Escape)
	p.until(`location.pathname + document.querySelectorAll("dialog").length === "/home0"`)

	p.keys("/", "g", "c", "?")
	p.is(`document.activeElement.value + location.pathname`, "gc?/home")
	p.run(chromedp.Evaluate(`document.activeElement.blur()`, nil))
	p.keys("j", "j", "j", "k", "j")
	p.is(`document.activeElement.textContent + document.activeElement.matches(":focus-visible")`, "Ctrue")
	p.keys(kb.Enter)
	p.until(`location.pathname === "/c"`)
}

// TestKeysOff: shortcuts of one character can be switched off, and stay off (WCAG 2.2, 2.1.4).
func TestKeysOff(t *testing.T) {
	t.Parallel()
	p := newSite(t, map[string]string{"/": nav, "/controls": nav}).tab("/")
	p.keys("?")
	p.tabTo("dialog[open] input[type=checkbox]")
	p.keys(" ", kb.Escape)
	p.reload()
	p.keys("g", "c", "?")
	p.is(`location.pathname + document.querySelectorAll("dialog").length`, "/0")
	p.tabTo("assay-keys a")
	p.keys(kb.Enter)
	p.is(`document.querySelector("dialog[open] input").checked`, "false")
}

// TestPalette: the pattern of a combobox with a list, letters in order, one request however often it opens, no address of others.
func TestPalette(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": nav + `<assay-palette src="/palette.json"><a href="/search">Search</a></assay-palette>`, "/controls/IAM-04": "arrived"})
	var asked atomic.Int32
	s.mux.HandleFunc("GET /palette.json", func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"title":"Access reviews, quarterly","hint":"IAM-04","url":"/controls/IAM-04","group":"Controls"},
			{"title":"<img src=x onerror=alert(1)>","url":"/x","group":"Controls"},{"title":"Elsewhere","url":"https://example.com/"},{"title":"Code","url":"javascript:alert(1)"}]`))
	})
	p := s.tab("/")
	p.with(input.ModifierCtrl, "k")
	p.until(`document.querySelectorAll("dialog[open] [role=option]").length === 5`)
	p.is(`document.activeElement.role + document.activeElement.getAttribute("aria-expanded")`, "comboboxtrue")
	p.is(`document.querySelector("dialog[open] .as-said").textContent`, "5 results")
	p.keys(kb.ArrowDown, kb.ArrowDown, kb.ArrowUp)
	p.is(`document.getElementById(document.activeElement.getAttribute("aria-activedescendant")).textContent.includes("<img")`, "true")
	p.keys(kb.Escape)
	p.with(input.ModifierMeta, "k")
	p.keys("q", "z", "j")
	p.is(`document.querySelector("dialog[open] .as-said").textContent`, "Nothing matches. Try fewer letters.")
	p.keys(kb.Backspace, kb.Backspace, kb.Backspace, "a", "r") // Access reviews before Keyboard
	p.is(`[...document.querySelectorAll("dialog[open] [role=option]")].map((o) => o.querySelector(".as-title").textContent).join("|")`, "Access reviews, quarterly|Keyboard|<img src=x onerror=alert(1)>")
	p.keys(kb.Backspace, "c", "r", "v")
	p.is(`[...document.querySelectorAll("dialog[open] mark")].map((m) => m.textContent).join("")`, "Acrv")
	p.is(`document.querySelector("dialog[open] [aria-selected=true] .as-hint").textContent`, "IAM-04")
	p.keys(kb.Enter)
	p.until(`location.pathname === "/controls/IAM-04"`)
	if n := asked.Load(); n != 1 {
		t.Errorf("the items were asked for %d times, want once", n)
	}
}

// TestPaletteWithout: without a list of the server, or when it fails, the palette has the links of the navigation and says so.
func TestPaletteWithout(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": nav + `<assay-palette><button>Go</button></assay-palette>`, "/bad": nav + `<assay-palette src="/gone.json"></assay-palette>`, "/controls": "arrived"})
	p := s.tab("/")
	p.tabTo("assay-palette button")
	p.keys(kb.Enter)
	p.until(`document.querySelectorAll("dialog[open] [role=option]").length === 3`)
	p.keys("c", "o", kb.Enter)
	p.until(`location.pathname === "/controls"`)
	p.visit("/bad")
	p.with(input.ModifierCtrl, "k")
	p.until(`document.querySelector("dialog[open] .as-said").textContent === "The full list cannot be loaded now; these are the pages of the menu. 3 results"`)
	p.keys("k", "e", "y", "b", kb.Enter)
	p.until(`document.querySelector("dialog[open] h2").textContent === "Keyboard"`)
}
