package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/assayhq/assay/internal/fault"
)

const (
	maxSubject     = 250     // characters
	maxBody        = 1 << 20 // bytes, text and HTML together
	maxAddress     = 254     // RFC 5321 section 4.5.3.1.3, less its brackets
	maxLocal       = 64      // RFC 5321 section 4.5.3.1.1
	maxID          = 128
	maxUnsubscribe = 900 // a line of a header holds 998, RFC 5322 section 2.1.1
)

// Message is one e-mail to one person: nobody reads from it who else got it.
type Message struct {
	ID          string // of this message, the same when it is sent again: letters, digits, - _ and single dots
	To          string // an address alone, without a name
	Subject     string // one line, at most 250 characters
	Text        string
	HTML        string // as an alternative to Text; empty for none. The caller has escaped what people wrote
	Unsubscribe string // https address that takes a POST to end such messages (RFC 8058); empty for none
}

// build checks a message and writes it down. What could reach a header is refused unless it is one
// line of what belongs there, and only then encoded: no text adds a header, a recipient or a
// second message.
func build(m Message, from netmail.Address, at time.Time) (*gomail.Msg, error) {
	if err := check(m); err != nil {
		return nil, err
	}
	text, html := readable(m.Text), readable(m.HTML)
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary(boundary(m.ID, text, html)))
	msg.FromMailAddress(&from)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(subject(m.Subject))
	msg.SetDateWithValue(at)
	_, domain, _ := strings.Cut(from.Address, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	if m.Unsubscribe != "" {
		msg.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	if html != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, html)
	}
	return msg, nil
}

func check(m Message) error {
	if err := checkAddress("to", m.To); err != nil {
		return err
	}
	if err := checkLine("subject", m.Subject, maxSubject); err != nil {
		return err
	}
	if subject(m.Subject) == "" {
		return refuse("subject", "is empty; expected a line")
	}
	if err := checkID(m.ID); err != nil {
		return err
	}
	if n := len(m.Text) + len(m.HTML); n > maxBody {
		return refuse("text", "is %d bytes long with its HTML; expected at most %d", n, maxBody)
	}
	if strings.TrimSpace(m.Text) == "" {
		return refuse("text", "is empty; expected it beside any HTML")
	}
	return checkUnsubscribe(m.Unsubscribe)
}

// checkAddress takes an addr-spec of ASCII and nothing around it: no name, comment, group or list,
// each of which could bring a second recipient.
func checkAddress(field, text string) error {
	const expected = "expected one like ann@example.com"
	if len(text) > maxAddress {
		return refuse(field, "is %d characters long; expected at most %d", len(text), maxAddress)
	}
	for _, r := range text {
		if r <= ' ' || r >= 0x7f {
			return refuse(field, "has the character %+q; %s", r, expected)
		}
	}
	a, err := netmail.ParseAddress(text)
	local, domain, ok := strings.Cut(text, "@")
	if err != nil || a.Address != text || a.Name != "" || !ok || strings.ContainsAny(text, `<>()[]\,;:"`) ||
		len(local) > maxLocal || strings.Contains(domain, "@") || strings.HasSuffix(domain, ".") {
		return refuse(field, "is no e-mail address; %s", expected)
	}
	return nil
}

// checkLine takes one line of text without control characters. U+2028 and U+2029 end lines too.
func checkLine(field, text string, most int) error {
	if n := utf8.RuneCountInString(text); n > most {
		return refuse(field, "is %d characters long; expected at most %d", n, most)
	}
	if !utf8.ValidString(text) {
		return refuse(field, "is no UTF-8; expected text")
	}
	for _, r := range text {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return refuse(field, "has the character %+q; expected one line without control characters", r)
		}
	}
	return nil
}

// checkID takes a dot-atom, RFC 5322 section 3.2.3, of the letters that everybody takes.
func checkID(id string) error {
	ok := id != "" && len(id) <= maxID && !strings.Contains("."+id+".", "..")
	for _, r := range id {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
	}
	if !ok {
		return refuse("id", "is no id of a message; expected 1 to %d letters, digits, - _ and single dots between them", maxID)
	}
	return nil
}

func checkUnsubscribe(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	bad := strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>,\"\\", r) })
	if err != nil || bad || len(text) > maxUnsubscribe || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Contains(text, "=?") {
		return refuse("unsubscribe", "is no address; expected one like https://assay.example.com/unsubscribe/x of at most %d characters", maxUnsubscribe)
	}
	return nil
}

// subject makes one line of single spaces, so that folding never leaves a line of spaces, and takes
// away what a reader would decode although the writer did not encode it ("=?utf-8?...").
func subject(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(readable(text)), " "), "=?", "=\u2060?")
}

// boundary parts the alternatives. No text holds the digest of itself.
func boundary(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// readable keeps what a person can read: valid text without control characters, except line ends
// and tabs, and without the marks that make text show in another order than it stands. Marks that
// belong to right-to-left scripts, such as U+200F, stay.
func readable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
}

func refuse(field, format string, args ...any) *fault.Error {
	return &fault.Error{Kind: fault.Refused, Field: field, What: fmt.Sprintf(format, args...)}
}
