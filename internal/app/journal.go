package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// journal keeps acts that matter to security: those of an organization are sealed in its ledger, so that nobody takes a role back
// unseen; those of the installation, such as a sign-in, go to its log.
type journal struct{ in *installation }

// sealedAct is an act as the ledger keeps it.
type sealedAct struct {
	Act     string `json:"act"`
	Person  string `json:"person,omitempty"` // the address, as registers name people
	By      string `json:"by,omitempty"`
	At      string `json:"at"`
	Address string `json:"address,omitempty"`
	Agent   string `json:"agent,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Note keeps an act.
func (j journal) Note(ctx context.Context, org id.Org, e account.Event) error {
	if org == "" {
		if e.Act == account.Enrolled {
			if empty := j.in.empty.Swap(false); empty {
				j.in.first.Store(e.Person)
			}
		}
		log.Printf("security: %s person=%s by=%s address=%s %s", e.Act, e.Person, e.By, e.Address, e.Detail)
		return nil
	}
	n := sealedAct{Act: e.Act, Person: j.email(ctx, e.Person), By: j.email(ctx, e.By), At: civil.InstantOf(e.At).String(), Address: e.Address, Agent: e.Agent, Detail: e.Detail}
	return j.in.seal(ctx, org, record.Access, "", n)
}

// email names a person as registers do. One who is not there any more keeps their id.
func (j journal) email(ctx context.Context, p id.Person) string {
	if p == "" {
		return ""
	}
	if x, err := j.in.accounts.Person(ctx, p); err == nil {
		return x.Email
	}
	return string(p)
}

// seal appends one record to a register of Assay's own. Without a key it gets one.
func (in *installation) seal(ctx context.Context, org id.Org, reg, key string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if b, err = register.Canonical(b); err != nil {
		return err
	}
	if key == "" {
		if key, err = id.New("event", in.app.Clock(), in.app.Random); err != nil {
			return err
		}
	}
	pull, err := id.NewPull(in.app.Clock(), in.app.Random)
	if err != nil {
		return err
	}
	if _, err = in.st.Append(ctx, org, pull, []record.Draft{{Row: &register.Row{Register: reg, Key: key, Body: b}, Source: "assay"}}); err != nil {
		return fmt.Errorf("seal what was done: %w", err)
	}
	return nil
}
