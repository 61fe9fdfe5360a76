package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"path/filepath"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/blob/dir"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/scope"
)

var _ engage.Books = (*actBooks)(nil)

// actBooks are the ledger of an organization as its engagements read it.
type actBooks struct{ o *office }

// scanned is how many records are looked at one by one; more are found by their register.
const scanned = 20_000

// Append writes acts.
func (b *actBooks) Append(ctx context.Context, org id.Org, p id.Pull, drafts []record.Draft) (record.Receipt, error) {
	return b.o.st.Append(ctx, org, p, drafts)
}

// Since gives what the two registers got from a place in the ledger on.
func (b *actBooks) Since(ctx context.Context, org id.Org, from int64) ([]record.Known, int64, error) {
	size, err := b.o.st.Size(ctx, org)
	if err != nil || size <= from {
		return nil, size, err
	}
	var out []record.Known
	if size-from <= scanned {
		err := b.o.st.Scan(ctx, org, from, size, func(s record.Sealed) error {
			if s.Erased() {
				return nil
			}
			r, err := record.Parse(s.Bytes)
			if err == nil && (r.Register == engage.Acts || r.Register == engage.Mail) {
				r.Body = slices.Clone(r.Body) // what a scan gives is valid during the call
				out = append(out, record.Known{Index: s.Index, Record: r})
			}
			return err
		})
		return out, size, err
	}
	for _, name := range []string{engage.Acts, engage.Mail} {
		for q := (record.Query{Limit: 1000}); ; q.Offset += 1000 {
			list, total, err := b.o.st.List(ctx, org, b.o.regs[name], q)
			if err != nil {
				return nil, 0, err
			}
			for _, k := range list {
				if k.Index >= from && k.Index < size {
					out = append(out, k)
				}
			}
			if int64(q.Offset+len(list)) >= total {
				break
			}
		}
	}
	slices.SortFunc(out, func(a, b record.Known) int { return int(min(1, max(-1, a.Index-b.Index))) })
	return out, size, nil
}

// Proven gives a record with its proof against the latest checkpoint.
func (b *actBooks) Proven(ctx context.Context, _ id.Org, index int64) (engage.Message, error) {
	sealed, _, proof, err := b.o.proven(ctx, index)
	if err != nil {
		return engage.Message{}, err
	}
	if sealed.Erased() {
		return engage.Message{}, &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("record #%d was erased", index)}
	}
	m := engage.Message{Salt: sealed.Salt, Record: sealed.Bytes, Proof: proof}
	m.Key, err = b.o.key()
	return m, err
}

// key is the verifier key of the organization's ledger.
func (o *office) key() (string, error) { return verifierKey(o.data, o.app.Random, o.org.ID) }

// side is which party the organization is in its engagements.
func (o *office) side() engage.Side {
	if o.program.Report == scope.Firm {
		return engage.Firm
	}
	return engage.Client
}

// house is an organization's side of its engagements. One stands for an organization while the folder is served, whatever becomes of its program.
func (in *installation) house(o *office) *engage.House {
	in.houses.Lock()
	defer in.houses.Unlock()
	if in.engaged == nil {
		in.engaged = map[id.Org]*engage.House{}
	}
	h := in.engaged[o.org.ID]
	if h == nil {
		h = &engage.House{Org: o.org.ID, Side: o.side(), Books: &actBooks{o}, Clock: in.app.Clock}
		h.Sent = func(ctx context.Context, engagement string) {
			ctx = context.WithoutCancel(ctx) // the act stands, whether or not who did it still waits for the answer
			if err := in.deliver(ctx, h, engagement); err != nil && !errors.Is(err, fault.NotFound) {
				log.Printf("deliver what %s did in %s: %v", o.org.Name, engagement, err)
			}
		}
		in.engaged[o.org.ID] = h
	}
	return h
}

// deliver takes the messages of an engagement to the other party, where it lives in this installation. They are the same messages that
// would be carried to another one, and are proven in the same way.
func (in *installation) deliver(ctx context.Context, from *engage.House, engagement string) error {
	var other id.Org
	var key string
	err := from.See(ctx, engagement, func(e *engage.Engagement) error {
		p, own := e.Client, e.Firm
		if from.Side == engage.Client {
			p, own = e.Firm, e.Client
		}
		other, key = id.Org(p.Org), own.Key
		return nil
	})
	if err != nil {
		return err
	}
	slug := in.tenants.slug(other)
	if slug == "" || other == from.Org {
		return fault.NotFound // it lives elsewhere: the messages are carried
	}
	t, err := in.tenants.open(ctx, slug)
	if err != nil {
		return err
	}
	to := in.house(t.o)
	if to.Side == from.Side {
		return fault.Refuse("%s is no %s", t.Name, from.Side.Other())
	}
	if own, err := in.keyOf(from.Org); err != nil || own != key && key != "" {
		return errors.Join(err, &fault.Error{Kind: fault.Integrity, What: "the engagement names another key than the ledger's"})
	} else {
		key = own
	}
	next := 1
	if err := to.See(ctx, engagement, func(e *engage.Engagement) error { next = e.Next(from.Side); return nil }); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	texts, err := from.Outbox(ctx, engagement, next)
	if err != nil {
		return err
	}
	taken, err := to.Receive(ctx, texts, key)
	if err != nil && taken == 0 {
		return err
	}
	return errors.Join(err, in.carry(ctx, from, to, engagement)) // of what was taken in, the files come along, whatever was passed over
}

// redeliver takes over what was not delivered: the process may have ended between an act and its delivery.
func (in *installation) redeliver(h *engage.House) {
	list, err := h.List(in.life)
	if err != nil {
		if in.life.Err() == nil {
			log.Printf("read the engagements of %s: %v", h.Org, err)
		}
		return
	}
	for _, engagement := range list {
		if err := in.deliver(in.life, h, engagement); err != nil && !errors.Is(err, fault.NotFound) && in.life.Err() == nil {
			log.Printf("deliver what %s did in %s: %v", h.Org, engagement, err)
		}
	}
}

// carry copies the files that the acts of one party name to the other one's, which keeps them under a key of its own.
func (in *installation) carry(ctx context.Context, from, to *engage.House, engagement string) error {
	names, err := namedFiles(ctx, from, engagement, from.Side)
	if err != nil {
		return err
	}
	blobs := dir.Open(filepath.Join(in.data, "blobs"), filepath.Join(in.data, "keys"))
	for _, sum := range names {
		if there, err := blobs.Open(ctx, to.Org, sum); err == nil {
			_ = there.Close() // it is read only to see whether it is there
			continue
		}
		r, err := blobs.Open(ctx, from.Org, sum)
		if errors.Is(err, fault.NotFound) {
			continue // erased, or kept in a source of its own: its hash stands in the message
		}
		if err != nil {
			return err
		}
		_, _, err = blobs.Put(ctx, to.Org, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (in *installation) keyOf(org id.Org) (string, error) {
	return verifierKey(in.data, in.app.Random, org)
}

// ties says what the installation knows of somebody at a client, whom the firm wants to examine it: a role that is not an auditor's, now or
// before. An installation knows nothing of clients that live elsewhere; those say it when they agree.
func (in *installation) ties(ctx context.Context, client id.Org, email string) ([]string, error) {
	if in.people == nil || client == "" || in.tenants.slug(client) == "" {
		return nil, nil
	}
	p, err := in.people.PersonByEmail(ctx, email)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	history, err := in.people.Memberships(ctx, client)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range history {
		if m.Person != p.ID || m.Role == access.Auditor || m.Role == access.Customer {
			continue
		}
		say := fmt.Sprintf("%s there since %s", m.Role, m.Granted.UTC().Format(time.DateOnly))
		if m.Ended != nil {
			say = fmt.Sprintf("%s there from %s to %s", m.Role, m.Granted.UTC().Format(time.DateOnly), m.Ended.UTC().Format(time.DateOnly))
		}
		out = append(out, say)
	}
	return out, nil
}

// worked are the digests of the addresses of all who have, or had, a role in an organization that an auditor may not have had.
func (in *installation) worked(ctx context.Context, org id.Org) ([]string, error) {
	if in.people == nil {
		return nil, nil
	}
	history, err := in.people.Memberships(ctx, org)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range history {
		if m.Role == access.Auditor || m.Role == access.Customer {
			continue
		}
		p, err := in.people.Person(ctx, m.Person)
		if err != nil {
			return nil, err
		}
		if d := engage.Digest(p.Email); !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return out, nil
}
