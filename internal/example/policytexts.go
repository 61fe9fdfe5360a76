package example

import (
	"cmp"
	"slices"
	"strings"
)

// PolicyText is a policy as the company wrote it: Markdown, with the facts that stand in its head. When it was approved is
// no fact of the text: records of the registers policies and policy_reviews prove it, or show that it was not done.
type PolicyText struct {
	ID         string   // of the register policies
	Title      string   // as the register has it
	Version    string   // in force on the last day of the period
	Owner      string   // the function that answers for it
	ApprovedBy string   // the function that must approve it; empty where the register names none
	Controls   []string // that follow it
	Text       string   // Markdown
}

// policyControls are the policies whose texts are kept with the example, with the controls that follow each. The register
// has more: small standards, and one that was published in a hurry and is on no shelf.
var policyControls = map[string]string{
	"acceptable-use":       "AST-01 AST-02 DAT-04 MAL-01",
	"access-control":       "IAM-01 IAM-02 IAM-03 IAM-04 IAM-05 IAM-06 IAM-07 IAM-08 IAM-09",
	"change-management":    "CHG-01 CHG-02 CHG-03 CHG-04 CHG-06 OPS-01",
	"code-of-conduct":      "GOV-01 GOV-04 GOV-06 COM-02",
	"continuity":           "BCP-01 AVL-01 AVL-02 AVL-03 AVL-04 AVL-05",
	"cryptography":         "DAT-01 DAT-02 DAT-03",
	"data-classification":  "CNF-01 CNF-02 IAM-10 PIN-04 CHG-04",
	"incident-plan":        "INC-01 INC-02 INC-03 INC-04 INC-05 NET-03",
	"information-security": "GOV-02 GOV-03 GOV-05 COM-01 POL-01 POL-02 LOG-01 LOG-03 VUL-01 VUL-03 MON-03",
	"physical-security":    "",
	"privacy":              "PRV-01 PRV-02 PRV-03 PRV-05 PRV-06 PRV-07 PRV-08",
	"retention":            "PRV-04 CNF-02 LOG-01",
	"risk-management":      "RSK-01 RSK-02 RSK-03 MON-01 MON-02",
	"secure-development":   "CHG-05 MAL-02 VUL-04 RSK-03",
	"vendor-management":    "VEN-01 VEN-02 VEN-03",
}

// PolicyTexts are the texts of the company's policies, by id. They hold for every seed.
func PolicyTexts() []PolicyText {
	last := day("2026-06-30")
	function := func(head int) string {
		if head < 0 {
			return ""
		}
		return headRoles[head]
	}
	var out []PolicyText
	for _, p := range policyRegister {
		controls, kept := policyControls[p.id]
		if !kept {
			continue
		}
		out = append(out, PolicyText{
			ID: p.id, Title: p.title, Version: cmp.Or(inForce(p.id, last), "1.0"), // the register leaves out a version that is the first
			Owner: function(p.owner), ApprovedBy: function(p.approver), Controls: strings.Fields(controls), Text: text("policies/" + p.id),
		})
	}
	slices.SortFunc(out, func(a, b PolicyText) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
