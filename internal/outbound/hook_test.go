package outbound

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/fault"
)

// ticking is a clock that goes on by a step at each look.
func ticking(from time.Time, step time.Duration) func() time.Time {
	return func() time.Time {
		now := from
		from = from.Add(step)
		return now
	}
}

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	body = []byte(`{"type":"deviation.opened","timestamp":"2026-03-01T11:59:00Z","data":{"id":"dev_1"}}`)
)

// receiver verifies what comes in, as a receiver should, and answers by path.
type receiver struct {
	*httptest.Server
	secrets []Secret
	ids     []string
	faults  []error
	headers []http.Header
}

func receive(t *testing.T, secrets ...Secret) *receiver {
	t.Helper()
	r := &receiver{secrets: secrets}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b, _ := io.ReadAll(q.Body)
		id, err := Verify(r.secrets, q.Header, b, noon.Add(time.Second))
		r.ids, r.faults, r.headers = append(r.ids, id), append(r.faults, err), append(r.headers, q.Header.Clone())
		switch q.URL.Path {
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/moved":
			http.Redirect(w, q, "/", http.StatusPermanentRedirect)
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "come\x00 \x1b[31mback\u202e later\xff")
		case "/long":
			io.WriteString(w, strings.Repeat("y", 5000))
		case "/huge":
			w.Header().Set("Content-Length", "2000000")
			io.WriteString(w, strings.Repeat("z", 2000000))
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func courier(t *testing.T, r *receiver, redirects int) *Courier {
	c := made(t, Config{Allow: loopback, Plain: true, Ports: []uint16{portOf(t, r.Server)}, Redirects: redirects})
	return NewCourier(c, ticking(noon, 7*time.Millisecond))
}

func secret(t testing.TB, seed byte) Secret {
	t.Helper()
	s, err := NewSecret(strings.NewReader(strings.Repeat(string(rune('a'+seed)), secretBytes)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	older, newer := secret(t, 1), secret(t, 2)
	for _, c := range []struct {
		path            string
		want            Delivery
		delivered, gone bool
	}{
		{"/", Delivery{Status: 204}, true, false},
		{"/gone", Delivery{Status: 410}, false, true},
		{"/moved", Delivery{Status: 308}, false, false},
		{"/busy", Delivery{Status: 503, Answer: "come [31mback later\ufffd", RetryAfter: 2 * time.Minute}, false, false},
		{"/long", Delivery{Status: 200, Answer: strings.Repeat("y", 1024), Truncated: true}, true, false},
		{"/huge", Delivery{Status: 200, Answer: strings.Repeat("z", 1024), Truncated: true}, true, false},
	} {
		r := receive(t, older) // it knows one of the two while it changes over
		got, err := courier(t, r, 5).Deliver(t.Context(), Hook{URL: r.URL + c.path, Secrets: []Secret{newer, older}}, Payload{ID: "evt_01", Body: body})
		c.want.At, c.want.Took = noon, 14*time.Millisecond
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("Deliver(%s) = %v, want nil and (-want +got):\n%s", c.path, err, diff)
		}
		if got.Delivered() != c.delivered || got.Gone() != c.gone {
			t.Errorf("Deliver(%s): Delivered, Gone = %v, %v, want %v, %v", c.path, got.Delivered(), got.Gone(), c.delivered, c.gone)
		}
		if len(r.ids) != 1 || r.ids[0] != "evt_01" || r.faults[0] != nil {
			t.Errorf("the receiver of %s took %q, %v, want evt_01 once: a redirect is not followed", c.path, r.ids, r.faults)
		}
		h := r.headers[0]
		if h.Get("Webhook-Timestamp") != "1772366400" || len(strings.Fields(h.Get("Webhook-Signature"))) != 2 || h.Get("Content-Type") != "application/json" {
			t.Errorf("headers of %s = %v", c.path, h)
		}
	}
}

func TestDeliverRefuses(t *testing.T) {
	t.Parallel()
	s := []Secret{secret(t, 1)}
	r := receive(t, s...)
	c := courier(t, r, 0)
	for name, in := range map[string]struct {
		hook    Hook
		payload Payload
	}{
		"no secret":          {Hook{URL: r.URL}, Payload{"evt_1", body}},
		"an empty secret":    {Hook{URL: r.URL, Secrets: []Secret{{}}}, Payload{"evt_1", body}},
		"no id":              {Hook{URL: r.URL, Secrets: s}, Payload{"", body}},
		"a stop in the id":   {Hook{URL: r.URL, Secrets: s}, Payload{"evt.1", body}},
		"a line in the id":   {Hook{URL: r.URL, Secrets: s}, Payload{"evt\r\nX: y", body}},
		"no JSON":            {Hook{URL: r.URL, Secrets: s}, Payload{"evt_1", []byte("{")}},
		"a long body":        {Hook{URL: r.URL, Secrets: s}, Payload{"evt_1", []byte(`"` + strings.Repeat("x", maxPayload) + `"`)}},
		"no address":         {Hook{URL: "http://[", Secrets: s}, Payload{"evt_1", body}},
		"an inner address":   {Hook{URL: "http://10.0.0.1:" + r.URL[strings.LastIndexByte(r.URL, ':')+1:], Secrets: s}, Payload{"evt_1", body}},
		"an inner chat":      {Hook{URL: "http://169.254.169.254/", Form: Chat}, Payload{"evt_1", body}},
		"another protocol":   {Hook{URL: "file:///etc/passwd", Secrets: s}, Payload{"evt_1", body}},
		"a port not allowed": {Hook{URL: "http://127.0.0.1:22/", Secrets: s}, Payload{"evt_1", body}},
	} {
		if d, err := c.Deliver(t.Context(), in.hook, in.payload); !errors.Is(err, fault.Refused) || d.Status != 0 {
			t.Errorf("Deliver(%s) = %+v, %v, want a fault.Refused", name, d, err)
		}
	}
	if len(r.ids) != 0 {
		t.Errorf("the receiver heard %d requests, want 0", len(r.ids))
	}
	url := r.URL
	r.Close()
	if _, err := c.Deliver(t.Context(), Hook{URL: url, Secrets: s}, Payload{"evt_1", body}); err == nil || errors.Is(err, fault.Refused) {
		t.Errorf("Deliver(a receiver that is down) = %v, want an error that is no refusal", err)
	}
}

func TestChatIsNotSigned(t *testing.T) {
	t.Parallel()
	r := receive(t)
	d, err := courier(t, r, 0).Deliver(t.Context(), Hook{URL: r.URL, Form: Chat, Secrets: []Secret{secret(t, 1)}}, Payload{"evt_1", Slack("hello")})
	if err != nil || !d.Delivered() || len(r.headers) != 1 {
		t.Fatalf("Deliver(chat) = %+v, %v, want it delivered", d, err)
	}
	for _, name := range []string{HeaderID, HeaderTimestamp, HeaderSignature} {
		if got := r.headers[0].Get(name); got != "" {
			t.Errorf("%s = %q, want none", name, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "30": 30 * time.Second, "99999999999999": 24 * time.Hour, "18446744073709551615": 24 * time.Hour, "soon": 0,
		"Sun, 01 Mar 2026 12:05:00 GMT": 5 * time.Minute, "Sun, 01 Mar 2020 12:05:00 GMT": 0, "Sun, 01 Mar 2099 12:05:00 GMT": 24 * time.Hour,
	} {
		if got := retryAfter(in, noon); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", in, got, want)
		}
	}
}

// TestNext holds the schedule against the table that the specification publishes, by the time since
// the start.
func TestNext(t *testing.T) {
	t.Parallel()
	var since time.Duration
	var got []string
	for attempt := 0; ; attempt++ {
		wait, again := Next(attempt, 0)
		if !again {
			break
		}
		since += wait
		got = append(got, since.String())
		for _, j := range []float64{0.5, 1, 7, math.Inf(1)} {
			if w, _ := Next(attempt, j); w < wait || w > wait+wait/5 {
				t.Errorf("Next(%d, %v) = %v, want %v to a fifth more", attempt, j, w, wait)
			}
		}
		for _, j := range []float64{-1, math.NaN(), math.Inf(-1)} {
			if w, _ := Next(attempt, j); w != wait {
				t.Errorf("Next(%d, %v) = %v, want %v", attempt, j, w, wait)
			}
		}
	}
	want := []string{"0s", "5s", "5m5s", "35m5s", "2h35m5s", "7h35m5s", "17h35m5s", "31h35m5s", "51h35m5s", "75h35m5s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("time since the start (-want +got):\n%s", diff)
	}
	if w, again := Next(-1, 0); w != 0 || !again {
		t.Errorf("Next(-1) = %v, %v, want at once", w, again)
	}
	if _, again := Next(math.MaxInt, 0.5); again {
		t.Error("Next(max) = true, want false")
	}
}

func TestSlack(t *testing.T) {
	t.Parallel()
	const j = "\u2060"
	for in, want := range map[string]string{
		"plain":                                 "plain",
		"a < b && c > d":                        "a &lt; b &amp;&amp; c &gt; d",
		"<!channel> <!here> <@U024BE7LH>":       "&lt;!channel&gt; &lt;!here&gt; &lt;@" + j + "U024BE7LH&gt;",
		"<https://evil.example|your bank>":      "&lt;https://evil.example|your bank&gt;",
		"&lt;!channel&gt;":                      "&amp;lt;!channel&amp;gt;",
		"@channel @HERE @everyone @all":         "@" + j + "channel @" + j + "HERE @" + j + "everyone @" + j + "all",
		"x@everyone":                            "x@" + j + "everyone",
		"\uff20channel":                         "\uff20" + j + "channel",
		"ann@example.com, ann@hereford.example": "ann@example.com, ann@hereford.example",
		"@ann":                                  "@" + j + "ann",
		"(@ann)":                                "(@" + j + "ann)",
		"@\u200bann":                            "@" + j + "\u200bann",
		"@":                                     "@" + j,
		"two\nlines\ttab\r\x00\x1b[0m":          "two\nlines\ttab[0m",
		"\u202eevil\u2066":                      "evil",
		"bad \xff":                              "bad \ufffd",
		"\U0001f600 \u05e9\u05dc\u05d5\u05dd":   "\U0001f600 \u05e9\u05dc\u05d5\u05dd",
	} {
		var got map[string]any
		if err := json.Unmarshal(Slack(in), &got); err != nil {
			t.Fatalf("Slack(%q) = %s: %v", in, Slack(in), err)
		}
		want := map[string]any{"text": want, "mrkdwn": false, "link_names": false, "unfurl_links": false, "unfurl_media": false}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Slack(%q) (-want +got):\n%s", in, diff)
		}
	}
	var long struct{ Text string }
	if err := json.Unmarshal(Slack(strings.Repeat("\u00e4", 1<<20)), &long); err != nil || len([]rune(long.Text)) != maxChat || !strings.HasSuffix(long.Text, "\u2026") {
		t.Errorf("Slack(1 MB) has %d characters, %v, want %d", len([]rune(long.Text)), err, maxChat)
	}
}

func FuzzSlack(f *testing.F) {
	f.Add("<!channel> @here & \u202e")
	f.Add("x@everyone\xff")
	f.Fuzz(func(t *testing.T, in string) {
		var got struct{ Text string }
		if err := json.Unmarshal(Slack(in), &got); err != nil {
			t.Fatalf("Slack(%q): %v", in, err)
		}
		if strings.ContainsAny(got.Text, "<>\x00\r\u202e") {
			t.Errorf("Slack(%q) = %q, want no markup and no marks", in, got.Text)
		}
		for _, name := range []string{"@channel", "@here", "@everyone", "@all"} {
			low := strings.ToLower(got.Text)
			if i := strings.Index(low, name); i == 0 || i > 0 && low[i-1] == ' ' && i+len(name) == len(low) {
				t.Errorf("Slack(%q) = %q, want no call of %s", in, got.Text, name)
			}
		}
	})
}
