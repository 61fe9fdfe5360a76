package app

import (
	"bufio"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/mail"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// postbox is a mail server on this host that keeps what it takes.
type postbox struct {
	mu    sync.Mutex
	mails []string
	port  int
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	x := &postbox{port: int(netip.MustParseAddrPort(l.Addr().String()).Port())}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go x.talk(c)
		}
	}()
	return x
}

func (x *postbox) talk(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	say := func(s string) { _, _ = fmt.Fprintf(c, "%s\r\n", s) }
	say("220 postbox")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "EHLO":
			say("250-postbox\r\n250 8BITMIME")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			x.mu.Lock()
			x.mails = append(x.mails, b.String())
			x.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// taken gives the mails that came since it was asked last.
func (x *postbox) taken() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := x.mails
	x.mails = nil
	return out
}

// TestRoundReminds: one message a day tells somebody of everything that waits for them, and no second round says it again.
func TestRoundReminds(t *testing.T) {
	t.Parallel()
	x := newTown(t)
	o, err := x.in.tenants.open(t.Context(), "first-works")
	if err != nil {
		t.Fatal(err)
	}
	zone := o.o.program.Zone
	today := zone.DateOf(civil.InstantOf(x.in.app.Clock()))
	put := func(name, body string) {
		t.Helper()
		s := o.desk.Schemas.Schema(name)
		if err := o.desk.Schemas.Ensure(t.Context(), o.Org, s); err != nil {
			t.Fatal(err)
		}
		v, err := register.ParseJSON("", 1, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		row, err := register.Convert(s, "", register.Input{Line: 1, Fields: v.Members})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.in.st.Append(t.Context(), o.Org, "", []record.Draft{{Row: row, Source: "hr"}}); err != nil {
			t.Fatal(err)
		}
	}
	x.join("ann@example.com", "first-works", access.Contributor)
	put("people", `{"person_id":"p1","email":"ann@example.com","kind":"employee","started_on":"2020-01-01"}`)
	put("people", `{"person_id":"p2","email":"nobody-here@example.com","kind":"employee","started_on":"2020-01-01"}`)
	for _, name := range []string{"access", "backup"} {
		put("policies", fmt.Sprintf(`{"policy_id":%q,"title":"The %s policy","version":"1","approved_on":%q}`, name, name, today-30))
	}
	box := newPostbox(t)
	sender, err := mail.New(mail.Config{Host: "127.0.0.1", Port: box.port, Security: mail.Loopback, From: netmail.Address{Address: "assay@example.com"}}, x.in.app.Clock)
	if err != nil {
		t.Fatal(err)
	}
	var mine []string
	round := func() {
		t.Helper()
		if err := x.in.round(t.Context(), "first-works", sender); err != nil {
			t.Fatal(err)
		}
		mine = nil
		for _, m := range box.taken() {
			if strings.Contains(m, "nobody-here@") {
				t.Errorf("somebody who does not work here was sent %q", m)
			}
			if strings.Contains(m, "ann@example.com") {
				mine = append(mine, m)
			}
		}
	}
	round()
	if len(mine) != 1 || !strings.Contains(mine[0], "2 things wait for you") || !strings.Contains(mine[0], "The access policy") || !strings.Contains(mine[0], "The backup policy") {
		t.Errorf("the first round sent %q, want one message with both policies", mine)
	}
	round()
	if len(mine) != 0 {
		t.Errorf("the second round sent %q, want none", mine)
	}
}
