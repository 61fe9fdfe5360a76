package signin

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

var roleHelp = map[access.Role]string{
	access.Administrator: phrase.Mark("Members, settings and sources. Reads no evidence by this role alone."),
	access.Lead:          phrase.Mark("Runs the program: controls, campaigns, documents."),
	access.Owner:         phrase.Mark("Answers for controls and their deviations."),
	access.Executive:     phrase.Mark("Approves, and signs management's assertion."),
	access.Contributor:   phrase.Mark("Gives what is asked of them."),
	access.Adviser:       phrase.Mark("Helps to prepare. Can never be the auditor here."),
	access.Auditor:       phrase.Mark("Examines, as a separate party. Can never have worked for the organization."),
	access.Customer:      phrase.Mark("Reads what was released to customers."),
	access.Partner:       phrase.Mark("Of an audit firm: accepts engagements, concludes, signs reports."),
	access.Practitioner:  phrase.Mark("Of an audit firm: works in engagements as their member."),
}

var scopeHelp = map[access.Scope]string{
	access.ScopeRead:      phrase.Mark("Program, results, sources; no single records"),
	access.ScopeRecords:   phrase.Mark("Single records, evidence and drafts"),
	access.ScopeWrite:     phrase.Mark("Work: evidence, registers, answers"),
	access.ScopeProvision: phrase.Mark("Accounts, for a directory"),
}

var methods = map[string]string{
	"passkey": phrase.Mark("passkey"), "password": phrase.Mark("password"), "password+totp": phrase.Mark("password and code"),
	"password+code": phrase.Mark("password and recovery code"), "openid": phrase.Mark("your organization's login"),
}

func methodWord(ctx context.Context, m string) string {
	if w, ok := methods[m]; ok {
		return shell.T(ctx, w)
	}
	return m
}

func who(ctx context.Context, names map[id.Person]string, p id.Person) string {
	if p == "" {
		return shell.T(ctx, "the installation")
	}
	if n := names[p]; n != "" {
		return n
	}
	return shell.T(ctx, "somebody outside")
}

// kindHere is what the organization is whose page is read.
func kindHere(ctx context.Context) access.Kind { return access.From(ctx).Kind }

// held are the roles of a member that did not end: those in force, then those that give nothing here.
func held(m account.Member) []access.Role { return slices.Concat(m.Roles, m.Void) }

// voidSentence says what is wrong with a member's roles that there are not in this kind of organization, and what ends them.
func voidSentence(ctx context.Context, m account.Member, may bool) string {
	var names []string
	for _, r := range m.Void {
		names = append(names, shell.RoleWord(ctx, r))
	}
	said := shell.T(ctx, "There is no such role in a service organization: %s. It gives this person nothing here.", strings.Join(names, ", "))
	if kindHere(ctx) == access.Firm {
		said = shell.T(ctx, "There is no such role in an audit firm: %s. It gives this person nothing here.", strings.Join(names, ", "))
	}
	switch {
	case !may:
		return said
	case len(m.Roles) > 0:
		return said + " " + shell.T(ctx, "It ends when the roles are changed, and with the membership.")
	}
	return said + " " + shell.T(ctx, "It ends with the membership, or when the person is given a role that there is.")
}

func keyID(k access.Passkey) string { return base64.RawURLEncoding.EncodeToString(k.ID) }

func ticked[T comparable](list []T, x T) bool { return slices.Contains(list, x) }

func passwordWord(ctx context.Context, set bool) string {
	if set {
		return shell.T(ctx, "Change the password")
	}
	return shell.T(ctx, "Set a password")
}

// failed reports whether a form says what is wrong with it.
func failed(f shell.Form) bool {
	return f.Error != "" || slices.ContainsFunc(f.Fields, func(x shell.Field) bool { return x.Error != "" })
}

func foundWord(ctx context.Context, have int) string {
	if have > 0 {
		return shell.T(ctx, "Create a further organization")
	}
	return shell.T(ctx, "Create your organization")
}
