package pdf

// sheet is the paper and its margins, in points.
type sheet struct {
	width, height            float64
	left, right, top, bottom float64 // distances of the text from the edges
}

// room is the height for text.
func (s sheet) room() float64 { return s.height - s.top - s.bottom }

// slab is a piece of the one column that all text flows in.
type slab struct {
	before float64 // empty space above it, unless it is the first of a page
	height float64
	keep   bool // stays on the page of what follows
	draw   func(p *page, y float64)
	head   *slab // drawn before it where it begins a page: the repeated head of a table
	// split cuts it so that the first part is no higher than so much; a nil first part does not fit.
	split func(room float64) (first, rest *slab)
	least float64 // the height of the smallest first part
}

// flow puts slabs onto pages.
type flow struct {
	now   *page
	y     float64
	empty bool // nothing stands on the page yet
	chain []*slab
	held  float64
	extra float64 // space to leave before the next slab
}

// gap leaves empty space, unless a page begins there.
func (d *doc) gap(h float64) { d.extra = max(d.extra, h) }

// put adds a slab at the end. Slabs that keep with the next one wait for it.
func (d *doc) put(s *slab) {
	s.before, d.extra = max(s.before, d.extra), 0
	d.chain = append(d.chain, s)
	if s.keep {
		d.held += s.before + s.height
		if d.held < d.sheet.room() {
			return
		}
	}
	d.settle()
}

// settle places what waits.
func (d *doc) settle() {
	chain := d.chain
	d.chain, d.held = nil, 0
	if len(chain) == 0 {
		return
	}
	need := 0.0
	for i, s := range chain {
		h := s.height
		if i == len(chain)-1 && s.split != nil {
			h = min(h, s.least)
		}
		if i > 0 || !d.empty {
			h += s.before
		}
		need += h
	}
	if d.now != nil && !d.empty && need > d.left() && need <= d.sheet.room() {
		d.newPage()
	}
	for _, s := range chain {
		d.place(s)
	}
}

func (d *doc) left() float64 { return d.sheet.height - d.sheet.bottom - d.y }

// place draws a slab where the page has come to, on a new page where it does not fit.
func (d *doc) place(s *slab) {
	if d.now == nil {
		d.newPage()
	}
	for {
		before := s.before
		if d.empty {
			before = 0
			if s.head != nil {
				d.drawSlab(s.head)
			}
		}
		room := d.left() - before
		if s.height <= room+0.01 {
			d.y += before
			d.drawSlab(s)
			return
		}
		if s.split != nil {
			if first, rest := s.split(room); first != nil {
				d.y += before
				d.drawSlab(first)
				if rest == nil {
					return
				}
				rest.head = s.head
				s = rest
				d.newPage()
				continue
			}
		}
		if d.fresh(s) {
			// Higher than a page and in one piece: it is drawn as far as the paper goes.
			d.y += before
			d.drawSlab(s)
			return
		}
		d.newPage()
	}
}

// fresh says whether nothing but the slab's own head stands on the page.
func (d *doc) fresh(s *slab) bool {
	used := d.y - d.sheet.top
	return used < 0.01 || s.head != nil && used <= s.head.height+0.01
}

func (d *doc) drawSlab(s *slab) {
	if s.draw != nil {
		s.draw(d.now, d.y)
	}
	d.y += s.height
	d.empty = false
}

func (d *doc) newPage() {
	if d.now != nil {
		d.now.close()
	}
	d.now = &page{ref: d.file.alloc(), height: d.sheet.height}
	d.pages = append(d.pages, d.now)
	d.y, d.empty = d.sheet.top, true
}

// breakPage ends the page, if anything stands on it.
func (d *doc) breakPage() {
	d.settle()
	d.extra = 0
	if d.now == nil || !d.empty {
		d.newPage()
	}
}

// anchor remembers where a name of the document is.
func (d *doc) anchor(id string, p *page, y float64) {
	if _, known := d.places[id]; !known && id != "" {
		d.places[id] = spot{p, y}
	}
}

// spot is a place in the document.
type spot struct {
	page *page
	y    float64
}
