package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
)

// The registers that say what must be kept, and what is shown only redacted.
const (
	holds      = "holds"
	redactions = "redactions"
)

// held refuses an erasure that a legal hold forbids, in the words of the hold: it wins over every
// other duty while it lasts, and names the authority that ordered it. Its own records are never erased.
func (o *office) held(ctx context.Context, e record.Erasure) error {
	if e.Register == holds {
		return &fault.Error{Kind: fault.Denied, What: "records of holds say why something was kept and cannot be erased; end the hold instead"}
	}
	active, err := o.active(ctx)
	if err != nil {
		return err
	}
	for _, h := range active {
		if h.covers(e.Register, e.Key) {
			return (&fault.Error{Kind: fault.Denied, What: fmt.Sprintf("%s/%s is under the legal hold %s by the authority of %s, which wins over the erasure", e.Register, e.Key, h.id, h.authority)}).
				WithHint("record the end of the hold (ends_at in the register holds) once its authority has lifted it")
		}
	}
	return nil
}

// hold is a legal hold that lasts. An empty register or key covers all of them.
type hold struct{ id, register, key, authority string }

func (h hold) covers(register, key string) bool {
	return (h.register == "" || h.register == register) && (h.key == "" || h.key == key)
}

// active lists the holds that last now.
func (o *office) active(ctx context.Context) ([]hold, error) {
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return nil, err
	}
	now := int64(civil.InstantOf(o.app.Clock()))
	var out []hold
	fields := []string{"of_register", "of_key", "authority", "starts_at", "ends_at"}
	err = o.engine.Rows(string(o.org.ID)).All(ctx, o.regs[holds], fields, size, func(key string, v []any) error {
		starts, started := v[3].(int64)
		ends, ended := v[4].(int64)
		if started && now < starts || ended && now >= ends {
			return nil
		}
		text := func(i int) string { s, _ := v[i].(string); return s }
		out = append(out, hold{key, text(0), text(1), text(2)})
		return nil
	})
	return out, err
}

// View opens a piece of evidence for a reader: its redacted copy where there is one, which is told.
// The original stays under its own hash for those who may see it.
func (o *office) View(ctx context.Context, sum string) (r io.ReadCloser, redacted bool, err error) {
	size, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return nil, false, err
	}
	shown := sum
	err = o.engine.Rows(string(o.org.ID)).Of(ctx, o.regs[redactions], []string{"redacted"}, "", []string{sum}, size, func(_ string, v []any) error {
		shown, redacted = v[0].(string), true
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	r, err = o.blobs.Open(ctx, o.org.ID, shown)
	if redacted && errors.Is(err, fault.NotFound) { // never the original instead
		err = fmt.Errorf("the redacted copy of %s: %w", sum, err)
	}
	return r, redacted, err
}
