// Package mail hands e-mail to the operator's server by SMTP (RFC 5321), over TLS (RFC 3207 or RFC
// 8314): reminders, invitations, what escalates.
//
// BUG: each message opens a connection of its own. A campaign of thousands wants them shared.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/assayhq/assay/internal/fault"
)

const defaultTimeout = 30 * time.Second

// Security is how the way to the server is protected.
type Security int

// The ways. There is none that takes TLS only if it is offered: whoever sits between could take the
// offer away.
const (
	StartTLS Security = iota // TLS after STARTTLS, or nothing is sent; port 587
	Implicit                 // TLS from the first byte, RFC 8314; port 465
	Loopback                 // no TLS, to a server on this host and to no other; port 25
)

// Mechanism is how the operator signs in at the server, where there is a user name.
type Mechanism int

// The mechanisms.
const (
	Plain Mechanism = iota // RFC 4616
	Login                  // of servers that know no better
)

// Password is the operator's. It prints as "..." and nothing more.
type Password string

// Format keeps it out of every message and log.
func (p Password) Format(f fmt.State, _ rune) { io.WriteString(f, "...") } //nolint:errcheck // fmt asks for none

// MarshalText keeps it out of encoders that look for text.
func (p Password) MarshalText() ([]byte, error) { return []byte("..."), nil }

// Config is what the operator sets.
type Config struct {
	Host      string // of the server, a name or an address
	Port      int    // 0 is the port of the way
	Security  Security
	Username  string // empty: no sign-in
	Password  Password
	Mechanism Mechanism
	From      netmail.Address // whom the messages come from
	Hello     string          // the name that we give at the server; empty is the domain of From
	Timeout   time.Duration   // of one message from the dial to the server's word; 0 is 30 s
	RootCAs   *x509.CertPool  // nil is the system's
}

// Sender sends messages one by one. It is safe for concurrent use.
type Sender struct {
	config Config
	clock  func() time.Time
}

// New checks the settings; a fault.Refused names the field. It does not ask the server.
func New(c Config, clock func() time.Time) (*Sender, error) {
	if err := checkAddress("from", c.From.Address); err != nil {
		return nil, err
	}
	if err := checkLine("from", c.From.Name, maxSubject); err != nil {
		return nil, err
	}
	c.From.Name = subject(c.From.Name)
	_, domain, _ := strings.Cut(c.From.Address, "@")
	if c.Hello == "" {
		c.Hello = domain
	}
	for field, text := range map[string]string{"host": c.Host, "hello": c.Hello} {
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '/' }) || len(text) > 253 {
			return nil, refuse(field, "is no host name; expected one like smtp.example.com")
		}
	}
	ports := map[Security]int{StartTLS: 587, Implicit: 465, Loopback: 25}
	switch {
	case ports[c.Security] == 0:
		return nil, refuse("security", "is unknown; expected STARTTLS, implicit TLS, or none on this host")
	case c.Security == Loopback && !local(c.Host):
		return nil, refuse("security", "sends without TLS to %q; expected TLS for every server but one on this host", c.Host).
			WithHint("use STARTTLS on port 587 or implicit TLS on port 465")
	case c.Port < 0 || c.Port > 65535:
		return nil, refuse("port", "%d is no port; expected 1 to 65535", c.Port)
	case (c.Username == "") != (c.Password == ""):
		return nil, refuse("username", "and password go together; one of them is empty")
	case c.Mechanism != Plain && c.Mechanism != Login:
		return nil, refuse("mechanism", "is unknown; expected PLAIN or LOGIN")
	case c.Timeout < 0:
		return nil, refuse("timeout", "is negative; expected a positive one, or 0 for 30 s")
	}
	if c.Port == 0 {
		c.Port = ports[c.Security]
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	return &Sender{config: c, clock: clock}, nil
}

// local reports whether a host is this one by its name. dial looks at the address again.
func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// Send hands a message to the server and returns when the server has taken it. A fault.Refused is
// final: the message is malformed, or the server will never take it. A fault.Busy is the server's
// wish to be asked later. Any other error is of the way or the settings. Sent again under its ID, a
// message is the same one to whoever receives both.
func (s *Sender) Send(ctx context.Context, m Message) error {
	msg, err := build(m, s.config.From, s.clock())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	client, hang, err := s.client(ctx)
	if err != nil {
		return err
	}
	defer hang()
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil // the server has it; a goodbye that went wrong would make it come twice
	}
	if ctx.Err() != nil {
		return fmt.Errorf("send mail through %s: %w", s.config.Host, ctx.Err())
	}
	return s.kind(err)
}

// client makes the library's client for one message, and a function that ends its connection: the
// library leaves it open when the greeting goes wrong, and looks at no context once it is connected.
func (s *Sender) client(ctx context.Context) (*gomail.Client, func(), error) {
	c := s.config
	hang := func() {}
	dial := func(ctx2 context.Context, network, address string) (net.Conn, error) {
		conn, err := s.dial(ctx2, network, address)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { conn.Close() }) //nolint:errcheck // it is cut off
			hang = func() { stop(); conn.Close() }                  //nolint:errcheck // all is said
		}
		return conn, err
	}
	options := []gomail.Option{
		gomail.WithPort(c.Port), gomail.WithHELO(c.Hello), gomail.WithTimeout(c.Timeout), gomail.WithTLSConfig(s.tls()),
		gomail.WithDialContextFunc(dial), gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(),
		gomail.WithTLSPolicy(gomail.NoTLS),
	}
	if c.Security == StartTLS {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.Username != "" {
		mechanism := map[bool]map[Mechanism]gomail.SMTPAuthType{
			true:  {Plain: gomail.SMTPAuthPlainNoEnc, Login: gomail.SMTPAuthLoginNoEnc}, // on this host
			false: {Plain: gomail.SMTPAuthPlain, Login: gomail.SMTPAuthLogin},
		}[c.Security == Loopback][c.Mechanism]
		options = append(options, gomail.WithSMTPAuth(mechanism), gomail.WithUsername(c.Username), gomail.WithPassword(string(c.Password)))
	}
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("set up mail through %s: %w", c.Host, err)
	}
	return client, func() { hang() }, nil
}

func (s *Sender) tls() *tls.Config {
	return &tls.Config{ServerName: s.config.Host, MinVersion: tls.VersionTLS12, RootCAs: s.config.RootCAs}
}

// dial connects, and begins TLS where it is implicit. Without TLS it holds on only if the far end
// is this host, whatever its name led to.
func (s *Sender) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	switch s.config.Security {
	case Loopback:
		far, ok := conn.RemoteAddr().(*net.TCPAddr)
		if !ok || !far.IP.IsLoopback() {
			conn.Close() //nolint:errcheck // nothing was sent
			return nil, refuse("host", "%q does not lead to this host; expected TLS for every other", s.config.Host)
		}
	case Implicit:
		secure := tls.Client(conn, s.tls())
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close() //nolint:errcheck // nothing was sent
			return nil, err
		}
		return secure, nil
	}
	return conn, nil
}

// kind turns the library's error into one that says whether to try again. The server's words are
// kept, cleaned and cut: an operator needs them to find a wrong setting.
func (s *Sender) kind(err error) error {
	var refused *fault.Error
	if errors.As(err, &refused) {
		return refused
	}
	code := 0
	var sent *gomail.SendError
	var said *textproto.Error
	what := err.Error()
	switch {
	case errors.As(err, &sent):
		code = sent.ErrorCode()
		what, _, _ = strings.Cut(sent.Error(), ", affected ")
	case errors.As(err, &said):
		what = said.Error()
		if said.Code/100 == 4 {
			code = said.Code // of a sign-in or a greeting; a 5xx there is a setting, and later ones may do
		}
	}
	what = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, readable(what))
	if r := []rune(what); len(r) > 300 {
		what = string(r[:300]) + "..."
	}
	what = fmt.Sprintf("send mail through %s: %s", s.config.Host, what)
	switch code / 100 {
	case 4:
		return &fault.Error{Kind: fault.Busy, What: what}
	case 5:
		return &fault.Error{Kind: fault.Refused, What: what}
	}
	return &failure{what, err}
}

// failure is an error of the way, with its words cleaned.
type failure struct {
	what string
	err  error
}

func (f *failure) Error() string { return f.what }
func (f *failure) Unwrap() error { return f.err }
