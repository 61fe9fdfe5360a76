package examination

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/lint/returned"
	"github.com/assayhq/assay/internal/report"
)

// Back answers with changes whose every text is hostile; "clean" came back with nothing but wording, and what else it begins with is refused.
func (h *house) Back(_ context.Context, _ string, r io.Reader) (Back, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return Back{}, fault.Refuse("the document cannot be read: %v", err)
	}
	if bytes.HasPrefix(b, []byte("other")) {
		return Back{}, fault.Refuse("the document was not made of a draft of this engagement: %s", hostile)
	}
	return returnedOf(string(b)), nil
}

func returnedOf(file string) Back {
	wording := returned.Change{Kind: returned.Changed, Class: returned.Wording, Section: "Section I. " + hostile, Under: hostile, Before: "one " + hostile, After: "two " + hostile, By: []string{hostile},
		Words: []returned.Piece{{Op: "removed", Text: "one"}, {Op: "added", Text: "two"}, {Op: "same", Text: hostile}}}
	out := Back{File: file, Wording: []Reworded{{Change: wording, Passage: "limits-type2"}}}
	if file == "clean" {
		return out
	}
	added := returned.Change{Kind: returned.Added, Class: returned.Wording, Section: hostile, After: hostile}
	figure := returned.Change{Kind: returned.Changed, Class: returned.Figure, Before: "12 of 1,173" + hostile, After: "2 of 1,173", Why: "a figure comes from the records " + hostile, Truth: []string{"12 of 1,173", hostile}}
	out.Wording = append(out.Wording, Reworded{Change: added, Not: "no passage " + hostile})
	out.Refused, out.Notes = []returned.Change{figure}, []string{hostile}
	out.Comments = []returned.Comment{{Comment: lint.Comment{Author: hostile, Text: "Is this so? " + hostile, About: hostile}, Section: hostile, Under: hostile}}
	return out
}

func (h *house) TakeBack(ctx context.Context, who engage.Who, engagement, file string) (Back, error) {
	if file == "" {
		return Back{}, fault.Refuse("no document is named")
	}
	return returnedOf(file), h.house.Do(ctx, who, engagement, "word", report.Wording{"limits-type2": "Nobody foresees everything."})
}

// TestBack gives a draft back: the page shows what is otherwise in it, nothing of it as HTML, and the button takes the wording over and no more.
func TestBack(t *testing.T) {
	t.Parallel()
	w := setup(t)
	id := w.fieldwork("Example, Inc.")
	b := base(id)
	worded := func() (n int) {
		w.see(w.firm, id, func(e *engage.Engagement) { n = len(e.Wording) })
		return n
	}
	if text := w.page(mia, b+"/report", http.StatusOK); !strings.Contains(text, b+`/back"`) {
		t.Error("the report page does not offer to give a draft back")
	}
	if text := w.page(sam, b+"/report", http.StatusOK); strings.Contains(text, b+`/back"`) {
		t.Error("the report page offers to give a draft back to staff, who word nothing")
	}
	html := w.upload(mia, b+"/back", http.StatusOK, "document")
	if strings.Contains(html, "<script>alert") {
		t.Error("a text of the document stands on the page as HTML")
	}
	text := plain(html)
	for _, want := range []string{"1 change can be taken over.", "1 cannot, for the reason beside it.", "taken away: one", "put in: two", "limits-type2", "No passage &lt;script&gt;", "12 of 1,173", "A figure comes from the records", "1 comment came back",
		"Is this so?", "To be known of this document", "Take 1 change of wording over"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of what came back does not say %q: %.3000q", want, text)
		}
	}
	if worded() != 0 {
		t.Error("looking at what came back changed the wording")
	}
	if text := plain(w.post(mia, b+"/back/take", http.StatusOK, "document", "document")); !strings.Contains(text, "1 change of wording is taken over. What was not taken is listed below.") || strings.Contains(text, "Take 1 change") || worded() != 1 {
		t.Errorf("taken over with a rest = %.600q and %d passages; want what was not taken, and one passage", text, worded())
	}
	if to := w.post(mia, b+"/back/take", http.StatusSeeOther, "document", "clean"); to != "/o/example"+b+"/report" {
		t.Errorf("taken over without a rest leads to %q, want the report", to)
	}
	html = w.upload(mia, b+"/back", http.StatusUnprocessableEntity, "other")
	if !strings.Contains(plain(html), "not made of a draft of this engagement") || !strings.Contains(html, "Nothing of the document was taken") || strings.Contains(html, "<script>alert") {
		t.Errorf("a document of another draft = %.600q, want a refusal with words", plain(html))
	}
	w.upload(mia, b+"/back", http.StatusUnprocessableEntity, "")
	w.upload(mia, b+"/back", http.StatusUnprocessableEntity, strings.Repeat("x", largestBack+1))
	w.post(mia, b+"/back/take", http.StatusUnprocessableEntity, "document", "")
	for _, as := range []access.Visitor{sam, quinn, nora, root, lea, exa, admin} {
		before := w.refusals(w.of(as), id)
		w.upload(as, b+"/back", http.StatusForbidden, "document")
		w.post(as, b+"/back/take", http.StatusForbidden, "document", "document")
		if n := w.refusals(w.of(as), id) - before; n != 2 {
			t.Errorf("%s: %d attempts are on record, want 2", as.Name, n)
		}
	}
}
