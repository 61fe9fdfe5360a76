package mail

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// sink is a mail server of the tests: it speaks SMTP over a real connection and keeps what it is
// told, byte for byte.
type sink struct {
	t       testing.TB
	l       net.Listener
	config  *tls.Config
	roots   *x509.CertPool
	offer   bool              // STARTTLS
	auth    string            // mechanisms, offered at all times, as careless servers do
	answers map[string]string // instead of the usual, by the first word of a command; "." is the end of data, "" hangs

	mu     sync.Mutex
	mails  []delivered
	lines  []string // commands in clear, "TLS " before those that came over it
	logins []string
}

type delivered struct {
	from, to string
	data     []byte
	secure   bool
}

func (s *sink) port() int { return int(netip.MustParseAddrPort(s.l.Addr().String()).Port()) }

func (s *sink) taken() []delivered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivered(nil), s.mails...)
}

func (s *sink) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// serve starts the sink; change sets it up before the first connection.
func serve(t testing.TB, implicit bool, change func(*sink)) *sink {
	t.Helper()
	h := httptest.NewTLSServer(nil) // for its certificate, of 127.0.0.1 and example.com
	t.Cleanup(h.Close)
	s := &sink{t: t, offer: !implicit, auth: "PLAIN LOGIN", config: &tls.Config{Certificates: h.TLS.Certificates}, roots: x509.NewCertPool()}
	s.roots.AddCert(h.Certificate())
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.l = l
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if implicit {
				c = tls.Server(c, s.config)
			}
			go s.talk(c)
		}
	}()
	return s
}

// patience is how long the sink itself holds on.
const patience = 20 * time.Second

// talk holds one conversation.
func (s *sink) talk(c net.Conn) {
	defer func() { c.Close() }()
	c.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(c)
	_, secure := c.(*tls.Conn)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	var at delivered
	say("220 sink")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\r\n")
		s.note(line, secure)
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		if answer, ok := s.answers[verb]; ok {
			if answer == "" {
				io.Copy(io.Discard, r) // say nothing more until the other side gives up
				return
			}
			say("%s", answer)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-sink")
			if s.offer && !secure {
				say("250-STARTTLS")
			}
			say("250-SMTPUTF8")
			say("250-8BITMIME")
			say("250 AUTH %s", s.auth)
		case "STARTTLS":
			say("220 go")
			c = tls.Server(c, s.config)
			r, secure = bufio.NewReader(c), true
		case "AUTH":
			s.login(rest, r, say)
		case "MAIL":
			at = delivered{from: rest, secure: secure}
			say("250 ok")
		case "RCPT":
			at.to += rest
			say("250 ok")
		case "DATA":
			say("354 go on")
			var ok bool
			if at.data, ok = dotted(r); !ok {
				return
			}
			if answer, ok := s.answers["."]; ok {
				say("%s", answer)
				continue
			}
			s.mu.Lock()
			s.mails = append(s.mails, at)
			s.mu.Unlock()
			say("250 taken")
		case "RSET":
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what?")
		}
	}
}

func (s *sink) note(line string, secure bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secure {
		line = "TLS " + line
	}
	s.lines = append(s.lines, line)
}

func (s *sink) login(rest string, r *bufio.Reader, say func(string, ...any)) {
	mechanism, code, _ := strings.Cut(rest, " ")
	decode := func(code string) string {
		b, _ := base64.StdEncoding.DecodeString(code)
		return string(b)
	}
	got := mechanism + " " + decode(code)
	if mechanism == "LOGIN" {
		for range 2 {
			say("334 VXNlcm5hbWU6")
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			got += "|" + decode(strings.TrimSpace(line))
		}
	}
	s.mu.Lock()
	s.logins = append(s.logins, got)
	s.mu.Unlock()
	say("235 in")
}

// dotted reads up to the only end of data that RFC 5321 section 4.1.1.4 knows, CRLF.CRLF.
func dotted(r *bufio.Reader) ([]byte, bool) {
	var b []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			return b, false
		}
		b = append(b, c)
		if n := len(b); n >= 5 && string(b[n-5:]) == "\r\n.\r\n" {
			return b[:n-3], true
		}
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))

func clock() time.Time { return noon }

func good() Message {
	return Message{ID: "rem_01.2", To: "ann@example.org", Subject: "Review is due", Text: "Please look at CTL-1.\n"}
}

func (s *sink) settings(way Security) Config {
	return Config{Host: "127.0.0.1", Port: s.port(), Security: way, RootCAs: s.roots,
		From: netmail.Address{Name: "Assay", Address: "assay@example.com"}, Timeout: 5 * time.Second}
}

func sender(t testing.TB, c Config) *Sender {
	t.Helper()
	s, err := New(c, clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
