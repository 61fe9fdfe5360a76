package cli

import (
	"fmt"
	"strings"
	"time"
)

// progress draws one line on a terminal, from the second second on, and nothing elsewhere.
type progress struct {
	r     *run
	what  string
	start any
	drawn time.Duration
	wide  int
}

func (r *run) progress(what string) *progress {
	p := &progress{r: r, what: what}
	if r.s.Terminal {
		p.start = r.s.Mark()
	}
	return p
}

// draw shows text; share is the part done, or negative when unknown.
func (p *progress) draw(text string, share float64) {
	if !p.r.s.Terminal {
		return
	}
	gone := p.r.s.Since(p.start)
	if gone < time.Second || gone-p.drawn < 100*time.Millisecond {
		return
	}
	p.drawn = gone
	line := text
	if share > 0 && share <= 1 {
		const width = 24
		n := int(share * width)
		left := time.Duration(float64(gone) * (1 - share) / share).Round(time.Second)
		line = fmt.Sprintf("[%s%s] %3.0f%%  %s  about %s left", strings.Repeat("#", n), strings.Repeat(".", width-n), share*100, text, left)
	}
	p.wide = max(p.wide, len(line))
	fmt.Fprintf(p.r.s.Err, "\r%-*s", p.wide, line)
}

func (p *progress) rows(rows, bytes int64) {
	p.draw(fmt.Sprintf("%s: %d rows, %.1f MB", p.what, rows, float64(bytes)/1e6), -1)
}

func (p *progress) rows64(done, of int64) {
	p.draw(fmt.Sprintf("%s %d of %d", p.what, done, of), float64(done)/float64(max(of, 1)))
}

func (p *progress) steps(what string, done, of int) {
	p.draw(strings.TrimSpace(p.what+" "+what), float64(done)/float64(max(of, 1)))
}

func (p *progress) done() {
	if p.drawn > 0 {
		fmt.Fprintf(p.r.s.Err, "\r%s\r", strings.Repeat(" ", p.wide))
	}
}
