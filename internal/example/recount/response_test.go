package recount

func inc01(b *books, t *tally) {
	for _, d := range b.days() {
		begin := b.startOf(d)
		covered := among(b.registers["shifts"], func(s record) answer {
			return all(notAfter(s.at("starts_at"), begin+15*minute), before(begin, s.at("ends_at")))
		})
		planned := among(b.with("policy_reviews", "policy_id", "incident-plan"), func(r record) answer {
			return between(r.on("approved_on"), d.months(-12), d)
		})
		t.judge(d.String(), ask("A", covered), ask("B", planned))
	}
}

func inc01shifts(b *books, t *tally) {
	for _, s := range b.registers["shifts"] {
		ends := s.at("ends_at")
		if b.running(s.at("starts_at")) {
			continue
		}
		next := among(b.registers["shifts"], func(n record) answer {
			return all(notAfter(n.at("starts_at"), plus(ends, 15*minute)), before(ends, n.at("ends_at")))
		})
		t.item(s.key, b.overlaps(s.at("starts_at"), ends), no,
			askIf(all(before(ends, b.endOf(b.to)), notAfter(plus(ends, 15*minute), b.knownAt)), "A", next),
			ask("B", s.flag("trained")))
	}
}

func inc02(b *books, t *tally) {
	for _, e := range b.registers["security_events"] {
		hour := notAfter(e.at("triaged_at"), plus(e.at("reported_at"), hour))
		oneDay := before(e.at("triaged_at"), b.endOf(b.businessAfter(b.dayOf(e.at("reported_at")), 1)))
		t.item(e.key, b.countsAt(e.at("reported_at")), no,
			askIf(e.says("severity", "high"), "A", hour), askIf(not(e.says("severity", "high")), "B", oneDay))
	}
}

func inc02incidents(b *books, t *tally) {
	for _, i := range b.registers["incidents"] {
		if b.running(i.at("resolved_at")) {
			continue
		}
		t.item(i.key, b.countsAt(i.at("detected_at")), no,
			ask("A", i.filled("lead")),
			ask("B", notAfter(i.at("contained_at"), i.at("resolved_at"))),
			ask("C", all(i.filled("severity"), i.filled("severity_approved_by"))),
			ask("D", i.filled("cause")))
	}
}

// told says whether a notice went out within the shorter of 72 hours and the limit in hours.
func told(sent, confirmed instant, limit number) answer {
	within := unknown
	if limit != unclear {
		within = notAfter(sent, plus(confirmed, instant(limit)*hour))
	}
	return all(notAfter(sent, plus(confirmed, 72*hour)), within)
}

func inc03(b *books, t *tally) {
	for _, i := range b.registers["incidents"] {
		confirmed := i.at("confirmed_customer_impact_at")
		t.item(i.key, all(b.countsAt(i.at("detected_at")), i.known("confirmed_customer_impact_at")), no,
			ask("A", told(i.at("notified_at"), confirmed, i.num("notice_limit_hours"))))
	}
}

func inc03customers(b *books, t *tally) {
	for _, n := range b.registers["notices"] {
		for _, i := range b.with("incidents", "incident_id", n.text("incident_id")) {
			list := b.with("notices", "incident_id", i.key)
			t.item(n.key, all(b.countsAt(i.at("detected_at")), i.known("confirmed_customer_impact_at")), no,
				ask("A", told(n.at("sent_at"), i.at("confirmed_customer_impact_at"), n.num("limit_hours"))),
				askIf(i.known("customers_affected"), "B", notAfter(i.num("customers_affected"), number(len(list)))))
		}
	}
}

func grave(i record) answer { return i.says("severity", "critical", "high") }

func inc04(b *books, t *tally) {
	for _, i := range b.registers["incidents"] {
		deadline := b.endOf(b.businessAfter(b.dayOf(i.at("detected_at")), 10))
		if b.running(deadline) {
			continue
		}
		held := only(b.with("incident_reviews", "incident_id", i.key), func(r record) answer { return notAfter(r.at("held_at"), b.knownAt) })
		t.item(i.key, all(b.countsAt(i.at("detected_at")), grave(i)), no,
			ask("A", among(held, func(r record) answer { return before(r.at("held_at"), deadline) })),
			askIf(some(held), "B", among(held, func(r record) answer { return r.flag("causes") })))
	}
}

func inc04actions(b *books, t *tally) {
	for _, a := range b.registers["actions"] {
		if b.running(b.endOf(a.on("due_on"))) {
			continue
		}
		t.item(a.key, all(b.counts(a.on("due_on")), among(b.with("incidents", "incident_id", a.text("origin")), grave)), no,
			ask("A", notAfter(a.on("closed_on"), a.on("due_on"))))
	}
}

func inc05(b *books, t *tally) {
	for _, h := range b.halves() {
		held := only(b.registers["exercises"], func(e record) answer {
			return all(between(e.on("held_on"), h.first, h.last), e.says("kind", "tabletop"))
		})
		found := func(e record) answer { return before(0, e.num("findings")) }
		late := func(e record) answer {
			limit := plus(e.on("held_on"), 10)
			return all(found(e), notAfter(b.endOf(limit), b.knownAt), before(limit, e.on("findings_ticketed_on")))
		}
		t.item(h.name, b.counts(h.last), no,
			ask("A", some(held)),
			askIf(some(held), "B", among(held, func(e record) answer { return e.flag("roles_present") })),
			askIf(among(held, found), "C", not(among(held, late))))
	}
}
