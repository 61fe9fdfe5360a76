package outbound

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// The vector of the reference libraries of Standard Webhooks (libraries/go/webhook_test.go,
// TestWebhookSign, the same in every language there).
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vector(t testing.TB) (Secret, http.Header) {
	t.Helper()
	s, err := ParseSecret(vectorSecret)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("webhook-id", vectorID)
	h.Set("webhook-timestamp", strconv.Itoa(vectorTime))
	h.Set("webhook-signature", vectorSignature)
	return s, h
}

func TestSignMakesThePublishedVector(t *testing.T) {
	t.Parallel()
	s, h := vector(t)
	if got := s.Sign(vectorID, time.Unix(vectorTime, 999), []byte(vectorBody)); got != vectorSignature {
		t.Errorf("Sign(the published message) = %s, want %s", got, vectorSignature)
	}
	if id, err := Verify([]Secret{s}, h, []byte(vectorBody), time.Unix(vectorTime, 0)); err != nil || id != vectorID {
		t.Errorf("Verify(the published message) = %q, %v, want %s", id, err, vectorID)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
	s, _ := vector(t)
	at := time.Unix(vectorTime, 0)
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	for _, c := range []struct {
		name   string
		change func(http.Header)
		body   string
		now    time.Time
		want   error
	}{
		{"as it came", func(http.Header) {}, vectorBody, at, nil},
		{"at the last second", func(http.Header) {}, vectorBody, at.Add(Tolerance), nil},
		{"at the first second", func(http.Header) {}, vectorBody, at.Add(-Tolerance), nil},
		{"too late", func(http.Header) {}, vectorBody, at.Add(Tolerance + time.Second), fault.Denied},
		{"too early", func(http.Header) {}, vectorBody, at.Add(-Tolerance - time.Second), fault.Denied},
		{"among others", set("webhook-signature", wrong+" v2,"+vectorSignature[3:]+" "+vectorSignature+" "+wrong), vectorBody, at, nil},
		{"another body", func(http.Header) {}, vectorBody + " ", at, fault.Denied},
		{"another signature", set("webhook-signature", wrong), vectorBody, at, fault.Denied},
		{"another version", set("webhook-signature", "v1a"+vectorSignature[2:]), vectorBody, at, fault.Denied},
		{"no version", set("webhook-signature", vectorSignature[3:]), vectorBody, at, fault.Denied},
		{"a cut signature", set("webhook-signature", "v1,"), vectorBody, at, fault.Denied},
		{"another id", set("webhook-id", "msg_other"), vectorBody, at, fault.Denied},
		{"another time", set("webhook-timestamp", strconv.Itoa(vectorTime+1)), vectorBody, at, fault.Denied},
		{"the stop moved", func(h http.Header) {
			h.Set("webhook-id", vectorID+"."+strconv.Itoa(vectorTime))
		}, vectorBody, at, fault.Refused},
		{"no id", func(h http.Header) { h.Del("webhook-id") }, vectorBody, at, fault.Refused},
		{"no time", func(h http.Header) { h.Del("webhook-timestamp") }, vectorBody, at, fault.Refused},
		{"no signature", func(h http.Header) { h.Del("webhook-signature") }, vectorBody, at, fault.Refused},
		{"two ids", func(h http.Header) { h.Add("webhook-id", vectorID) }, vectorBody, at, fault.Refused},
		{"a time with a sign", set("webhook-timestamp", "+1614265330"), vectorBody, at, fault.Refused},
		{"a time with zeros", set("webhook-timestamp", "01614265330"), vectorBody, at, fault.Refused},
		{"a time of words", set("webhook-timestamp", "hello"), vectorBody, at, fault.Refused},
		{"a megabyte of signatures", set("webhook-signature", strings.Repeat(wrong+" ", 20000)), vectorBody, at, fault.Refused},
	} {
		_, h := vector(t)
		c.change(h)
		if _, err := Verify([]Secret{s}, h, []byte(c.body), c.now); !errors.Is(err, c.want) {
			t.Errorf("Verify(%s) = %v, want %v", c.name, err, c.want)
		}
	}
}

// TestFarTimesDoNotWrap signs times at the ends of the range: a difference that overflows would
// look near.
func TestFarTimesDoNotWrap(t *testing.T) {
	t.Parallel()
	s, h := vector(t)
	for _, seconds := range []int64{-1 << 63, 1<<63 - 1, -1, 0, vectorTime + 1<<62} {
		at := strconv.FormatInt(seconds, 10)
		h.Set(HeaderTimestamp, at)
		h.Set(HeaderSignature, "v1,"+base64.StdEncoding.EncodeToString(s.mac(vectorID, at, []byte(vectorBody))))
		if _, err := Verify([]Secret{s}, h, []byte(vectorBody), time.Unix(vectorTime, 0)); !errors.Is(err, fault.Denied) {
			t.Errorf("Verify(timestamp %d) = %v, want fault.Denied", seconds, err)
		}
	}
}

func TestNobodyKnowsTheEmptySecret(t *testing.T) {
	t.Parallel()
	_, h := vector(t)
	h.Set(HeaderSignature, Secret{}.Sign(vectorID, time.Unix(vectorTime, 0), []byte(vectorBody)))
	for _, secrets := range [][]Secret{nil, {{}}} {
		if _, err := Verify(secrets, h, []byte(vectorBody), time.Unix(vectorTime, 0)); !errors.Is(err, fault.Denied) {
			t.Errorf("Verify(%d empty secrets) = %v, want fault.Denied", len(secrets), err)
		}
	}
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	of := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for in, ok := range map[string]bool{
		vectorSecret: true, of(24): true, of(64): true, of(23): false, of(65): false, "": false, "whsec_": false,
		vectorSecret[6:]: false, "whsk_" + vectorSecret[6:]: false, vectorSecret + "\n": false, vectorSecret[:20] + "\r\n" + vectorSecret[20:]: false,
		strings.Replace(of(32), "=", "", 1): false, "whsec_" + strings.Repeat("-", 32): false,
	} {
		s, err := ParseSecret(in)
		if (err == nil) != ok || err != nil && !errors.Is(err, fault.Refused) {
			t.Errorf("ParseSecret(%q) = %v, want ok %v", in, err, ok)
		}
		if ok && s.Reveal() != in {
			t.Errorf("ParseSecret(%q).Reveal() = %q, want the same", in, s.Reveal())
		}
		if err != nil && len(in) > 10 && strings.Contains(err.Error(), in[6:]) {
			t.Errorf("ParseSecret(%q) = %v, want a message without the secret", in, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	s, _ := vector(t)
	j, err := json.Marshal(map[string]any{"s": s, "h": Hook{Secrets: []Secret{s}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %x %d", s, s, s, s, s, s), fmt.Sprintf("%+v %#v", Hook{Secrets: []Secret{s}}, &Hook{Secrets: []Secret{s}}), string(j)} {
		if strings.Contains(got, "MfKQ") || strings.Contains(got, "31f290") || strings.Contains(got, "49 242") || !strings.Contains(got, "whsec_...") {
			t.Errorf("printed = %s, want whsec_... alone", got)
		}
	}
	if _, err := NewSecret(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("NewSecret(a short source) = %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vectorID, strconv.Itoa(vectorTime), vectorSignature, vectorBody)
	f.Add("a.b", "-1", "v1, v1,=", "")
	s, _ := vector(f)
	f.Fuzz(func(t *testing.T, id, at, signature, body string) {
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {at}, HeaderSignature: {signature}}
		_, err := Verify([]Secret{s}, h, []byte(body), time.Unix(vectorTime, 0))
		if err == nil && (id != vectorID || at != strconv.Itoa(vectorTime) || body != vectorBody) {
			t.Errorf("Verify(%q, %q, %q, %q) = nil, want a refusal: nobody signed this", id, at, signature, body)
		}
		if err != nil && !errors.Is(err, fault.Refused) && !errors.Is(err, fault.Denied) {
			t.Errorf("Verify(%q, %q, %q, %q) = %v, want a kind", id, at, signature, body, err)
		}
	})
}

func FuzzParseSecret(f *testing.F) {
	f.Add(vectorSecret)
	f.Add("whsec_====")
	f.Fuzz(func(t *testing.T, in string) {
		s, err := ParseSecret(in)
		if err == nil && s.Reveal() != in || err != nil && !errors.Is(err, fault.Refused) {
			t.Errorf("ParseSecret(%q) = %v, %v, want the same text back or a fault.Refused", in, s, err)
		}
	})
}
