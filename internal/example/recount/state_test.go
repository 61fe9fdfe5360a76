package recount

func dat02(b *books, t *tally) {
	for _, r := range b.runs("asset_states", "asset", "setting") {
		store := some(b.with("data_stores", "store_id", r.what.text("asset")))
		t.item(r.key, all(b.overlaps(r.since, r.until), r.what.says("setting", "encrypted"), store), no, ask("A", r.what.says("value", "true")))
	}
}

func dat02daily(b *books, t *tally) {
	for _, s := range b.registers["data_stores"] {
		for _, d := range b.days() {
			there := all(before(s.at("created_at"), b.startOf(d)), notAfter(b.endOf(d), s.at("retired_at")))
			t.item(key(s.key, d.String()), there, no, ask("A", b.seen("asset_states", "asset", s.key, "encrypted", d)))
		}
	}
}

// The first snapshot after a store was made shows how it was made.
func dat02made(b *books, t *tally) {
	for _, s := range b.registers["data_stores"] {
		made, earliest, value := s.at("created_at"), instant(never), no
		if b.running(plus(made, 24*hour)) {
			continue
		}
		for _, r := range b.with("asset_states", "asset", s.key) {
			if at := r.at("observed_at"); r.text("setting") == "encrypted" && at >= made && at < earliest {
				earliest, value = at, r.says("value", "true")
			}
		}
		t.item(s.key, all(b.overlaps(made, s.at("retired_at")), notAfter(b.startOf(b.from), made)), no,
			ask("A", all(notAfter(earliest, plus(made, 24*hour)), value)))
	}
}

// renewed is the last time before another at which a key was made or rotated.
func (b *books) renewed(key string, until instant) instant {
	last := instant(unclear)
	for _, k := range b.with("encryption_keys", "key_id", key) {
		if k.at("created_at") < until {
			last = max(last, k.at("created_at"))
		}
	}
	for _, r := range b.with("rotations", "key_id", key) {
		if r.at("rotated_at") < until {
			last = max(last, r.at("rotated_at"))
		}
	}
	return last
}

// yearAfter is the end of the day twelve months after.
func (b *books) yearAfter(at instant) instant { return b.endOf(b.dayOf(at).months(12)) }

func dat03(b *books, t *tally) {
	for _, k := range b.registers["encryption_keys"] {
		until := min(k.at("retired_at"), b.endOf(b.to))
		there := all(either(not(k.known("created_at")), before(k.at("created_at"), until)), before(b.startOf(b.from), k.at("retired_at")))
		t.item(k.key, there, no,
			ask("A", notAfter(until, b.yearAfter(b.renewed(k.key, until)))),
			ask("B", k.flag("duties_separated")))
	}
}

func dat03rotations(b *books, t *tally) {
	for _, r := range b.registers["rotations"] {
		at := r.at("rotated_at")
		t.item(r.key, all(b.countsAt(at), r.known("key_id")), no, ask("A", before(at, b.yearAfter(b.renewed(r.text("key_id"), at)))))
	}
}

// gone says whether an asset was retired by a time.
func (b *books) gone(asset string, by func(retired instant) answer) answer {
	return among(b.with("assets", "asset", asset), func(a record) answer { return by(a.at("retired_at")) })
}

// blocked says whether a device was kept from signing in between two times.
func (b *books) blocked(asset string, from, to instant) answer {
	return among(b.with("asset_states", "asset", asset), func(s record) answer {
		return all(s.says("setting", "access"), s.says("value", "blocked"), notAfter(from, s.at("observed_at")), before(s.at("observed_at"), to))
	})
}

func dat04(b *books, t *tally) {
	for _, r := range b.runs("asset_states", "asset", "setting") {
		asset, limit := r.what.text("asset"), b.endOf(plus(b.dayOf(r.since), 7))
		if r.what.text("setting") != "posture" || b.running(limit) {
			continue
		}
		t.item(r.key, all(b.overlaps(r.since, r.until), not(b.known(asset))), no,
			ask("A", either(r.what.says("value", "compliant"), before(r.until, limit), b.blocked(asset, r.since, limit),
				b.gone(asset, func(at instant) answer { return before(at, limit) }))))
	}
}

// silences are the times from each snapshot of a setting to the next.
func (b *books) silences(setting string, by ...string) []run {
	var out []run
	for _, list := range b.series("asset_states", "observed_at", by...) {
		for i, r := range list {
			until := instant(never)
			if i+1 < len(list) {
				until = list[i+1].at("observed_at")
			}
			if r.text("setting") == setting {
				out = append(out, run{r.key, r, r.at("observed_at"), until, nil})
			}
		}
	}
	return out
}

func dat04silent(b *books, t *tally) {
	for _, r := range b.silences("posture", "asset", "setting") {
		asset, limit := r.what.text("asset"), b.endOf(plus(b.dayOf(r.since), 7))
		if b.running(limit) {
			continue
		}
		t.item(r.key, all(b.overlaps(r.since, r.until), not(b.known(asset))), no,
			ask("A", either(before(r.until, limit), b.blocked(asset, r.since, limit),
				b.gone(asset, func(at instant) answer { return before(at, limit) }))))
	}
}

// begin is when something came into use, or the period began.
func (b *books) begin(r record, field string) instant {
	if r.knows(field) {
		return max(r.at(field), b.startOf(b.from))
	}
	return b.startOf(b.from)
}

func dat04never(b *books, t *tally) {
	for _, d := range b.registers["assets"] {
		limit := b.endOf(b.dayOf(b.begin(d, "created_at")) + 7)
		if b.running(limit) {
			continue
		}
		checked := among(b.with("asset_states", "asset", d.key), func(s record) answer {
			return all(before(s.at("observed_at"), limit), either(s.says("setting", "posture"), all(s.says("setting", "access"), s.says("value", "blocked"))))
		})
		t.item(d.key, all(b.overlaps(d.at("created_at"), d.at("retired_at")), d.flag("in_scope"), d.says("kind", "laptop")), no,
			ask("A", either(checked, before(d.at("retired_at"), limit))))
	}
}

func mal01(b *books, t *tally) {
	for _, r := range b.silences("protection", "asset", "setting", "value") {
		asset, limit := r.what.text("asset"), b.endOf(b.businessAfter(b.dayOf(r.since)+7, 5))
		if b.running(limit) {
			continue
		}
		t.item(r.key, all(b.overlaps(r.since, r.until), r.what.says("value", "on"), not(b.known(asset))), no,
			ask("A", either(before(r.until, limit), b.gone(asset, func(at instant) answer { return before(at, limit) }))))
	}
}

func mal01never(b *books, t *tally) {
	for _, d := range b.registers["assets"] {
		limit := b.endOf(b.businessAfter(b.dayOf(b.begin(d, "created_at")), 5))
		if b.running(limit) {
			continue
		}
		reported := among(b.with("asset_states", "asset", d.key), func(s record) answer {
			return all(before(s.at("observed_at"), limit), s.says("setting", "protection"), s.says("value", "on"))
		})
		t.item(d.key, all(b.overlaps(d.at("created_at"), d.at("retired_at")), d.flag("in_scope"), d.says("kind", "host", "laptop")), no,
			ask("A", either(reported, before(d.at("retired_at"), limit))))
	}
}

func net02(b *books, t *tally) {
	for _, r := range b.runs("asset_states", "asset", "setting") {
		asset, limit := r.what.text("asset"), plus(r.since, 24*hour)
		if r.what.text("setting") != "edge" || b.running(limit) {
			continue
		}
		t.item(r.key, all(b.overlaps(r.since, r.until), not(b.known(asset))), no,
			ask("A", either(r.what.says("value", "on"), notAfter(r.until, limit),
				b.gone(asset, func(at instant) answer { return notAfter(at, limit) }))))
	}
}

func net02daily(b *books, t *tally) {
	for _, a := range b.registers["assets"] {
		reached := all(a.flag("in_scope"), a.flag("internet_facing"))
		if reached == no {
			continue
		}
		for _, d := range b.days() {
			t.item(key(a.key, d.String()), all(reached, b.present(a, d)), no, ask("A", b.seen("asset_states", "asset", a.key, "edge", d)))
		}
	}
}

// A measurement of a host's clock is in force until the next one. What is measured of other
// systems' clocks serves the examination itself.
func log02(b *books, t *tally) {
	for host, list := range b.series("clocks", "observed_at", "clock_source") {
		isHost := among(b.with("assets", "asset", host), func(a record) answer { return all(a.flag("in_scope"), a.says("kind", "host")) })
		for i, r := range list {
			since, until := r.at("observed_at"), instant(never)
			if i+1 < len(list) {
				until = list[i+1].at("observed_at")
			}
			limit := plus(since, 24*hour)
			if b.running(limit) {
				continue
			}
			right := among(list[i:], func(x record) answer {
				return all(notAfter(x.at("observed_at"), limit), equal(x.num("offset_seconds"), 0))
			})
			t.item(r.key, all(b.overlaps(since, until), isHost), no, ask("A", right))
		}
	}
}

func log02daily(b *books, t *tally) {
	for _, a := range b.registers["assets"] {
		if a.text("kind") != "host" {
			continue
		}
		for _, d := range b.days() {
			measured := among(b.during("clocks", "observed_at", d, d), func(c record) answer { return c.says("clock_source", a.key) })
			t.item(key(a.key, d.String()), all(a.flag("in_scope"), b.present(a, d)), no, ask("A", measured))
		}
	}
}

func pol02(b *books, t *tally) {
	for _, w := range b.registers["waivers"] {
		begin := first(w.at("in_use_since"), first(w.at("starts_at"), w.at("approved_at")))
		approved := w.at("approved_at")
		t.item(w.key, b.countsAt(begin), no,
			ask("A", all(w.filled("approved_by"), notAfter(approved, begin), either(not(w.known("starts_at")), notAfter(approved, w.at("starts_at"))))),
			ask("B", w.filled("scope")),
			ask("C", w.filled("reason")),
			askIf(is(w.fields["compensating"] != nil), "E", w.filled("compensating")),
			ask("D", notAfter(b.dayOf(w.at("expires_at")), b.dayOf(begin).months(12))))
	}
}

func pol02expired(b *books, t *tally) {
	for _, w := range b.registers["waivers"] {
		expires := w.at("expires_at")
		if b.running(expires) {
			continue
		}
		renewed := among(b.with("waivers", "renewal_of", w.key), func(r record) answer { return all(r.filled("approved_by"), notAfter(r.at("approved_at"), expires)) })
		t.item(w.key, b.countsAt(expires), no, ask("A", either(notAfter(w.at("closed_at"), expires), renewed)), b.inspected("B", "POL-02", w.key))
	}
}

func rsk03(b *books, t *tally) {
	for _, p := range b.registers["projects"] {
		if !p.knows("go_live_at") {
			continue // not live yet
		}
		t.item(p.key, all(b.countsAt(p.at("go_live_at")), p.flag("significant")), no,
			ask("A", all(p.filled("check_approved_by"), before(p.at("check_approved_at"), p.at("go_live_at")))))
	}
}

// owns says whether a field names somebody who is known.
func (b *books) owns(r record, field string) answer {
	if r.filled(field) == no {
		return no
	}
	if b.met(r, field) {
		return yes
	}
	return unknown
}

func iam08(b *books, t *tally) {
	for _, a := range b.registers["accounts"] {
		inScope := among(b.with("systems", "system", a.text("system")), func(s record) answer { return s.flag("in_scope") })
		t.item(a.key, all(b.overlaps(a.at("created_at"), a.at("disabled_at")), inScope), no,
			ask("A", either(b.owns(a, "person_id"), b.owns(a, "owner"))),
			askIf(a.says("kind", "shared"), "B", a.flag("vaulted")),
			askIf(a.says("kind", "default"), "C", a.flag("vaulted")))
	}
}

func iam08systems(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		t.item(s.key, s.flag("in_scope"), no, ask("A", some(b.with("accounts", "system", s.key))))
	}
}
