package registers

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/register"
)

// contract lists the fields of each register that the starter tests read.
var contract = map[string][]string{
	"people":           {"employment_id", "person_id", "email", "kind", "manager", "engineer", "department", "started_on", "ended_on", "ended_at", "end_kind"},
	"aliases":          {"alias", "person_id"},
	"systems":          {"system", "kind", "in_scope", "owner", "stores_customer_data", "environment", "critical", "account", "owner_since", "former_owner"},
	"accounts":         {"account_id", "system", "person_id", "privileged", "mfa", "created_at", "disabled_at", "kind", "owner", "vaulted"},
	"account_events":   {"event_id", "account_id", "action", "at", "actor"},
	"grants":           {"grant_id", "account_id", "role", "granted_at", "revoked_at", "approved_by", "approved_at", "ticket", "approved_role", "requested_by", "granted_by", "person_id"},
	"changes":          {"change_id", "repository", "system", "environment", "author", "last_committer", "merged_by", "head_commit", "merged_at", "deployed_at", "ci_status", "ticket", "emergency", "incident_id", "title", "redeploy_of", "rollback_of"},
	"reviews":          {"review_id", "change_id", "reviewer", "decision", "submitted_at", "commit"},
	"access_reviews":   {"review_id", "system", "quarter", "listed_at", "due_on", "completed_at", "reviewer", "listed", "decided", "removals", "removals_done_at", "own_access_decided"},
	"vulnerabilities":  {"vulnerability_id", "asset", "identifier", "severity", "first_seen_at", "fixed_at", "waiver_id", "first_severity", "rerated_at", "rerate_approved_by", "rerate_approved_at", "rerate_reason", "resolution"},
	"waivers":          {"waiver_id", "control", "scope", "approved_by", "approved_at", "expires_at", "reason", "starts_at", "compensating", "closed_at", "renewal_of", "in_use_since", "asset"},
	"scans":            {"scan_id", "kind", "started_at", "finished_at", "status", "assets_in_scope", "assets_reached"},
	"backups":          {"backup_id", "system", "scheduled_at", "finished_at", "status", "rerun_of"},
	"restores":         {"restore_id", "system", "performed_at", "status", "minutes", "target_minutes", "checked", "deficiency_id"},
	"incidents":        {"incident_id", "severity", "detected_at", "acknowledged_at", "contained_at", "resolved_at", "confirmed_customer_impact_at", "customers_affected", "notified_at", "notice_limit_hours", "lead", "severity_approved_by", "cause", "title"},
	"trainings":        {"completion_id", "person_id", "course", "version", "completed_on", "evidence"},
	"courses":          {"course", "title", "audience"},
	"policies":         {"policy_id", "title", "version", "approved_by", "approved_on", "next_review_on", "owner", "approver", "adopted_on", "retired_on"},
	"acknowledgements": {"ack_id", "person_id", "document", "version", "accepted_on"},
	"vendors":          {"vendor_id", "name", "criticality", "subservice", "last_review_on", "report_kind", "report_period_end", "opinion", "in_scope", "risk_rating", "assessed_on", "terms_signed_on", "first_data_on", "ended_on"},
	"configurations":   {"system", "setting", "value", "observed_at", "number"},
}

func TestLoad(t *testing.T) {
	t.Parallel()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range contract {
		s := all[name]
		if s == nil {
			t.Errorf("no register %s", name)
			continue
		}
		if diff := cmp.Diff(want, s.Names()); diff != "" {
			t.Errorf("fields of %s (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"risks", "meetings", "exercises", "assets", "tickets", "deployments"} {
		if all[name] == nil {
			t.Errorf("no register %s", name)
		}
	}
}

// TestEnds pins which absent times mean "has not happened": the tests' verdicts turn on it.
func TestEnds(t *testing.T) {
	t.Parallel()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{
		"accounts.disabled_at", "grants.revoked_at", "vulnerabilities.fixed_at", "access_reviews.completed_at",
		"access_reviews.removals_done_at", "backups.finished_at", "people.ended_on", "people.ended_at",
		"incidents.resolved_at", "incidents.notified_at", "changes.deployed_at", "changes.merged_at", "waivers.expires_at",
	} {
		found := false
		for name, s := range all {
			found = found || slices.ContainsFunc(s.Fields, func(f register.Field) bool { return name+"."+f.Name == end && f.End })
		}
		if !found {
			t.Errorf("%s is not marked as an end", end)
		}
	}
}

func TestEmploymentDefaultsToPerson(t *testing.T) {
	t.Parallel()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := register.Convert(all["people"], "p.csv", register.Input{Line: 2, Fields: []register.Member{
		{Name: "person_id", Value: register.Value{Kind: register.String, Text: "ada"}},
		{Name: "started_on", Value: register.Value{Kind: register.String, Text: "2025-02-03"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"person_id":"ada","started_on":"2025-02-03"}`; r.Key != "ada" || r.Columns[0] != "ada" || string(r.Body) != want {
		t.Errorf("key %q, employment_id %v, body %s; want ada, ada, %s", r.Key, r.Columns[0], r.Body, want)
	}
}
