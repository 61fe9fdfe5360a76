package recount

// answer is what a record says to a yes-or-no question: a record that lacks the field says unknown.
type answer int

const (
	no      answer = -1
	unknown answer = 0
	yes     answer = 1
)

func is(b bool) answer {
	if b {
		return yes
	}
	return no
}

func not(a answer) answer { return -a }

// all is yes when every answer is yes, and no when one is no.
func all(list ...answer) answer {
	out := yes
	for _, a := range list {
		out = min(out, a)
	}
	return out
}

// either is yes when one answer is yes, and no when every one is no.
func either(list ...answer) answer {
	out := no
	for _, a := range list {
		out = max(out, a)
	}
	return out
}

// among asks every record: yes when one says yes, no when all say no or there is none.
func among(list []record, ask func(record) answer) answer {
	out := no
	for _, r := range list {
		out = max(out, ask(r))
	}
	return out
}

// only keeps the records that say yes.
func only(list []record, ask func(record) answer) []record {
	var out []record
	for _, r := range list {
		if ask(r) == yes {
			out = append(out, r)
		}
	}
	return out
}

// maybe keeps the records that do not say no.
func maybe(list []record, ask func(record) answer) []record {
	var out []record
	for _, r := range list {
		if ask(r) != no {
			out = append(out, r)
		}
	}
	return out
}

// some says whether there is any record at all.
func some(list []record) answer { return is(len(list) > 0) }
