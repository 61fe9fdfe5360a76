package recount

// lastDay is a person's last day in service.
func (b *books) lastDay(p record) day { return first(p.on("ended_on"), b.dayOf(p.at("ended_at"))) }

// accepted says whether a person accepted a document in the twelve months that end on a day.
func (b *books) accepted(person, document string, by day) answer {
	return among(b.of("acknowledgements", "person_id", person), func(a record) answer {
		return all(a.says("document", document), notAfter(a.on("accepted_on"), by), before(by.months(-12), a.on("accepted_on")))
	})
}

// Code of conduct and confidentiality terms ten days after the start of each employment ...
func gov01(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		due := plus(p.on("started_on"), 10)
		if b.running(b.endOf(due)) {
			continue
		}
		t.item(p.key, all(b.counts(due), notAfter(due, b.lastDay(p))), p.says("kind", "service"),
			ask("A", b.accepted(b.who(p, "person_id"), "code-of-conduct", due)),
			ask("B", b.accepted(b.who(p, "person_id"), "confidentiality", due)))
	}
}

// ... and thirty days after each anniversary.
func gov01again(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		for _, anniversary := range b.rounds(p.on("started_on")) {
			due := anniversary + 30
			t.item(key(p.key, due.String()), all(b.counts(due), notAfter(due, b.lastDay(p))), p.says("kind", "service"),
				ask("A", b.accepted(b.who(p, "person_id"), "code-of-conduct", due)),
				ask("B", b.accepted(b.who(p, "person_id"), "confidentiality", due)))
		}
	}
}

// What was accepted was the version then in force.
func gov01version(b *books, t *tally) {
	for _, a := range b.registers["acknowledgements"] {
		on := a.on("accepted_on")
		inForce := among(b.with("policy_versions", "policy_id", a.text("document")), func(v record) answer {
			if !a.knows("version") {
				return unknown
			}
			return all(notAfter(v.on("effective_on"), on), notAfter(on, v.on("retired_on")), v.says("version", a.text("version")))
		})
		t.item(a.key, all(b.counts(on), a.says("document", "code-of-conduct", "confidentiality")), no, ask("A", inForce))
	}
}

func gov02(b *books, t *tally) {
	for _, q := range b.quarters() {
		held := only(b.registers["meetings"], func(m record) answer {
			return all(between(m.on("held_on"), q.first, q.last), m.says("kind", "board", "risk committee"))
		})
		security := func(m record) answer { return all(m.flag("minutes"), m.flag("security_item")) }
		quorum := func(m record) answer { return all(security(m), m.flag("quorum")) }
		outsider := func(m record) answer { return all(quorum(m), m.flag("independent_member")) }
		t.item(q.name, b.counts(q.last), no,
			ask("A", some(held)),
			askIf(some(held), "B", among(held, security)),
			askIf(among(held, security), "C", among(held, quorum)),
			askIf(among(held, quorum), "D", among(held, outsider)))
	}
}

func gov03(b *books, t *tally) {
	for _, y := range b.years() {
		t.item(y.name, b.counts(y.last), no, append(b.inspectedAll("CD", "GOV-03", y.name),
			b.performed("A", "GOV-03", y.name, y.first, y.last), b.sinceLast("B", "GOV-03", y.name))...)
	}
}

// sinceLast asks whether an act came no more than twelve months after the one just before it.
func (b *books) sinceLast(letter, control, item string) part {
	r, ok := b.inspection(control, item)
	switch {
	case !ok:
		return askIf(no, letter, no)
	case !r.knows("performed_on"):
		return askIf(unknown, letter, unknown)
	}
	return b.yearly(letter, control, item, r.on("performed_on"))
}

func gov03reorganised(b *books, t *tally) {
	for _, p := range b.registers["projects"] {
		effect := b.dayOf(p.at("go_live_at"))
		member := all(p.says("kind", "reorganisation"), p.known("go_live_at"))
		if member == no {
			continue
		}
		t.item(p.key, all(member, b.counts(plus(effect, 30))), no, append(b.inspectedAll("BC", "GOV-03", p.key),
			b.performed("A", "GOV-03", p.key, effect, plus(effect, 30)))...)
	}
}

func gov04(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		if b.counts(p.on("started_on")) == no {
			continue
		}
		person := b.who(p, "person_id")
		for _, s := range b.registers["systems"] {
			held := only(b.of("accounts", "person_id", person), func(a record) answer { return a.says("system", s.key) })
			access := day(never)
			for _, a := range held {
				if a.at("created_at") != unclear {
					access = min(access, b.dayOf(a.at("created_at")))
				}
			}
			if access == never {
				access = unclear
			}
			checks := b.of("screenings", "person_id", person)
			exempt := among(checks, func(x record) answer { return all(x.known("exempt_reason"), x.known("country")) })
			done := func(x record) answer { return notAfter(x.on("completed_on"), access) }
			clear := func(x record) answer { return all(done(x), x.says("result", "clear")) }
			sensitive := either(s.says("environment", "production"), s.flag("stores_customer_data"))
			t.item(key(p.key, s.key), all(b.counts(p.on("started_on")), s.flag("in_scope"), sensitive, some(held)), p.says("kind", "service"),
				ask("A", either(exempt, among(checks, done))),
				askIf(either(exempt, among(checks, done)), "B", either(exempt, among(checks, clear))))
		}
	}
}

// backFrom is the day on which something falls due that would have done so during a leave, and whether the person is
// still away.
func (b *books) backFrom(p record, due day) (day, bool) {
	moved := due
	for _, l := range b.of("absences", "person_id", b.who(p, "person_id")) {
		if notAfter(l.on("from_on"), due) != yes || notAfter(due, l.on("until_on")) != yes {
			continue
		}
		if !l.knows("until_on") {
			return due, true
		}
		moved = max(moved, l.on("until_on")+31)
	}
	return moved, false
}

func gov05(b *books, t *tally) {
	courses := map[string]bool{}
	for _, c := range b.registers["trainings"] {
		if c.knows("course") {
			courses[c.text("course")] = true
		}
	}
	for _, p := range b.registers["people"] {
		for course := range courses {
			for _, round := range append(b.rounds(p.on("started_on")), p.on("started_on")) {
				due := plus(round, 30)
				moved, away := b.backFrom(p, due)
				done := among(b.of("trainings", "person_id", b.who(p, "person_id")), func(c record) answer {
					return all(c.says("course", course), notAfter(c.on("completed_on"), moved), before(due.months(-12), c.on("completed_on")))
				})
				forOthers := all(is(course == "secure-coding"), not(p.flag("engineer")))
				if b.running(b.endOf(moved)) && !away {
					continue
				}
				t.item(key(p.key, course, due.String()), all(b.counts(due), notAfter(due, b.lastDay(p))),
					either(p.says("kind", "service"), forOthers, is(away), before(b.lastDay(p), moved)), ask("A", done))
			}
		}
	}
}

func gov06(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		person := b.who(p, "person_id")
		for _, y := range b.years() {
			finished := only(b.of("appraisals", "person_id", person), func(a record) answer {
				return between(a.on("finished_on"), y.first, y.last)
			})
			byOther := among(finished, func(a record) answer { return not(same(b.who(a, "reviewer"), person)) })
			t.item(key(p.key, y.name), all(b.counts(y.last), p.says("kind", "employee"),
				notAfter(p.on("started_on"), y.last.months(-12)), notAfter(y.last, b.lastDay(p))), no,
				ask("A", some(finished)), askIf(some(finished), "B", byOther))
		}
	}
}

func gov06breaches(b *books, t *tally) {
	for _, y := range b.years() {
		t.item(y.name, b.counts(y.last), no, b.inspectedAll("AB", "GOV-06", y.name)...)
	}
}

func com01(b *books, t *tally) {
	for _, v := range b.registers["policy_versions"] {
		published := v.on("published_on")
		due := plus(published, 30)
		if b.counts(due) == no || v.flag("material") == no {
			continue
		}
		for _, p := range b.registers["people"] {
			there := all(notAfter(p.on("started_on"), published), notAfter(published, b.lastDay(p)))
			done := among(b.of("acknowledgements", "person_id", b.who(p, "person_id")), func(a record) answer {
				return all(a.says("document", v.text("policy_id")), a.says("version", v.text("version")), notAfter(a.on("accepted_on"), due))
			})
			t.item(key(v.text("policy_id"), v.text("version"), p.key), all(b.counts(due), v.flag("material"), there),
				either(p.says("kind", "service"), before(b.lastDay(p), due)), ask("A", done))
		}
	}
}

func com02(b *books, t *tally) {
	for _, m := range b.registers["speak_up_reports"] {
		deadline := b.endOf(b.businessAfter(b.dayOf(m.at("received_at")), 2))
		t.item(m.key, b.countsAt(m.at("received_at")), no,
			ask("A", before(m.at("triaged_at"), deadline)),
			askIf(m.known("triaged_at"), "B", m.filled("outcome")))
	}
}

func com02tests(b *books, t *tally) {
	for _, q := range b.quarters() {
		tests := maybe(b.during("speak_up_reports", "received_at", q.first, q.last), func(m record) answer { return m.flag("test") })
		made := among(tests, func(m record) answer { return m.flag("test") })
		t.item(q.name, b.counts(q.last), no, ask("A", made),
			askIf(made, "B", among(tests, func(m record) answer { return all(m.flag("test"), m.known("triaged_at")) })))
	}
}

func com03(b *books, t *tally) {
	for _, c := range b.registers["commitments"] {
		if b.running(c.at("effective_at")) {
			continue
		}
		t.item(c.key, b.countsAt(c.at("effective_at")), no,
			ask("A", all(c.filled("approved_by"), before(c.at("approved_at"), c.at("published_at")))),
			askIf(c.flag("material"), "B", notAfter(plus(b.dayOf(c.at("announced_at")), 30), b.dayOf(c.at("effective_at")))))
	}
}

func com03yearly(b *books, t *tally) {
	for _, y := range b.years() {
		t.item(y.name, b.counts(y.last), no, b.performed("A", "COM-03", y.name, y.first, y.last),
			b.sinceLast("B", "COM-03", y.name), b.inspected("C", "COM-03", y.name))
	}
}

// duty is a checklist that comes round with the calendar: what is performed, perhaps no more than
// twelve months after the time before, and what is inspected.
func duty(control string, stretches func(*books) []stretch, from, to func(stretch) day, yearly, inspected string) func(*books, *tally) {
	return func(b *books, t *tally) {
		for _, s := range stretches(b) {
			parts := []part{b.performed("A", control, s.name, from(s), to(s))}
			if yearly != "" {
				parts = append(parts, b.yearly(yearly, control, s.name, s.first))
			}
			t.item(s.name, b.counts(to(s)), no, append(parts, b.inspectedAll(inspected, control, s.name)...)...)
		}
	}
}

// The days within which a duty is performed.
func firstDay(s stretch) day   { return s.first }
func lastDay(s stretch) day    { return s.last }
func nextDay(s stretch) day    { return s.last + 1 }
func tenthAfter(s stretch) day { return s.last + 10 }

func mon02(b *books, t *tally) {
	for _, d := range b.registers["deficiencies"] {
		due := d.on("due_on")
		if b.running(b.endOf(due)) {
			continue
		}
		t.item(d.key, b.counts(due), no,
			ask("A", either(notAfter(d.on("closed_on"), due), extended(d))),
			askIf(d.known("closed_on"), "B", all(d.filled("checked_by"), not(same(b.who(d, "checked_by"), b.who(d, "closed_by"))))),
			ask("C", all(d.filled("owner"), d.filled("severity"))))
	}
}

// extended says whether a deficiency got a new day, with approval before the old one.
func extended(d record) answer {
	return all(d.known("extended_to"), d.filled("extension_approved_by"), before(d.on("extension_approved_on"), d.on("due_on")))
}

func mon02extended(b *books, t *tally) {
	for _, d := range b.registers["deficiencies"] {
		to := d.on("extended_to")
		if !d.knows("extended_to") || b.running(b.endOf(to)) {
			continue
		}
		late := before(d.on("due_on"), d.on("closed_on"))
		t.item(key(d.key, to.String()), all(b.counts(to), extended(d), late), no, ask("A", notAfter(d.on("closed_on"), to)))
	}
}

// Each approval falls due again after twelve months; one that never comes falls due every year.
// The register of policies by itself says when each was approved last.
func pol01register(b *books, t *tally) {
	for _, p := range b.registers["policies"] {
		last := p.on("approved_on")
		there := all(either(not(p.known("adopted_on")), notAfter(p.on("adopted_on"), b.to)), notAfter(b.to, p.on("retired_on")))
		elsewhere := either(is(len(b.with("policy_reviews", "policy_id", p.key)) > 0), all(p.known("adopted_on"), not(p.known("approved_on"))))
		t.item(p.key, there, elsewhere, ask("A", b.lasts(last)),
			ask("B", all(p.filled("approved_by"), either(not(p.known("approver")), same(b.who(p, "approved_by"), b.who(p, "approver"))))))
	}
}

// lasts says whether what was done on a day lasts for twelve months to the end of the period; of what was done
// later nobody knows what stood before.
func (b *books) lasts(done day) answer {
	if done > b.to {
		return unknown
	}
	return notAfter(b.to, done.months(12))
}

func pol01(b *books, t *tally) {
	for _, p := range b.registers["policies"] {
		reviews := b.with("policy_reviews", "policy_id", p.key)
		for _, r := range reviews {
			for _, due := range b.rounds(r.on("approved_on")) {
				again := only(reviews, func(x record) answer {
					return all(before(r.on("approved_on"), x.on("approved_on")), notAfter(x.on("approved_on"), due))
				})
				superseded := among(again, func(x record) answer { return notAfter(x.on("approved_on"), due.months(-12)) })
				t.item(key(p.key, r.key, due.String()), all(b.counts(due), notAfter(due, p.on("retired_on")), not(superseded)), no,
					ask("A", some(again)), askIf(some(again), "B", among(again, b.byApprover(p))))
			}
		}
	}
}

func (b *books) byApprover(policy record) func(record) answer {
	return func(r record) answer { return same(b.who(r, "approved_by"), b.who(policy, "approver")) }
}

// A policy that was never approved counts from its adoption.
func pol01never(b *books, t *tally) {
	for _, p := range b.registers["policies"] {
		for _, due := range b.rounds(p.on("adopted_on")) {
			approvals := only(b.with("policy_reviews", "policy_id", p.key), func(r record) answer { return notAfter(r.on("approved_on"), due) })
			before := among(approvals, func(r record) answer { return notAfter(r.on("approved_on"), due.months(-12)) })
			t.item(key(p.key, due.String()), all(b.counts(due), notAfter(due, p.on("retired_on")), not(before)), no,
				ask("A", some(approvals)), askIf(some(approvals), "B", among(approvals, b.byApprover(p))))
		}
	}
}

func rsk01(b *books, t *tally) {
	for _, y := range b.years() {
		t.item(y.name, b.counts(y.last), no, append(b.inspectedAll("CDEF", "RSK-01", y.name),
			b.performed("A", "RSK-01", y.name, y.first, y.last), b.sinceLast("B", "RSK-01", y.name))...)
	}
}

func rsk01treatments(b *books, t *tally) {
	for _, r := range b.registers["risks"] {
		t.item(r.key, all(b.counts(r.on("assessed_on")), r.flag("above_appetite")), no,
			ask("A", r.known("treatment")), ask("B", r.filled("owner")), ask("C", r.known("treatment_due_on")))
	}
}

// A treatment that was overdue when a quarter began and was not done in it.
func rsk02overdue(b *books, t *tally) {
	for _, r := range b.registers["risks"] {
		for _, q := range b.quarters() {
			overdue := all(r.flag("above_appetite"), before(r.on("treatment_due_on"), q.first), before(q.last, r.on("treated_on")))
			accepted := all(r.known("accepted_by"), notAfter(r.on("accepted_on"), q.last))
			later := all(r.known("extension_approved_by"), notAfter(r.on("extension_approved_on"), q.last), notAfter(q.first, r.on("extended_to")))
			t.item(key(r.key, q.name), all(b.counts(q.last), overdue), no, ask("A", either(accepted, later)))
		}
	}
}

func mon04(b *books, t *tally) {
	for _, a := range b.registers["control_alerts"] {
		deadline := b.endOf(b.businessAfter(b.dayOf(a.at("raised_at")), 2))
		if b.running(deadline) {
			continue
		}
		owner, by, triaged := b.who(a, "owner"), b.who(a, "triaged_by"), a.known("triaged_at")
		named := all(a.known("delegate"), same(by, b.who(a, "delegate")))
		t.item(a.key, b.countsAt(a.at("raised_at")), no,
			ask("A", before(a.at("triaged_at"), deadline)),
			askIf(triaged, "B", either(same(by, owner), named, b.deputy(owner, by, "MON-04", a.at("triaged_at")))),
			askIf(triaged, "C", either(a.says("outcome", "fix", "deficiency"), all(a.says("outcome", "false_positive"), a.filled("reason")))))
	}
}
