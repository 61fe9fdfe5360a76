package publish

// Drafts is the register of drafts that were kept with their models, so that two can be compared. Nothing of it is typed or imported.
const Drafts = "report_drafts"

// Draft is a draft that was kept. Hashes are SHA-256 in lower-case hex, times RFC 3339.
type Draft struct {
	ID      string `json:"draft_id"`
	Report  string `json:"report"` // the kind
	Title   string `json:"title,omitempty"`
	Hash    string `json:"draft_sha256"` // report's Fingerprint
	Model   string `json:"model_sha256"` // of the file that holds the model as JSON
	Bytes   int64  `json:"model_bytes"`
	Size    int64  `json:"checkpoint_size"`
	Root    string `json:"checkpoint_root"`
	KnownAt string `json:"known_at"`
	By      string `json:"kept_by"`
	At      string `json:"kept_at"`
}
