package scope

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Diff says in words how a program differs from another: what was added, what was taken away and, field by
// field, what reads otherwise. It is empty when nothing differs.
func Diff(from, to Folder) ([]string, error) {
	a, err := from.pieces()
	if err != nil {
		return nil, err
	}
	b, err := to.pieces()
	if err != nil {
		return nil, err
	}
	var out []string
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, before := a[name]
		is, after := b[name]
		switch {
		case !before:
			out = append(out, "added "+name+title(is))
		case !after:
			out = append(out, "removed "+name+title(was))
		default:
			out = append(out, changed(name, was, is)...)
		}
	}
	return out, nil
}

// pieces are the program's parts by name, each flattened into its values.
func (f Folder) pieces() (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	put := func(name string, v any) error {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		var x any
		if err := json.Unmarshal(b, &x); err != nil {
			return err
		}
		flat := map[string]string{}
		flatten(flat, "", x)
		out[name] = flat
		return nil
	}
	if err := put("the scope", f.Program); err != nil {
		return nil, err
	}
	if err := put("the system", f.System); err != nil {
		return nil, err
	}
	for _, v := range f.Versions {
		if err := put(fmt.Sprintf("control %s, version %d", v.Control.ID, v.Version), v); err != nil {
			return nil, err
		}
	}
	for _, p := range f.Policies {
		if err := put("policy "+p.ID, p); err != nil {
			return nil, err
		}
	}
	for name, text := range f.Registers {
		if err := put("register "+name, map[string]string{"definition": text}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func flatten(out map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			flatten(out, strings.TrimPrefix(at+" "+strings.ReplaceAll(k, "_", " "), " "), x)
		}
	case []any:
		plain := make([]string, 0, len(v))
		for i, x := range v {
			if _, ok := x.(map[string]any); ok {
				flatten(out, fmt.Sprintf("%s %d", at, i+1), x)
				continue
			}
			plain = append(plain, fmt.Sprint(x))
		}
		if len(plain) > 0 {
			out[at] = strings.Join(plain, ", ")
		}
	case nil:
	default:
		out[at] = fmt.Sprint(v)
	}
}

func title(flat map[string]string) string {
	for _, k := range []string{"control title", "title"} {
		if t := flat[k]; t != "" {
			return ": " + t
		}
	}
	return ""
}

// changed words each value that differs.
func changed(name string, was, is map[string]string) []string {
	var out []string
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		a, b := was[k], is[k]
		where := name + ": " + strings.TrimPrefix(k, "control ")
		switch {
		case a == b:
		case a == "":
			out = append(out, fmt.Sprintf("%s is now %s", where, short(b)))
		case b == "":
			out = append(out, fmt.Sprintf("%s was %s, and is taken away", where, short(a)))
		case len(a) > 300 || len(b) > 300:
			out = append(out, fmt.Sprintf("%s was changed from line %d on", where, firstOther(a, b)))
		default:
			out = append(out, fmt.Sprintf("%s was %s, and is now %s", where, short(a), short(b)))
		}
	}
	return out
}

// short quotes a value on one line.
func short(s string) string {
	rs := []rune(strings.Join(strings.Fields(s), " "))
	if len(rs) > 160 {
		return "“" + string(rs[:159]) + "…”"
	}
	return "“" + string(rs) + "”"
}

// firstOther is the number of the first line that two texts do not share.
func firstOther(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return i + 1
		}
	}
	return min(len(x), len(y)) + 1
}
