package scope

import (
	"regexp"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

var (
	nameable = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)
	reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
	versions = regexp.MustCompile(`(?i)\.v[0-9]+$`)
)

// checkNames refuses ids that could not all be names of files on every system, side by side.
func (f Folder) checkNames() error {
	seen := map[string]string{}
	check := func(dir, id, ext string) error {
		name := dir + id + ext
		switch {
		case !nameable.MatchString(id) || strings.HasSuffix(id, "."):
			return fault.At(name, 0, "id", "%q cannot be the name of a file everywhere; expected letters, digits, dots, dashes and underscores", id)
		case reserved.MatchString(id):
			return fault.At(name, 0, "id", "%q is a device and no file on Windows; expected another id", id)
		}
		key := strings.ToLower(dir + id)
		if other, ok := seen[key]; ok && other != id {
			return fault.At(name, 0, "id", "%q and %q differ in upper and lower case only; some systems take them for one file", other, id)
		}
		seen[key] = id
		return nil
	}
	for _, v := range f.Versions {
		if versions.MatchString(v.Control.ID) {
			return fault.At("controls/"+v.Control.ID+".yaml", 0, "id", "%q ends like the name of a version's test, tests/ID.v2.txtar; expected another id", v.Control.ID)
		}
		if err := check("controls/", v.Control.ID, ".yaml"); err != nil {
			return err
		}
	}
	for _, p := range f.Policies {
		if err := check("policies/", p.ID, ".md"); err != nil {
			return err
		}
	}
	for name := range f.Registers {
		if err := check("registers/", name, ".yaml"); err != nil {
			return err
		}
	}
	return nil
}
