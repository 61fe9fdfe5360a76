package operate

import (
	"context"
	"time"

	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

func monthOf(quarter int) time.Month { return time.Month(3*quarter - 2) }

// learned is what the registers say of persons and delegations at one size of the ledger. It is not changed once made.
type learned struct {
	size        int64
	who         *persons
	delegations []Delegation
}

// learn reads persons and delegations, and keeps them until something else is recorded than decisions of ours.
func (v *Reviews) learn(ctx context.Context, org id.Org) (*learned, error) {
	size, err := v.Size.Size(ctx, org)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	l := v.learnt[org]
	v.mu.Unlock()
	if l != nil && l.size == size {
		return l, nil
	}
	l = &learned{size: size}
	if l.who, err = v.Desk.everybody(ctx, org); err != nil {
		return nil, err
	}
	if l.delegations, err = v.Desk.Delegations(ctx, org); err != nil {
		return nil, err
	}
	v.keep(org, l)
	return l, nil
}

func (v *Reviews) keep(org id.Org, l *learned) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.learnt == nil {
		v.learnt = map[id.Org]*learned{}
	}
	v.learnt[org] = l
}

// append makes decisions durable. Where nothing else was recorded since persons were read, what was read stays good: decisions say
// nothing of persons.
func (v *Reviews) append(ctx context.Context, org id.Org, l *learned, rows []*register.Row) error {
	var drafts []record.Draft
	for _, r := range rows {
		drafts = append(drafts, record.Draft{Row: r, Source: Source})
	}
	got, err := v.Desk.Records.Append(ctx, org, "", drafts)
	if err == nil && got.First == l.size {
		v.keep(org, &learned{got.First + got.Count, l.who, l.delegations})
	}
	return err
}

// own reports whether an account is a person's, or was by any word of the registers: theirs, or one that they answer for.
func (p *persons) own(a *Account, login string) bool {
	return p.related(a.Login, login) || p.related(a.Owner, login)
}
