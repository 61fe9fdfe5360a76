package mail

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
)

// read takes a message apart with the standard library.
func read(t testing.TB, data []byte) (header netmail.Header, parts map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("ReadMessage: %v\n%s", err, data)
	}
	parts = map[string]string{}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("Content-Type %q: %v", m.Header.Get("Content-Type"), err)
	}
	if kind != "multipart/alternative" {
		b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		parts[kind] = strings.ReplaceAll(string(b), "\r\n", "\n")
		return m.Header, parts
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextPart() // decodes quoted-printable
		if err == io.EOF {
			return m.Header, parts
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[kind] += strings.ReplaceAll(string(b), "\r\n", "\n")
	}
}

func written(t testing.TB, m Message) ([]byte, error) {
	t.Helper()
	msg, err := build(m, netmail.Address{Name: "Assay", Address: "assay@example.com"}, noon)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		t.Fatalf("WriteTo(%+v) = %v", m, err)
	}
	return b.Bytes(), nil
}

func decoded(t testing.TB, text string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(text)
	if err != nil {
		t.Fatalf("DecodeHeader(%q) = %v", text, err)
	}
	return s
}

func TestMessageAsItArrives(t *testing.T) {
	t.Parallel()
	s := serve(t, false, nil)
	m := good()
	m.HTML = "<p>Bitte pr\u00fcfen: <b>CTL-1</b> = wichtig</p>"
	m.Text = "Bitte pr\u00fcfen: CTL-1 = wichtig \U0001f600\n" + strings.Repeat("lang ", 300) + "\n"
	m.Unsubscribe = "https://assay.example.com/unsubscribe/abc?d=e"
	if err := sender(t, s.settings(StartTLS)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	header, parts := read(t, s.taken()[0].data)
	want := netmail.Header{
		"Date": {"Sun, 01 Mar 2026 12:00:00 +0100"}, "Message-Id": {"<rem_01.2@example.com>"}, "Mime-Version": {"1.0"},
		"From": {`"Assay" <assay@example.com>`}, "To": {"<ann@example.org>"}, "Subject": {"Review is due"},
		"Auto-Submitted": {"auto-generated"}, "List-Unsubscribe": {"<https://assay.example.com/unsubscribe/abc?d=e>"},
		"List-Unsubscribe-Post": {"List-Unsubscribe=One-Click"}, "Content-Type": header["Content-Type"],
	}
	if diff := cmp.Diff(want, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"text/plain": m.Text, "text/html": m.HTML}, parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	for line := range bytes.SplitSeq(s.taken()[0].data, []byte("\r\n")) {
		if len(line) > 78 || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes: %.100q", len(line), line)
		}
	}
}

// TestNoHeaderIsInjected: everything a person may write that becomes a header or a command.
func TestNoHeaderIsInjected(t *testing.T) {
	t.Parallel()
	s := serve(t, false, nil)
	post := sender(t, s.settings(StartTLS))
	for _, c := range []struct {
		field string
		in    []string
		set   func(*Message, string)
	}{
		{"to", []string{
			"", "ann", "@example.org", "ann@", "ann@example.org\r\nBcc: eve@example.net", "ann@example.org\nBcc: eve@example.net",
			"ann@example.org\rBcc: eve@example.net", "ann@example.org, eve@example.net", "ann@example.org;eve@example.net",
			"Ann <ann@example.org>", "<ann@example.org>", "ann@example.org>\r\nRCPT TO:<eve@example.net", "ann@example.org> SIZE=1", "ann(x)@example.org",
			"friends: ann@example.org, eve@example.net;", `"ann@example.org, eve"@example.net`, `"a b"@example.org`, "\"\r\n\"@example.org",
			"ann@example.org\x00", "ann@[127.0.0.1]", "ann@example.org.", "ann@eve@example.org", "\u00e4nn@example.org", "ann@ex\u00e4mple.org",
			"ann@\u202eexample.org", "a..b@example.org", ".a@example.org", strings.Repeat("a", 65) + "@example.org", strings.Repeat("a", 1<<20), "ann@example.org ",
		}, func(m *Message, v string) { m.To = v }},
		{"subject", []string{
			"", "   ", "\u202e", "a\r\nBcc: eve@example.net", "a\nb", "a\rb", "a\r\n\r\nb", "a\x00b", "a\x0bb", "a\x85b", "a\u0085b", "a\u2028Bcc: b", "a\u2029b",
			"a\xff", "a\x7fb", strings.Repeat("x", 1<<20), strings.Repeat("\u00e4", maxSubject+1),
		}, func(m *Message, v string) { m.Subject = v }},
		{"id", []string{"", "a b", "a\r\nX: y", "a@b", "a>b", ".a", "a.", "a..b", "\u00e4", strings.Repeat("a", maxID+1)}, func(m *Message, v string) { m.ID = v }},
		{"unsubscribe", []string{
			"http://a.example/x", "mailto:a@b.c", "javascript:alert(1)", "https://a.example/\r\nX: y", "https://a.example/>, <https://b.example/",
			"https://a.example/a b", "https://", "/x", "https://u:p@a.example/", "https://a.example/=?utf-8?q?x?=", "https://a.example/" + strings.Repeat("a", 900),
		}, func(m *Message, v string) { m.Unsubscribe = v }},
		{"text", []string{"", " \n", strings.Repeat("x", maxBody+1)}, func(m *Message, v string) { m.Text = v }},
	} {
		for _, in := range c.in {
			m := good()
			c.set(&m, in)
			err := post.Send(t.Context(), m)
			var f *fault.Error
			if !errors.Is(err, fault.Refused) || !errors.As(err, &f) || f.Field != c.field || len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\r\n\u202e") {
				t.Errorf("Send(%s %.60q) = %v, want a fault.Refused of %s", c.field, in, err, c.field)
			}
		}
	}
	if said := s.said(); said != "" {
		t.Errorf("the server heard %q, want nothing", said)
	}
}

func TestSubjectsArriveAsWritten(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Review \U0001f600 \U0001f469\u200d\U0001f4bb due":              "Review \U0001f600 \U0001f469\u200d\U0001f4bb due",
		"\u05e1\u05e7\u05d9\u05e8\u05d4 \u200f(CTL-1)":                  "\u05e1\u05e7\u05d9\u05e8\u05d4 \u200f(CTL-1)",
		"invoice\u202egnp.exe":                                          "invoicegnp.exe",
		"\u2066a\u2069":                                                 "a",
		"=?utf-8?q?=0D=0ABcc:_eve@example.net?=":                        "=\u2060?utf-8?q?=0D=0ABcc:_eve@example.net?=",
		"=?utf-8?b?RGVpbmUgQmFuaw==?=":                                  "=\u2060?utf-8?b?RGVpbmUgQmFuaw==\u2060?=",
		"Bcc: eve@example.net":                                          "Bcc: eve@example.net",
		"a  b" + strings.Repeat(" ", 200) + "c ":                        "a b c",
		strings.Repeat("x", maxSubject):                                 strings.Repeat("x", maxSubject),
		strings.Repeat("\u00e4", maxSubject):                            strings.Repeat("\u00e4", maxSubject),
		strings.Repeat("\U0001f600", maxSubject):                        strings.Repeat("\U0001f600", maxSubject),
		"=HYPERLINK(\"http://evil.example\") <script>alert(1)</script>": "=HYPERLINK(\"http://evil.example\") <script>alert(1)</script>",
	} {
		m := good()
		m.Subject = in
		b, err := written(t, m)
		if err != nil {
			t.Errorf("build(%.60q) = %v, want nil", in, err)
			continue
		}
		header, _ := read(t, b)
		if got := decoded(t, header.Get("Subject")); got != want || len(header["Bcc"]) != 0 {
			t.Errorf("subject %.60q arrives as %.60q, want %.60q", in, got, want)
		}
	}
}

// TestNoSecondMessageIsSmuggled: bodies that end the data for servers which read line ends loosely.
func TestNoSecondMessageIsSmuggled(t *testing.T) {
	t.Parallel()
	s := serve(t, false, nil)
	post := sender(t, s.settings(StartTLS))
	const more = "MAIL FROM:<eve@example.net>"
	ends := []string{"\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\r\n\x00.\r\n", "\r\n..\r\n", "\u0085.\u0085", "\u2028.\u2028"}
	for _, end := range ends {
		m := good()
		m.Text = "first" + end + more + "\r\n"
		m.HTML = "<p>first" + end + more + "</p>"
		if err := post.Send(t.Context(), m); err != nil {
			t.Errorf("Send(%q) = %v, want nil", end, err)
		}
	}
	got := s.taken()
	if len(got) != len(ends) || strings.Contains(s.said(), more) {
		t.Fatalf("the server took %d messages and heard %q, want %d and no further command", len(got), s.said(), len(ends))
	}
	for i, d := range got {
		strict := strings.ReplaceAll(string(d.data), "\r\n", "")
		if strings.ContainsAny(strict, "\r\n\x00") {
			t.Errorf("the message with %q has a bare line end or NUL on the wire", ends[i])
		}
		if _, parts := read(t, []byte(strings.ReplaceAll(string(d.data), "\r\n..", "\r\n."))); !strings.HasPrefix(parts["text/plain"], "first") || !strings.Contains(parts["text/plain"], more) {
			t.Errorf("the message with %q arrives as %q", ends[i], parts["text/plain"])
		}
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\r\nb\rc\nd\te": "a\nb\nc\nd\te", "a\x00\x1b[0m\u0085": "a[0m", "a\xff": "a\ufffd", "\u202ea\u202c\u2067b\u2069": "ab",
		"\u05d0\u200f\u200e": "\u05d0\u200f\u200e", "\U0001f469\u200d\U0001f4bb": "\U0001f469\u200d\U0001f4bb",
	} {
		if got := readable(in); got != want {
			t.Errorf("readable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBoundaryIsNotInTheText(t *testing.T) {
	t.Parallel()
	m := good()
	m.HTML = "<p>x</p>"
	m.Text = "--" + boundary(m.ID, m.Text, m.HTML) + "--\nleft over\n" // of the message without this line
	b, err := written(t, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, parts := read(t, b); parts["text/plain"] != m.Text || parts["text/html"] != m.HTML {
		t.Errorf("parts = %q, want both whole", parts)
	}
}

// FuzzBuild: whatever is taken has the headers that we write and no other, and arrives as written.
func FuzzBuild(f *testing.F) {
	f.Add("a1", "ann@example.org", "Subject \U0001f600", "text\n", "<p>", "https://a.example/x")
	f.Add("a.b", "a+b@c.d", "=?utf-8?q?x?=", "\r.\r", "", "")
	f.Add("x", "a@b.c\r\nBcc: d@e.f", "a\r\nb", "\x00", "--", "https://x/\n")
	f.Fuzz(func(t *testing.T, id, to, subj, text, html, unsubscribe string) {
		m := Message{ID: id, To: to, Subject: subj, Text: text, HTML: html, Unsubscribe: unsubscribe}
		b, err := written(t, m)
		if err != nil {
			if !errors.Is(err, fault.Refused) {
				t.Errorf("build(%+v) = %v, want a fault.Refused", m, err)
			}
			return
		}
		header, parts := read(t, b)
		want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}
		if readable(html) == "" {
			want = append(want, "Content-Transfer-Encoding")
		}
		if unsubscribe != "" {
			want = append(want, "List-Unsubscribe", "List-Unsubscribe-Post")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(header))); diff != "" {
			t.Errorf("headers of %+v (-want +got):\n%s", m, diff)
		}
		for name, v := range header {
			if len(v) != 1 {
				t.Errorf("header %s of %+v = %q, want it once", name, m, v)
			}
		}
		list, err := header.AddressList("To")
		if err != nil || len(list) != 1 || list[0].Address != to || list[0].Name != "" {
			t.Errorf("To of %+v = %v, %v, want %s alone", m, list, err, to)
		}
		if got := decoded(t, header.Get("Subject")); got != subject(subj) {
			t.Errorf("Subject of %+v = %q, want %q", m, got, subject(subj))
		}
		if got := parts["text/plain"]; got != readable(text) {
			t.Errorf("text of %+v = %q, want %q", m, got, readable(text))
		}
		if got := parts["text/html"]; got != readable(html) {
			t.Errorf("HTML of %+v = %q, want %q", m, got, readable(html))
		}
	})
}
