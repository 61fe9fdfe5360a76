package program

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// readPage collects the values of the page's form that posts, or else of its first.
func readPage(t testing.TB, page string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var form *html.Node
	each(doc, func(n *html.Node) {
		if n.Data == "form" && attr(n, "method") == "post" && strings.Contains(attr(n, "class"), "form") && form == nil {
			form = n
		}
	})
	if form == nil {
		t.Fatal("the page has no form")
	}
	v := url.Values{}
	each(form, func(n *html.Node) {
		name := attr(n, "name")
		switch {
		case name == "" || n.Data == "button":
		case n.Data == "textarea":
			v.Add(name, strings.TrimPrefix(text(n), "\n"))
		case n.Data == "select":
			each(n, func(o *html.Node) {
				if o.Data == "option" && (hasAttr(o, "selected") || !v.Has(name)) {
					v.Set(name, attr(o, "value"))
				}
			})
		case n.Data == "input" && (attr(n, "type") == "checkbox" || attr(n, "type") == "radio"):
			if hasAttr(n, "checked") {
				v.Add(name, attr(n, "value"))
			}
		case n.Data == "input":
			v.Add(name, attr(n, "value"))
		}
	})
	return v
}

func each(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, f)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
		b.WriteString(text(c))
	}
	return b.String()
}
