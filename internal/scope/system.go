package scope

import (
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// System is what management says of the system.
type System = assure.System

// Policy is a policy as the organization wrote it: Markdown under a head of facts.
type Policy struct {
	ID      string `json:"policy_id" yaml:"policy_id"`
	Title   string `json:"title" yaml:"title"`
	Version string `json:"version" yaml:"version"`
	Owner   string `json:"owner,omitempty" yaml:"owner,omitempty"`
	// ApprovedBy and the dates say what the text says of itself; what proves them are records.
	ApprovedBy string      `json:"approved_by,omitempty" yaml:"approved_by,omitempty"`
	ApprovedOn *civil.Date `json:"approved_on,omitempty" yaml:"approved_on,omitempty"`
	NextReview *civil.Date `json:"next_review_on,omitempty" yaml:"next_review_on,omitempty"`
	Controls   []string    `json:"controls,omitempty" yaml:"controls,omitempty"` // that cite it
	Text       string      `json:"text" yaml:"-"`
}
