package operate

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// Step is one station of an escalation path.
type Step struct {
	Who   string
	After int // business days after the due date
}

// every is how many business days lie between two stations whose path does not say.
const every = 2

var afterDays = regexp.MustCompile(`(?i)^(.*\S)\s+after\s+(\d{1,3})(?:\s+(?:business\s+)?days?)?$`)

// Path reads an escalation path, such as "IT manager -> compliance lead after 1 business day -> executive sponsor after 5". The first
// station is whose turn it is; "after" counts business days from the due date, and a station that does not say comes two after the
// one before.
func Path(s string) []Step {
	var out []Step
	for part := range strings.SplitSeq(strings.ReplaceAll(s, "→", "->"), "->") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		step := Step{Who: part}
		if len(out) > 0 {
			step.After = out[len(out)-1].After + every
		}
		if m := afterDays.FindStringSubmatch(part); m != nil {
			n, _ := strconv.Atoi(m[2])
			step.Who = m[1]
			if len(out) > 0 {
				step.After = n
			}
		}
		out = append(out, step)
	}
	return out
}

// Notice is a reminder of an instance, or its escalation to the next of the path.
type Notice struct {
	Instance
	Stage string // before-7, before-1, due, late-1, ...
	To    string // a person's address; a title where nobody holds it
	Open  bool   // To is a title
	Late  int    // business days since the due date
	Was   string // of an escalation: whose turn it is
}

// Escalation reports whether the notice goes to another than whose turn it is.
func (n Notice) Escalation() bool { return strings.HasPrefix(n.Stage, "late-") }

func (n Notice) name() string { return n.Control + "\n" + n.Key + "\n" + n.Stage + "\n" + fold(n.To) }

// SentNotice is what is known of a notice from before.
type SentNotice struct {
	Control, Key, Stage, To string
	Status                  string // claimed, sent or failed
	At                      civil.Instant
	Version                 int
	Problem                 string
}

func (s SentNotice) name() string {
	return s.Control + "\n" + s.Key + "\n" + s.Stage + "\n" + fold(s.To)
}

// attempts is how often a notice that could not be handed over is tried; a version each is claimed and failed.
const attempts = 5

// tried reports whether nothing more is to be done. One that was claimed and whose end nobody knows may have been sent.
func (s SentNotice) tried() bool { return s.Status != "failed" || s.Version >= 2*attempts }

// Rules say when notices are sent.
type Rules struct {
	Before   []int // days before the due date
	Holidays civil.Holidays
	Zone     civil.Zone
	Holders  map[string][]string // who holds a title, by its lower-case name
}

// Usual are seven days before and one day before; on the day itself a reminder is always sent.
func Usual() []int { return []int{7, 1} }

// Notices says what is to be sent now: of each task the latest reminder whose day has come, and of each late instance every
// escalation whose day has come, none of which was sent before. A day on which nothing ran is made up for without sending what
// later reminders already say.
func Notices(tasks []Task, sent []SentNotice, r Rules, now civil.Instant) []Notice {
	done := map[string]bool{}
	for _, s := range sent {
		if s.tried() {
			done[s.name()] = true
		}
	}
	today := r.Zone.DateOf(now)
	var out []Notice
	add := func(n Notice) {
		if n.To != "" && !done[n.name()] {
			done[n.name()] = true
			out = append(out, n)
		}
	}
	escalated := map[string]bool{}
	for _, t := range tasks {
		if stage := r.reminder(t.Due, today); stage != "" {
			add(Notice{Instance: t.Instance, Stage: stage, To: t.Who, Open: t.Open})
		}
		if t.Due >= today || escalated[t.ID()] {
			continue
		}
		escalated[t.ID()] = true
		path := Path(t.Escalation)
		for n, step := range path[min(1, len(path)):] {
			if r.Holidays.AddBusinessDays(t.Due, step.After) > today {
				continue
			}
			for _, to := range r.holders(step.Who) {
				add(Notice{Instance: t.Instance, Stage: fmt.Sprintf("late-%d", n+1), To: to, Open: !strings.Contains(to, "@"), Late: r.late(t.Due, today), Was: t.Who})
			}
		}
	}
	return out
}

// reminder is the stage that the day has reached; empty before the first, and when the instance is late: then the path goes on.
func (r Rules) reminder(due, today civil.Date) string {
	switch {
	case due < today:
		return ""
	case due == today:
		return "due"
	}
	left := int(due - today)
	best := -1
	for _, b := range r.Before {
		if left <= b && (best < 0 || b < best) {
			best = b
		}
	}
	if best < 0 {
		return ""
	}
	return fmt.Sprintf("before-%d", best)
}

func (r Rules) holders(title string) []string {
	if h := r.Holders[fold(title)]; len(h) > 0 {
		return h
	}
	return []string{title}
}

// late counts the business days from the due date to today.
func (r Rules) late(due, today civil.Date) int {
	n := 0
	for d := due + 1; d <= today && n < 1000; d++ {
		if r.Holidays.Business(d) {
			n++
		}
	}
	return n
}

// Courier hands a notice over: by mail, by a hook. An error means that it was not handed over; a context that ends may leave it unknown.
type Courier interface {
	Send(ctx context.Context, org id.Org, n Notice) error
}

// Carry sends notices. Each is claimed in the register before it is handed over, so that two that run at once, or one that ended
// half-way, never send it twice. It gives how many were sent; what could not be handed over is tried again by a later run.
func (d *Desk) Carry(ctx context.Context, a Actor, c Courier, notices []Notice, sent []SentNotice) (int, error) {
	known := map[string]SentNotice{}
	for _, s := range sent {
		known[s.name()] = s
	}
	n := 0
	for _, x := range notices {
		ok, err := d.carry(ctx, a, c, x, known[x.name()].Version)
		if err != nil {
			return n, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

func (d *Desk) carry(ctx context.Context, a Actor, c Courier, n Notice, version int) (bool, error) {
	x, err := d.claim(ctx, a, n, version)
	if x == nil || err != nil {
		return false, err
	}
	failed := c.Send(ctx, a.Org, n)
	if failed != nil && ctx.Err() != nil {
		return false, ctx.Err() // it may be on its way: the claim stands
	}
	return failed == nil, d.settle(ctx, a, x, failed)
}

// claim is a notice that this run hands over, and no other.
type claim struct {
	Notice
	version int
	at      civil.Instant
	token   string
}

// claim records that a notice is about to be handed over; nil where another run has it.
func (d *Desk) claim(ctx context.Context, a Actor, n Notice, version int) (*claim, error) {
	token, err := d.mint("claim")
	if err != nil {
		return nil, err
	}
	c := &claim{n, version + 1, d.Now(), token}
	if _, err := d.put(ctx, a, noticesSent, c.version, c.members("claimed", "", 0)); err != nil {
		if isRefused(err) {
			err = nil
		}
		return nil, err
	}
	return c, nil
}

// settle records what became of it.
func (d *Desk) settle(ctx context.Context, a Actor, c *claim, failed error) error {
	status, problem := "sent", ""
	if failed != nil {
		status, problem = "failed", failed.Error()
	}
	_, err := d.put(ctx, a, noticesSent, c.version+1, c.members(status, problem, d.Now()))
	return err
}

func (c *claim) members(status, problem string, sent civil.Instant) members {
	var ms members
	ms.text("control", c.Control)
	ms.text("instance", c.Key)
	ms.text("stage", c.Stage)
	ms.text("recipient", fold(c.To))
	ms.text("due_on", c.Due.String())
	ms.text("kind", map[bool]string{true: "escalation", false: "reminder"}[c.Escalation()])
	ms.text("status", status)
	ms.text("claimed_at", c.at.String())
	ms.text("claim", c.token) // two that claim in the same moment say different things
	if status == "sent" {
		ms.text("sent_at", sent.String())
	}
	ms.text("problem", problem)
	return ms
}

// Remind sends what is to be sent about the tasks at this moment, and gives how many notices went out.
func (d *Desk) Remind(ctx context.Context, a Actor, c Courier, tasks []Task, r Rules) (int, error) {
	if len(tasks) == 0 {
		return 0, nil
	}
	first := slices.MinFunc(tasks, func(a, b Task) int { return cmp.Compare(a.Due, b.Due) }).Due
	sent, err := d.Sent(ctx, a.Org, "", first)
	if err != nil {
		return 0, err
	}
	return d.Carry(ctx, a, c, Notices(tasks, sent, r, d.Now()), sent)
}

// Sent reads what was sent about instances that are due from a day on, of one control or, where it is empty, of all.
func (d *Desk) Sent(ctx context.Context, org id.Org, control string, from civil.Date) ([]SentNotice, error) {
	q := record.Query{Where: []record.Match{{Field: "due_on", Op: ">=", Value: from}}}
	if control != "" {
		q.Where = append(q.Where, record.Match{Field: "control", Op: "=", Value: control})
	}
	var out []SentNotice
	err := d.all(ctx, org, noticesSent, q, func(k record.Known) error {
		b, err := body(k)
		at, ok := instant(b["sent_at"])
		if !ok {
			at, _ = instant(b["claimed_at"])
		}
		out = append(out, SentNotice{b["control"], b["instance"], b["stage"], b["recipient"], b["status"], at, k.Version, b["problem"]})
		return err
	})
	slices.SortFunc(out, func(a, b SentNotice) int { return cmp.Compare(a.At, b.At) })
	return out, err
}
