package mail

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
)

// TestEveryWay sends over each way with each sign-in and looks at what the server saw, and whether
// it saw it over TLS.
func TestEveryWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way       Security
		mechanism Mechanism
		user      string
		login     string
	}{
		{StartTLS, Plain, "assay", "PLAIN \x00assay\x00hunter2"},
		{StartTLS, Login, "assay", "LOGIN |assay|hunter2"},
		{StartTLS, Plain, "", ""},
		{Implicit, Plain, "assay", "PLAIN \x00assay\x00hunter2"},
		{Implicit, Login, "assay", "LOGIN |assay|hunter2"},
		{Loopback, Plain, "", ""},
		{Loopback, Plain, "assay", "PLAIN \x00assay\x00hunter2"},
	} {
		s := serve(t, c.way == Implicit, nil)
		config := s.settings(c.way)
		config.Mechanism, config.Username = c.mechanism, c.user
		if c.user != "" {
			config.Password = "hunter2"
		}
		if err := sender(t, config).Send(t.Context(), good()); err != nil {
			t.Errorf("Send over %d = %v, want nil", c.way, err)
		}
		got := s.taken()
		if len(got) != 1 || got[0].secure != (c.way != Loopback) || got[0].from != "FROM:<assay@example.com> BODY=8BITMIME" || got[0].to != "TO:<ann@example.org>" {
			t.Errorf("over %d the server took %+v, want one message in its envelope", c.way, got)
		}
		if l := strings.Join(s.logins, "; "); l != c.login {
			t.Errorf("over %d the server saw the sign-in %q, want %q", c.way, l, c.login)
		}
		for line := range strings.SplitSeq(s.said(), "\n") {
			if c.way == StartTLS && !strings.HasPrefix(line, "TLS ") && line != "EHLO example.com" && line != "STARTTLS" {
				t.Errorf("before TLS the server heard %q", line)
			}
		}
	}
}

// TestNothingIsSentWithoutTLS: a server, or whoever sits before it, that offers none.
func TestNothingIsSentWithoutTLS(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sink){
		"STARTTLS is not offered": func(s *sink) { s.offer = false },
		"STARTTLS is refused":     func(s *sink) { s.answers = map[string]string{"STARTTLS": "454 not now"} },
		"another certificate":     func(s *sink) { s.roots = x509.NewCertPool() },
	} {
		s := serve(t, false, change)
		config := s.settings(StartTLS)
		config.Username, config.Password = "assay", "hunter2"
		if err := sender(t, config).Send(t.Context(), good()); err == nil || errors.Is(err, fault.Refused) {
			t.Errorf("%s: Send = %v, want an error that is no refusal of the message", name, err)
		}
		if said := s.said(); strings.Contains(said, "AUTH") || strings.Contains(said, "MAIL") || len(s.taken()) != 0 {
			t.Errorf("%s: the server heard %q, want neither sign-in nor mail", name, said)
		}
	}
	s := serve(t, true, func(s *sink) { s.roots = x509.NewCertPool() })
	var unknown x509.UnknownAuthorityError
	if err := sender(t, s.settings(Implicit)).Send(t.Context(), good()); !errors.As(err, &unknown) || s.said() != "" {
		t.Errorf("Send over implicit TLS under a strange root = %v, want %T", err, unknown)
	}
	config := serve(t, true, nil).settings(Implicit)
	config.Host = "localhost" // the certificate names 127.0.0.1
	var name x509.HostnameError
	if err := sender(t, config).Send(t.Context(), good()); !errors.As(err, &name) && !errors.As(err, &unknown) {
		t.Errorf("Send to a server of another name = %v, want %T", err, name)
	}
}

// TestLoopbackWayLeadsNowhereElse calls this host by an outward address.
func TestLoopbackWayLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp4", net.JoinHostPort(n.IP.String(), "0"))
		if err != nil {
			continue
		}
		t.Cleanup(func() { l.Close() })
		s := &Sender{config: Config{Host: "localhost", Security: Loopback}}
		if _, err := s.dial(t.Context(), "tcp4", l.Addr().String()); !errors.Is(err, fault.Refused) {
			t.Errorf("dial(%s) = %v, want a fault.Refused", l.Addr(), err)
		}
		return
	}
	t.Skip("this host has no address but loopback")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	fine := Config{Host: "smtp.example.com", From: netmail.Address{Name: "Assay", Address: "assay@example.com"}}
	if s, err := New(fine, clock); err != nil || s.config.Port != 587 || s.config.Hello != "example.com" || s.config.Timeout != 30*time.Second {
		t.Errorf("New(%+v) = %+v, %v, want the defaults", fine, s, err)
	}
	for name, change := range map[string]func(*Config){
		"no TLS to another host":    func(c *Config) { c.Security = Loopback },
		"no TLS to a name like it":  func(c *Config) { c.Security, c.Host = Loopback, "localhost.example.com" },
		"no TLS to 127.1":           func(c *Config) { c.Security, c.Host = Loopback, "127.1" },
		"no TLS to 0.0.0.0":         func(c *Config) { c.Security, c.Host = Loopback, "0.0.0.0" },
		"an unknown way":            func(c *Config) { c.Security = 7 },
		"an unknown mechanism":      func(c *Config) { c.Mechanism = 7 },
		"no host":                   func(c *Config) { c.Host = "" },
		"a line in the host":        func(c *Config) { c.Host = "a\r\nb" },
		"a socket":                  func(c *Config) { c.Host = "unix:///run/x" },
		"a line in the greeting":    func(c *Config) { c.Hello = "a\r\nMAIL FROM:<x>" },
		"a port":                    func(c *Config) { c.Port = 65536 },
		"a user without a password": func(c *Config) { c.Username = "assay" },
		"a password without a user": func(c *Config) { c.Password = "x" },
		"a name with a line":        func(c *Config) { c.From.Name = "A\r\nBcc: x@y.z" },
		"no sender":                 func(c *Config) { c.From.Address = "" },
		"a sender that is two":      func(c *Config) { c.From.Address = "a@b.c, d@e.f" },
		"a negative patience":       func(c *Config) { c.Timeout = -1 },
	} {
		c := fine
		change(&c)
		if _, err := New(c, clock); !errors.Is(err, fault.Refused) {
			t.Errorf("New(%s) = %v, want a fault.Refused", name, err)
		}
	}
}

func TestErrorsSayWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	var protocol *textproto.Error
	for _, c := range []struct {
		verb, answer string
		want         error // nil: neither kind
		words        string
	}{
		{"MAIL", "451 come back", fault.Busy, `451 "come back"`},
		{"MAIL", "550 never", fault.Refused, `550 "never"`},
		{"RCPT", "452 full", fault.Busy, `452 "full"`},
		{"RCPT", "550 no \x1b[31msuch user", fault.Refused, `550 "no \x1b[31msuch user"`},
		{"DATA", "554 no", fault.Refused, `554 "no"`},
		{".", "451 greylisted", fault.Busy, `451 "greylisted"`},
		{".", "550 " + strings.Repeat("spam ", 150), fault.Refused, `550 "spam spam`},
		{"AUTH", "535 wrong", nil, `535 "wrong"`},
		{"AUTH", "454 later", fault.Busy, `454 "later"`},
		{"EHLO", "421 closing", fault.Busy, `421 "closing"`},
	} {
		s := serve(t, false, func(s *sink) { s.answers = map[string]string{c.verb: c.answer} })
		if c.verb == "EHLO" {
			s.answers["HELO"] = c.answer
		}
		config := s.settings(StartTLS)
		config.Username, config.Password = "assay", "hunter2"
		err := sender(t, config).Send(t.Context(), good())
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "ann@") || strings.Contains(err.Error(), "hunter2") || len(err.Error()) > 400 {
			t.Errorf("Send, %s answered %.40q = %v, want %q and no more", c.verb, c.answer, err, c.words)
		}
		for _, kind := range []error{fault.Busy, fault.Refused} {
			if got := errors.Is(err, kind); got != (kind == c.want) {
				t.Errorf("Send, %s answered %.40q = %v: is %v = %v", c.verb, c.answer, err, kind, got)
			}
		}
		if c.want == nil && !errors.As(err, &protocol) {
			t.Errorf("Send, %s answered %q = %v, want the cause kept", c.verb, c.answer, err)
		}
	}
	s := serve(t, false, nil)
	config := s.settings(StartTLS)
	s.l.Close()
	if err := sender(t, config).Send(t.Context(), good()); err == nil || errors.Is(err, fault.Refused) {
		t.Errorf("Send to a server that is down = %v, want an error to try again after", err)
	}
}

// TestTakenIsTaken: what goes wrong after the server's word does not make the message come twice.
func TestTakenIsTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, false, func(s *sink) { s.answers = map[string]string{"QUIT": "500 what?"} })
	if err := sender(t, s.settings(StartTLS)).Send(t.Context(), good()); err != nil || len(s.taken()) != 1 {
		t.Errorf("Send with a goodbye that fails = %v, %d taken, want nil and 1", err, len(s.taken()))
	}
}

func TestASilentServerIsLeft(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"EHLO", "STARTTLS", "MAIL", "DATA"} {
		s := serve(t, false, func(s *sink) { s.answers = map[string]string{verb: ""} })
		config := s.settings(StartTLS)
		config.Timeout = 150 * time.Millisecond
		if err := sender(t, config).Send(t.Context(), good()); err == nil || errors.Is(err, fault.Refused) {
			t.Errorf("Send, silent at %s = %v, want an error", verb, err)
		}
		// And at once when whoever asked has gone.
		ctx, cancel := context.WithCancel(t.Context())
		s = serve(t, false, func(s *sink) { s.answers = map[string]string{verb: ""} })
		config = s.settings(StartTLS)
		config.Timeout = time.Hour
		go func() {
			for !strings.Contains(s.said(), verb) {
				select {
				case <-t.Context().Done():
					return
				case <-time.After(time.Millisecond):
				}
			}
			cancel()
		}()
		began := time.Now()
		err := sender(t, config).Send(ctx, good())
		if took := time.Since(began); !errors.Is(err, context.Canceled) || took > patience/2 {
			t.Errorf("Send, cancelled at %s = %v after %v, want %v at once", verb, err, took, context.Canceled)
		}
	}
}

func TestPasswordsDoNotPrint(t *testing.T) {
	t.Parallel()
	c := Config{Password: "hunter2"}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q %x", c, c, c.Password, c.Password, c.Password), string(j)} {
		if strings.Contains(got, "hunter2") || strings.Contains(got, "68756e74657232") {
			t.Errorf("printed = %s, want no password", got)
		}
	}
}

// TestWrittenAlike: with its time given, a message has the same bytes whenever it is written.
func TestWrittenAlike(t *testing.T) {
	t.Parallel()
	s := serve(t, false, nil)
	m := good()
	m.HTML = "<p>Please look at <b>CTL-1</b>.</p>"
	m.Unsubscribe = "https://assay.example.com/unsubscribe/" + strings.Repeat("x", 300)
	post := sender(t, s.settings(StartTLS))
	for range 5 {
		if err := post.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := s.taken()
	for _, d := range got[1:] {
		if diff := cmp.Diff(string(got[0].data), string(d.data)); diff != "" {
			t.Errorf("the same message again (-first +later):\n%s", diff)
		}
	}
}
