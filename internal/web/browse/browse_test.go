package browse

import (
	"image"
	"image/color"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestAxeSees: a page with barriers is told from one without.
func TestAxeSees(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body := `<!DOCTYPE html><html lang="en"><head><title>x</title></head><body><main id="content"><h1>x</h1><label>a <input></label></main></body></html>`
		if r.URL.Path == "/bad" {
			body = `<!DOCTYPE html><html><head><title>x</title></head><body><main id="content"><h1>x</h1><input><p style="color:#aaa;background:#fff">pale</p></main></body></html>`
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	p := Start(t).Tab(800, 600)
	p.Go(s.URL + "/good")
	if got := p.Axe(); len(got) > 0 {
		t.Errorf("a good page: %v", got)
	}
	p.Go(s.URL + "/bad")
	found := map[string]bool{}
	for _, b := range p.Axe() {
		found[b.ID] = true
	}
	for _, id := range []string{"label", "color-contrast", "html-has-lang"} {
		if !found[id] {
			t.Errorf("axe did not find %s on the bad page: %v", id, found)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	plain := func(c uint8) *image.RGBA {
		img := image.NewRGBA(image.Rect(0, 0, 80, 80))
		for i := range img.Pix {
			img.Pix[i] = c
		}
		return img
	}
	moved := plain(250)
	for y := range 40 {
		for x := range 80 {
			moved.Set(x, y, color.RGBA{20, 20, 20, 255})
		}
	}
	if d := distance(plain(250), plain(247)); d != 0 {
		t.Errorf("a shade: %v, want 0", d)
	}
	if d := distance(plain(250), moved); d < 0.4 {
		t.Errorf("half of the picture: %v, want about half", d)
	}
	if d := distance(plain(250), image.NewRGBA(image.Rect(0, 0, 8, 8))); d != 1 {
		t.Errorf("another size: %v, want 1", d)
	}
}
