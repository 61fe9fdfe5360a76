package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/web/shell"
)

type itemData struct {
	head
	Zone    civil.Zone
	Row     row
	Item    Item
	Records []recordData
	Missing []string // named by the finding, not found
	More    int      // records not shown
}

type recordData struct {
	RecordView
	Fields []field
	Proof  ProofView
	Own    bool // the item's own record
}

func (s *Site) item(w http.ResponseWriter, r *http.Request) error {
	k, err := s.worked(r.Context())
	if err != nil {
		return err
	}
	tests := k.of(r.PathValue("control"))
	if len(tests) == 0 || !tests[0].Tested {
		return fault.NotFound
	}
	q := r.URL.Query()
	d := itemData{head: head{q.Get("key")}, Zone: s.o.Zone}
	if d.Row, err = choose(tests, q); err != nil {
		return err
	}
	if d.Item, err = s.o.Items.Item(r.Context(), d.Row.ref(), q.Get("key")); err != nil {
		return err
	}
	if err := s.story(r, &d); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, itemPage(d))
}

// story reads the item's records, in the order in which they happened, each with its proof.
func (s *Site) story(r *http.Request, d *itemData) error {
	names := d.Item.Records
	if len(names) > rowsOfStory {
		d.More, names = len(names)-rowsOfStory, names[:rowsOfStory]
	}
	if len(names) == 0 {
		return nil
	}
	found, err := s.o.Records.Records(r.Context(), names)
	if err != nil {
		return err
	}
	for _, n := range names {
		if !slices.ContainsFunc(found, func(v RecordView) bool { return v.Name == n }) {
			d.Missing = append(d.Missing, n)
		}
	}
	for _, v := range found {
		p, err := s.o.Proofs.Proof(r.Context(), v.Index)
		if err != nil {
			return fmt.Errorf("proof of %s: %w", v.Name, err)
		}
		fields, err := fieldsOf(v.Body)
		if err != nil {
			return fmt.Errorf("body of %s: %w", v.Name, err)
		}
		d.Records = append(d.Records, recordData{v, fields, p, v.Name == names[0]})
	}
	slices.SortStableFunc(d.Records, func(a, b recordData) int { return int(sign(a.when() - b.when())) })
	return nil
}

// when orders the story: the event where it is known, else the first time that is.
func (r recordData) when() civil.Instant {
	for _, s := range []string{r.Event, r.Recorded, r.Received} {
		if i, err := civil.ParseInstant(s); err == nil {
			return i
		}
	}
	return civil.Never
}

func sign(i civil.Instant) civil.Instant { return max(-1, min(1, i)) }

// attributeVerdict says what is known of one attribute of the item.
func (d itemData) attributeVerdict(id string) (assure.Verdict, bool) {
	if v, ok := d.Item.Each[id]; ok {
		return v, true
	}
	if slices.Contains(d.Item.Attributes, id) {
		return d.Item.Verdict, true
	}
	return "", false
}

func (s *Site) proofFile(w http.ResponseWriter, r *http.Request) error {
	index, err := strconv.ParseInt(r.PathValue("index"), 10, 64)
	if err != nil || index < 0 || strconv.FormatInt(index, 10) != r.PathValue("index") {
		return fault.NotFound
	}
	p, err := s.o.Proofs.Proof(r.Context(), index)
	if err != nil {
		return err
	}
	var body []byte
	switch file := r.PathValue("file"); {
	case file == "tlog-proof":
		body = p.File
	case file == "record" && len(p.Line) > 0:
		body = p.Line
	case file == "checkpoint":
		body = []byte(p.Checkpoint)
	default:
		return fault.NotFound
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%d.%s"`, index, r.PathValue("file")))
	_, err = w.Write(body)
	return shell.Quietly(err)
}
