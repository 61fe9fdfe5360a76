package signin

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// drawing is a QR code as the path of an SVG, one unit a module.
type drawing struct {
	Side int // with four modules of white around, as ISO/IEC 18004 asks
	Path string
}

// draw makes the QR code of a text.
func draw(text string) (drawing, error) {
	c, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return drawing{}, fmt.Errorf("draw a QR code: %w", err)
	}
	b, dark := c.Bounds(), func(x, y int) bool {
		g, ok := color.GrayModel.Convert(c.At(x, y)).(color.Gray)
		return ok && g.Y < 128
	}
	var p strings.Builder
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			from := x
			for x < b.Max.X && dark(x, y) {
				x++
			}
			if n := x - from; n > 0 {
				fmt.Fprintf(&p, "M%d %dh%dv1h-%dz", from-b.Min.X+4, y-b.Min.Y+4, n, n)
			}
		}
	}
	return drawing{b.Dx() + 8, p.String()}, nil
}
