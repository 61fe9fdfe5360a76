package recount

import "slices"

func release(ch record) instant { return first(ch.at("deployed_at"), ch.at("merged_at")) }

// given is what a field says, and unknown where it was left empty.
func given(r record, field, value string) answer {
	if !r.knows(field) {
		return unknown
	}
	return r.says(field, value)
}

func declared(ch record) answer { return all(ch.flag("emergency"), ch.known("incident_id")) }

func chg01(b *books, t *tally) {
	for _, ch := range b.registers["changes"] {
		// An approval by a person who is neither the author nor the last committer.
		approval := func(r record) answer {
			reviewer := b.who(r, "reviewer")
			return all(r.says("decision", "approved"), b.human(reviewer), not(same(reviewer, b.who(ch, "author"))), not(same(reviewer, b.who(ch, "last_committer"))))
		}
		covers := func(r record) answer {
			if r.fields["commit"] == nil || ch.fields["head_commit"] == nil {
				return min(approval(r), unknown)
			}
			return all(approval(r), r.filled("commit"), is(r.text("commit") == ch.text("head_commit")))
		}
		limit := release(ch)
		if ch.knows("rollback_of") && ch.text("rollback_of") != ch.key {
			limit = plus(limit, 48*hour) // a rollback cannot wait
		}
		inTime := func(r record) answer { return all(approval(r), notAfter(r.at("submitted_at"), limit)) }
		reviews := b.with("reviews", "change_id", ch.key)
		approved := among(reviews, approval)
		t.item(ch.key, all(b.countsAt(release(ch)), given(ch, "environment", "production")), either(b.redeployed(ch), declared(ch)),
			ask("A", approved),
			askIf(approved, "B", among(reviews, covers)),
			askIf(approved, "C", among(reviews, inTime)),
			ask("D", ch.says("ci_status", "passed")),
			ask("E", ch.filled("ticket")))
	}
}

// redeployed says whether a change is the build of an earlier release to production, deployed again.
func (b *books) redeployed(ch record) answer {
	if !ch.knows("redeploy_of") {
		return no
	}
	return among(b.with("changes", "change_id", ch.text("redeploy_of")), func(first record) answer {
		same := unknown
		if first.fields["head_commit"] != nil && ch.fields["head_commit"] != nil {
			same = all(first.filled("head_commit"), is(first.text("head_commit") == ch.text("head_commit")))
		}
		return all(same, given(first, "environment", "production"), before(release(first), release(ch)))
	})
}

// emergencies explain an interval in which a setting was off: declared, released to the same place
// meanwhile, and the setting back before the review of that release was due.
func (b *books) emergencies(place string, r run) answer {
	changes := append(slices.Clone(b.with("changes", "repository", place)), b.with("changes", "system", place)...)
	return among(changes, func(ch record) answer {
		at := ch.at("deployed_at")
		return all(notAfter(r.since, at), before(at, r.until), ch.says("environment", "production"), declared(ch),
			notAfter(r.until, b.endOf(b.businessAfter(b.dayOf(at), 2))))
	})
}

func (b *books) known(asset string) answer { // and out of scope
	return among(b.with("assets", "asset", asset), func(a record) answer { return not(a.flag("in_scope")) })
}

func chg02(b *books, t *tally) {
	for _, r := range b.runs("asset_states", "asset", "setting") {
		asset, setting := r.what.text("asset"), r.what.text("setting")
		mine := r.what.says("setting", "review_required", "tests_required", "admins_bound", "deployers")
		if mine == no {
			continue
		}
		explained := b.emergencies(asset, r)
		on := either(r.what.says("value", "true"), explained)
		pipeline := either(r.what.says("value", "pipeline"), explained)
		t.item(r.key, all(b.overlaps(r.since, r.until), mine, not(b.known(asset))), no,
			askIf(is(setting == "review_required"), "A", on), askIf(is(setting == "tests_required"), "B", on),
			askIf(is(setting == "admins_bound"), "C", on), askIf(is(setting == "deployers"), "D", pipeline))
	}
}

// present says whether something was there all day.
func (b *books) present(r record, d day) answer {
	return all(either(not(r.known("created_at")), before(r.at("created_at"), b.startOf(d))), notAfter(b.endOf(d), r.at("retired_at")))
}

// seen says whether a setting was read on a day.
func (b *books) seen(name, field, what, setting string, d day) answer {
	return among(b.during(name, "observed_at", d, d), func(r record) answer {
		return all(is(r.text(field) == what), r.says("setting", setting))
	})
}

func chg02daily(b *books, t *tally) {
	for _, a := range b.registers["assets"] {
		repository, target := a.says("kind", "repository"), a.says("kind", "deploy_target")
		if either(repository, target) == no {
			continue
		}
		for _, d := range b.days() {
			read := func(setting string) answer { return b.seen("asset_states", "asset", a.key, setting, d) }
			t.item(key(a.key, d.String()), all(a.flag("in_scope"), either(repository, target), b.present(a, d)), no,
				askIf(repository, "A", read("review_required")), askIf(repository, "B", read("tests_required")),
				askIf(repository, "C", read("admins_bound")), askIf(target, "D", read("deployers")))
		}
	}
}

// human says whether somebody is known to be no service and nothing else.
func (b *books) human(person string) answer {
	if person == "" {
		return unknown
	}
	owners := b.of("people", "person_id", person)
	service := func(p record) answer { return p.says("kind", "service") }
	other := func(p record) answer { return not(is(p.text("kind") == "service")) }
	return not(all(among(owners, service), not(among(owners, other))))
}

func chg03(b *books, t *tally) {
	for _, ch := range b.registers["changes"] {
		deadline := b.endOf(b.businessAfter(b.dayOf(release(ch)), 2))
		byOther := func(r record) answer {
			return all(not(same(b.who(r, "reviewer"), b.who(ch, "author"))), b.human(b.who(r, "reviewer")))
		}
		reviews := b.with("reviews", "change_id", ch.key)
		t.item(ch.key, all(b.countsAt(release(ch)), given(ch, "environment", "production"), declared(ch)), no,
			ask("A", some(b.with("incidents", "incident_id", ch.text("incident_id")))),
			ask("B", among(reviews, func(r record) answer {
				return all(byOther(r), r.says("decision", "approved"), notAfter(r.at("submitted_at"), release(ch)))
			})),
			ask("C", among(reviews, func(r record) answer {
				return all(byOther(r), r.says("decision", "approved", "changes_requested"),
					before(release(ch), r.at("submitted_at")), before(r.at("submitted_at"), deadline))
			})))
	}
}

func chg04(b *books, t *tally) {
	for _, c := range b.registers["data_copies"] {
		t.item(c.key, b.countsAt(c.at("copied_at")), c.says("to_environment", "production"),
			ask("A", c.filled("approved_by")),
			askIf(c.filled("approved_by"), "B", notAfter(c.at("approved_at"), c.at("copied_at"))),
			ask("C", c.flag("masked")),
			askIf(c.flag("masked"), "D", c.filled("masking_proof")))
	}
}

// The account map, as of the end of the period.
func chg04map(b *books, t *tally) {
	for _, s := range b.registers["systems"] {
		mapped := all(s.filled("account"), s.filled("environment"))
		other := among(b.with("systems", "account", s.text("account")), func(n record) answer {
			return not(equalTexts(record{fields: map[string]any{
				"a": n.fields["environment"], "b": s.fields["environment"]}}, "a", "b"))
		})
		t.item(s.key, s.flag("in_scope"), no, ask("A", mapped), askIf(mapped, "B", not(other)))
	}
}

func chg05(b *books, t *tally) {
	for _, f := range b.registers["features"] {
		var runs, finished []record
		last := instant(unclear)
		for _, ch := range b.with("changes", "change_id", f.text("change_id")) {
			for _, r := range b.with("pipeline_runs", "change_id", ch.key) {
				if !r.knows("commit") || r.text("commit") != ch.text("head_commit") {
					continue
				}
				runs = append(runs, r)
				if notAfter(r.at("finished_at"), release(ch)) == yes {
					finished, last = append(finished, r), max(last, r.at("finished_at"))
				}
			}
		}
		open := among(finished, func(r record) answer { return all(is(r.at("finished_at") == last), before(0, r.num("open_critical"))) })
		ran := func(scan string) answer { return among(runs, func(r record) answer { return r.flag(scan) }) }
		t.item(f.key, all(b.countsAt(f.at("merged_at")), f.says("risk", "high")), no,
			ask("A", f.filled("review_approved_by")),
			askIf(f.filled("review_approved_by"), "B", notAfter(f.at("review_approved_at"), f.at("merged_at"))),
			ask("C", ran("static_scan")), ask("D", ran("dependency_scan")), ask("E", ran("secret_scan")),
			askIf(some(runs), "F", all(some(finished), not(open))))
	}
}

func chg05runs(b *books, t *tally) {
	for _, r := range b.registers["pipeline_runs"] {
		released := among(b.with("changes", "change_id", r.text("change_id")), func(ch record) answer {
			same := unknown
			if r.knows("commit") && ch.knows("head_commit") {
				same = is(r.text("commit") == ch.text("head_commit"))
			}
			return all(ch.says("environment", "production"), same, either(ch.known("deployed_at"), ch.known("merged_at")),
				notAfter(r.at("finished_at"), release(ch)))
		})
		t.item(r.key, b.countsAt(r.at("finished_at")), no,
			ask("A", all(r.flag("static_scan"), r.flag("dependency_scan"), r.flag("secret_scan"))),
			askIf(before(0, r.num("open_critical")), "B", not(released)))
	}
}

func chg06(b *books, t *tally) {
	for _, f := range b.registers["data_changes"] {
		author, owner, engineer := b.who(f, "author"), b.who(f, "owner_approved_by"), b.who(f, "engineer_approved_by")
		second := all(f.filled("engineer_approved_by"), notAfter(f.at("engineer_approved_at"), f.at("run_at")), not(same(engineer, author)))
		t.item(f.key, b.countsAt(f.at("run_at")), no,
			ask("A", f.flag("scripted")),
			ask("B", all(f.filled("owner_approved_by"), notAfter(f.at("owner_approved_at"), f.at("run_at")))),
			ask("C", second),
			askIf(all(f.filled("owner_approved_by"), f.filled("engineer_approved_by")), "D", not(same(owner, engineer))),
			ask("E", f.flag("by_pipeline")),
			ask("F", equalNumbers(f, "rows_changed", "rows_expected")),
			askIf(not(f.flag("by_pipeline")), "G", either(second, not(same(b.who(f, "run_by"), author)))))
	}
}
