package recount

func ven01(b *books, t *tally) {
	for _, v := range b.registers["vendors"] {
		begin := v.on("first_data_on")
		t.item(v.key, all(b.counts(begin), v.flag("in_scope")), no,
			ask("A", all(v.filled("risk_rating"), before(v.on("assessed_on"), begin))),
			ask("B", before(v.on("terms_signed_on"), begin)))
	}
}

// The register of vendors by itself says when each was reviewed last.
func ven02register(b *books, t *tally) {
	for _, v := range b.registers["vendors"] {
		reviews := b.with("vendor_reviews", "vendor_id", v.key)
		there := all(v.says("criticality", "critical"), notAfter(b.to, v.on("ended_on")), either(not(v.known("first_data_on")), notAfter(v.on("first_data_on"), b.to)))
		elsewhere := all(v.known("first_data_on"), either(not(v.known("last_review_on")), is(len(reviews) > 0)))
		recent := among(reviews, func(r record) answer { return is(b.lasts(r.on("reviewed_on")) == yes) })
		t.item(v.key, there, elsewhere, ask("A", either(b.lasts(v.on("last_review_on")), recent)))
	}
}

func ven02(b *books, t *tally) {
	for _, v := range b.registers["vendors"] {
		for _, due := range b.rounds(v.on("first_data_on")) {
			year := only(b.with("vendor_reviews", "vendor_id", v.key), func(r record) answer {
				return all(notAfter(r.on("reviewed_on"), due), before(due.months(-12), r.on("reviewed_on")))
			})
			old := func(r record) answer { return before(plus(r.on("report_issued_on"), 60), r.on("reviewed_on")) }
			open := func(r record) answer { return before(r.num("exceptions_concluded"), r.num("exceptions")) }
			unmapped := func(r record) answer { return before(r.num("user_controls_mapped"), r.num("user_controls")) }
			t.item(key(v.key, due.String()), all(b.counts(due), v.says("criticality", "critical"), notAfter(due, v.on("ended_on"))), no,
				ask("A", some(year)),
				askIf(some(year), "B", not(among(year, old))),
				askIf(some(year), "C", not(among(year, open))),
				askIf(some(year), "D", not(among(year, unmapped))))
		}
	}
}

// comparisons of a kind for a part of the calendar, and those with differences.
func (b *books) comparisons(kind, of string) (done, unequal []record) {
	done = only(b.with("reconciliations", "of", of), func(r record) answer { return r.says("kind", kind) })
	return done, maybe(done, different)
}

func different(r record) answer { return before(0, r.num("differences")) }

// unexplained differences.
func unexplained(r record) answer { return all(different(r), not(r.flag("explained"))) }

func doneBefore(at instant) func(record) answer {
	return func(r record) answer { return before(r.at("completed_at"), at) }
}

func ven03(b *books, t *tally) {
	for _, q := range b.quarters() {
		done, _ := b.comparisons("vendors", q.name)
		t.item(q.name, b.counts(q.last+30), no,
			ask("A", among(done, doneBefore(b.endOf(q.last+30)))),
			askIf(among(done, different), "B", not(among(done, func(r record) answer { return all(different(r), not(r.known("resolved_at"))) }))),
			b.inspected("C", "VEN-03", q.name))
	}
}

func pin01(b *books, t *tally) {
	for _, x := range b.registers["batches"] {
		sum := number(unclear)
		if x.num("accepted") != unclear && x.num("rejected") != unclear {
			sum = x.num("accepted") + x.num("rejected")
		}
		t.item(x.key, b.countsAt(x.at("received_at")), no,
			ask("A", equal(sum, x.num("items"))),
			askIf(before(0, x.num("rejected")), "B", before(x.at("reported_at"), b.endOf(plus(b.dayOf(x.at("received_at")), 1)))))
	}
}

func pin02(b *books, t *tally) {
	for _, j := range b.registers["jobs"] {
		for _, d := range b.days() {
			t.item(key(j.key, d.String()), all(j.says("kind", "processing"), between(d, j.on("active_from"), j.on("active_to")), not(is(j.text("every") == "week"))), no,
				ask("A", some(b.firstRuns(j, d, d))))
		}
	}
}

// firstRuns are a job's runs of some days that repeat no other.
func (b *books) firstRuns(job record, from, to day) []record {
	return only(b.during("job_runs", "scheduled_at", from, to), func(r record) answer {
		return is(r.text("job") == job.key && !r.knows("rerun_of"))
	})
}

// Each run by itself: it succeeded, or what repeated it did in time.
func pin02runs(b *books, t *tally) {
	for _, r := range b.registers["job_runs"] {
		if r.knows("rerun_of") {
			continue
		}
		limit := first(r.at("dependent_at"), b.endOf(b.dayOf(r.at("scheduled_at"))))
		mended := only(b.with("job_runs", "rerun_of", r.key), func(x record) answer {
			return all(is(x.text("job") == r.text("job")), x.says("status", "succeeded"), notAfter(x.at("finished_at"), limit))
		})
		well := r.says("status", "succeeded")
		counted := func(x record) answer { return x.flag("counts_agree") }
		processing := among(b.with("jobs", "job", r.text("job")), func(j record) answer { return j.says("kind", "processing") })
		t.item(r.key, all(b.countsAt(r.at("scheduled_at")), processing), no, ask("A", either(well, some(mended))),
			askIf(either(well, some(mended)), "B", either(all(well, counted(r)), among(mended, counted))))
	}
}

func pin02weekly(b *books, t *tally) {
	for _, j := range b.registers["jobs"] {
		for _, w := range b.weeks() {
			t.item(key(j.key, w.name), all(b.counts(w.last), j.says("kind", "processing"), notAfter(j.on("active_from"), w.first), notAfter(w.last, j.on("active_to"))),
				not(is(j.text("every") == "week")), ask("A", some(b.firstRuns(j, w.first, w.last))))
		}
	}
}

func pin03(b *books, t *tally) {
	for d := b.from - 10; d <= b.to; d++ {
		if !b.business(d) {
			continue
		}
		due := b.businessAfter(d, 2)
		done, _ := b.comparisons("processing", d.String())
		late := func(r record) answer { return all(different(r), notAfter(b.endOf(due), r.at("resolved_at"))) }
		t.item(d.String(), b.counts(due), no,
			ask("A", among(done, doneBefore(b.endOf(due)))),
			askIf(among(done, different), "B", not(among(done, late))),
			askIf(among(done, different), "C", not(among(done, unexplained))))
	}
}

func pin04(b *books, t *tally) {
	for _, d := range b.registers["deliveries"] {
		t.item(d.key, b.countsAt(d.at("due_at")), no,
			ask("A", d.flag("registered")),
			ask("B", either(notAfter(d.at("delivered_at"), d.at("due_at")), all(d.known("failed_at"), notAfter(d.at("resolved_at"), d.at("resolve_by"))))))
	}
}

func cnf01(b *books, t *tally) {
	for _, s := range b.registers["data_stores"] {
		t.item(s.key, b.countsAt(s.at("created_at")), no,
			ask("A", all(s.filled("classification"), s.filled("owner"), notAfter(s.at("tagged_at"), s.at("first_data_at")))),
			b.inspected("B", "CNF-01", s.key))
	}
}

func cnf02(b *books, t *tally) {
	for _, d := range b.registers["deletions"] {
		due := plus(d.on("triggered_on"), 60)
		if b.running(b.endOf(due)) {
			continue
		}
		t.item(d.key, b.counts(due), no,
			ask("A", either(before(d.at("deleted_at"), b.endOf(due)), all(d.known("legal_hold"), notAfter(d.on("legal_hold_on"), due)))),
			askIf(d.flag("confirmation_due"), "B", d.known("confirmed_at")),
			b.inspected("C", "CNF-02", d.key))
	}
}

func prv01(b *books, t *tally) {
	for _, v := range b.registers["policy_versions"] {
		t.item(v.key, all(b.counts(v.on("published_on")), v.says("policy_id", "privacy-notice")), no,
			ask("A", all(v.filled("approved_by"), notAfter(v.on("approved_on"), v.on("published_on")))),
			b.inspected("B", "PRV-01", v.key), b.inspected("C", "PRV-01", v.key))
	}
}

func prv02(b *books, t *tally) {
	for _, c := range b.registers["consents"] {
		last := plus(b.dayOf(c.at("at")), 10)
		if c.says("action", "withdrawn") == yes && b.running(b.endOf(last)) {
			continue
		}
		t.item(c.key, b.countsAt(c.at("at")), no,
			ask("A", all(c.filled("subject"), c.filled("purpose"), c.filled("version"))),
			askIf(c.says("action", "withdrawn"), "B", before(c.at("effective_at"), b.endOf(last))))
	}
}

func prv03(b *books, t *tally) {
	for _, a := range b.registers["processing_activities"] {
		t.item(a.key, b.counts(a.on("started_on")), no,
			ask("A", all(a.filled("approved_by"), before(a.on("approved_on"), a.on("started_on")))),
			ask("B", a.flag("purposes_match")))
	}
}

func prv04(b *books, t *tally) {
	for _, s := range b.registers["data_stores"] {
		for _, m := range b.months() {
			runs := only(b.with("retention_runs", "store_id", s.key), func(r record) answer {
				return all(r.says("month", m.name), b.within(r.at("finished_at"), m.first, m.last))
			})
			lasted := all(before(s.at("created_at"), b.startOf(m.first)), notAfter(b.endOf(m.last), s.at("retired_at")))
			t.item(key(s.key, m.name), all(b.counts(m.last), s.flag("personal_data"), lasted), no,
				ask("A", some(runs)),
				askIf(some(runs), "B", not(among(runs, func(r record) answer { return all(before(0, r.num("remaining")), not(r.flag("explained"))) }))))
		}
	}
}

func prv05(b *books, t *tally) {
	for _, r := range b.registers["privacy_requests"] {
		due, answered := plus(r.on("received_on"), 30), r.on("answered_on")
		extended := all(notAfter(r.on("extended_on"), due), r.known("extended_to"))
		last := due
		if extended == yes {
			last = r.on("extended_to")
		}
		if b.running(b.endOf(last)) {
			continue
		}
		t.item(r.key, b.counts(due), no,
			ask("A", all(r.known("identity_checked_on"), notAfter(r.on("identity_checked_on"), answered))),
			ask("B", either(notAfter(answered, due), all(extended, notAfter(answered, r.on("extended_to"))))),
			askIf(r.says("kind", "correction"), "C", r.flag("passed_on")))
	}
}

func prv06(b *books, t *tally) {
	for _, d := range b.registers["disclosures"] {
		t.item(d.key, b.countsAt(d.at("disclosed_at")), no,
			ask("A", d.filled("basis")),
			ask("B", all(d.filled("approved_by"), notAfter(d.at("approved_at"), d.at("disclosed_at")))),
			ask("C", all(d.filled("recipient"), d.filled("data"))))
	}
}

func prv07(b *books, t *tally) {
	for _, x := range b.registers["privacy_breaches"] {
		t.item(x.key, b.countsAt(x.at("suspected_at")), no,
			ask("A", notAfter(x.at("assessed_at"), plus(x.at("suspected_at"), 24*hour))),
			ask("B", x.says("decision", "notify", "no_notice")),
			askIf(x.says("decision", "notify"), "C", notAfter(x.at("notified_at"), x.at("notify_by"))))
	}
}

func prv08(b *books, t *tally) {
	for _, c := range b.registers["complaints"] {
		due := plus(c.on("received_on"), 30)
		t.item(c.key, b.counts(due), no, ask("A", notAfter(c.on("answered_on"), due)))
	}
}

// yearlyCheck is a second test of a control: something is done in each calendar year.
func yearlyCheck(control, inspected string) func(*books, *tally) {
	return duty(control, (*books).years, firstDay, lastDay, "B", inspected)
}

func ops01(b *books, t *tally) {
	for _, e := range b.registers["schedule_changes"] {
		t.item(e.key, b.countsAt(e.at("effective_at")), no,
			ask("A", before(e.at("approved_at"), e.at("effective_at"))), ask("B", b.byAnother(e, "approved_by", "editor")))
	}
}

// byAnother says whether a field names somebody else than another field does.
func (b *books) byAnother(r record, field, than string) answer {
	return all(r.filled(field), not(same(b.who(r, field), b.who(r, than))))
}

func ops02(b *books, t *tally) {
	for _, f := range b.registers["files"] {
		came := f.known("transferred_at")
		again := no
		if f.knows("hash") && f.knows("client") {
			again = among(b.with("files", "hash", f.text("hash")), func(x record) answer {
				return all(is(x.text("client") == f.text("client")), is(before(x.at("transferred_at"), f.at("transferred_at")) == yes), not(x.flag("rejected")))
			})
		}
		t.item(f.key, b.countsAt(f.at("due_at")), no,
			ask("A", either(notAfter(f.at("transferred_at"), f.at("due_at")), notAfter(f.at("alerted_at"), f.at("due_at")))),
			askIf(came, "B", f.flag("authenticated")),
			askIf(came, "C", either(f.flag("totals_agree"), f.flag("rejected"))),
			askIf(again, "D", f.flag("rejected")))
	}
}

func ops03(b *books, t *tally) {
	for _, g := range b.registers["go_lives"] {
		t.item(g.key, b.counts(g.on("first_run_on")), no,
			ask("A", all(g.filled("prepared_by"), b.byAnother(g, "checked_by", "prepared_by"))),
			ask("B", g.flag("totals_agree")),
			ask("C", before(g.on("client_approved_on"), g.on("first_run_on"))))
	}
}

func pay01(b *books, t *tally) {
	for _, c := range b.registers["payroll_changes"] {
		t.item(c.key, b.countsAt(c.at("entered_at")), no,
			ask("A", all(c.filled("requester"), c.flag("requester_authorised"))),
			askIf(c.says("kind", "bank"), "B", before(c.at("confirmed_at"), c.at("first_payment_at"))),
			ask("C", c.flag("as_requested")))
	}
}

func pay02(b *books, t *tally) {
	for _, l := range b.registers["statutory_changes"] {
		t.item(l.key, b.counts(l.on("effective_on")), no,
			ask("A", before(l.at("released_at"), b.endOf(l.on("effective_on")))),
			ask("B", b.byAnother(l, "checked_by", "changed_by")),
			ask("C", l.flag("test_agrees")))
	}
}

func pay03(b *books, t *tally) {
	for _, r := range b.registers["pay_runs"] {
		t.item(r.key, b.counts(r.on("pay_date")), no,
			ask("A", r.flag("variance_reported")),
			ask("B", notAfter(r.num("items_above_limit"), r.num("items_explained"))),
			ask("C", all(r.filled("approved_by"), before(r.at("approved_at"), r.at("released_at")))),
			ask("D", equal(r.num("releases"), 1)))
	}
}

func pay04(b *books, t *tally) {
	for _, a := range b.registers["client_accounts"] {
		for d := b.from - 10; d <= b.to; d++ {
			if !b.business(d) {
				continue
			}
			due, cleared := b.businessAfter(d, 1), b.endOf(b.businessAfter(d, 3))
			done := only(b.with("account_reconciliations", "account", a.key), func(r record) answer { return is(r.on("day") == d) })
			late := func(r record) answer { return all(different(r), notAfter(cleared, r.at("cleared_at"))) }
			t.item(key(a.key, d.String()), all(b.counts(due), between(d, a.on("opened_on"), a.on("closed_on"))), no,
				ask("A", among(done, doneBefore(b.endOf(due)))),
				askIf(among(done, different), "B", not(among(done, late))))
		}
	}
}

// mayRelease says whether a person had the right to release payments from an account at a time.
func (b *books) mayRelease(person, account string, at instant) answer {
	if person == "" {
		return no
	}
	return among(b.of("release_rights", "person_id", person), func(r record) answer {
		return all(r.says("account", account), notAfter(r.at("granted_at"), at), before(at, r.at("revoked_at")))
	})
}

func pay04preparer(b *books, t *tally) {
	for _, r := range b.registers["account_reconciliations"] {
		preparer := b.who(r, "performed_by")
		known := unknown
		if preparer != "" {
			known = yes
		}
		t.item(r.key, b.counts(b.businessAfter(r.on("day"), 1)), no,
			ask("A", all(r.filled("performed_by"), known, not(b.mayRelease(preparer, r.text("account"), r.at("completed_at"))))))
	}
}

func pay05(b *books, t *tally) {
	for _, f := range b.registers["payment_files"] {
		one, two, at := b.who(f, "first_releaser"), b.who(f, "second_releaser"), f.at("released_at")
		both := all(f.filled("first_releaser"), f.filled("second_releaser"))
		t.item(f.key, b.countsAt(at), no,
			ask("A", all(both, not(same(one, two)))),
			askIf(both, "B", all(b.mayRelease(one, f.text("account"), at), b.mayRelease(two, f.text("account"), at))),
			ask("C", all(f.flag("totals_agree"), notAfter(f.at("totals_agreed_at"), at))),
			ask("D", f.known("acknowledged_at")))
	}
}

func pay06(b *books, t *tally) {
	for _, f := range b.registers["tax_filings"] {
		t.item(f.key, b.counts(f.on("due_on")), no,
			ask("A", notAfter(f.on("receipt_on"), f.on("due_on"))),
			ask("B", f.flag("ties_to_ledger")),
			askIf(f.known("rejected_on"), "C", notAfter(f.on("refiled_on"), f.on("due_on"))))
	}
}

func bil01(b *books, t *tally) {
	for _, p := range b.registers["price_changes"] {
		t.item(p.key, b.countsAt(p.at("entered_at")), no,
			ask("A", p.flag("equals_order")),
			ask("B", b.byAnother(p, "checked_by", "entered_by")),
			ask("C", before(p.at("checked_at"), p.at("first_invoice_at"))))
	}
}

func bil02(b *books, t *tally) {
	for _, m := range b.months() {
		done, _ := b.comparisons("usage", m.name)
		t.item(m.name, b.counts(m.last+10), no,
			ask("A", among(done, func(r record) answer { return notAfter(r.at("completed_at"), r.at("released_at")) })),
			askIf(some(done), "B", not(among(done, func(r record) answer {
				off, total := r.num("off_by"), r.num("total")
				small := unknown
				if off != unclear && total != unclear {
					small = is(max(off, -off)*1000 < total)
				}
				return all(unexplained(r), not(small))
			}))))
	}
}

func bil03(b *books, t *tally) {
	for _, c := range b.registers["credits"] {
		t.item(c.key, b.countsAt(c.at("posted_at")), no,
			ask("A", b.byAnother(c, "approved_by", "entered_by")),
			ask("B", notAfter(c.at("approved_at"), c.at("posted_at"))),
			ask("C", notAfter(c.num("amount_minor"), c.num("limit_minor"))))
	}
}

func bil04(b *books, t *tally) {
	for _, m := range b.months() {
		done, _ := b.comparisons("receivables", m.name)
		t.item(m.name, b.counts(m.last+10), no,
			ask("A", among(done, doneBefore(b.endOf(m.last+10)))),
			askIf(some(done), "B", not(among(done, unexplained))),
			askIf(some(done), "C", among(done, func(r record) answer { return b.byAnother(r, "reviewed_by", "performed_by") })))
	}
}
