package examination

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/web/browse"
)

// until waits for a script to answer true.
func until(t *testing.T, p *browse.Tab, script string) {
	t.Helper()
	for end := time.Now().Add(6 * time.Second); ; time.Sleep(15 * time.Millisecond) {
		var yes bool
		if err := p.Try(chromedp.Evaluate(script, &yes)); err == nil && yes {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after 6 s it is not so: %s at %s\n%s", script, p.Where(), browse.Eval[string](p, `[...document.querySelectorAll("assay-marks tbody tr")].map((r) => [...r.querySelectorAll("input")].map((i) => i.value).join("|")).join("\n") + document.querySelector(".as-faults")?.innerText`))
		}
	}
}

// TestMarksByKeyboard marks a sample of ten items with the keyboard alone: passes, one deviation with its words, and one that does not apply.
func TestMarksByKeyboard(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	var keys []string
	w.see(w.firm, id, func(e *engage.Engagement) {
		for _, x := range e.Samples[0].Items {
			keys = append(keys, x.Key)
		}
	})
	p := browse.Start(t).Tab(1280, 900)
	p.Go(w.door(sam) + base(id) + "/papers/CHG-01/chg-01.changes")
	until(t, p, `document.querySelector(".as-count")?.textContent.startsWith("0 of 10") === true`)
	if n := browse.Eval[int](p, `[...document.querySelectorAll("assay-marks tbody input")].filter((i) => i.tabIndex >= 0).length`); n != 2 {
		t.Errorf("%d fields of the table are reached by Tab, want the cell and the words of one item", n)
	}
	p.Do(chromedp.Focus(`assay-marks tbody input`))
	press := func(list ...string) { // as one event, so that a key that was answered to types nothing
		for _, k := range list {
			down := kb.Encode([]rune(k)[0])[0]
			down.Type = input.KeyDown
			p.Do(down, input.DispatchKeyEvent(input.KeyUp).WithKey(down.Key).WithCode(down.Code))
		}
	}
	press("p", "p", "p", kb.Enter) // the first item
	until(t, p, fmt.Sprintf(`document.querySelector(".engage-item h2").innerText.trim() === %q`, keys[1]))
	press("2", "d") // the second deviates in B, which asks for words
	until(t, p, `document.activeElement.name.startsWith("why.")`)
	p.Do(chromedp.KeyEvent("approved after it went out"))
	press(kb.Escape, "1", "p", "C", "n", kb.Enter)
	for range keys[2:9] {
		press("p", "p", "p", "j", "1")
	}
	press("k", "k", "j", "j", "u") // the last: nothing says why, so it is not kept
	until(t, p, `document.activeElement.name.startsWith("why.")`)
	press(kb.Enter)
	until(t, p, `document.querySelector(".as-faults").innerText.includes("Nothing says why")`)
	p.Do(chromedp.KeyEvent("the approval cannot be found yet"))
	press(kb.Enter)
	until(t, p, `document.querySelector(".as-count").textContent === "9 of 10 marked"`)
	want := func(key, attribute, result, note string) {
		t.Helper()
		w.see(w.firm, id, func(e *engage.Engagement) {
			tp := e.Papers["CHG-01"].Tests["chg-01.changes"]
			if m := tp.Marks[key][attribute]; m.Result != result || m.Note != note {
				t.Errorf("%s, %s = %q %q, want %q %q", key, attribute, m.Result, m.Note, result, note)
			}
		})
	}
	want(keys[0], "C", "pass", "")
	want(keys[1], "A", "pass", "")
	want(keys[1], "B", "deviation", "approved after it went out")
	want(keys[1], "C", "not_applicable", "approved after it went out")
	want(keys[8], "C", "pass", "")
	want(keys[9], "A", "undecided", "the approval cannot be found yet")
	// What was kept stands there when the page comes again, as tick marks.
	p.Go(w.door(sam) + base(id) + "/papers/CHG-01/chg-01.changes")
	until(t, p, `document.querySelectorAll('.engage-cell[data-mark="p"]').length === 25`)
	for _, barrier := range p.Axe() {
		t.Errorf("the work paper: %s", barrier)
	}
}

// TestBarriers looks for barriers on the pages of both sides, in both languages, widths and themes, and for pages that scroll sideways.
func TestBarriers(t *testing.T) {
	browse.Every(t)
	for _, lang := range []string{"en", "de"} {
		w := setup(t)
		w.lang = lang
		p := browse.Start(t).Tab(1280, 900)
		for _, x := range everyPage(w) {
			p.Go(x.path)
			for _, k := range ways {
				p.Size(k.width, 900)
				p.Dark(k.dark)
				for _, barrier := range p.Axe() {
					t.Errorf("%s%s in %s: %s", x.name, k.name, lang, barrier)
				}
				if browse.Eval[bool](p, `document.documentElement.scrollWidth > window.innerWidth + 1`) {
					t.Errorf("%s%s in %s scrolls sideways", x.name, k.name, lang)
				}
			}
		}
	}
}
