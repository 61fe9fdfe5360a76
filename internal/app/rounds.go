package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/mail"
	"github.com/assayhq/assay/internal/operate"
)

// reminder is who the records of sent notices name.
const reminder = "reminders@assay.invalid"

// longestLate is for how many days after its due date an instance is still written about.
const longestLate = 30

// rounds does what nobody asks for, until the context ends: reminders and their escalation, and forgetting what nobody can use any
// more. A round that fails is told and the next one tries again.
func (in *installation) rounds(ctx context.Context, sender *mail.Sender) {
	t := time.NewTicker(15 * time.Minute)
	defer t.Stop()
	for {
		if err := in.people.Sweep(ctx, in.app.Clock()); err != nil && ctx.Err() == nil {
			log.Printf("forget what has expired: %v", err)
		}
		for _, slug := range in.tenants.names() {
			if err := in.round(ctx, slug, sender); err != nil && ctx.Err() == nil {
				log.Printf("the round of %s: %v", slug, err)
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// round is the part of one organization.
func (in *installation) round(ctx context.Context, slug string, sender *mail.Sender) error {
	t, err := in.tenants.open(ctx, slug)
	if err != nil || t.uploads == nil {
		return err
	}
	err = t.uploads.Sweep(ctx, t.Org)
	_, failed := t.board.Reviews.FollowAll(ctx, operate.Actor{Org: t.Org, Zone: t.o.program.Zone, Email: follower})
	err = errors.Join(err, failed)
	if sender != nil {
		err = errors.Join(err, in.remind(ctx, t, sender))
	}
	return err
}

// follower is who the records of removals that were followed name.
const follower = "follow-up@assay.invalid"

// remind sends what is to be sent about the open instances of one organization.
func (in *installation) remind(ctx context.Context, t *tenant, sender *mail.Sender) error {
	zone := t.o.program.Zone
	today := zone.DateOf(civil.InstantOf(in.app.Clock()))
	actor := operate.Actor{Org: t.Org, Zone: zone, Email: reminder}
	// What was late for longer when reminders were turned on is on the home page: nobody gets a year of it by mail.
	tasks, err := t.board.Reminders(ctx, actor, today-longestLate, today+8, t.o.escalations())
	if err != nil {
		return err
	}
	size, err := in.st.Size(ctx, t.Org)
	if err != nil {
		return err
	}
	rules := operate.Rules{Before: operate.Usual(), Zone: zone}
	if rules.Holidays, err = t.o.holidays(ctx, size); err != nil {
		return err
	}
	if rules.Holders, err = t.board.Team.Holders(ctx, t.Org); err != nil {
		return err
	}
	list, err := t.board.Team.Members(ctx, t.Org)
	if err != nil {
		return err
	}
	members := map[string]bool{}
	for _, m := range list {
		members[strings.ToLower(m.Email)] = true
	}
	_, err = t.board.Desk.RemindDaily(ctx, actor, courier{sender, t, in, members}, tasks, rules)
	return err
}

// escalations gives the path of each control in force.
func (o *office) escalations() operate.Paths {
	of := map[string]string{}
	for _, c := range o.controlsNow() {
		of[c.ID] = c.Escalation
	}
	return func(control string) string { return of[control] }
}

// courier sends notices by e-mail, to those who work here now. One whose title nobody holds, or that a record addresses to somebody who
// left or never was here, goes to nobody: the home page of the lead shows it.
type courier struct {
	sender  *mail.Sender
	t       *tenant
	in      *installation
	members map[string]bool // lower-case addresses
}

func (c courier) reaches(to string) bool { return c.members[strings.ToLower(to)] }

// Send hands one notice over.
func (c courier) Send(ctx context.Context, _ id.Org, n operate.Notice) error {
	if n.Open || !c.reaches(n.To) {
		return nil
	}
	when := "is due on " + n.Due.Long()
	if n.Late > 0 {
		when = fmt.Sprintf("was due on %s, %d business days ago", n.Due.Long(), n.Late)
	}
	text := fmt.Sprintf("%s, %s (%s), %s.\n", n.Control, n.Title, n.Key, when)
	if n.IfMissed != "" {
		text += "\nIf it is missed: " + n.IfMissed + "\n"
	}
	if c.in.base != "" {
		text += "\n" + c.in.base + "/o/" + c.t.Slug + "/work\n"
	}
	return post{c.sender, c.in}.Send(ctx, n.To, c.t.Name+": "+n.Control+" "+when, text)
}
