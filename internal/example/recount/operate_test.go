package recount

// runs of the day, and their reruns, and the reruns of these.
func avl02(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		for _, d := range b.days() {
			good := no
			for _, r := range b.during("backups", "scheduled_at", d, d) {
				if r.text("system") == s.key && !r.knows("rerun_of") {
					limit := plus(first(r.at("finished_at"), r.at("scheduled_at")), 24*hour)
					good = either(good, r.says("status", "succeeded"), b.rerun(r, limit, 2))
				}
			}
			t.item(key(s.key, d.String()), all(s.flag("in_scope"), s.flag("stores_customer_data")), no, ask("A", good))
		}
	}
}

func (b *books) rerun(of record, limit instant, depth int) answer {
	if depth == 0 {
		return no
	}
	return among(b.with("backups", "rerun_of", of.key), func(r record) answer {
		if r.text("system") != of.text("system") {
			return no
		}
		return either(all(r.says("status", "succeeded"), notAfter(r.at("finished_at"), limit)), b.rerun(r, limit, depth-1))
	})
}

func avl03(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		critical := either(not(s.known("critical")), s.flag("critical"))
		for _, q := range b.quarters() {
			trials := only(b.during("restores", "performed_at", q.first, q.last), func(r record) answer { return r.says("system", s.key) })
			sound := func(r record) answer { return all(r.says("status", "succeeded"), r.flag("checked")) }
			quick := func(r record) answer {
				return all(sound(r), either(notAfter(r.num("minutes"), r.num("target_minutes")), r.known("deficiency_id")))
			}
			t.item(key(s.key, q.name), all(b.counts(q.last), s.flag("in_scope"), s.flag("stores_customer_data"), critical), no,
				ask("A", some(trials)),
				askIf(some(trials), "B", among(trials, sound)),
				askIf(among(trials, sound), "C", among(trials, quick)))
		}
	}
}

func avl05(b *books, t *tally) {
	for _, o := range b.registers["outages"] {
		t.item(o.key, b.countsAt(o.at("started_at")), no,
			ask("A", notAfter(o.at("alerted_at"), plus(o.at("started_at"), 5*minute))),
			ask("B", notAfter(o.at("posted_at"), plus(o.at("started_at"), 30*minute))))
	}
}

// monthly is a second test of a control: something is looked at within ten days after each month
// of the period.
func monthly(control string) func(*books, *tally) {
	return func(b *books, t *tally) {
		for _, m := range b.months() {
			t.item(m.name, b.counts(m.last), no, b.performed("A", control, m.name, m.last+1, m.last+10), b.inspected("B", control, m.name))
		}
	}
}

var deadlines = map[string]day{"critical": 7, "high": 30, "medium": 90, "low": 180}

// firstDue is the last day of the first severity. due is that of a later severity, where the new
// rating was approved before the first deadline and says why.
func (b *books) firstDue(v record) day {
	severity := v.text("first_severity")
	if severity == "" {
		severity = v.text("severity")
	}
	return plus(b.dayOf(v.at("first_seen_at")), deadlines[severity])
}

func (b *books) due(v record) day {
	rerated := all(v.known("rerate_approved_by"), v.known("rerate_reason"), v.known("rerate_approved_at"),
		before(v.at("rerate_approved_at"), b.endOf(b.firstDue(v))))
	if rerated == yes {
		return plus(b.dayOf(v.at("first_seen_at")), deadlines[v.text("severity")])
	}
	return b.firstDue(v)
}

func vul03(b *books, t *tally) {
	for _, v := range b.registers["vulnerabilities"] {
		deadline := b.endOf(b.due(v))
		if b.running(deadline) {
			continue
		}
		// An exception holds to the fix, or to the end of the period, or while nobody knows what comes.
		holds := func(w record) answer {
			return either(notAfter(v.at("fixed_at"), w.at("expires_at")), notAfter(min(b.knownAt, b.endOf(b.to)), w.at("expires_at")))
		}
		fits := func(w record) answer {
			return all(either(not(w.known("control")), w.says("control", "VUL-03")), either(not(w.known("asset")), w.says("asset", v.text("asset"))), w.filled("approved_by"))
		}
		waived := among(b.with("waivers", "waiver_id", v.text("waiver_id")), func(w record) answer {
			renewed := among(b.with("waivers", "renewal_of", w.key), func(r record) answer {
				return all(fits(r), notAfter(r.at("approved_at"), w.at("expires_at")), either(not(r.known("starts_at")), notAfter(r.at("starts_at"), w.at("expires_at"))), holds(r))
			})
			return all(fits(w), before(w.at("approved_at"), deadline), either(not(w.known("starts_at")), before(w.at("starts_at"), deadline)), either(holds(w), renewed))
		})
		gone := all(v.known("resolution"), v.says("resolution", "retired"), b.gone(v.text("asset"), func(at instant) answer { return before(at, deadline) }))
		t.item(v.key, b.counts(b.due(v)), no, ask("A", either(before(v.at("fixed_at"), deadline), gone, waived)))
	}
}

func ast01(b *books, t *tally) {
	for _, m := range b.months() {
		done := only(b.with("reconciliations", "of", m.name), func(r record) answer { return r.says("kind", "assets") })
		unknowns := only(done, func(r record) answer { return all(before(0, r.num("differences")), r.known("completed_at")) })
		t.item(m.name, b.counts(m.last+10), no,
			ask("A", among(done, func(r record) answer { return before(r.at("completed_at"), b.endOf(m.last+10)) })),
			askIf(some(unknowns), "B", not(among(unknowns, b.unresolved))))
	}
}

// unresolved says whether differences stood for more than ten days after they had been found.
func (b *books) unresolved(r record) answer {
	limit := b.endOf(plus(b.dayOf(r.at("completed_at")), 10))
	return all(notAfter(limit, b.knownAt), notAfter(limit, r.at("resolved_at")))
}

func ast02(b *books, t *tally) {
	for _, d := range b.registers["disposals"] {
		t.item(d.key, b.countsAt(d.at("handed_over_at")), no,
			ask("A", all(d.filled("serial"), equalTexts(d, "certificate_serial", "serial"))),
			ask("B", notAfter(d.at("wiped_at"), d.at("handed_over_at"))))
	}
}

func active(job record, from, to day) answer {
	return all(either(not(job.known("active_from")), notAfter(job.on("active_from"), from)), notAfter(to, job.on("active_to")))
}

func vul01(b *books, t *tally) {
	for _, j := range b.registers["jobs"] {
		for _, w := range b.weeks() {
			t.item(key(j.key, w.name), all(b.counts(w.last), j.says("kind", "scan"), active(j, w.first, w.last)), no, b.scanned(j.text("scans"), w)...)
		}
	}
}

// scanned asks whether a scan of a kind finished in a week, and reached enough.
func (b *books) scanned(kind string, w stretch) []part {
	runs := only(b.during("scans", "finished_at", w.first, w.last), func(s record) answer {
		return is(kind != "" && s.text("kind") == kind)
	})
	good := func(s record) answer { return s.says("status", "succeeded") }
	reached := func(s record) answer {
		n, of := s.num("assets_reached"), s.num("assets_in_scope")
		if n == unclear || of == unclear {
			return unknown
		}
		return all(good(s), is(of > 0 && n*100 >= of*98))
	}
	return []part{ask("A", among(runs, good)), askIf(among(runs, good), "B", among(runs, reached))}
}

// Kinds of scans that are on no schedule: the runs alone say that they are scanned.
func vul01unplanned(b *books, t *tally) {
	kinds := map[string]bool{"baseline": true}
	for _, s := range b.registers["scans"] {
		kind := s.text("kind")
		if kinds[kind] || kind == "" {
			continue
		}
		kinds[kind] = true
		planned := among(b.with("jobs", "scans", kind), func(j record) answer { return j.says("kind", "scan") })
		for _, w := range b.weeks() {
			t.item(key(kind, w.name), b.counts(w.last), planned, b.scanned(kind, w)...)
		}
	}
}

func vul01kinds(b *books, t *tally) {
	for _, kind := range []string{"host", "container", "repository", "address"} {
		for _, w := range b.weeks() {
			there := among(b.with("assets", "kind", kind), func(a record) answer {
				return all(a.flag("in_scope"), either(not(a.known("created_at")), before(a.at("created_at"), b.startOf(w.first))),
					notAfter(b.endOf(w.last), a.at("retired_at")))
			})
			scheduled := among(b.with("jobs", "scans", kind), func(j record) answer {
				return all(j.says("kind", "scan"), active(j, w.first, w.last))
			})
			t.item(key(kind, w.name), all(b.counts(w.last), there), no, ask("A", scheduled))
		}
	}
}

func vul02(b *books, t *tally) {
	for _, m := range b.months() {
		done := only(b.with("reconciliations", "of", m.name), func(r record) answer { return r.says("kind", "scan_coverage") })
		gaps := only(done, func(r record) answer { return all(before(0, r.num("differences")), r.known("completed_at")) })
		t.item(m.name, b.counts(m.last+10), no,
			ask("A", among(done, func(r record) answer { return before(r.at("completed_at"), b.endOf(m.last+10)) })),
			askIf(some(gaps), "B", not(among(gaps, b.unresolved))),
			askIf(some(gaps), "C", not(among(gaps, func(r record) answer { return not(r.flag("explained")) }))))
	}
}

func vul04(b *books, t *tally) {
	for _, d := range b.days() {
		t.judge(d.String(), ask("A", among(b.during("scans", "finished_at", d, d), func(s record) answer {
			return all(s.says("kind", "baseline"), s.says("status", "succeeded"))
		})))
	}
}

func vul04drift(b *books, t *tally) {
	for _, d := range b.registers["drifts"] {
		due := plus(b.dayOf(d.at("found_at")), 7)
		t.item(d.key, all(b.counts(due), d.says("severity", "high")), no, ask("A", before(d.at("closed_at"), b.endOf(due))))
	}
}

func dat01(b *books, t *tally) {
	for _, r := range b.runs("asset_states", "asset", "setting") {
		t.item(r.key, all(b.overlaps(r.since, r.until), r.what.says("setting", "tls_min"), not(b.known(r.what.text("asset")))), no,
			ask("A", r.what.says("value", "1.2", "1.3")))
	}
}

func dat01daily(b *books, t *tally) {
	for _, a := range b.registers["assets"] {
		reached := all(a.flag("in_scope"), either(a.flag("internet_facing"), a.says("kind", "link")))
		if reached == no {
			continue
		}
		for _, d := range b.days() {
			t.item(key(a.key, d.String()), all(reached, b.present(a, d)), no, ask("A", b.seen("asset_states", "asset", a.key, "tls_min", d)))
		}
	}
}

func mal02(b *books, t *tally) {
	for _, w := range b.registers["workloads"] {
		bypass := among(b.with("changes", "change_id", w.text("change_id")), func(ch record) answer {
			return all(ch.says("environment", "production"), declared(ch))
		})
		t.item(w.key, b.countsAt(w.at("started_at")), no,
			ask("A", either(w.flag("signed"), w.known("change_id"))),
			askIf(all(not(w.flag("signed")), w.known("change_id")), "B", bypass))
	}
}

func net03(b *books, t *tally) {
	for _, a := range b.registers["alerts"] {
		raised := a.at("raised_at")
		t.item(a.key, all(b.countsAt(raised), a.says("severity", "high")), no,
			ask("A", notAfter(a.at("acknowledged_at"), plus(raised, 30*minute))),
			ask("B", either(notAfter(a.at("resolved_at"), plus(raised, 4*hour)), notAfter(a.at("escalated_at"), plus(raised, 4*hour)))))
	}
}

// ticketed says whether a ticket about a log source was open at a time, and for how long.
func (b *books) ticketed(source string, at, until instant) answer {
	return among(b.with("tickets", "concerns", source), func(k record) answer {
		return all(notAfter(k.at("created_at"), at), before(at, k.at("closed_at")), notAfter(until, plus(k.at("closed_at"), 24*hour)))
	})
}

// A silence is the time from one receipt of a source's logs to the next.
func log01(b *books, t *tally) {
	for source, list := range b.series("log_receipts", "received_at", "log_source") {
		for i, r := range list {
			since, until := r.at("received_at"), instant(never)
			if i+1 < len(list) {
				until = list[i+1].at("received_at")
			}
			limit := plus(since, 24*hour)
			if b.running(limit) {
				continue
			}
			retired := among(b.with("log_sources", "log_source", source), func(s record) answer { return notAfter(s.at("retired_at"), limit) })
			t.item(r.key, b.overlaps(since, until), no, ask("A", either(notAfter(until, limit), b.ticketed(source, limit, until), retired)))
		}
	}
}

func log01first(b *books, t *tally) {
	for _, s := range b.registers["log_sources"] {
		limit := b.startOf(b.from)
		if s.knows("active_from") {
			limit = max(limit, s.at("active_from"))
		}
		limit += 24 * hour
		heard := among(b.with("log_receipts", "log_source", s.key), func(r record) answer { return notAfter(r.at("received_at"), limit) })
		t.item(s.key, b.overlaps(s.at("active_from"), s.at("retired_at")), no,
			ask("A", either(heard, b.ticketed(s.key, limit, limit), notAfter(s.at("retired_at"), limit))))
	}
}

func log01systems(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		t.item(s.key, s.flag("in_scope"), no, ask("A", some(b.with("log_sources", "system", s.key))))
	}
}

func log01settings(b *books, t *tally) {
	for _, r := range b.runs("configurations", "system", "setting") {
		kept, once := r.what.says("setting", "log_retention_months"), r.what.says("setting", "log_write_once")
		short := among(r.snapshots, func(s record) answer { return before(s.num("number"), 12) })
		t.item(r.key, all(b.overlaps(r.since, r.until), either(kept, once)), no,
			askIf(kept, "A", not(short)), askIf(once, "B", r.what.says("value", "true")))
	}
}

func log01daily(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		for _, d := range b.days() {
			t.item(key(s.key, d.String()), all(s.flag("in_scope"), s.says("kind", "log_store")), no,
				ask("A", b.seen("configurations", "system", s.key, "log_retention_months", d)),
				ask("B", b.seen("configurations", "system", s.key, "log_write_once", d)))
		}
	}
}
