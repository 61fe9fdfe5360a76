package collect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

// A gzip file that inflates beyond freeInflated may do so at most maxInflate-fold.
const (
	freeInflated = 1 << 30
	maxInflate   = 200
)

// intake is the way of a file's bytes: counted, hashed and copied to the blobs as they are
// read, then inflated when they are gzip.
type intake struct {
	req   ImportRequest
	raw   io.Reader
	text  io.Reader // what the format reads
	hash  hash.Hash
	bytes atomic.Int64 // read of the raw file
	blob  *copying
}

// copying feeds a blob while the file is read.
type copying struct {
	w    *io.PipeWriter
	done chan struct{}
	sum  string
	err  error
}

func newIntake(ctx context.Context, blobs Blobs, req ImportRequest) *intake {
	in := &intake{req: req, raw: req.Reader, hash: sha256.New()}
	if blobs == nil || req.Discard {
		return in
	}
	pr, pw := io.Pipe()
	c := &copying{w: pw, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.sum, _, c.err = blobs.Put(ctx, req.Org, pr)
		_ = pr.CloseWithError(errors.Join(c.err, io.ErrClosedPipe)) // wakes a reader that still copies; it cannot fail
	}()
	in.blob = c
	return in
}

// Read satisfies io.Reader over the raw bytes.
func (in *intake) Read(b []byte) (int, error) {
	n, err := in.raw.Read(b)
	in.bytes.Add(int64(n))
	in.hash.Write(b[:n]) // a hash takes everything
	if in.blob != nil && n > 0 {
		if _, werr := in.blob.w.Write(b[:n]); werr != nil {
			<-in.blob.done
			return n, errors.Join(errKeep, in.blob.err)
		}
	}
	return n, err
}

var errKeep = errors.New("keep the file")

// open finds the format, and inflates gzip.
func (in *intake) open(formats map[string]register.Reader) (register.Reader, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	name := strings.ToLower(in.req.File)
	in.text = buffered
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, in.explain(err)
		}
		in.text = &inflating{z: z, in: in}
		name = strings.TrimSuffix(name, ".gz")
	} else if strings.HasSuffix(name, ".gz") {
		if _, err := buffered.Peek(1); err != nil && err != io.EOF {
			return nil, in.explain(err)
		}
		return nil, fault.At(in.req.File, 0, "", "this is no gzip file, although its name ends in .gz")
	}
	format := in.req.Format
	if format == "" {
		format = byName[strings.TrimPrefix(path.Ext(name), ".")]
	}
	if format == "" {
		text := bufio.NewReaderSize(in.text, 64<<10)
		in.text = text
		head, err := text.Peek(32 << 10)
		if err != nil && err != io.EOF {
			return nil, in.explain(err)
		}
		format = sniff(head)
	}
	reader, ok := formats[format]
	if !ok {
		var known []string
		for f := range formats {
			known = append(known, f)
		}
		slices.Sort(known)
		return nil, fault.At(in.req.File, 0, "", "the format %q is unknown; expected one of %s", format, strings.Join(known, ", "))
	}
	return reader, nil
}

var byName = map[string]string{
	"csv": "csv", "tsv": "csv", "tab": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json", "xlsx": "xlsx", "xlsm": "xlsx",
}

// sniff names the format of a file whose name does not tell.
func sniff(head []byte) string {
	b := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	line, _, several := bytes.Cut(b, []byte("\n"))
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return "xlsx"
	case bytes.HasPrefix(b, []byte("[")), bytes.HasPrefix(b, []byte("<")):
		return "json" // which also says what a page of HTML is
	case bytes.HasPrefix(b, []byte("{")):
		v, err := register.ParseJSON("", 0, line)
		if err == nil && (several || !slices.ContainsFunc(v.Members, holdsRows)) {
			return "jsonl"
		}
		return "json"
	}
	return "csv"
}

// holdsRows tells {"rows":[{...}]} on one line, a document, from a row on a line of its own.
func holdsRows(m register.Member) bool {
	return m.Value.Kind == register.List && (len(m.Value.List) == 0 || m.Value.List[0].Kind == register.Object)
}

// inflating bounds what a gzip file may become.
type inflating struct {
	z   *gzip.Reader
	in  *intake
	out int64
}

func (f *inflating) Read(b []byte) (int, error) {
	n, err := f.z.Read(b)
	if f.out += int64(n); f.out > freeInflated && f.out/maxInflate > f.in.bytes.Load() {
		return n, fault.At(f.in.req.File, 0, "", "the file inflates to more than %d times its size", maxInflate)
	}
	if err != nil && err != io.EOF {
		err = f.in.explain(err)
	}
	return n, err
}

// explain says what an error of reading means for the file.
func (in *intake) explain(err error) error {
	switch {
	case errors.Is(err, fault.Refused), errors.Is(err, errKeep):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return register.Truncated(in.req.File, 0, "in the middle of its gzip data")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return fault.At(in.req.File, 0, "", "the gzip data is damaged").WithHint("copy the file again")
	}
	return err
}

// drain reads what a format left over, so that hash and blob are of the whole file.
func (in *intake) drain(ctx context.Context) error {
	_, err := io.Copy(io.Discard, untilDone{ctx, in.text})
	if err == nil {
		_, err = io.Copy(io.Discard, untilDone{ctx, in})
	}
	return err
}

// untilDone stops reading with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

func (in *intake) sum() string { return hex.EncodeToString(in.hash.Sum(nil)) }

func (in *intake) keeping() bool { return in.blob != nil }

// kept ends the blob and waits until it is durable.
func (in *intake) kept() (string, error) {
	_ = in.blob.w.Close() // a pipe's Close does not fail
	<-in.blob.done
	return in.blob.sum, in.blob.err
}

// abandon ends the blob with an error, so that nothing of it stays.
func (in *intake) abandon() {
	if in.blob == nil {
		return
	}
	_ = in.blob.w.CloseWithError(errors.New("the import was given up")) // does not fail; after Close it does nothing
	<-in.blob.done
}
