package rule

// heaviest bounds what a rule becomes once its names are filled in: each use of a name repeats
// what it stands for, and names that build on names double it every time.
const heaviest = 50_000

// bearable refuses expressions that would keep an engine busy with reading them.
func (p *parser) bearable(at token, list ...Expr) error {
	n := 0
	for _, x := range list {
		n = min(n+p.weigh(x), heaviest+1)
	}
	if n > heaviest {
		return p.errAt(at, "with its names filled in the rule has more than %d parts; expected names that build less on one another", heaviest)
	}
	return nil
}

// weigh counts the parts of an expression as engines print it. Sums and products of numbers,
// and numbers before a unit, are printed twice, once to see whether they can be computed at all.
// What is added in business days is printed three times.
func (p *parser) weigh(x Expr) int {
	if x == nil {
		return 0
	}
	if n, ok := p.weights[x]; ok {
		return n
	}
	n := 1
	for _, y := range children(x) {
		n = min(n+p.weigh(y), heaviest+1)
	}
	switch y := x.(type) {
	case *Units:
		n = min(2*n, heaviest+1)
	case *Binary:
		switch {
		case y.Arithmetic() && y.Type() == Int:
			n = min(2*n, heaviest+1)
		case y.Arithmetic() && y.R.Type() == BusinessDays:
			n = min(3*n, heaviest+1)
		}
	}
	p.weights[x] = n
	return n
}
