package engage

import (
	"fmt"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Request asks the client for something (a PBC list is all of them).
type Request struct {
	ID      string        `json:"id"`
	Control string        `json:"control,omitempty"`
	Wants   string        `json:"wants"` // population, evidence, configuration, inquiry, document
	What    string        `json:"what"`
	Due     civil.Date    `json:"due"`
	Asked   civil.Instant `json:"-"`
	By      string        `json:"-"`
	Says    []Says        `json:"-"`
	State   string        `json:"-"` // open, answered, returned, closed
}

// Says is one contribution to the conversation of a request.
type Says struct {
	Side     Side
	By, Name string
	At       civil.Instant // by the clock of whoever said it
	Received civil.Instant // here
	Text     string
	Evidence []Evidence
	Act      string // asked, answered, returned, closed, said
}

// Evidence is a file that the client gives, as its ledger knows it. Received is when its ledger took it in; what the file says of itself
// proves nothing.
type Evidence struct {
	SHA256   string `json:"sha256"`
	Name     string `json:"name"`
	Record   string `json:"record,omitempty"`   // register/key@version in the client's ledger
	Received string `json:"received"`           // RFC 3339, by the client's ledger
	Event    string `json:"event,omitempty"`    // when it says that it was made
	Standard string `json:"standard,omitempty"` // what kind of evidence it is: event, configuration, document
}

// Relation says how the evidence stands to the request: what came in only after it cannot by itself prove that anything was done before
// (handbook E21).
func (r Request) Relation(ev Evidence) (after bool, say string) {
	at, err := civil.ParseInstant(ev.Received)
	if err != nil {
		return true, "when it came into the client's ledger is not known"
	}
	if at < r.Asked {
		return false, "in the client's ledger before it was asked for"
	}
	return true, "came into the client's ledger after it was asked for: it does not by itself prove what was done before"
}

// Reply answers, returns, closes or comments a request.
type Reply struct {
	Request  string     `json:"request"`
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Request finds a request.
func (e *Engagement) Request(id string) *Request {
	for _, r := range e.Requests {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Open counts the requests that are not closed.
func (e *Engagement) Open() int {
	n := 0
	for _, r := range e.Requests {
		if r.State != "closed" {
			n++
		}
	}
	return n
}

var working = []State{Planning, Fieldwork, WrapUp}

// reply makes the acts of a conversation.
func reply(name string, side Side, state string) kind {
	return act(name, side, func(e *Engagement, a Act, b Reply) error {
		r := e.Request(b.Request)
		if r == nil {
			return &fault.Error{Kind: fault.NotFound, What: fmt.Sprintf("no request %q", b.Request)}
		}
		if r.State == "closed" {
			return fault.Refuse("the request %s is closed", r.ID).WithHint("ask again by another request")
		}
		if len(b.Evidence) == 0 {
			if err := said("text", b.Text); err != nil {
				return err
			}
		}
		if err := located(b.Evidence); err != nil {
			return err
		}
		r.Says = append(r.Says, Says{a.Side, a.By, a.Name, a.At, a.Received, b.Text, b.Evidence, name})
		if state != "" {
			r.State = state
		}
		return nil
	}).in(working...).sent()
}

// located refuses evidence that no ledger could have named.
func located(list []Evidence) error {
	for _, ev := range list {
		if !isHash(ev.SHA256) || ev.Received == "" {
			return fault.Refuse("evidence %q has no hash or no time of receipt; expected both from the ledger", ev.Name)
		}
	}
	return nil
}

var requesting = []kind{
	act("ask", Firm, func(e *Engagement, a Act, b Request) error {
		if b.ID == "" || e.Request(b.ID) != nil {
			return fault.Refuse("the request %q is there already; expected an identifier of its own", b.ID)
		}
		if err := one("wants", b.Wants, "population", "evidence", "configuration", "inquiry", "document"); err != nil {
			return err
		}
		if err := said("what", b.What); err != nil {
			return err
		}
		if b.Due == 0 {
			return &fault.Error{Kind: fault.Refused, Field: "due", What: "no day is given; expected one"}
		}
		b.Asked, b.By, b.State, b.Says = a.At, a.By, "open", nil
		e.Requests = append(e.Requests, &b)
		return nil
	}).by(Partner, Manager, Staff).in(working...).sent(),
	reply("answer", Client, "answered").role(access.Lead, access.Owner, access.Executive),
	reply("comment", Client, "").role(access.Lead, access.Owner, access.Executive),
	reply("return", Firm, "returned").by(Partner, Manager, Staff),
	reply("say", Firm, "").by(Partner, Manager, Staff),
	reply("close", Firm, "closed").by(Partner, Manager, Staff),
}
