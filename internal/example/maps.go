package example

// The mapping files of the three sources whose names are not the register's own.
const (
	deploymentsMap = `# Deployments as the deploy log exports them, joined to their merge.
register: changes
fields:
  change_id: id
  repository: repo
  system: target
  environment: {from: env, values: {prod: production}}
  head_commit: sha
  ci_status: {from: pipeline, values: {success: passed, failure: failed, skipped: none}}
  incident_id: incident
`
	reviewsMap = `# Reviews of pull requests as the code host exports them to a spreadsheet.
register: reviews
fields:
  review_id: Review
  change_id: Pull request
  reviewer: Reviewer
  decision: {from: State, values: {APPROVED: approved, CHANGES_REQUESTED: changes_requested, COMMENTED: commented}}
  submitted_at: Submitted
  commit: Commit
`
	scannerMap = `# Findings as the scanner exports them.
register: vulnerabilities
fields:
  vulnerability_id: finding
  identifier: cve
  first_seen_at: first_detected
  fixed_at: resolved
  waiver_id: exception
`
)
