package app

import (
	"context"
	"fmt"

	"github.com/assayhq/assay/internal/api"
	"github.com/assayhq/assay/internal/store/accounts"
)

// Answers to unsafe requests of programs are kept: so many of a person in an organization, and so many bytes altogether.
const (
	keptAnswers = 1000
	keptBytes   = 32 << 20
)

// attempts keeps answers in the accounts' database, so that a request that is sent again after a restart is not done twice.
type attempts struct {
	in  *installation
	run string // of this process
}

func (in *installation) newAttempts() (attempts, error) {
	var b [12]byte
	_, err := in.app.Random.Read(b[:])
	return attempts{in, fmt.Sprintf("%x", b)}, err
}

func (x attempts) of(at api.Attempt) accounts.Attempt {
	return accounts.Attempt{Scope: at.Scope, Key: at.Key, Head: at.Head[:], Run: x.run}
}

func (x attempts) bounds() accounts.Bounds {
	return accounts.Bounds{Since: x.in.app.Clock().Add(-api.Kept), Each: keptAnswers, Bytes: keptBytes}
}

// Begin claims a key.
func (x attempts) Begin(ctx context.Context, at api.Attempt) (*api.Answer, error) {
	state, r, err := x.in.people.Begin(ctx, x.of(at), x.in.app.Clock(), x.bounds())
	switch {
	case err != nil:
		return nil, err
	case state == accounts.Answered && len(r.Sum) == 32:
		return &api.Answer{Status: r.Status, Header: r.Header, Body: r.Body, Sum: [32]byte(r.Sum)}, nil
	case state == accounts.UnderWay || state == accounts.Full:
		return nil, api.ErrInFlight
	case state == accounts.Another:
		return nil, api.ErrOther
	case state == accounts.Fresh:
		return nil, nil
	}
	return api.Lost(), nil
}

// Finish keeps the answer or, without one, forgets the key.
func (x attempts) Finish(ctx context.Context, at api.Attempt, a *api.Answer) error {
	var r *accounts.Reply
	if a != nil {
		r = &accounts.Reply{Status: a.Status, Header: a.Header, Body: a.Body, Sum: a.Sum[:]}
		if r.Body == nil {
			r.Body = []byte{}
		}
	}
	return x.in.people.Finish(ctx, x.of(at), r, x.bounds())
}
