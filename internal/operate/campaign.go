package operate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// The registers of access reviews.
const (
	accessReviews   = "access_reviews"
	reviewLists     = "access_review_lists"
	reviewRows      = "access_review_rows"
	reviewDecisions = "access_review_decisions"
	reviewRemovals  = "access_review_removals"
	reviewTurns     = "access_review_turns"
)

// Lists, rows, turns, decisions and removals are made by the acts below: nobody types them.
func init() {
	for _, name := range []string{reviewLists, reviewRows, reviewDecisions, reviewRemovals, reviewTurns} {
		byAct[name] = "/campaigns"
	}
}

// ReviewControl is the control that access reviews of systems perform. Its deadline is 30 days after the quarter.
const ReviewControl = "IAM-04"

const (
	reviewDays  = 30 // after the quarter's end
	removalDays = 5  // business days after the review was finished
)

// MostListed is how many accounts one campaign can list.
const MostListed = 5000

// The decisions on a row.
const (
	Keep      = "keep"
	Remove    = "remove"
	Withdrawn = "withdrawn" // decided and taken back: undecided
)

// Campaign is the review of who has access to one system in one quarter.
type Campaign struct {
	ID, System, Quarter string
	Listed              civil.Instant // when the list was frozen
	Size                int64         // of the ledger that the list was read from
	Rows                int
	Query, SHA256       string
	ByManager           bool   // the manager of each account's person decides; the reviewer where none is known
	ByOwner             bool   // the owner of the system decides
	SystemOwner         string // who that was when the list was frozen
	Reviewer, Deputy    string // addresses; the deputy decides on the reviewer's own access
	Due                 civil.Date
	StartedBy           string
	Version             int // of the list's record
	Index               int64

	Completed    civil.Instant // civil.Never while it is open
	Removals     int           // decided when it was completed
	RemovalsDone civil.Instant // civil.Never while one is not done, or there is none
	Own          string        // yes, no or empty for not known: whether somebody decided on their own access
	reviewed     int           // version of the review's record
}

// Open reports whether rows are still decided.
func (c *Campaign) Open() bool { return c.Completed == civil.Never }

// Outside reports whether the list was taken outside of the quarter, which the test of the control says too.
func (c *Campaign) Outside(z civil.Zone) bool {
	q, err := ParseQuarter(c.Quarter)
	return err != nil || c.Listed < z.Start(q.First) || c.Listed >= z.End(q.Last)
}

// Account is a row of the list, as it was known when the list was frozen.
type Account struct {
	Row           string // 00001 and so on
	ID            string
	Login         string // whose it is, as the system's record says
	Owner         string // who answers for one that is no person's
	Manager       string
	Kind          string
	Privileged    bool
	Roles, Grants []string
	LastSignIn    string // RFC 3339; empty where none is known
	Index         int64  // of the row's record
}

// Whose is whom the account is shown under.
func (a *Account) Whose() string {
	if a.Login != "" {
		return a.Login
	}
	return a.Owner
}

// Decided is what was decided on a row; its zero value is undecided.
type Decided struct {
	Choice, Reason string
	By, For        string // who decided, and whose turn it was where that is another
	At             civil.Instant
	Version        int
	Index          int64
}

// Is reports whether the row is decided.
func (d Decided) Is() bool { return d.Choice == Keep || d.Choice == Remove }

// Reviews are the campaigns of access reviews. Desk, Size and Team are needed; Due tells the deadline where the calendar has it.
type Reviews struct {
	Desk *Desk
	Size Sizer
	Team Team
	Due  Due

	mu     sync.Mutex
	learnt map[id.Org]*learned
	frozen map[string][]Account // by organization and campaign: rows never change
	handed map[string]*turns    // by organization and campaign
	looked map[id.Org]*followed
	guard  [64]sync.RWMutex // a campaign is not completed while a decision is under way
}

// ParseQuarter reads the name of a quarter, such as 2026-Q3.
func ParseQuarter(s string) (civil.Quarter, error) {
	var year, n int
	if _, err := fmt.Sscanf(s, "%4d-Q%1d", &year, &n); err == nil && n >= 1 && n <= 4 && year >= 1970 {
		if q := civil.QuarterOf(civil.NewDate(year, monthOf(n), 1)); q.Name == s {
			return q, nil
		}
	}
	return civil.Quarter{}, fault.At("", 0, "quarter", "%q is no quarter; expected one such as 2026-Q3", s)
}

// Begin is what a campaign is started with.
type Begin struct {
	System, Quarter  string
	ByManager        bool // the manager of each account's person decides
	ByOwner          bool // the owner of the system decides
	Reviewer, Deputy string
}

// Start freezes the list of the system's accounts and opens the campaign: list, rows and the review's record are written together.
func (v *Reviews) Start(ctx context.Context, a Actor, b Begin) (*Campaign, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	now := v.Desk.Now()
	q, err := v.check(ctx, a, b, now)
	if err != nil {
		return nil, err
	}
	rows, size, err := v.list(ctx, a.Org, b.System)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || len(rows) > MostListed {
		return nil, fault.At("", 0, "system", "%s has %d accounts that are not disabled; expected 1 to %d. Import its accounts first", b.System, len(rows), MostListed)
	}
	key, err := v.Desk.mint("access-review")
	if err != nil {
		return nil, err
	}
	c := &Campaign{ID: key, System: b.System, Quarter: q.Name, Listed: now, Size: size, Rows: len(rows), ByManager: b.ByManager, Reviewer: fold(b.Reviewer), Deputy: fold(b.Deputy),
		Due: v.due(ctx, a.Org, b.System, q), StartedBy: a.Email, Completed: civil.Never, RemovalsDone: civil.Never,
		Query: fmt.Sprintf("accounts where system = %q and disabled_at is absent, by account_id, with their grants that are not revoked, as known at ledger size %d", b.System, size)}
	if b.ByOwner {
		c.ByOwner = true
		if c.SystemOwner, err = v.owner(ctx, a.Org, b.System); err != nil {
			return nil, err
		}
	}
	drafts, err := v.drafts(ctx, a, c, rows)
	if err != nil {
		return nil, err
	}
	return c, v.Desk.append(ctx, a.Org, drafts...)
}

func (v *Reviews) check(ctx context.Context, a Actor, b Begin, now civil.Instant) (civil.Quarter, error) {
	q, err := ParseQuarter(b.Quarter)
	errs := []error{err}
	if err == nil && now < a.Zone.Start(q.First) {
		errs = append(errs, fault.At("", 0, "quarter", "%s has not begun; a list of it cannot be taken yet", q.Name))
	}
	team, err := v.Team.Members(ctx, a.Org)
	if err != nil {
		return q, err
	}
	for _, f := range []struct{ name, who string }{{"reviewer", b.Reviewer}, {"deputy", b.Deputy}} {
		if !slices.ContainsFunc(team, func(m Member) bool { return fold(m.Email) == fold(f.who) }) {
			errs = append(errs, fault.At("", 0, f.name, "%q is no member here; expected somebody who can sign in", f.who))
		}
	}
	l, err := v.learn(ctx, a.Org)
	if err != nil {
		return q, err
	}
	if l.who.related(b.Reviewer, b.Deputy) {
		errs = append(errs, fault.At("", 0, "deputy", "is the reviewer; expected another person, who decides on the reviewer's own access"))
	}
	known := false
	err = v.Desk.all(ctx, a.Org, "systems", record.Query{Where: []record.Match{{Field: "system", Op: "=", Value: b.System}}}, func(record.Known) error {
		known = true
		return nil
	})
	if err == nil && !known {
		errs = append(errs, fault.At("", 0, "system", "%q is not in the register of systems", b.System))
	}
	if err != nil {
		return q, err
	}
	list, err := v.Campaigns(ctx, a.Org)
	for _, c := range list {
		if c.System == b.System && c.Quarter == b.Quarter && c.Open() {
			errs = append(errs, fault.At("", 0, "quarter", "the review of %s in %s is under way already", b.System, b.Quarter))
		}
	}
	return q, errors.Join(append(errs, err)...)
}

// due is the deadline as the calendar has it, else 30 days after the quarter.
func (v *Reviews) due(ctx context.Context, org id.Org, system string, q civil.Quarter) civil.Date {
	day := q.Last + reviewDays
	if v.Due == nil {
		return day
	}
	list, err := v.Due.Due(ctx, org, q.Last+400)
	if err != nil {
		return day
	}
	for _, i := range list {
		if i.Control == ReviewControl && i.Key == joined(system, q.Name) {
			return i.Due
		}
	}
	return day
}

// list reads the accounts with their grants at one size of the ledger: when something was recorded meanwhile, it reads again.
func (v *Reviews) list(ctx context.Context, org id.Org, system string) ([]members, int64, error) {
	for range 5 {
		before, err := v.Size.Size(ctx, org)
		if err != nil {
			return nil, 0, err
		}
		rows, err := v.accounts(ctx, org, system)
		if err != nil {
			return nil, 0, err
		}
		after, err := v.Size.Size(ctx, org)
		if err != nil || before == after {
			return rows, after, err
		}
	}
	return nil, 0, &fault.Error{Kind: fault.Busy, What: "records came in while the list was taken", Hint: "try again when the pull has ended"}
}

// mostSignIns bounds how far back the latest sign-ins are looked for.
const mostSignIns = 20_000

func (v *Reviews) accounts(ctx context.Context, org id.Org, system string) ([]members, error) {
	grants, err := v.grants(ctx, org)
	if err != nil {
		return nil, err
	}
	seen, err := v.signIns(ctx, org)
	if err != nil {
		return nil, err
	}
	who, err := v.Desk.everybody(ctx, org)
	if err != nil {
		return nil, err
	}
	var out []members
	open := record.Query{Where: []record.Match{{Field: "system", Op: "=", Value: system}, {Field: "disabled_at", Op: "lacks"}}}
	err = v.Desk.all(ctx, org, "accounts", open, func(k record.Known) error {
		var f fields
		if err := f.read(k); err != nil {
			return err
		}
		key := f.text("account_id")
		var ms members
		ms.text("account_id", key)
		ms.whole("account_version", int64(k.Version))
		ms.text("person_id", f.text("person_id"))
		ms.text("owner", f.text("owner"))
		ms.text("manager", who.manager[who.of(or(f.text("person_id"), f.text("owner")))])
		ms.text("kind", f.text("kind"))
		if p, ok := f["privileged"].(bool); ok {
			ms.truth("privileged", p)
		}
		var roles, ids []string
		for _, g := range grants[key] {
			roles, ids = append(roles, g[1]), append(ids, g[0])
		}
		ms.text("roles", strings.Join(slices.Compact(slices.Sorted(slices.Values(roles))), "\n"))
		ms.text("grants", strings.Join(ids, "\n"))
		ms.text("last_sign_in_at", seen[key])
		out = append(out, ms)
		return nil
	})
	return out, err
}

// grants gives the roles in force by account: the grant and its role.
func (v *Reviews) grants(ctx context.Context, org id.Org) (map[string][][2]string, error) {
	out := map[string][][2]string{}
	err := v.Desk.all(ctx, org, "grants", record.Query{Where: []record.Match{{Field: "revoked_at", Op: "lacks"}}}, func(k record.Known) error {
		b, err := body(k)
		out[b["account_id"]] = append(out[b["account_id"]], [2]string{k.Key, b["role"]})
		return err
	})
	return out, err
}

func (v *Reviews) signIns(ctx context.Context, org id.Org) (map[string]string, error) {
	out, n := map[string]string{}, 0
	q := record.Query{Where: []record.Match{{Field: "action", Op: "=", Value: "sign_in"}}, Sort: "at", Desc: true}
	err := v.Desk.all(ctx, org, "account_events", q, func(k record.Known) error {
		b, err := body(k)
		if n++; n > mostSignIns || err != nil {
			return errors.Join(err, errEnough)
		}
		if out[b["account_id"]] == "" {
			out[b["account_id"]] = b["at"]
		}
		return nil
	})
	if errors.Is(err, errEnough) && n > mostSignIns {
		err = nil
	}
	return out, err
}

var errEnough = errors.New("enough was read")

// drafts makes the list's record, its rows, and the review's record of nothing decided yet.
func (v *Reviews) drafts(ctx context.Context, a Actor, c *Campaign, rows []members) ([]*register.Row, error) {
	s, err := v.Desk.schema(ctx, a.Org, reviewRows)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	var out []*register.Row
	for i, ms := range rows {
		ms.text("review_id", c.ID)
		ms.text("row", fmt.Sprintf("%05d", i+1))
		ms.text("listed_at", c.Listed.String())
		row, err := register.Convert(s, "", register.Input{Fields: ms})
		if err != nil {
			return nil, err
		}
		row.Version = 1
		digest.Write(row.Body)
		digest.Write([]byte{'\n'})
		out = append(out, row)
	}
	c.SHA256 = hex.EncodeToString(digest.Sum(nil))
	list, err := v.row(ctx, a, reviewLists, 1, c.list())
	if err != nil {
		return nil, err
	}
	review, err := v.row(ctx, a, accessReviews, 1, c.review(0))
	return append(out, list, review), err
}

// row makes a record of an act.
func (v *Reviews) row(ctx context.Context, a Actor, name string, version int, ms members) (*register.Row, error) {
	s, err := v.Desk.schema(ctx, a.Org, name)
	if err != nil {
		return nil, err
	}
	ms.text(EnteredBy, a.Email)
	row, err := register.Convert(s, "", register.Input{Fields: ms})
	if err == nil {
		row.Version = version
	}
	return row, err
}

func (c *Campaign) list() members {
	var ms members
	ms.text("review_id", c.ID)
	ms.text("system", c.System)
	ms.text("quarter", c.Quarter)
	ms.text("listed_at", c.Listed.String())
	ms.whole("ledger_size", c.Size)
	ms.text("query", c.Query)
	ms.whole("listed", int64(c.Rows))
	ms.text("sha256", c.SHA256)
	ms.text("due_on", c.Due.String())
	ms.truth("by_manager", c.ByManager)
	if c.ByOwner {
		ms.truth("by_owner", true)
		ms.text("system_owner", c.SystemOwner)
	}
	ms.text("reviewer", c.Reviewer)
	ms.text("deputy", c.Deputy)
	ms.text("started_by", c.StartedBy)
	return ms
}

// review is the record that the control's test reads.
func (c *Campaign) review(decided int) members {
	var ms members
	ms.text("review_id", c.ID)
	ms.text("system", c.System)
	ms.text("quarter", c.Quarter)
	ms.text("listed_at", c.Listed.String())
	ms.text("due_on", c.Due.String())
	ms.text("reviewer", c.Reviewer)
	ms.whole("listed", int64(c.Rows))
	ms.whole("decided", int64(decided))
	if c.Completed == civil.Never {
		return ms
	}
	ms.whole("removals", int64(c.Removals))
	ms.text("completed_at", c.Completed.String())
	if c.Own != "" {
		ms.truth("own_access_decided", c.Own == Yes)
	}
	if c.RemovalsDone != civil.Never {
		ms.text("removals_done_at", c.RemovalsDone.String())
	}
	return ms
}

func (m *members) whole(name string, n int64) {
	*m = append(*m, register.Member{Name: name, Value: register.Value{Kind: register.Number, Text: fmt.Sprint(n)}})
}

func (m *members) truth(name string, b bool) {
	*m = append(*m, register.Member{Name: name, Value: register.Value{Kind: register.Boolean, Text: fmt.Sprint(b)}})
}

// fields is the body of a record with all its kinds of values.
type fields map[string]any

func (f *fields) read(k record.Known) error {
	if err := json.Unmarshal(k.Body, f); err != nil {
		return &fault.Error{Kind: fault.Integrity, What: "the body of " + k.Name(), Err: err}
	}
	return nil
}

func (f fields) text(name string) string { s, _ := f[name].(string); return s }

func (f fields) whole(name string) int { n, _ := f[name].(float64); return int(n) }

func (f fields) instant(name string) civil.Instant {
	if i, ok := instant(f.text(name)); ok {
		return i
	}
	return civil.Never
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
