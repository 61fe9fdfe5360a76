package operate

// Policies are the policies of an organization.
type Policies struct {
	Desk *Desk
}
