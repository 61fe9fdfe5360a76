package browse

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// Shot takes a picture of the window and holds it against the golden one in testdata/shots, both in a third of their size so that
// the smoothing of letters does not count. With update it becomes the golden one. ASSAY_SHOTS names a folder that keeps the whole
// pictures, to look at.
func (p *Tab) Shot(name string, update bool) {
	p.t.Helper()
	var b []byte
	p.Do(chromedp.CaptureScreenshot(&b))
	if dir := os.Getenv("ASSAY_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600); err != nil {
			p.t.Error(err)
		}
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		p.t.Fatal(err)
	}
	got := third(img)
	file := filepath.Join("testdata", "shots", name+".png")
	if update {
		if err := keep(file, got); err != nil {
			p.t.Fatal(err)
		}
		return
	}
	want, err := open(file)
	if err != nil {
		p.t.Errorf("the golden picture of %s: %v; run with -update and look at it", name, err)
		return
	}
	// Letters are drawn a little otherwise on every machine; a block that is missing, moved or of another colour is more.
	if d := distance(got, want); d > 0.06 {
		p.t.Errorf("%s differs from its golden picture by %.3f, want at most 0.06; ASSAY_SHOTS=DIR keeps it to look at", name, d)
	}
}

func third(img image.Image) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx()/3, b.Dy()/3))
	for y := range out.Bounds().Dy() {
		for x := range out.Bounds().Dx() {
			var r, g, bl uint32
			for i := range 9 {
				cr, cg, cb, _ := img.At(b.Min.X+3*x+i%3, b.Min.Y+3*y+i/3).RGBA()
				r, g, bl = r+cr>>8, g+cg>>8, bl+cb>>8
			}
			out.SetRGBA(x, y, color.RGBA{uint8(r / 9), uint8(g / 9), uint8(bl / 9), 255})
		}
	}
	return out
}

// distance is the share of the picture that differs: the mean over blocks of 8 by 8 of how far their mean colours lie apart, where
// that is more than letters can be.
func distance(a, b image.Image) float64 {
	if a.Bounds().Size() != b.Bounds().Size() {
		return 1
	}
	const side = 8
	n, sum := 0, 0.0
	for y := 0; y+side <= a.Bounds().Dy(); y += side {
		for x := 0; x+side <= a.Bounds().Dx(); x += side {
			n++
			if d := apart(a, b, x, y, side); d > 10 {
				sum += math.Min(1, d/60)
			}
		}
	}
	return sum / float64(max(n, 1))
}

func apart(a, b image.Image, x, y, side int) float64 {
	var d [3]float64
	for i := range side * side {
		ar, ag, ab, _ := a.At(x+i%side, y+i/side).RGBA()
		br, bg, bb, _ := b.At(x+i%side, y+i/side).RGBA()
		d[0], d[1], d[2] = d[0]+float64(ar>>8)-float64(br>>8), d[1]+float64(ag>>8)-float64(bg>>8), d[2]+float64(ab>>8)-float64(bb>>8)
	}
	n := float64(side * side)
	return math.Max(math.Abs(d[0]/n), math.Max(math.Abs(d[1]/n), math.Abs(d[2]/n)))
}

func keep(file string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o600)
}

func open(file string) (image.Image, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return img, nil
}
