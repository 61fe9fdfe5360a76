package campaign

import (
	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/web/shell"
)

func (p *Pages) policyRoutes(get, post func(string, access.Policy, shell.Handler)) {}
