package app

import (
	"net/http/httptest"
	"testing"
)

func TestAddressOf(t *testing.T) {
	t.Parallel()
	address, err := addressOf([]string{"10.0.0.0/8", "::1/128"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ peer, header, want string }{
		{"203.0.113.7:5000", "", "203.0.113.7"},
		{"203.0.113.7:5000", "198.51.100.1", "203.0.113.7"}, // nobody we trust says so
		{"10.1.2.3:5000", "198.51.100.1", "198.51.100.1"},
		{"10.1.2.3:5000", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1"}, // the first is whatever the sender wrote
		{"10.1.2.3:5000", "", "10.1.2.3"},
		{"10.1.2.3:5000", "rubbish", "10.1.2.3"},
		{"[::1]:5000", "2001:db8::1", "2001:db8::1"},
		{"10.1.2.3:5000", "::ffff:198.51.100.1", "198.51.100.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.header != "" {
			r.Header.Set("X-Forwarded-For", c.header)
		}
		if got := address(r); got != c.want {
			t.Errorf("from %s by %q = %s, want %s", c.peer, c.header, got, c.want)
		}
	}
	if _, err := addressOf([]string{"10.0.0.1"}); err == nil {
		t.Error("an address that is no network is taken")
	}
}
