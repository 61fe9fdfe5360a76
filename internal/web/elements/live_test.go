package elements_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestProgress: words and a bar over server-sent events, through a broken connection and a reload, to the page of the result.
func TestProgress(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<assay-progress src="/events" data-url="/result"><p>Testing the controls</p></assay-progress>`, "/result": "finished",
		"/failing": `<assay-progress src="/failed"><p>Testing</p></assay-progress>`})
	steps := make(chan string)
	var mu sync.Mutex
	opened, state := 0, "event: progress\nretry: 50\ndata: {\"done\":3,\"total\":40,\"words\":\"3 of 40 controls\"}\n\n"
	s.mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		mu.Lock()
		opened++
		fmt.Fprint(w, state) // where the work stands, at every connection
		mu.Unlock()
		w.(http.Flusher).Flush()
		for {
			select {
			case <-r.Context().Done():
				return
			case step := <-steps:
				if step == "" {
					panic(http.ErrAbortHandler)
				}
				mu.Lock()
				state = step
				mu.Unlock()
				fmt.Fprint(w, step)
				w.(http.Flusher).Flush()
			}
		}
	})
	s.mux.HandleFunc("GET /failed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "event: failed\ndata: {\"words\":\"The source refused the key.\"}\n\n")
	})
	p := s.tab("/")
	p.until(`document.querySelector(".as-words").textContent === "3 of 40 controls (7%)"`)
	steps <- "event: progress\ndata: {\"done\":20,\"total\":40,\"words\":\"20 of 40 controls\"}\n\n"
	p.until(`document.querySelector("[role=progressbar]").getAttribute("aria-valuenow") === "50"`)
	steps <- "" // the connection breaks; the browser comes back by itself
	for again := 0; again < 2; time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		again = opened
		mu.Unlock()
	}
	p.until(`document.querySelector(".as-words").textContent === "20 of 40 controls (50%)"`)
	p.reload()
	p.until(`document.querySelector(".as-words").textContent === "20 of 40 controls (50%)"`)
	steps <- "event: progress\ndata: {\"words\":\"Drawing the report\"}\n\n"
	p.until(`document.querySelector(".as-words").textContent === "Drawing the report" && !document.querySelector("[aria-valuenow]")`)
	steps <- "event: done\ndata: {}\n\n"
	p.until(`location.pathname === "/result"`)
	mu.Lock()
	if opened != 3 {
		t.Errorf("%d connections, want 3: the first, after the break, after the reload", opened)
	}
	mu.Unlock()
	p.visit("/failing")
	p.until(`document.querySelector("[role=alert]")?.textContent === "The source refused the key."`)
}

// TestTheme: worn at once, kept by the server where somebody is signed in and by the browser where nobody is.
func TestTheme(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/out": `<assay-theme></assay-theme>`,
		"/in": `<assay-theme><form method="post" action="/me/theme"><button name="theme" value="light">Theme</button></form></assay-theme>`})
	posts := make(chan string, 4)
	s.mux.HandleFunc("POST /me/theme", func(w http.ResponseWriter, r *http.Request) {
		posts <- r.FormValue("theme") + r.Header.Get("X-Requested-With")
		http.Redirect(w, r, "/in", http.StatusSeeOther)
	})
	p := s.tab("/in")
	p.tabTo("assay-theme button")
	p.is(`document.activeElement.textContent`, "Theme: as the system")
	p.keys(kb.Enter, kb.Enter)
	p.is(`document.documentElement.dataset.theme + document.activeElement.textContent`, "darkTheme: dark")
	p.is(`getComputedStyle(document.documentElement).colorScheme`, "dark")
	for _, want := range []string{"lightassay", "darkassay"} {
		select {
		case got := <-posts:
			if got != want {
				t.Errorf("posted %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("nothing is posted, want %q", want)
		}
	}
	p.visit("/out")
	p.is(`document.documentElement.dataset.theme`, "undefined") // the server's word is the server's
	p.tabTo("assay-theme button")
	p.keys(" ")
	p.reload()
	p.is(`document.documentElement.dataset.theme`, "light")
	p.tabTo("assay-theme button")
	p.keys(" ", " ")
	p.reload()
	p.is(`document.documentElement.dataset.theme`, "undefined")
}

// TestToast: a message with something to press stays; a plain one leaves, and not before 8 s.
func TestToast(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<div class="as-toasts"><assay-toast id="undo"><p>Control retired.</p><form method="post" action="/undo"><button>Undo</button></form></assay-toast>
<assay-toast id="plain" data-seconds="1"><p>Saved.</p></assay-toast></div>`, "/undone": "undone"})
	s.mux.HandleFunc("POST /undo", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/undone", http.StatusSeeOther) })
	p := s.tab("/")
	born := time.Now()
	p.until(`document.querySelector("#plain p")`)
	p.is(`document.querySelector("#undo").role + document.querySelector("#undo").tabIndex`, "status-1")
	for time.Since(born) < 7500*time.Millisecond {
		time.Sleep(100 * time.Millisecond)
		if p.text(`document.querySelector("#plain") !== null`) != "true" {
			t.Fatalf("the message left after %s, want 8 s at least", time.Since(born))
		}
	}
	p.until(`!document.querySelector("#plain")`)
	p.tabTo("#undo form button")
	p.keys(kb.Enter)
	p.until(`location.pathname === "/undone"`)
	p.visit("/")
	p.tabTo("#undo > button")
	p.keys(kb.Enter)
	p.is(`document.querySelector("#undo") + document.activeElement.id`, "nullcontent")
}

// TestConfirm: the form is sent only after the second yes, and Enter alone never says it.
func TestConfirm(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<assay-confirm data-title="Retire the control?" data-text="Its past stays." data-yes="Retire it"><form method="post" action="/retire"><button name="how" value="now">Retire</button></form></assay-confirm>`})
	s.mux.HandleFunc("POST /retire", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(page("en", "", "retired "+r.FormValue("how"))))
	})
	p := s.tab("/")
	p.tabTo("form button")
	p.keys(kb.Enter)
	p.until(`document.activeElement.textContent === "Cancel"`)
	p.keys(kb.Enter)
	p.until(`!document.querySelector("dialog") && document.activeElement.textContent === "Retire"`)
	p.keys(kb.Enter, kb.Tab)
	p.is(`document.activeElement.textContent`, "Retire it")
	p.keys(kb.Enter)
	p.until(`document.body.textContent.includes("retired now")`)
}

// TestStale: the words that only one version has are marked in it, in a word and with an element of its own.
func TestStale(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("The owner reviews every account of the system and signs the list. ", 12000)
	s := newSite(t, map[string]string{
		"/":     `<assay-stale><section><h2>Yours</h2><pre>The owner reviews access each quarter.</pre></section><section><h2>Stored</h2><pre>The owner reviews all access each month.</pre></section></assay-stale>`,
		"/list": `<assay-stale><dl><dt>Name</dt><dd>Access review</dd><dt>Owner</dt><dd>Ana</dd></dl><dl><dt>Name</dt><dd>Access review</dd><dt>Owner</dt><dd>Bo</dd><dt>Due</dt><dd>May</dd></dl></assay-stale>`,
		"/same": `<assay-stale><pre>x</pre><pre>x</pre></assay-stale>`,
		"/long": `<assay-stale><pre>a ` + long + `</pre><pre>` + strings.ReplaceAll(long, "owner", "lead") + ` b</pre></assay-stale>`,
	})
	p := s.tab("/")
	p.is(`document.querySelector(".as-count").textContent`, "2 differences, marked in both versions.")
	p.is(`[...document.querySelectorAll("del, ins")].map((e) => e.tagName + ":" + e.textContent).join("|")`, "DEL: only here: quarter|INS: only here: all |INS: only here: month")
	p.is(`document.querySelectorAll("pre")[1].textContent.replaceAll(" only here: ", "")`, "The owner reviews all access each month.")
	p.visit("/list")
	p.is(`[...document.querySelectorAll("del, ins")].map((e) => e.textContent.replace("only here:", "").trim()).join()`, "Ana,Bo,May")
	p.visit("/same")
	p.is(`document.querySelector(".as-count").textContent`, "The two versions are the same.")
	p.visit("/long") // far apart and a megabyte long: told at once, as a whole
	p.is(`document.querySelectorAll("pre")[1].textContent.length > 700000`, "true")
}

// TestStaleSound: what is marked, taken away again, leaves each version as it was, and no shorter marking would do.
func TestStaleSound(t *testing.T) {
	t.Parallel()
	p := newSite(t, map[string]string{"/": ""}).tab("/")
	p.is(`(() => {
		let seed = 7;
		const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
		const text = () => Array.from({ length: random(16) }, () => "abc."[random(4)]).join(" ");
		const common = (a, b) => { // the longest common run of tokens, by the table
			const l = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
			for (let i = 1; i <= a.length; i++) for (let j = 1; j <= b.length; j++) l[i][j] = a[i - 1] === b[j - 1] ? l[i - 1][j - 1] + 1 : Math.max(l[i - 1][j], l[i][j - 1]);
			return l[a.length][b.length];
		};
		for (let n = 0; n < 500; n++) {
			const a = text(), b = text(), e = document.createElement("assay-stale");
			e.append(document.createElement("pre"), document.createElement("pre"));
			[e.children[0].textContent, e.children[1].textContent] = [a, b];
			document.querySelector("main").append(e);
			e.querySelectorAll(".visually-hidden").forEach((x) => x.remove());
			const [left, right] = e.querySelectorAll("pre"), got = left.textContent + "|" + right.textContent;
			left.querySelectorAll("del").forEach((x) => x.remove());
			if (got !== a + "|" + b) return got + " instead of " + a + "|" + b;
			if (left.textContent.length !== common([...a], [...b])) return "too much is marked of " + got;
			e.remove();
		}
		return "sound";
	})()`, "sound")
}

// TestMarkdown: the preview can do nothing, unsaved text comes back, and never over what another has changed.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.stops = true // the policy stops the handler in the preview as well
	var mu sync.Mutex
	stored := "first"
	s.mux.HandleFunc("GET /edit", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page("en", "", `<assay-markdown data-preview="/preview"><form method="post" action="/edit"><label>Text <textarea name="body">`+stored+`</textarea></label><button>Save</button></form></assay-markdown>`))
	})
	s.mux.HandleFunc("POST /edit", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		stored = r.FormValue("body")
		mu.Unlock()
		http.Redirect(w, r, "/edit", http.StatusSeeOther)
	})
	s.mux.HandleFunc("POST /preview", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<h2>%s</h2><a href="javascript:alert(1)" onclick="x()">a</a><script>alert(1)</script><p onmouseover="y()">b</p>`, r.FormValue("text"))
	})
	p := s.tab("/edit")
	p.tabTo("textarea")
	p.with(input.ModifierCtrl, kb.End)
	p.keys(" ", "a", "n", "d")
	p.tabTo("assay-markdown .as-button")
	p.keys(kb.Enter)
	p.until(`document.querySelector(".as-preview h2")?.textContent === "first and"`)
	p.is(`document.querySelector(".as-preview").innerHTML`, `<h2>first and</h2><a>a</a><p>b</p>`)
	p.is(`(() => { const e = new Event("beforeunload", { cancelable: true }); dispatchEvent(e); return e.defaultPrevented; })()`, "true")
	p.text(`dispatchEvent(new Event("pagehide"))`)
	other := p.text(`sessionStorage.getItem("assay-draft /edit body")`)

	p.run(chromedp.Evaluate(`document.querySelector("textarea").value = "first"`, nil)) // leave without the question of the browser
	p.run(chromedp.Navigate(s.url + "/favicon.ico"))
	p.text(fmt.Sprintf(`sessionStorage.setItem("assay-draft /edit body", %q)`, other))
	p.visit("/edit")
	p.is(`document.querySelector("textarea").value + document.querySelector(".as-note").firstChild.textContent`, "first andYour unsaved text is back.")
	p.run(chromedp.Focus("form > button"))
	p.keys(kb.Enter)
	p.until(`document.querySelector("textarea").defaultValue === "first and" && !document.querySelector(".as-note")`)
	p.is(`sessionStorage.length`, "0")

	mu.Lock()
	stored = "what another wrote"
	mu.Unlock()
	p.run(chromedp.Navigate(s.url + "/favicon.ico"))
	p.text(fmt.Sprintf(`sessionStorage.setItem("assay-draft /edit body", %q)`, other))
	p.visit("/edit")
	p.is(`document.querySelector("textarea").value`, "what another wrote")
	p.tabTo(".as-note button")
	p.keys(kb.Enter)
	p.is(`document.querySelector("textarea").value + document.activeElement.tagName`, "first andTEXTAREA")
}

// TestSmall: moments in the reader's zone, a filter, a copy, and words of another language.
func TestSmall(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": `<assay-time><time datetime="2026-03-31T22:30:00Z">31 Mar</time> <time datetime="2026-03-31">31 Mar</time></assay-time>
<assay-keys></assay-keys><assay-filter for="list"></assay-filter><ul id="list" data-rows><li>Ärztehaus, Köln</li><li>Arzt</li><li>Bonn</li></ul><input id="token" value="abc" readonly aria-label="Token"><assay-copy for="token"></assay-copy>`})
	s.mux.HandleFunc("GET /de", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page("de", `{"{decided} of {total} decided":"{decided} von {total} entschieden","Close":"Schließen"}`, strings.Replace(review(1200, 0), "<assay-grid", `<assay-grid data-decided="1100" data-total="12000"`, 1)))
	})
	p := s.tab("/")
	p.is(`[...document.querySelectorAll("time")].map((e) => e.title.includes("2026")).join()`, "true,false")
	p.keys("/", "k", "o", "l", "n", " ", "a", "r")
	p.is(`[...document.querySelectorAll("li")].filter((e) => e.checkVisibility()).map((e) => e.textContent).join()`, "Ärztehaus, Köln")
	p.is(`document.querySelector("assay-filter [role=status]").textContent`, "1 of 3")
	p.keys("x")
	p.is(`document.querySelector("assay-filter [role=status]").textContent`, "Nothing matches.")
	p.tabTo("assay-filter button")
	p.keys(kb.Enter)
	p.is(`[...document.querySelectorAll("li")].filter((e) => e.checkVisibility()).length + document.activeElement.tagName`, "3INPUT")
	p.tabTo("assay-copy button")
	p.keys(kb.Enter)
	p.until(`["Copied", "Selected: press Ctrl+C"].includes(document.querySelector("assay-copy button").textContent)`)
	p.visit("/de")
	p.is(counted, "1.100 von 12.000 entschieden")
}
