package elements_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// review is the page of a campaign. The row own is the reader's own access.
func review(rows, own int) string {
	var b strings.Builder
	b.WriteString(`<assay-grid><form method="post" action="/decide"><input type="hidden" name="version" value="7"><table><caption>Accounts</caption>
<thead><tr><th>Account</th><th>Role</th><th>Decision</th></tr></thead><tbody>`)
	for i := 1; i <= rows; i++ {
		disabled := ""
		if i == own {
			disabled = " disabled"
		}
		fmt.Fprintf(&b, `<tr data-id="a%d"><th scope="row">account-%d</th><td>reader</td><td><label><input type="radio" name="decide-a%d" value="keep"%s> Keep</label><label><input type="radio" name="decide-a%d" value="remove"%s> Remove</label></td></tr>`,
			i, i, i, disabled, i, disabled)
	}
	b.WriteString(`</tbody></table><button>Save the decisions</button></form></assay-grid>`)
	return b.String()
}

// decisions is the server's side of a campaign.
type decisions struct {
	sync.Mutex
	made   map[string]string
	posts  int
	faults []string
	here   int
	refuse map[string]int // id to how many refusals it still gets
	status int
}

func (d *decisions) serve(s *site) {
	d.made = map[string]string{}
	s.mux.HandleFunc("POST /decide", func(w http.ResponseWriter, r *http.Request) {
		d.Lock()
		d.here++
		if d.here > 1 {
			d.faults = append(d.faults, "two posts at once")
		}
		d.Unlock()
		defer func() {
			d.Lock()
			d.here--
			d.Unlock()
		}()
		if err := r.ParseForm(); err != nil {
			d.fault("form: %v", err)
		}
		if r.Header.Get("Accept") != "application/json" || r.Header.Get("X-Requested-With") != "assay" || r.PostForm.Get("version") != "7" || len(r.PostForm) != 2 {
			d.fault("a post with %v and %v", r.Header, r.PostForm)
		}
		d.take(w, r.PostForm)
	})
}

func (d *decisions) fault(format string, args ...any) {
	d.Lock()
	defer d.Unlock()
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

func (d *decisions) take(w http.ResponseWriter, form url.Values) {
	d.Lock()
	defer d.Unlock()
	d.posts++
	for name, v := range form {
		id, ok := strings.CutPrefix(name, "decide-")
		if !ok {
			continue
		}
		if d.refuse[id] > 0 {
			d.refuse[id]--
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(d.status)
			fmt.Fprint(w, `{"detail":"The account was removed a minute ago."}`)
			return
		}
		if d.made[id] = v[0]; v[0] == "" {
			delete(d.made, id)
		}
	}
	fmt.Fprint(w, `{}`)
}

// settled waits for the posts to stop and gives what the server has.
func (d *decisions) settled(t *testing.T, posts int) map[string]string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		d.Lock()
		if d.posts >= posts && d.here == 0 {
			defer d.Unlock()
			for _, f := range d.faults {
				t.Error(f)
			}
			if d.posts != posts {
				t.Errorf("%d posts, want %d", d.posts, posts)
			}
			return maps.Clone(d.made)
		}
		n := d.posts
		d.Unlock()
		if time.Now().After(end) {
			t.Fatalf("%d posts after 10 s, want %d", n, posts)
		}
	}
}

const counted = `document.querySelector(".as-count").textContent`
const row = `document.activeElement.closest("tr")?.dataset.id`

// TestReview decides all of 500 accounts from the keyboard, key by key, and asks the server what it has.
func TestReview(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": review(500, 40)})
	var d decisions
	d.serve(s)
	p := s.tab("/")
	p.tabTo("assay-grid tr")
	p.is(row, "a1")
	p.is(counted, "0 of 500 decided")
	want := map[string]string{}
	for i := 1; i <= 500; i++ {
		if i == 40 {
			continue
		}
		key, value := "y", "keep"
		if i%7 == 0 {
			key, value = "n", "remove"
		}
		want[fmt.Sprintf("a%d", i)] = value
		p.keys(key)
		if i == 27 {
			p.is(counted, "27 of 500 decided")
		}
		if i == 39 {
			p.is(row, "a41") // the row that is not the reader's to decide is passed over
		}
	}
	p.is(counted, "499 of 500 decided")
	got := d.settled(t, 499)
	if !maps.Equal(got, want) {
		t.Errorf("the server has %d decisions that differ from the %d keys pressed", len(got), len(want))
	}
	p.is(`document.querySelectorAll("tr[data-state=remove] input[value=remove]:checked").length`, "71")
}

// TestReviewKeys: moving, selecting, undoing, and Tab, which leads out again.
func TestReviewKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": review(60, 3)})
	var d decisions
	d.serve(s)
	p := s.tab("/")
	p.tabTo("assay-grid tr")
	p.keys(kb.End)
	p.is(row, "a60")
	p.keys("j", "k", kb.ArrowUp, kb.PageUp)
	p.is(row, "a38")
	p.keys(kb.Home, kb.ArrowDown)
	p.with(input.ModifierShift, kb.ArrowDown) // a3 is nobody's to decide here
	p.with(input.ModifierShift, kb.ArrowDown)
	p.with(input.ModifierShift, kb.ArrowDown)
	p.with(input.ModifierShift, kb.ArrowUp)
	p.is(counted, "0 of 60 decided, 3 selected")
	p.is(`[...document.querySelectorAll("tr[aria-selected=true]")].map((r) => r.dataset.id).join()`, "a2,a3,a4")
	p.keys("n")
	p.is(counted, "2 of 60 decided")
	p.is(row, "a5")
	p.is(`document.querySelector(".as-faults p").firstChild.textContent`, "account-3: This one is not yours to decide. The row is as it was.")
	p.keys(" ", "j", "j", " ")
	p.is(counted, "2 of 60 decided, 2 selected")
	p.keys("y")
	p.is(row, "a8")
	p.keys("u")
	p.is(row, "a5")
	p.is(counted, "2 of 60 decided")
	p.keys("u")
	p.is(counted, "0 of 60 decided")
	if got := d.settled(t, 8); len(got) != 0 {
		t.Errorf("after undoing all, the server has %v, want nothing", got)
	}
	p.keys(kb.Tab)
	p.is(`document.activeElement.name`, "decide-a2")
	p.keys(" ") // a radio button is decided as any other
	p.is(counted, "1 of 60 decided")
	p.keys(kb.Tab)
	p.is(`document.activeElement.textContent`, "Save the decisions")
	p.with(input.ModifierShift, kb.Tab)
	p.with(input.ModifierShift, kb.Tab)
	p.is(row, "a2")
	if got := d.settled(t, 9); got["a2"] != "keep" || len(got) != 1 {
		t.Errorf("the server has %v, want a2 kept", got)
	}
}

// TestReviewRefused: what the server refuses goes back and says why; when it is gone, all that waited goes back.
func TestReviewRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": review(30, 0)})
	d := decisions{refuse: map[string]int{"a2": 1, "a5": 2}, status: http.StatusConflict}
	d.serve(s)
	p := s.tab("/")
	p.tabTo("assay-grid tr")
	p.keys("y", "n", "y")
	p.until(`document.querySelector(".as-faults p")`)
	p.is(`document.querySelector(".as-faults p").firstChild.textContent`, "account-2: The account was removed a minute ago. The row is as it was.")
	p.is(counted, "2 of 30 decided")
	p.is(`document.querySelectorAll("tr[data-id=a2] input:checked").length`, "0")
	p.keys(kb.Home, "j", "n") // once more, now accepted
	p.is(row, "a4")
	if got, want := d.settled(t, 4), map[string]string{"a1": "keep", "a2": "remove", "a3": "keep"}; !maps.Equal(got, want) {
		t.Errorf("the server has %v, want %v", got, want)
	}
	d.Lock()
	d.status = http.StatusUnauthorized
	d.Unlock()
	for range 3 {
		p.with(input.ModifierShift, kb.ArrowDown)
	}
	p.keys("y") // a4 is saved, a5 finds the session over, a6 and a7 are not tried
	p.until(`document.querySelectorAll(".as-faults p").length === 2`)
	p.is(`document.querySelectorAll(".as-faults p")[1].firstChild.textContent`, "account-5: You are signed out. Sign in again, then repeat this. 3 rows are as they were.")
	p.is(counted, "4 of 30 decided")
}

// TestReviewBig: a key in a table of 5,000 rows is answered within a frame or two.
func TestReviewBig(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": review(5000, 0)})
	var d decisions
	d.serve(s)
	p := s.tab("/")
	p.tabTo("assay-grid tr")
	took := p.text(`(() => {
		const from = performance.now();
		for (let i = 0; i < 100; i++) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "y", bubbles: true, cancelable: true }));
		return Math.round((performance.now() - from) / 100);
	})()`)
	t.Logf("a decision in 5,000 rows: %s ms", took)
	p.is(`Number(`+took+`) <= 50`, "true")
	p.is(counted, "100 of 5,000 decided")
	d.settled(t, 100)
}

// TestWithoutScript: the forms that the elements wrap do their work without them.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": review(3, 0)})
	got := make(chan url.Values, 1)
	s.mux.HandleFunc("POST /decide", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got <- r.PostForm
		w.WriteHeader(http.StatusNoContent)
	})
	p := s.tab("/")
	p.run(emulation.SetScriptExecutionDisabled(true), chromedp.Reload())
	p.keys(kb.Tab, " ", kb.Tab, kb.Tab, kb.ArrowUp, kb.Enter)
	select {
	case form := <-got:
		if form.Get("decide-a1") != "keep" || form.Get("decide-a3") != "remove" || form.Has("decide-a2") {
			t.Errorf("the form sends %v, want a1 kept and a3 removed", form)
		}
	case <-time.After(10 * time.Second):
		t.Error("the form is not sent")
	}
}
