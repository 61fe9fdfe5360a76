package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

// Parts keeps what has arrived of uploads. What Write has taken survives the end of the process. A name is an identifier of ours.
type Parts interface {
	// Begin keeps the description of an upload of which nothing has arrived.
	Begin(ctx context.Context, org id.Org, name string, about []byte) error
	// About gives the description, how many bytes are there, and when the last of them came; fault.NotFound for an unknown name.
	About(ctx context.Context, org id.Org, name string) (about []byte, size int64, last civil.Instant, err error)
	// Write appends what r gives behind the size, which must be the present one. Where r fails, what came before stays. It gives the new size.
	Write(ctx context.Context, org id.Org, name string, size int64, r io.Reader) (int64, error)
	// Open reads what is there.
	Open(ctx context.Context, org id.Org, name string) (io.ReadCloser, error)
}

// Shelf is the list of uploads that were begun and not finished.
type Shelf interface {
	// Names lists the uploads of an organization.
	Names(ctx context.Context, org id.Org) ([]string, error)
	// Remove forgets an upload with all that came of it; an unknown one is no error.
	Remove(ctx context.Context, org id.Org, name string) error
}

// The limits of uploads.
const (
	MaxFile     = 10 << 30 // bytes of one file of evidence
	MaxOpen     = 40 << 30 // bytes that the unfinished uploads of one organization announce together
	MaxOwn      = 10 << 30 // of these, bytes that the uploads of one person announce
	openPerHead = 20       // unfinished uploads of one person
	abandoned   = 24 * 3600 * 1e6
)

// Upload is a file on its way. It belongs to whoever began it, in one organization.
type Upload struct {
	ID      string
	Person  string
	Length  int64 // announced, in bytes
	Name    string
	Type    string // as declared
	Offset  int64  // bytes that are here
	Expires civil.Instant
}

// Whole reports whether all of it is here.
func (u Upload) Whole() bool { return u.Offset == u.Length }

type about struct {
	Person string `json:"person"`
	Length int64  `json:"length"`
	Name   string `json:"name"`
	Type   string `json:"type"`
}

// The answers of an upload that a program tells apart.
var (
	// ErrOffset is a piece that does not begin where the last one ended.
	ErrOffset = errors.New("the piece does not begin where the upload ends")
	// ErrLocked is a piece that comes while another of the same upload is being taken.
	ErrLocked = errors.New("another piece of the same upload is being taken")
	// ErrLarge is more than an upload may hold, or than there is room for.
	ErrLarge = errors.New("too large")
)

// Uploads takes files piece by piece and goes on where one was cut off.
type Uploads struct {
	Desk  *Desk
	Parts Parts
	Shelf Shelf

	mu   sync.Mutex
	busy map[string]bool
}

// Begin makes room for a file.
func (u *Uploads) Begin(ctx context.Context, a Actor, length int64, name, media string) (Upload, error) {
	if err := a.check(); err != nil {
		return Upload{}, err
	}
	if length < 0 {
		return Upload{}, fault.Refuse("a file of %d bytes; expected a length from 0", length)
	}
	if length > MaxFile {
		return Upload{}, &fault.Error{Kind: fault.Refused, What: fmt.Sprintf("the file holds %d bytes; expected at most %d", length, int64(MaxFile)), Err: ErrLarge}
	}
	u.mu.Lock()
	defer u.mu.Unlock() // two that begin at once do not both take the last of the room
	if err := u.room(ctx, a, length); err != nil {
		return Upload{}, err
	}
	key, err := u.Desk.mint("upload")
	if err != nil {
		return Upload{}, err
	}
	x := about{a.Email, length, FileName(name), media}
	b, err := json.Marshal(x)
	if err == nil {
		err = u.Parts.Begin(ctx, a.Org, key, b)
	}
	return Upload{ID: key, Person: x.Person, Length: length, Name: x.Name, Type: x.Type, Expires: u.Desk.Now() + abandoned}, err
}

// room refuses what would be more than the organization or the person may have open. Abandoned uploads make room first.
func (u *Uploads) room(ctx context.Context, a Actor, length int64) error {
	names, err := u.Shelf.Names(ctx, a.Org)
	if err != nil {
		return err
	}
	total, own, mine := length, length, 0
	for _, n := range names {
		x, err := u.find(ctx, a.Org, n)
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil:
			return err
		case x.Person == a.Email:
			mine++
			own += x.Length
		}
		total += x.Length
	}
	if mine >= openPerHead {
		return &fault.Error{Kind: fault.Refused, What: fmt.Sprintf("you have %d uploads open; finish or delete one of them", mine), Err: ErrLarge}
	}
	if own > MaxOwn {
		return &fault.Error{Kind: fault.Refused, What: fmt.Sprintf("your unfinished uploads would hold %d bytes; at most %d have room", own, int64(MaxOwn)), Err: ErrLarge,
			Hint: "finish or delete one of them, or wait a day until they are dropped"}
	}
	if total > MaxOpen {
		return &fault.Error{Kind: fault.Refused, What: fmt.Sprintf("the unfinished uploads of the organization would hold %d bytes; at most %d have room", total, int64(MaxOpen)), Err: ErrLarge,
			Hint: "finish the uploads that are open, or wait a day until they are dropped"}
	}
	return nil
}

// find reads an upload of the organization, and forgets one that nobody has sent anything of for a day.
func (u *Uploads) find(ctx context.Context, org id.Org, name string) (Upload, error) {
	b, size, last, err := u.Parts.About(ctx, org, name)
	if err != nil {
		return Upload{}, err
	}
	var x about
	if err := json.Unmarshal(b, &x); err != nil {
		return Upload{}, fmt.Errorf("read the description of upload %s: %w", name, err)
	}
	out := Upload{name, x.Person, x.Length, x.Name, x.Type, size, last + abandoned}
	if out.Expires <= u.Desk.Now() {
		return Upload{}, errors.Join(gone(name), u.Shelf.Remove(ctx, org, name))
	}
	return out, nil
}

func gone(name string) error {
	return &fault.Error{Kind: fault.NotFound, What: "no upload " + name + ", or it was dropped after a day"}
}

var uploadName = regexp.MustCompile(`^upload_[0-9a-hjkmnp-tv-z]{26}$`)

// Find gives an upload of the person. One of somebody else answers like a missing one.
func (u *Uploads) Find(ctx context.Context, a Actor, name string) (Upload, error) {
	if !uploadName.MatchString(name) { // it becomes the name of a file
		return Upload{}, gone("of that name")
	}
	x, err := u.find(ctx, a.Org, name)
	if err == nil && x.Person != a.Email {
		return Upload{}, gone(name)
	}
	return x, err
}

// Take appends a piece. The offset must be where the upload ends, else ErrOffset; what came of a piece that was cut off stays.
func (u *Uploads) Take(ctx context.Context, a Actor, name string, offset int64, r io.Reader) (Upload, error) {
	done, err := u.hold(name)
	if err != nil {
		return Upload{}, err
	}
	defer done()
	x, err := u.Find(ctx, a, name)
	if err != nil {
		return x, err
	}
	if offset != x.Offset {
		return x, &fault.Error{Kind: fault.Refused, What: fmt.Sprintf("the piece begins at %d, the upload ends at %d", offset, x.Offset), Err: ErrOffset}
	}
	size, err := u.Parts.Write(ctx, a.Org, name, offset, io.LimitReader(r, x.Length-offset))
	x.Offset = size
	if err != nil {
		return x, err
	}
	if n, _ := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return x, &fault.Error{Kind: fault.Refused, What: "more came than was announced", Err: ErrLarge}
	}
	return x, nil
}

// Drop forgets an upload.
func (u *Uploads) Drop(ctx context.Context, a Actor, name string) error {
	done, err := u.hold(name)
	if err != nil {
		return err
	}
	defer done()
	if _, err := u.Find(ctx, a, name); err != nil {
		return err
	}
	return u.Shelf.Remove(ctx, a.Org, name)
}

// Sweep forgets what was abandoned. It is called from time to time.
func (u *Uploads) Sweep(ctx context.Context, org id.Org) error {
	names, err := u.Shelf.Names(ctx, org)
	for _, n := range names {
		if _, e := u.find(ctx, org, n); !errors.Is(e, fault.NotFound) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// hold keeps others away from an upload until the answer is called.
func (u *Uploads) hold(name string) (func(), error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.busy[name] {
		return nil, &fault.Error{Kind: fault.Busy, What: "upload " + name, Err: ErrLocked}
	}
	if u.busy == nil {
		u.busy = map[string]bool{}
	}
	u.busy[name] = true
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.busy, name)
	}, nil
}
