// Command provider is an OpenID provider for the tests of sign-in: the one of
// github.com/zitadel/oidc with a login page, people from flags and a key made at start, or
// github.com/oauth2-proxy/mockoidc as a second implementation. It is a module of its own, so that
// the relying party that is tested shares no code with what tests it, and it is no part of the product.
//
// It listens on a free port of 127.0.0.1, prints "issuer URL" once it answers, and ends when its
// standard input is closed. Clients that differ in how they are answered:
//
//	ID            as OpenID Connect has it
//	ID.post       the same, but e-mail and name only at the userinfo endpoint
//	ID.FAULT      with one fault of misbehave.go
//
// POST /rotate exchanges the signing key for a new one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/oauth2-proxy/mockoidc"
)

type settings struct {
	client, secret string
	redirects      []string
	people         map[string]person
	hinted         bool
}

func main() {
	log.SetFlags(0)
	s := settings{people: map[string]person{}}
	implementation := flag.String("implementation", "zitadel", "zitadel or mockoidc")
	flag.StringVar(&s.client, "client", "assay", "the client ID")
	flag.StringVar(&s.secret, "secret", "a secret of the tests", "the client secret")
	flag.BoolVar(&s.hinted, "hinted", false, "sign in whom login_hint names, without a form")
	flag.Func("redirect", "a callback of the client; may be repeated", func(text string) error {
		s.redirects = append(s.redirects, text)
		return nil
	})
	flag.Func("person", "NAME:PASSWORD:EMAIL:verified or NAME:PASSWORD:EMAIL:unverified; may be repeated", func(text string) error {
		part := strings.Split(text, ":")
		if len(part) != 4 || part[3] != "verified" && part[3] != "unverified" {
			return errors.New("expected NAME:PASSWORD:EMAIL:verified or :unverified")
		}
		s.people[part[0]] = person{subject: "subject-of-" + part[0], name: part[0], password: part[1], email: part[2], verified: part[3] == "verified"}
		return nil
	})
	flag.Parse()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var issuer string
	switch *implementation {
	case "zitadel":
		issuer, err = serveZitadel(listener, s)
	case "mockoidc":
		issuer, err = serveMock(listener, s)
	default:
		err = fmt.Errorf("%q is no implementation; expected zitadel or mockoidc", *implementation)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("issuer", issuer)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		log.Fatal(err)
	}
}

func serveZitadel(listener net.Listener, s settings) (string, error) {
	issuer := "http://" + listener.Addr().String()
	handler, err := newZitadel(issuer, s)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { log.Fatal(server.Serve(listener)) }()
	return issuer, nil
}

// serveMock signs in the first person of the flags, or the one of mockoidc, whoever asks.
func serveMock(listener net.Listener, s settings) (string, error) {
	m, err := mockoidc.NewServer(nil)
	if err != nil {
		return "", err
	}
	m.ClientID, m.ClientSecret = s.client, s.secret
	mockoidc.TokenEndpointAuthMethodsSupported = []string{"client_secret_post"} // it announces basic too, and does not take it
	if err := m.Start(listener, nil); err != nil {
		return "", err
	}
	return m.Issuer(), nil
}
