// Package id makes and parses identifiers: a kind, a time and randomness in one opaque,
// sortable text. A named type per kind keeps an organization from being taken for a link.
package id

import (
	"encoding/base32"
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// Org names an organization: a tenant with its own ledger, keys, people and program.
type Org string

// Pull names one act of collecting.
type Pull string

// Link names a relation between two organizations, such as an engagement.
type Link string

// Person names a human being in an installation, whatever organizations they belong to.
type Person string

// lower-case base32 in alphabetical order, so that text order is time order.
var enc = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewOrg makes an organization's identifier from the time and 10 random bytes.
func NewOrg(now time.Time, random io.Reader) (Org, error) {
	s, err := mint("org", now, random)
	return Org(s), err
}

// NewPull makes a pull's identifier.
func NewPull(now time.Time, random io.Reader) (Pull, error) {
	s, err := mint("pull", now, random)
	return Pull(s), err
}

// NewLink makes a link's identifier.
func NewLink(now time.Time, random io.Reader) (Link, error) {
	s, err := mint("link", now, random)
	return Link(s), err
}

// ParseOrg checks the form of an organization's identifier.
func ParseOrg(s string) (Org, error) {
	if err := check("org", s); err != nil {
		return "", err
	}
	return Org(s), nil
}

// NewPerson makes a person's identifier.
func NewPerson(now time.Time, random io.Reader) (Person, error) {
	s, err := mint("person", now, random)
	return Person(s), err
}

// New makes an identifier of a kind that has no type of its own, such as a session, a token or a record that a person enters.
func New(kind string, now time.Time, random io.Reader) (string, error) {
	return mint(kind, now, random)
}

func mint(kind string, now time.Time, random io.Reader) (string, error) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", err
	}
	return kind + "_" + enc.EncodeToString(b[:]), nil
}

func check(kind, s string) error {
	rest, ok := strings.CutPrefix(s, kind+"_")
	if ok {
		if b, err := enc.DecodeString(rest); err == nil && len(b) == 16 && enc.EncodeToString(b) == rest {
			return nil
		}
	}
	return fault.Refuse("%q is not an identifier of kind %s", s, kind)
}
