package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
)

// MaxSkew is how far a witness's clock may lie from ours.
const MaxSkew = 5 * time.Minute

// Doer sends a request: the one guarded HTTP client of the house.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client asks one witness.
type Client struct {
	URL   string // its submission prefix
	Key   ledger.Witness
	HTTP  Doer
	Clock func() time.Time
}

// Ask has a checkpoint cosigned. From is the size that the witness cosigned last as far as we
// know; it tells when that is wrong. Prove proves that the tree of a size is a prefix of the
// checkpoint's. A witness that cannot be reached gives an error without a kind; one that does
// not know this ledger or its key a fault.Refused; one that has seen a larger ledger or another
// history a fault.Integrity.
func (c *Client) Ask(ctx context.Context, s ledger.Signed, from int64, prove func(old int64) (tlog.TreeProof, error)) (ledger.Cosignature, error) {
	if from > s.Size {
		return ledger.Cosignature{}, c.bad("it has cosigned %d records of this ledger, which now holds %d: the ledger was rolled back", from, s.Size)
	}
	for range 3 { // once with what we know, once with what it says, once more if others ask too
		cosigned, seen, err := c.ask(ctx, s, from, prove)
		if err != nil || seen < 0 {
			return cosigned, err
		}
		switch {
		case seen > s.Size:
			return cosigned, c.bad("it has cosigned %d records of this ledger, which now holds %d: the ledger was rolled back", seen, s.Size)
		case seen == from:
			return cosigned, c.bad("it has cosigned another history of %d records of this ledger", seen)
		}
		from = seen
	}
	return ledger.Cosignature{}, fmt.Errorf("witness %s: the size it has seen changes with each request; ask again later", c.Key.Name())
}

// ask sends one request. Seen is the size that the witness has cosigned, if that is its answer,
// else negative.
func (c *Client) ask(ctx context.Context, s ledger.Signed, from int64, prove func(int64) (tlog.TreeProof, error)) (cosigned ledger.Cosignature, seen int64, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", from)
	if from > 0 && from < s.Size {
		proof, err := prove(from)
		if err != nil {
			return cosigned, -1, err
		}
		for _, h := range proof {
			b.WriteString(h.String() + "\n")
		}
	}
	b.WriteString("\n" + string(s.Note))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+path, strings.NewReader(b.String()))
	if err != nil {
		return cosigned, -1, err
	}
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return cosigned, -1, fmt.Errorf("ask the witness %s: %w", c.Key.Name(), err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
	if err != nil {
		return cosigned, -1, fmt.Errorf("ask the witness %s: %w", c.Key.Name(), err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		cosigned, err = c.open(s, string(answer))
		return cosigned, -1, err
	case http.StatusConflict:
		seen, err := strconv.ParseInt(strings.TrimSuffix(string(answer), "\n"), 10, 64)
		if err != nil || seen < 0 {
			return cosigned, -1, c.bad("it has seen another state of this ledger and does not say which")
		}
		return cosigned, seen, nil
	case http.StatusUnprocessableEntity:
		return cosigned, -1, c.bad("the %d records that it cosigned before are no prefix of this ledger", from)
	case http.StatusNotFound, http.StatusForbidden:
		return cosigned, -1, &fault.Error{
			Kind: fault.Refused, What: fmt.Sprintf("the witness %s does not accept this ledger (%s): %s", c.Key.Name(), resp.Status, firstLine(answer)),
			Hint: "give its operator the ledger's verifier key, which assay init printed",
		}
	}
	return cosigned, -1, fmt.Errorf("the witness %s answers %s: %s", c.Key.Name(), resp.Status, firstLine(answer))
}

// open takes the witness's own signature out of an answer; lines of other keys are passed over.
func (c *Client) open(s ledger.Signed, answer string) (ledger.Cosignature, error) {
	for line := range strings.Lines(answer) {
		got, err := c.Key.Open(s.Checkpoint, line)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return got, err
		}
		if now := c.Clock(); got.Time.Before(now.Add(-MaxSkew)) || got.Time.After(now.Add(MaxSkew)) {
			return ledger.Cosignature{}, c.bad("it says %s while the clock here says %s", got.Time.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
		return got, nil
	}
	return ledger.Cosignature{}, c.bad("its answer holds no cosignature by its key")
}

func (c *Client) bad(format string, args ...any) error {
	return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("witness %s: ", c.Key.Name()) + fmt.Sprintf(format, args...)}
}

// firstLine keeps an answer from filling the terminal.
func firstLine(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\n")
	return fmt.Sprintf("%.200q", s)
}
