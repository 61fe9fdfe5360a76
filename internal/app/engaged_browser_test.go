package app

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/browse"
)

// walk is an engagement as its people have it before them: each with a window of their own, on the firm's pages or on the client's.
type walk struct {
	x       *practice
	town    *town
	b       *browse.Browser
	windows map[string]*browse.Tab
	org     map[*engaged]string // address of its pages
	home    map[*browse.Tab]string
	id      string // of the engagement
	shot    int
	proofs  int // of who sits there, asked for again
}

// newWalk serves the practice and gives its people accounts.
func newWalk(t *testing.T, x *practice, client *engaged) *walk {
	t.Helper()
	s := httptest.NewServer(x.in.door)
	t.Cleanup(s.Close)
	w := &walk{x: x, town: &town{t, x.in, s.URL}, b: browse.Start(t), windows: map[string]*browse.Tab{}, org: map[*engaged]string{}, home: map[*browse.Tab]string{}}
	for side, people := range map[*engaged][]engage.Who{x.firm: {thePartner, theQuality, theManager, theStaff}, client: {theLead, theOfficer}} {
		for _, slug := range x.in.tenants.names() {
			if w.town.org(slug) == side.o.org.ID {
				w.org[side] = slug
			}
		}
		for _, p := range people {
			w.town.enrol(p.Email, p.Name, w.org[side], p.Roles...)
			w.windows[p.Email] = w.signedIn(p, s.URL, w.org[side])
		}
	}
	return w
}

func (w *walk) signedIn(who engage.Who, url, slug string) *browse.Tab {
	p := w.b.Tab(1280, 900)
	p.Go(url + "/signin")
	p.Fill("email", who.Email)
	p.Fill("password", password)
	p.Submit("form.form")
	w.home[p] = url + "/o/" + slug + "/engagements"
	return p
}

// of gives somebody's window.
func (w *walk) of(who engage.Who) *browse.Tab { return w.windows[who.Email] }

// at opens a view of the engagement in somebody's window.
func (w *walk) at(who engage.Who, view string) *browse.Tab {
	w.x.t.Helper()
	p := w.of(who)
	p.Go(w.home[p] + "/" + w.id + view)
	return p
}

// fill gives each named field its value, as a person would: a choice is clicked, a text is typed over.
func (w *walk) fill(p *browse.Tab, pairs ...string) {
	w.x.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		switch browse.Eval[string](p, fmt.Sprintf(`document.querySelector('main [name=%q]')?.type ?? ""`, name)) {
		case "":
			w.x.t.Fatalf("%s has no field %q", p.Where(), name)
		case "radio", "checkbox":
			p.Do(chromedp.Click(fmt.Sprintf(`[name=%q][value=%q]`, name, value), chromedp.ByQuery))
		default:
			p.Fill(name, value)
		}
	}
}

// act follows the link to an act from a view of the engagement, fills its form and sends it. The link may name what it is about.
func (w *walk) act(who engage.Who, view, kind, about string, pairs ...string) {
	w.x.t.Helper()
	p := w.at(who, view)
	w.follow(p, kind, about)
	w.send(p, kind, pairs...)
}

func (w *walk) follow(p *browse.Tab, kind, about string) {
	w.x.t.Helper()
	link := fmt.Sprintf(`main a[href*="/acts/%s"]`, kind)
	if about != "" {
		link += fmt.Sprintf(`[href*=%q]`, about)
	}
	if !browse.Eval[bool](p, fmt.Sprintf(`document.querySelector(%q) !== null`, link)) {
		w.x.t.Fatalf("%s offers no way to %s %s:\n%s", p.Where(), kind, about, p.Text("main"))
	}
	p.Click(link)
	if browse.Eval[string](p, `location.pathname`) == "/again" { // the proof of who sits there is too old for an act that binds
		w.proofs++
		if w.proofs == 1 {
			w.seen(p, "again")
		}
		p.Fill("password", password)
		p.Submit("form.form")
	}
}

// send fills the form of an act and sends it; it must not come back with a refusal.
func (w *walk) send(p *browse.Tab, kind string, pairs ...string) {
	w.x.t.Helper()
	w.fill(p, pairs...)
	p.Submit(fmt.Sprintf(`form[action$="/acts/%s"]`, kind))
	if where := browse.Eval[string](p, `location.pathname`); strings.Contains(where, "/acts/") {
		w.x.t.Fatalf("%s was refused at %s:\n%s", kind, where, p.Text("main"))
	}
}

// golden are the pages of the walk that are held against golden pictures: of all wide and light, of two also as a phone shows them in the dark.
var golden = map[string][]int64{"accepted": {1280}, "paper": {1280}, "concluded": {1280}, "review": {1280, 390}, "client-letter": {1280}, "client-draft": {1280, 390}}

// seen holds a page against WCAG at two widths in both themes, some against their golden pictures, and keeps its picture where ASSAY_LOOK says.
func (w *walk) seen(p *browse.Tab, name string) {
	t := w.x.t
	t.Helper()
	w.shot++
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			p.Size(width, 900)
			p.Dark(dark)
			for _, b := range p.Axe() {
				t.Errorf("%s at %d, dark %v: %v", p.Where(), width, dark, b)
			}
			if browse.Eval[bool](p, `document.documentElement.scrollWidth > window.innerWidth + 1`) {
				t.Errorf("%s at %d scrolls sideways", p.Where(), width)
			}
			if width == 1280 != dark && slices.Contains(golden[name], width) {
				p.Do(chromedp.Evaluate(`document.querySelectorAll("assay-toast").forEach(e => e.remove()); window.scrollTo(0, 0)`, nil))
				p.Shot(fmt.Sprintf("engagement-%s-%d", name, width), *update)
			}
			if dir := os.Getenv("ASSAY_LOOK"); dir != "" && !dark {
				var b []byte
				p.Do(chromedp.FullScreenshot(&b, 100))
				w.x.must("keep the picture", os.WriteFile(filepath.Join(dir, fmt.Sprintf("walk-%02d-%s-%d.png", w.shot, name, width)), b, 0o600))
			}
		}
	}
	p.Size(1280, 900)
	p.Dark(false)
}

// downloaded follows a link as the browser does, with the cookies of the window, and gives what comes.
func (w *walk) downloaded(p *browse.Tab, path string) []byte {
	t := w.x.t
	t.Helper()
	link := fmt.Sprintf(`main a[href$=%q]`, path)
	if !browse.Eval[bool](p, fmt.Sprintf(`document.querySelector(%q) !== null`, link)) {
		t.Fatalf("%s has no link to %s:\n%s", p.Where(), path, p.Text("main"))
	}
	var text string
	p.Do(chromedp.Evaluate(fmt.Sprintf(`fetch(document.querySelector(%q).href).then(r => r.ok ? r.blob() : Promise.reject(r.status)).then(b => new Promise((yes, no) => {
		const f = new FileReader(); f.onload = () => yes(f.result.slice(f.result.indexOf(",") + 1)); f.onerror = no; f.readAsDataURL(b) }))`, link), &text, chromedp.EvalAsValue,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	b, err := base64.StdEncoding.DecodeString(text)
	w.x.must("read the download", err)
	return b
}

// TestEngagementInBrowser takes a SOC 1 Type 1 engagement between a firm and the example company from its opening to the report that both hold,
// in the windows of the six people who take part.
func TestEngagementInBrowser(t *testing.T) {
	browse.Every(t)
	x := newPractice(t, "soc1-type2")
	client := x.other["soc1-type2"]
	w := newWalk(t, x, client)
	w.accepted(client)
	controls := w.begun(client)
	w.papers(controls)
	w.concluded()
	w.reviewed(client)
	w.issued(client)
}

// accepted is from the opening to the acceptance: the firm's people, the letter, and the executive who agrees after proving again who they are.
func (w *walk) accepted(client *engaged) {
	x, t := w.x, w.x.t
	t.Helper()
	pat := w.of(thePartner)
	pat.Go(w.home[pat])
	w.seen(pat, "list")
	pat.Click(`main a[href$="/engagements/new"]`)
	them, err := client.Self(t.Context())
	x.must("self", err)
	period, _ := client.o.program.Period()
	w.fill(pat, "client", them.Name, "org", them.Org, "report", "soc1-type1", "system", "Harbourline", "as_of", period.To.String(), "zone", client.o.program.Zone.String(),
		"licence", "CPA firm 4711, New York State Board", "city", "New York", "region", "New York")
	w.seen(pat, "open")
	pat.Submit(`form[action$="/engagements/new"]`)
	w.id = browse.Eval[string](pat, `location.pathname.split("/").pop()`)
	if w.id == "new" {
		t.Fatalf("the opening was refused:\n%s", pat.Text("main"))
	}
	w.seen(pat, "opened")
	for _, m := range []struct {
		who  engage.Who
		part engage.Part
	}{{thePartner, engage.Partner}, {theQuality, engage.Quality}, {theManager, engage.Manager}, {theStaff, engage.Staff}} {
		w.act(thePartner, "", "join", "", "name", m.who.Name, "email", m.who.Email, "part", string(m.part))
		w.act(m.who, "", "confirm_independence", "") // the sentence that is offered fits
	}
	w.act(thePartner, "", "check_conflicts", "", "words", "No other service is given to the client, by the firm or its network.", "clear", "yes")
	p := w.at(thePartner, "")
	w.follow(p, "offer_letter", "")
	w.seen(p, "letter")
	w.send(p, "offer_letter")

	x.now = x.now.Add(20 * time.Minute) // the executive's sign-in is too old for an act that binds the organization
	p = w.of(theOfficer)
	p.Go(w.home[p])
	w.seen(p, "client-list")
	p.Click(fmt.Sprintf(`main a[href$=%q]`, "/"+w.id))
	w.seen(p, "client-letter")
	w.follow(p, "agree", "")
	if w.proofs != 1 {
		t.Errorf("who agrees was asked %d times to prove again who they are, want once", w.proofs)
	}
	w.seen(p, "agree")
	w.send(p, "agree", "title", "Chief Financial Officer", "compared", "yes")
	w.act(thePartner, "", "accept", "")
	w.seen(w.at(thePartner, ""), "accepted")
}

// begun is the client's package taken in, the plan, and the beginning of fieldwork.
func (w *walk) begun(client *engaged) []string {
	x, t := w.x, w.x.t
	t.Helper()
	file := filepath.Join(x.dir, "harbourline.zip") // as the client's administrator exports it, and hands it over
	res, err := client.p.results(t.Context())
	x.must("test", err)
	_, err = client.o.pack(t.Context(), file, *res)
	x.must("pack", err)
	p := w.at(theStaff, "")
	p.Click(`main a[href$="/package"]`)
	p.Do(chromedp.SetUploadFiles(`main input[type=file]`, []string{file}, chromedp.ByQuery))
	p.Do(chromedp.Evaluate(`document.querySelector('form[action$="/package"]').requestSubmit()`, nil))
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end) && len(x.known(x.firm, w.id).Packages) == 0; { // every test of the year is run again
		time.Sleep(200 * time.Millisecond)
	}
	if e := x.known(x.firm, w.id); len(e.Packages) != 1 || e.Packages[0].Same != e.Packages[0].Tests {
		t.Fatalf("the package is not taken in, or a test of it came to something else: %+v\n%s", e.Packages, p.Text("main"))
	}
	w.seen(w.at(theStaff, ""), "package")
	p = w.at(theManager, "")
	w.follow(p, "plan", "")
	w.seen(p, "plan")
	w.send(p, "plan", "strategy", "Design and implementation of every control in scope are seen at one instance each.")
	w.act(theManager, "", "begin_fieldwork", "")
	today := x.today().String()
	w.act(theManager, "/conclusions", "include", "", "name", "Formwright Tax Forms", "asserted", today, "asserted_by", "Fay Form, director", "represented", today)
	w.seen(w.at(theManager, ""), "fieldwork")
	return x.known(x.firm, w.id).InScope()
}

// papers is one control's paper by hand. The papers of the others are the same forms with other words, and go through the house by its interface:
// fifty times the same four pages in a browser would show nothing more.
func (w *walk) papers(controls []string) {
	x := w.x
	x.t.Helper()
	c := controls[0]
	w.seen(w.at(theStaff, "/papers"), "papers")
	p := w.at(theStaff, "/papers/"+c)
	w.follow(p, "assess", "")
	w.fill(p, "design", "effective", "words", "The control, operated as stated, meets what it serves.", "walkthrough", "One instance was followed from its beginning to its end.", "implemented", "yes")
	w.seen(p, "assess")
	w.send(p, "assess")
	w.act(theStaff, "/papers/"+c, "prepare", "")
	w.act(theManager, "/papers/"+c, "note", "", "text", "Say which instance was followed.")
	w.act(theStaff, "/papers/"+c, "answer_note", "", "text", "The first one of the last month.")
	w.act(theManager, "/papers/"+c, "close_note", "")
	w.act(theManager, "/papers/"+c, "review", "")
	w.seen(w.at(theManager, "/papers/"+c), "paper")
	w.act(theManager, "/conclusions", "conclude_control", "control="+c, "design", "effective", "reason", "Design and implementation were seen.")
	for _, c := range controls[1:] {
		x.do(x.firm, theStaff, w.id, "assess", engage.Assessment{Control: c, Design: report.Effective, Implemented: true, Words: "The control, operated as stated, meets what it serves.", Walkthrough: "One instance was followed from its beginning to its end."})
		x.do(x.firm, theStaff, w.id, "prepare", engage.Of{Control: c})
		x.do(x.firm, theManager, w.id, "review", engage.Of{Control: c})
		x.do(x.firm, theManager, w.id, "conclude_control", report.ControlConclusion{Control: c, Design: report.Effective, Reason: "Design and implementation were seen."})
	}
}

// concluded is the wrap-up with the conclusions, to the opinion on each element.
func (w *walk) concluded() {
	x, t := w.x, w.x.t
	t.Helper()
	w.act(theManager, "", "wrap_up", "")
	p := w.at(theManager, "/conclusions")
	w.seen(p, "conclusions")
	w.follow(p, "conclude_matter", "element=description")
	w.send(p, "conclude_matter", "matter", "The description", "conclusion", "achieved", "reasons", "It was read against the criteria of a description.")
	e := x.known(x.firm, w.id)
	for _, m := range report.MattersOf(e.Examination(), e.Scope(), report.Design) {
		if m.Conclusion == "" { // where only a person can say
			w.act(theManager, "/conclusions", "conclude_matter", "matter="+m.ID, "conclusion", "achieved", "reasons", "The effective controls together give reasonable assurance.")
		}
	}
	for _, el := range []report.Element{report.TheDescription, report.Design} {
		p := w.at(thePartner, "/conclusions")
		w.follow(p, "conclude_element", "element="+string(el))
		w.fill(p, "conclusion", "unqualified")
		if el == report.Design {
			w.seen(p, "opinion")
		}
		w.send(p, "conclude_element")
	}
	w.seen(w.at(thePartner, "/conclusions"), "concluded")
}

// reviewed is the draft, management's words and the two signatures.
func (w *walk) reviewed(client *engaged) {
	x, t := w.x, w.x.t
	t.Helper()
	w.act(thePartner, "", "begin_review", "")
	p := w.at(theOfficer, "/report")
	if strings.Contains(p.Text("main"), "PDF") {
		t.Errorf("management sees a draft before one is released:\n%s", p.Text("main"))
	}
	w.act(thePartner, "/report", "release_draft", "")
	w.seen(w.at(thePartner, "/report"), "review")
	p = w.at(theOfficer, "/report")
	w.seen(p, "client-draft")
	if b := w.downloaded(p, "/report/draft/pdf"); !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Errorf("the draft that management gets begins with %.20q", b)
	}
	today := client.o.program.Zone.DateOf(civil.InstantOf(x.now)).String()
	w.follow(p, "assert", "")
	w.seen(p, "assert")
	w.send(p, "assert", "title", "Chief Financial Officer", "on", today)
	w.follow(p, "represent", "")
	w.seen(p, "represent")
	w.send(p, "represent", "answer", "sign", "title", "Chief Financial Officer", "dated", today)
	w.act(thePartner, "/report", "release_draft", "") // management has seen the report that is signed
	w.seen(w.at(thePartner, "/compare"), "compare")
	p = w.at(theOfficer, "/compare")
	w.seen(p, "client-compare")
	if text := p.Text("main"); !strings.Contains(text, "Draft 2") || strings.Contains(text, "As it stands now") {
		t.Errorf("management compares what was not released, or cannot compare what was:\n%s", text)
	}
	p = w.at(thePartner, "/report")
	w.follow(p, "sign_partner", "")
	w.seen(p, "sign")
	w.send(p, "sign_partner", "read", "yes")
	w.act(theQuality, "/report", "sign_quality", "", "read", "yes")
}

// issued is the report, and that both hold the same.
func (w *walk) issued(client *engaged) {
	x, t := w.x, w.x.t
	t.Helper()
	p := w.at(thePartner, "/report")
	w.follow(p, "issue", "")
	w.seen(p, "issue")
	w.send(p, "issue")
	w.seen(w.at(thePartner, "/report"), "issued")
	ours := w.downloaded(w.at(thePartner, "/report"), "/report/0/pdf")
	theirs := w.downloaded(w.at(theLead, "/report"), "/report/0/pdf")
	w.seen(w.of(theLead), "client-issued")
	if !bytes.Equal(ours, theirs) || !bytes.HasPrefix(ours, []byte("%PDF-")) {
		t.Errorf("the firm has %d bytes that begin with %.8q, the client %d; want the same PDF", len(ours), ours, len(theirs))
	}
	w.seen(w.at(theQuality, "/log"), "log")
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		x.must("keep the report", os.WriteFile(filepath.Join(dir, "walk.pdf"), ours, 0o600))
	}
	for _, side := range []*engaged{x.firm, client} {
		if e := x.known(side, w.id); e.State != engage.Issued || len(e.Reports) != 1 || e.Reports[0].Opinion != report.Unqualified || len(e.Refused) != 0 {
			t.Errorf("the %s knows the engagement as %s with %d reports and %d refusals, want it issued, with one unqualified opinion and nothing refused", side.house.Side, e.State, len(e.Reports), len(e.Refused))
		}
	}
}
