package account

import "github.com/assayhq/assay/internal/id"

// Forget has the next request read from the store.
func (s *Service) Forget(p id.Person) { s.cache.drop(p) }
