package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

type ledgerData struct {
	head
	View  LedgerView
	List  []CheckpointView
	Total int
	Page  int
}

func (s *Site) ledger(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r.URL.Query())
	if err != nil {
		return err
	}
	d := ledgerData{head: head{shell.T(r.Context(), "Ledger")}, Page: page}
	if d.View, err = s.o.Ledger.Ledger(r.Context()); err != nil {
		return err
	}
	if d.List, d.Total, err = s.o.Ledger.Checkpoints(r.Context(), (page-1)*rowsOfPage, rowsOfPage); err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, ledgerPage(d))
}

func ledgerURL(page int) string { return "/ledger?page=" + strconv.Itoa(page) }

// held says who vouches for a checkpoint: somebody outside on it, somebody on a later one that contains it, or nobody yet.
func (d ledgerData) held(c CheckpointView) (report.Mark, string) {
	switch {
	case len(c.Anchors) > 0:
		return report.MarkPass, phrase.Mark("Held outside")
	case c.Size <= d.View.Window.Anchored:
		return report.MarkPass, phrase.Mark("Covered by a later one")
	}
	return report.MarkUnproven, phrase.Mark("Not yet anchored")
}

// kindOf names a kind of attestation with the standard that it follows.
func kindOf(k ledger.Kind) string {
	switch k {
	case ledger.Stamped:
		return phrase.Mark("Time stamp, RFC 3161")
	case ledger.Cosigned:
		return phrase.Mark("Cosignature of a witness")
	}
	return string(k)
}

// age says how long the oldest record of the window has waited.
func (d ledgerData) age(ctx context.Context) string {
	return shell.From(ctx).Lang.Duration(time.Duration(d.View.Window.Age) * time.Second)
}
