package elements_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// depot is a small server of the tus protocol, 1.0.0 (core and creation), that can be cut off.
type depot struct {
	sync.Mutex
	files  map[string]*stored
	wire   int           // bytes of bodies that have come
	cut    int           // closes the connection at this byte of the wire, once; 0: never
	down   bool          // answers 503 to everything
	gate   chan struct{} // each piece waits for it, where there is one
	faults []string
	made   int
}

type stored struct {
	length int
	meta   string
	data   []byte
}

func (d *depot) serve(s *site) {
	d.files = map[string]*stored{}
	s.mux.HandleFunc("POST /uploads", d.guard(d.create))
	s.mux.HandleFunc("HEAD /uploads/{id}", d.guard(d.head))
	s.mux.HandleFunc("PATCH /uploads/{id}", d.guard(d.patch))
}

func (d *depot) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

func (d *depot) guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.Lock()
		defer d.Unlock()
		if d.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get("Tus-Resumable") != "1.0.0" || r.Header.Get("X-Requested-With") != "assay" {
			d.fault("%s %s with %v", r.Method, r.URL, r.Header)
		}
		w.Header().Set("Tus-Resumable", "1.0.0")
		next(w, r)
	}
}

func (d *depot) create(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.Header.Get("Upload-Length"))
	if err != nil {
		d.fault("Upload-Length: %v", err)
	}
	if n > 50<<20 {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprint(w, `{"detail":"A file may have 50 MB here."}`)
		return
	}
	d.made++
	id := fmt.Sprintf("u%d", d.made)
	d.files[id] = &stored{length: n, meta: r.Header.Get("Upload-Metadata")}
	w.Header().Set("Location", "/uploads/"+id)
	w.WriteHeader(http.StatusCreated)
}

func (d *depot) head(w http.ResponseWriter, r *http.Request) {
	f := d.files[r.PathValue("id")]
	if f == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Upload-Offset", strconv.Itoa(len(f.data)))
	w.Header().Set("Upload-Length", strconv.Itoa(f.length))
	w.Header().Set("Cache-Control", "no-store")
}

func (d *depot) patch(w http.ResponseWriter, r *http.Request) {
	f := d.files[r.PathValue("id")]
	if f == nil || r.Header.Get("Content-Type") != "application/offset+octet-stream" {
		d.fault("PATCH %s as %s", r.URL, r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Header.Get("Upload-Offset") != strconv.Itoa(len(f.data)) {
		w.WriteHeader(http.StatusConflict)
		return
	}
	if d.gate != nil {
		gate := d.gate
		d.Unlock()
		<-gate
		d.Lock()
	}
	body := io.Reader(r.Body)
	if d.cut > 0 {
		body = io.LimitReader(r.Body, int64(d.cut-d.wire))
	}
	piece, err := io.ReadAll(body)
	d.wire += len(piece)
	f.data = append(f.data, piece...)
	if d.cut > 0 && d.wire >= d.cut {
		d.cut, d.down = 0, true
		panic(http.ErrAbortHandler)
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return // the reader has gone
	}
	w.Header().Set("Upload-Offset", strconv.Itoa(len(f.data)))
	w.WriteHeader(http.StatusNoContent)
}

func (d *depot) lock(act func()) {
	d.Lock()
	defer d.Unlock()
	act()
}

const uploadPage = `<assay-upload data-backoff="20" data-chunk="1048576"><form method="post" enctype="multipart/form-data" action="/evidence" data-resumable="/uploads">
<label>File <input type="file" name="file" required></label><input type="hidden" name="upload"><button>Give the evidence</button></form></assay-upload>`

// given is what the form brought.
type given struct {
	upload string
	files  int
	data   []byte
}

func evidence(s *site) chan given {
	got := make(chan given, 1)
	s.mux.HandleFunc("POST /evidence", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(8 << 20); err != nil {
			s.Errorf("form: %v", err)
			return
		}
		g := given{upload: r.PostForm.Get("upload"), files: len(r.MultipartForm.File)}
		if f, _, err := r.FormFile("file"); err == nil {
			g.data, _ = io.ReadAll(f)
		}
		got <- g
		w.WriteHeader(http.StatusNoContent)
	})
	return got
}

// TestUpload cuts an upload off half-way, reloads the page, and goes on where it stopped: no byte of what arrived is sent twice.
func TestUpload(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": uploadPage})
	got := evidence(s)
	d := depot{cut: 5<<19 + 77} // in the midst of the third of five pieces
	d.serve(s)
	data := bytes.Repeat([]byte("0123456789abcdef"), 5<<16-3)
	file := filepath.Join(t.TempDir(), "Prüfung Q3.bin")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.tab("/")
	p.run(chromedp.SetUploadFiles("input[type=file]", []string{file}))
	p.until(`document.querySelector(".as-words")?.textContent.includes("connection lost, trying again")`)
	p.is(`document.querySelector("button:not([type])").disabled`, "true")
	p.reload()
	p.until(`document.querySelector(".as-upload .as-words")?.textContent.startsWith("Prüfung Q3.bin: 40% arrived before. Choose the same file again to go on.")`)
	d.lock(func() { d.down = false })
	p.run(chromedp.SetUploadFiles("input[type=file]", []string{file}))
	p.until(`document.querySelector(".as-upload .as-words").textContent === "Prüfung Q3.bin: 5.2 MB of 5.2 MB, 100%, all there"`)
	p.is(`document.querySelector("[role=progressbar]").getAttribute("aria-valuenow")`, "100")
	p.run(chromedp.Focus("button:not([type])"))
	p.keys(kb.Enter)
	select {
	case g := <-got:
		if g.upload != "u1" || g.files != 0 {
			t.Errorf("the form brings upload %q and %d files, want u1 and none", g.upload, g.files)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the form is not sent")
	}
	d.lock(func() {
		f := d.files["u1"]
		if sha256.Sum256(f.data) != sha256.Sum256(data) || d.wire != len(data) || d.made != 1 {
			t.Errorf("%d bytes of %d in %d uploads after %d on the wire", len(f.data), len(data), d.made, d.wire)
		}
		if want := "filename " + base64.StdEncoding.EncodeToString([]byte("Prüfung Q3.bin")); !strings.HasPrefix(f.meta, want) {
			t.Errorf("Upload-Metadata = %q, want %q", f.meta, want)
		}
		for _, f := range d.faults {
			t.Error(f)
		}
	})
	p.is(`Object.keys(localStorage).filter((k) => k.startsWith("assay-upload")).length`, "0")
}

// TestUploadByItself: a connection that breaks and comes back needs nobody; a person can stop and go on; a refusal is a sentence.
func TestUploadByItself(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"/": uploadPage})
	d := depot{cut: 3 << 19}
	d.serve(s)
	dir := t.TempDir()
	data := bytes.Repeat([]byte("x"), 3<<20)
	for name, size := range map[string]int64{"small.txt": int64(len(data)), "big.iso": 60 << 20, "empty.txt": 0} {
		if err := os.WriteFile(filepath.Join(dir, name), data[:min(int64(len(data)), size)], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	p := s.tab("/")
	choose := func(name string) {
		p.run(chromedp.SetUploadFiles("input[type=file]", []string{filepath.Join(dir, name)}))
	}
	choose("small.txt")
	p.until(`document.querySelector(".as-words")?.textContent.includes("connection lost")`)
	gate := make(chan struct{})
	d.lock(func() { d.down, d.gate = false, gate })
	gate <- struct{}{} // one piece goes through after the cut
	p.until(`document.querySelector(".as-words").textContent.includes("2.")`)
	p.tabTo(".as-upload .as-button")
	p.keys(kb.Enter)
	p.until(`document.querySelector(".as-words").textContent.endsWith(", paused") && document.activeElement.textContent === "Resume"`)
	d.lock(func() { d.gate = nil })
	close(gate)
	p.keys(kb.Enter)
	p.until(`document.querySelector(".as-words").textContent === "small.txt: 3.1 MB of 3.1 MB, 100%, all there"`)
	p.is(`document.querySelector("input[name=upload]").value`, "u1")

	choose("big.iso")
	p.until(`document.querySelector(".as-upload [role=alert]")?.textContent === "A file may have 50 MB here."`)
	p.is(`document.querySelector("input[name=upload]").value + document.querySelector("button:not([type])").disabled`, "true")
	choose("empty.txt")
	p.until(`document.querySelector(".as-words").textContent === "empty.txt: 0 bytes of 0 bytes, 100%, all there"`)
	d.lock(func() {
		if got := d.files["u1"].data; !bytes.Equal(got, data) {
			t.Errorf("%d bytes arrived, want %d", len(got), len(data))
		}
		for _, f := range d.faults {
			t.Error(f)
		}
	})
}
