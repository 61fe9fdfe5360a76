package app

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/ledger"
	examination "github.com/assayhq/assay/internal/web/engage"
)

// A bag is what is carried between two installations: a zip of messages, in order, and of the files that they name by their SHA-256.
const (
	mostBag      = 256 << 20 // bytes of a bag that is taken in, and of all that is in it
	packedBag    = 240 << 20 // bytes of what is put into one: names and headers come on top
	mostMessages = 100_000   // messages and files of a bag
)

// Self is the own organization as the other party is to know it.
func (x *engaged) Self(context.Context) (engage.Party, error) {
	key, err := x.o.key()
	return engage.Party{Org: string(x.o.org.ID), Name: x.o.org.Name, Key: key}, err
}

// Bag holds the messages for the other party from one of the own acts on, with the files that they name, as many as a bag takes: its name says from
// which act to which. What is left goes with the next one, from the act after.
func (x *engaged) Bag(ctx context.Context, engagement string, from int) (examination.File, error) {
	f := examination.File{Type: "application/zip"}
	texts, err := x.house.Outbox(ctx, engagement, from)
	if err != nil {
		return f, err
	}
	if len(texts) == 0 {
		return f, fault.Refuse("nothing that crosses to the other party was done from act %d on", from)
	}
	names, err := namedFiles(ctx, x.house, engagement, x.house.Side)
	if err != nil {
		return f, err
	}
	data, n, err := packBag(texts, names, packedBag, mostMessages, func(sum string) (io.ReadCloser, error) { return x.o.blobs.Open(ctx, x.o.org.ID, sum) })
	if err != nil {
		return f, err
	}
	var acts [2]int
	for i, t := range [][]byte{texts[0], texts[n-1]} {
		m, err := engage.ParseMessage(t)
		if err != nil {
			return f, err
		}
		a, err := m.Claims(x.house.Side)
		if err != nil {
			return f, err
		}
		acts[i] = a.Seq
	}
	f.Name, f.Data = fmt.Sprintf("%s-acts-%d-to-%d.assay-bag", engagement, acts[0], acts[1]), data
	return f, nil
}

// packBag packs messages in their order, each with the files that it names and that are not packed yet, until the next would make the bag larger than
// most bytes, or more than so many entries; it says how many went in. A file that is gone, or is larger than half of a bag, stays out, as do those of one message beyond a whole
// bag: their hashes stand in the message, and they are carried by another way.
func packBag(texts [][]byte, names []string, most, entries int, open func(sum string) (io.ReadCloser, error)) ([]byte, int, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name string, data []byte) error {
		most -= len(data)
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	whole, packed, n := most, map[string]bool{}, 0
	for i, t := range texts {
		var sums []string
		var files [][]byte
		size := len(t)
		for _, sum := range names {
			if packed[sum] || !bytes.Contains(t, []byte(sum)) {
				continue
			}
			data, err := atMost(open, sum, whole/2)
			if err != nil {
				return nil, 0, err
			}
			if data != nil && size+len(data) <= whole {
				sums, files, size = append(sums, sum), append(files, data), size+len(data)
			}
		}
		if n += 1 + len(sums); i > 0 && (size > most || n > entries) {
			err := z.Close()
			return b.Bytes(), i, err
		}
		if err := put(fmt.Sprintf("messages/%06d.txt", i+1), t); err != nil {
			return nil, 0, err
		}
		for k, sum := range sums {
			packed[sum] = true
			if err := put("files/"+sum, files[k]); err != nil {
				return nil, 0, err
			}
		}
	}
	err := z.Close()
	return b.Bytes(), len(texts), err
}

// atMost reads a file that has no more than most bytes; nil where it is larger, or gone.
func atMost(open func(sum string) (io.ReadCloser, error), sum string, most int) ([]byte, error) {
	r, err := open(sum)
	if errors.Is(err, fault.NotFound) {
		return nil, nil // erased, or kept in a source of its own
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err = errors.Join(err, r.Close()); err != nil || len(data) > most {
		return nil, err
	}
	return data, nil
}

// crossing are the files that a side's acts name and the other party is to have.
func crossing(e *engage.Engagement, side engage.Side) (out []string) {
	add := func(sum string) {
		if sum != "" && !slices.Contains(out, sum) {
			out = append(out, sum)
		}
	}
	given := func(list []engage.Evidence) {
		for _, ev := range list {
			add(ev.SHA256)
		}
	}
	if side == engage.Firm {
		for _, d := range e.Drafts {
			add(d.File)
			for _, format := range slices.Sorted(maps.Keys(d.Files)) {
				add(d.Files[format])
			}
		}
		for _, r := range e.Reports {
			for _, format := range slices.Sorted(maps.Keys(r.Files)) {
				add(r.Files[format])
			}
		}
		return out
	}
	for _, r := range e.Requests {
		for _, s := range r.Says {
			given(s.Evidence)
		}
	}
	for _, d := range e.Deviations {
		for _, r := range d.Responses {
			given(r.Evidence)
		}
	}
	return out
}

// namedFiles are those that a side's acts name.
func namedFiles(ctx context.Context, h *engage.House, engagement string, side engage.Side) (out []string, err error) {
	err = h.See(ctx, engagement, func(e *engage.Engagement) error { out = crossing(e, side); return nil })
	return out, err
}

// TakeBag takes messages and files of the other party in.
func (x *engaged) TakeBag(ctx context.Context, _ engage.Who, r io.Reader, key string) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, mostBag+1))
	if err != nil {
		return "", err
	}
	if len(raw) > mostBag {
		return "", fault.Refuse("the bag is larger than %d MiB", mostBag>>20)
	}
	texts, brought, err := unpackBag(raw)
	if err != nil {
		return "", err
	}
	engagement, err := engagementOf(texts)
	if err != nil {
		return "", err
	}
	if err := x.in.ownKeys(texts); err != nil {
		return engagement, err
	}
	taken, err := x.house.Receive(ctx, texts, strings.TrimSpace(key))
	if err != nil && taken == 0 {
		return engagement, err
	}
	return engagement, errors.Join(err, x.put(ctx, engagement, brought)) // of what was taken in, the files are kept, whatever was passed over
}

// unpackBag reads the messages of a bag by the order of their names, and the files that came along by theirs.
func unpackBag(raw []byte) (texts [][]byte, brought map[string][]byte, err error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, nil, fault.Refuse("this is no bag of messages: %v", err)
	}
	if len(z.File) > mostMessages {
		return nil, nil, fault.Refuse("the bag holds more than %d messages and files", mostMessages)
	}
	messages := map[string][]byte{}
	brought = map[string][]byte{}
	left := int64(mostBag)
	for _, e := range z.File {
		if strings.HasSuffix(e.Name, "/") {
			continue // a folder, as programs put it in that pack a bag anew
		}
		into, name := messages, e.Name
		if sum, ok := strings.CutPrefix(name, "files/"); ok && isSum(sum) {
			into, name = brought, sum
		} else if !strings.HasPrefix(name, "messages/") {
			return nil, nil, fault.Refuse("the bag holds %q, which is neither a message nor a file", name)
		}
		if _, twice := into[name]; twice {
			return nil, nil, fault.Refuse("the bag holds %q twice", e.Name)
		}
		if into[name], err = entryOf(e, &left); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(messages)) {
		texts = append(texts, messages[name])
	}
	return texts, brought, nil
}

// ownKeys refuses messages in the name of an organization that lives in this installation and that are not signed by its own key: of those
// there is nothing to be compared, and nobody to be believed.
func (in *installation) ownKeys(texts [][]byte) error {
	in.tenants.mu.Lock()
	orgs := slices.Collect(maps.Values(in.tenants.slugs))
	in.tenants.mu.Unlock()
	for _, t := range texts {
		m, err := engage.ParseMessage(t)
		if err != nil {
			return err
		}
		from, err := m.From()
		if err != nil {
			return err
		}
		for _, o := range orgs {
			if ledger.Origin(o.ID) != from {
				continue
			}
			if key, err := in.keyOf(o.ID); err != nil || key != m.Key {
				return errors.Join(err, &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the message names an organization of this installation, and is signed by another key than that of its ledger: %s", from)})
			}
		}
	}
	return nil
}

// put keeps the files that messages of the other party name, under their hashes, and no others.
func (x *engaged) put(ctx context.Context, engagement string, brought map[string][]byte) error {
	named, err := namedFiles(ctx, x.house, engagement, x.house.Side.Other())
	if err != nil {
		return err
	}
	for sum, data := range brought {
		if !slices.Contains(named, sum) {
			continue
		}
		if engage.Sum(data) != sum {
			return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("the file %s of the bag is another one than its name says", sum)}
		}
		if _, _, err := x.o.blobs.Put(ctx, x.o.org.ID, bytes.NewReader(data)); err != nil {
			return err
		}
	}
	return nil
}

// entryOf reads an entry of a bag, as long as the whole stays within bounds.
func entryOf(e *zip.File, left *int64) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, fault.Refuse("the bag cannot be read: %v", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, *left+1))
	if err != nil {
		return nil, fault.Refuse("the bag cannot be read: %v", err)
	}
	if *left -= int64(len(data)); *left < 0 {
		return nil, fault.Refuse("the bag holds more than %d MiB", mostBag>>20)
	}
	return data, nil
}

// engagementOf is the engagement that messages are of; of two it is refused.
func engagementOf(texts [][]byte) (string, error) {
	name := ""
	for _, t := range texts {
		m, err := engage.ParseMessage(t)
		if err != nil {
			return "", err
		}
		a, err := m.Claims("")
		if err != nil {
			return "", err
		}
		if name != "" && a.Engagement != name {
			return "", fault.Refuse("the bag holds messages of two engagements, %s and %s", name, a.Engagement)
		}
		name = a.Engagement
	}
	if name == "" {
		return "", fault.Refuse("the bag holds no message")
	}
	return name, nil
}
