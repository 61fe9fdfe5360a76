package recount

// deputy says whether somebody had handed a duty to another person before they used it.
func (b *books) deputy(from, to, duty string, at instant) answer {
	if from == "" || to == "" {
		return no
	}
	return among(b.of("delegations", "from_person", from), func(d record) answer {
		return all(is(b.who(d, "to_person") == to), notAfter(d.at("starts_at"), at), before(at, d.at("ends_at")),
			notAfter(d.at("recorded_on"), at), either(not(d.known("duty")), d.says("duty", duty)))
	})
}

// owned says whether a person owned a system at a time.
func (b *books) owned(system record, person string, at instant) answer {
	since := system.at("owner_since")
	now := all(either(not(system.known("owner_since")), notAfter(since, at)), same(person, b.who(system, "owner")))
	then := all(system.known("owner_since"), before(at, since), same(person, b.who(system, "former_owner")))
	return either(now, then)
}

func iam01(b *books, t *tally) {
	for _, g := range b.registers["grants"] {
		account := b.with("accounts", "account_id", g.text("account_id"))
		for _, s := range b.registers["systems"] {
			held := only(account, func(a record) answer { return a.says("system", s.key) })
			approved, approver := g.filled("approved_by"), b.who(g, "approved_by")
			itself := among(held, func(a record) answer { return all(a.known("person_id"), same(b.who(a, "person_id"), approver)) })
			owned := unknown // nobody is known to hold it
			if b.met(g, "person_id") {
				owned = yes
			}
			manager := among(b.of("people", "person_id", b.who(g, "person_id")), func(p record) answer { return same(b.who(p, "manager"), approver) })
			t.item(key(g.key, s.key), all(b.countsAt(g.at("granted_at")), s.flag("in_scope"), some(held)), no,
				ask("A", some(b.with("tickets", "ticket", g.text("ticket")))),
				ask("B", all(approved, before(g.at("approved_at"), g.at("granted_at")))),
				askIf(approved, "C", all(not(same(approver, b.who(g, "requested_by"))), not(itself))),
				askIf(approved, "D", either(b.owned(s, approver, g.at("approved_at")),
					b.deputy(b.who(s, "owner"), approver, "IAM-01", g.at("approved_at")), not(owned), manager)),
				askIf(approved, "E", equalTexts(g, "role", "approved_role")))
		}
	}
}

// equalTexts compares two fields of a record.
func equalTexts(r record, x, y string) answer {
	if r.fields[x] == nil || r.fields[y] == nil {
		return unknown
	}
	return is(r.text(x) == r.text(y))
}

// A grant to an account that is on no list.
func iam01unlisted(b *books, t *tally) {
	for _, g := range b.registers["grants"] {
		listed := some(b.with("accounts", "account_id", g.text("account_id")))
		t.item(g.key, all(b.countsAt(g.at("granted_at")), not(listed)), no, ask("A", no))
	}
}

func iam02(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		last, person := b.lastDay(p), b.who(p, "person_id")
		if b.counts(last) == no {
			continue
		}
		departure := first(p.at("ended_at"), b.endOf(p.on("ended_on")))
		back := instant(never) // the start of the next employment
		for _, next := range b.of("people", "person_id", person) {
			if before(last, next.on("started_on")) == yes {
				back = min(back, b.startOf(next.on("started_on")))
			}
		}
		for _, s := range b.registers["systems"] {
			held := only(b.of("accounts", "person_id", person), func(a record) answer {
				return all(a.says("system", s.key), either(not(a.known("created_at")), before(a.at("created_at"), back)))
			})
			closed := func(grace instant) answer {
				return not(among(held, func(a record) answer { return before(plus(departure, grace), a.at("disabled_at")) }))
			}
			signedIn := among(held, func(a record) answer {
				return among(b.with("account_events", "account_id", a.key), func(e record) answer {
					return all(e.says("action", "sign_in"), before(departure, e.at("at")), before(e.at("at"), back))
				})
			})
			t.item(key(p.key, s.key), all(b.counts(last), s.flag("in_scope"), some(held)), b.stays(person, last),
				ask("A", either(closed(0), all(p.says("end_kind", "voluntary"), closed(24*hour)))),
				ask("B", not(signedIn)))
		}
	}
}

// stays says whether another employment keeps a person in service over the last day of one.
func (b *books) stays(person string, last day) answer {
	return among(b.of("people", "person_id", person), func(p record) answer {
		return all(notAfter(p.on("started_on"), last), before(last, b.lastDay(p)))
	})
}

func iam03(b *books, t *tally) {
	for _, m := range b.registers["moves"] {
		deadline := b.endOf(b.businessAfter(m.on("effective_on"), 5))
		if b.running(deadline) {
			continue
		}
		manager, signer := b.who(m, "new_manager"), b.who(m, "signed_by")
		t.item(m.key, b.counts(m.on("effective_on")), no,
			askIf(before(0, m.num("removals")), "A", before(m.at("removed_at"), deadline)),
			ask("B", before(m.at("signed_at"), deadline)),
			askIf(m.known("signed_at"), "C", either(same(signer, manager), b.deputy(manager, signer, "IAM-03", m.at("signed_at")))))
	}
}

// A review counts whole: the decisions of one and the date of another do not make a third.
func iam04(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		for _, q := range b.quarters() {
			deadline := b.endOf(q.last + 30)
			done := only(b.with("access_reviews", "system", s.key), func(r record) answer { return r.says("quarter", q.name) })
			inside := func(r record) answer { return b.within(r.at("listed_at"), q.first, q.last) }
			decided := func(r record) answer { return equalNumbers(r, "decided", "listed") }
			inTime := func(r record) answer { return before(r.at("completed_at"), deadline) }
			listed := among(done, inside)
			complete := either(among(done, func(r record) answer { return all(inside(r), decided(r)) }), all(not(listed), among(done, decided)))
			good := among(done, func(r record) answer { return all(inside(r), decided(r), inTime(r)) })
			lone := either(is(len(done) == 1), not(all(listed, complete)))
			removals := func(r record) answer { return all(before(0, r.num("removals")), r.known("completed_at")) }
			late := func(r record) answer {
				return all(removals(r), not(before(r.at("removals_done_at"), b.endOf(b.businessAfter(b.dayOf(r.at("completed_at")), 5)))))
			}
			t.item(key(s.key, q.name), all(b.counts(q.last+30), s.flag("in_scope")), no,
				ask("A", listed),
				askIf(some(done), "B", complete),
				askIf(some(done), "C", not(among(done, func(r record) answer { return r.flag("own_access_decided") }))),
				ask("D", either(good, all(lone, among(done, inTime)))),
				askIf(among(done, removals), "E", not(among(done, late))))
		}
	}
}

func equalNumbers(r record, x, y string) answer { return equal(r.num(x), r.num(y)) }

func equal(x, y number) answer { return all(notAfter(x, y), notAfter(y, x)) }

func iam05(b *books, t *tally) {
	for _, g := range b.registers["privileged_groups"] {
		outOfScope := among(b.with("systems", "system", g.text("system")), func(s record) answer { return not(s.flag("in_scope")) })
		for _, m := range b.months() {
			over, deadline := b.endOf(m.last), b.endOf(m.last+10)
			there := all(either(not(g.known("created_at")), before(g.at("created_at"), over)), notAfter(over, g.at("retired_at")))
			done := only(b.with("group_reviews", "group", g.key), func(r record) answer { return all(r.says("month", m.name), r.known("completed_at")) })
			inTime := func(r record) answer {
				return all(notAfter(over, r.at("completed_at")), before(r.at("completed_at"), deadline))
			}
			decided := func(r record) answer { return equalNumbers(r, "decided", "members") }
			removals := func(r record) answer { return before(0, r.num("removals")) }
			late := func(r record) answer {
				return all(removals(r), not(before(r.at("removals_done_at"), b.endOf(b.businessAfter(b.dayOf(r.at("completed_at")), 1)))))
			}
			timely := among(done, inTime)
			t.item(key(g.key, m.name), all(b.counts(m.last+10), there, not(outOfScope)), no,
				ask("A", timely),
				askIf(some(done), "B", either(among(done, func(r record) answer { return all(inTime(r), decided(r)) }),
					all(not(timely), among(done, decided)))),
				askIf(among(done, removals), "C", not(among(done, late))))
		}
	}
}

// met says whether somebody is known to own the login in a field.
func (b *books) met(r record, field string) bool {
	_, ok := b.persons[r.text(field)]
	return ok
}

func iam06(b *books, t *tally) {
	for _, a := range b.registers["accounts"] {
		inScope := among(b.with("systems", "system", a.text("system")), func(s record) answer { return s.flag("in_scope") })
		owners := b.of("people", "person_id", b.who(a, "person_id"))
		robot := func(p record) answer { return p.says("kind", "service") }
		human := func(p record) answer { return not(robot(p)) }
		service := all(among(owners, robot), not(among(owners, human)))
		if !b.met(a, "person_id") {
			service = unknown // it may be a person's or not
		}
		t.item(a.key, all(b.overlaps(a.at("created_at"), a.at("disabled_at")), inScope), service, ask("A", a.flag("mfa")))
	}
}

func iam06systems(b *books, t *tally) {
	for _, r := range b.runs("configurations", "system", "setting") {
		inScope := among(b.with("systems", "system", r.what.text("system")), func(s record) answer { return s.flag("in_scope") })
		t.item(r.key, all(b.overlaps(r.since, r.until), r.what.says("setting", "mfa_required"), inScope), no, ask("A", r.what.says("value", "true")))
	}
}

func iam07(b *books, t *tally) {
	for _, w := range b.weeks() {
		due := b.businessAfter(w.last, 5)
		logged := number(len(b.during("privileged_sessions", "started_at", w.first, w.last)))
		done := only(b.with("session_reviews", "week", w.name), func(r record) answer { return r.known("completed_at") })
		inTime := func(r record) answer { return b.within(r.at("completed_at"), w.last+1, due) }
		counted := func(r record) answer { return equal(r.num("sessions"), logged) }
		timely := among(done, inTime)
		t.item(w.name, b.counts(due), no, ask("A", timely),
			askIf(some(done), "B", either(among(done, func(r record) answer { return all(inTime(r), counted(r)) }),
				all(not(timely), among(done, counted)))))
	}
}

func iam07sessions(b *books, t *tally) {
	for _, s := range b.registers["privileged_sessions"] {
		if b.running(s.at("limit_at")) {
			continue
		}
		t.item(s.key, b.countsAt(s.at("started_at")), no,
			ask("A", notAfter(s.at("ended_at"), s.at("limit_at"))),
			ask("B", some(b.with("tickets", "ticket", s.text("ticket")))),
			ask("C", all(s.filled("approved_by"), not(same(b.who(s, "approved_by"), b.who(s, "person_id"))))),
			ask("D", s.flag("recorded")),
			askIf(s.flag("anomaly"), "E", some(b.with("security_events", "event_id", s.text("event_id")))))
	}
}

// excepted says whether an approved exception for a thing stood at a time.
func (b *books) excepted(scope, control string, at instant) answer {
	return among(b.with("waivers", "scope", scope), func(w record) answer {
		return all(either(not(w.known("control")), w.says("control", control)), w.filled("approved_by"), before(w.at("approved_at"), at),
			either(not(w.known("starts_at")), before(w.at("starts_at"), at)), notAfter(at, w.at("expires_at")))
	})
}

// rotated says whether a credential was rotated from one time on and before another.
func (b *books) rotated(credential string, from, until instant) answer {
	return among(b.with("rotations", "credential_id", credential), func(r record) answer {
		return all(notAfter(from, r.at("rotated_at")), before(r.at("rotated_at"), until))
	})
}

func iam09(b *books, t *tally) {
	begin, oldest := b.startOf(b.from), b.startOf(b.from-180)
	for _, c := range b.registers["credentials"] {
		used := all(either(not(c.known("created_at")), before(c.at("created_at"), b.endOf(b.to))), before(begin, c.at("retired_at")))
		t.item(c.key, used, no, ask("A", c.flag("in_vault")), ask("B", c.filled("owner")),
			ask("C", either(notAfter(oldest, c.at("created_at")), b.rotated(c.key, oldest, begin), b.excepted(c.key, "IAM-09", begin))))
	}
}

func iam09issued(b *books, t *tally) {
	for _, c := range b.registers["credentials"] {
		due := plus(b.dayOf(c.at("created_at")), 180)
		deadline := b.endOf(due)
		if b.running(deadline) {
			continue
		}
		t.item(key(c.key, "issued"), all(b.counts(due), notAfter(deadline, c.at("retired_at"))), no,
			ask("A", either(b.rotated(c.key, -never, deadline), b.excepted(c.key, "IAM-09", deadline))))
	}
}

func iam09again(b *books, t *tally) {
	for _, r := range b.registers["rotations"] {
		due, name := plus(b.dayOf(r.at("rotated_at")), 180), r.text("credential_id")
		deadline := b.endOf(due)
		if !r.knows("credential_id") || b.running(deadline) {
			continue
		}
		gone := among(b.with("credentials", "credential_id", name), func(c record) answer { return before(c.at("retired_at"), deadline) })
		t.item(r.key, all(b.counts(due), not(gone)), no,
			ask("A", either(b.rotated(name, r.at("rotated_at")+1, deadline), b.excepted(name, "IAM-09", deadline))))
	}
}

func iam09exposed(b *books, t *tally) {
	for _, c := range b.registers["credentials"] {
		exposed := c.at("exposed_at")
		deadline := plus(exposed, 24*hour)
		t.item(key(c.key, "exposed"), b.countsAt(exposed), no,
			ask("A", either(notAfter(c.at("retired_at"), deadline), b.rotated(c.key, exposed, plus(deadline, 1)))))
	}
}

func iam09left(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		last := b.lastDay(p)
		departure := first(p.at("ended_at"), b.endOf(p.on("ended_on")))
		if b.counts(last) == no {
			continue
		}
		for _, c := range b.of("credentials", "owner", b.who(p, "person_id")) {
			deadline := plus(departure, 24*hour)
			held := all(either(not(c.known("created_at")), before(c.at("created_at"), departure)), before(departure, c.at("retired_at")))
			t.item(key(p.key, c.key), all(b.counts(last), held), b.stays(b.who(p, "person_id"), last),
				ask("A", either(notAfter(c.at("retired_at"), deadline), b.rotated(c.key, b.startOf(last), plus(deadline, 1)))))
		}
	}
}

func iam10(b *books, t *tally) {
	for _, a := range b.registers["data_accesses"] {
		if b.running(a.at("limit_at")) {
			continue
		}
		open := among(b.with("cases", "case_id", a.text("case_id")), func(c record) answer {
			return all(equalTexts(record{fields: map[string]any{"a": a.fields["customer"], "c": c.fields["customer"]}}, "a", "c"),
				notAfter(c.at("opened_at"), a.at("started_at")), either(before(a.at("started_at"), c.at("closed_at")), c.flag("permits_access")))
		})
		t.item(a.key, b.countsAt(a.at("started_at")), no, ask("A", open), ask("B", notAfter(a.at("ended_at"), a.at("limit_at"))))
	}
}

func iam10months(b *books, t *tally) {
	for _, m := range b.months() {
		accesses := b.during("data_accesses", "started_at", m.first, m.last)
		late := among(accesses, func(a record) answer { return notAfter(b.endOf(m.last+10), a.at("reviewed_at")) })
		t.item(m.name, b.counts(m.last+10), not(some(accesses)), ask("A", not(late)))
	}
}

func phy01(b *books, t *tally) {
	for _, v := range b.registers["visits"] {
		t.item(v.key, b.countsAt(v.at("in_at")), no, ask("A", b.owns(v, "host")), ask("B", all(v.known("out_at"), notAfter(v.at("in_at"), v.at("out_at")))))
	}
}

func phy01badges(b *books, t *tally) {
	for _, x := range b.registers["badges"] {
		issued := b.dayOf(x.at("issued_at"))
		served := among(b.of("people", "person_id", b.who(x, "person_id")), func(p record) answer {
			return between(issued, p.on("started_on"), b.lastDay(p))
		})
		if b.owns(x, "person_id") == unknown {
			served = unknown
		}
		t.item(x.key, b.countsAt(x.at("issued_at")), no, ask("A", all(x.filled("person_id"), served)))
	}
}

func phy01left(b *books, t *tally) {
	for _, p := range b.registers["people"] {
		last, person := b.lastDay(p), b.who(p, "person_id")
		if b.counts(last) == no {
			continue
		}
		stays := among(b.of("people", "person_id", person), func(x record) answer {
			return all(notAfter(x.on("started_on"), last+1), before(last, b.lastDay(x)))
		})
		for _, x := range b.of("badges", "person_id", person) {
			held := all(either(not(x.known("issued_at")), before(x.at("issued_at"), b.endOf(last))), not(stays), notAfter(b.startOf(last), x.at("returned_at")))
			t.item(key(p.key, x.key), all(b.counts(last), held), no, ask("A", before(x.at("returned_at"), b.endOf(last))))
		}
	}
}

func phy02(b *books, t *tally) {
	for _, s := range b.registers["sites"] {
		for _, q := range b.quarters() {
			item := key(s.key, q.name)
			used := all(s.says("kind", "data_hall"), either(not(s.known("opened_on")), notAfter(s.on("opened_on"), q.last)), before(q.last, s.on("closed_on")))
			t.item(item, all(b.counts(q.last+30), used), not(s.flag("run_by_us")),
				b.performed("A", "PHY-02", item, q.last+1, q.last+30), b.inspected("B", "PHY-02", item), b.inspected("C", "PHY-02", item))
		}
	}
}

func phy03(b *books, t *tally) {
	for _, s := range b.registers["sites"] {
		for _, h := range b.halves() {
			item := key(s.key, h.name)
			used := all(either(not(s.known("opened_on")), notAfter(s.on("opened_on"), h.last)), notAfter(h.last, s.on("closed_on")))
			t.item(item, all(b.counts(h.last), used), not(s.flag("run_by_us")),
				b.performed("A", "PHY-03", item, h.first, h.last), b.inspected("B", "PHY-03", item), b.inspected("C", "PHY-03", item))
		}
	}
}
