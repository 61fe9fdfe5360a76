package scope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

func sample(t testing.TB) Folder {
	t.Helper()
	zone, err := civil.ParseZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from, to, until := civil.NewDate(2026, 1, 1), civil.NewDate(2026, 12, 31), civil.NewDate(2026, 8, 31)
	c := assure.Control{ID: "IAM-04", Title: "Access review", Statement: "Each system owner reviews all access every quarter.", Owner: "System owner",
		Frequency: assure.Quarterly, Nature: "manual", Type: "detective", Key: true, EvidenceTypes: []string{"access review"}, Shape: assure.Schedule,
		Unit: "each quarter", Source: "directory", Completeness: "calendar", PassRule: "Every row is decided.", Escalation: "owner -> lead",
		Criteria: []string{"CC6.2"}, Supporting: []string{}, ISO27001: []string{"A.5.18"}, Objectives: []string{}, Tags: []string{}}
	later := c
	later.Statement = "Each system owner reviews all access every month."
	return Folder{
		Program: Program{Name: "Straße & Söhne: \"AG\"", Report: "soc2-type2", Zone: zone, From: &from, To: &to, Categories: []string{"security"}},
		System: System{Name: "Ledgerline", Services: []assure.Part{{Name: "Payments", Text: "Moves money: fast, \"safe\" and # not a comment.\nTwice."}},
			Flow:       assure.Flow{Nodes: []assure.Node{{ID: "a", Name: "App", Does: []string{"processed"}}, {ID: "b", Name: "Bank", Outside: true}}, Edges: []assure.Edge{{From: "a", To: "b", Data: "orders"}}},
			CUECs:      []assure.CUEC{{ID: "U1", Text: "Users remove their leavers.", Criteria: []string{"CC6.2"}, Communicated: &from}},
			Subservice: []assure.Subservice{{Name: "Cloud", Services: "hosting", Method: "carve_out", CSOCs: []assure.CSOC{{Text: "Guards the halls.", Criteria: []string{"CC6.4"}}}, Monitoring: []string{"VEN-02"}, BridgedTo: &to, JudgedOn: &from}},
			Texts:      map[string]string{"dc1": "# Services\n\nText.\n"}},
		Versions:  []Version{{Control: c, Version: 1, From: First, To: &until, Implemented: &from, Test: "control IAM-04\n-- rule --\n"}, {Control: later, Version: 2, From: until + 1, Test: "two"}},
		Policies:  []Policy{{ID: "access", Title: "Access", Version: "2", Controls: []string{"IAM-04"}, Text: "# Access\n\n---\n\nNobody shares.\n"}},
		Registers: map[string]string{"widgets": "name: widgets\n"},
	}
}

// TestFolderRoundTrip: what is written reads the same, and is written the same again.
func TestFolderRoundTrip(t *testing.T) {
	t.Parallel()
	want := sample(t)
	files, err := want.Files()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b civil.Zone) bool { return a.String() == b.String() })); diff != "" {
		t.Fatalf("ReadFolder(Files()) (-want +got):\n%s", diff)
	}
	if said, err := Diff(want, got); err != nil || len(said) != 0 {
		t.Errorf("Diff(same) = %q, %v; want nothing", said, err)
	}
	again, err := got.Files()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, again); diff != "" {
		t.Errorf("Files() the second time (-first +second):\n%s", diff)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	from, to := sample(t), sample(t)
	to.Versions[1].Control.Statement = "Each system owner reviews all access every week."
	to.Versions[1].Control.Supporting = []string{"CC6.3"}
	to.Policies = nil
	to.System.CUECs = append(to.System.CUECs, assure.CUEC{ID: "U2", Text: "Users keep keys.", Criteria: []string{"CC6.1"}})
	to.Registers["things"] = "name: things\n"
	got, err := Diff(from, to)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"control IAM-04, version 2: statement was “Each system owner reviews all access every month.”, and is now “Each system owner reviews all access every week.”",
		"control IAM-04, version 2: supporting is now “CC6.3”",
		"removed policy access: Access",
		"added register things",
		"the system: cuecs 2 criteria is now “CC6.1”", "the system: cuecs 2 id is now “U2”", "the system: cuecs 2 text is now “Users keep keys.”",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Diff (-want +got):\n%s", diff)
	}
}

// TestFolderRefuses: what is wrong is named with its file and field, and nothing of it is taken.
func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, from, to, want string
	}{
		"no owner":           {"controls/IAM-04.yaml", "owner: System owner", "owner: \"\"", "owner: version 1 has none"},
		"no frequency":       {"controls/IAM-04.yaml", "frequency: quarterly", "frequency: \"\"", "frequency: version 1 has none"},
		"another frequency":  {"controls/IAM-04.yaml", "frequency: quarterly", "frequency: often", `frequency: "often" is none; expected one of`},
		"no evidence type":   {"controls/IAM-04.yaml", "- access review", "", "evidence_types: version 1 has none"},
		"no escalation":      {"controls/IAM-04.yaml", "escalation: owner -> lead", "escalation: \"\"", "escalation: version 1 has none"},
		"a misspelt name":    {"controls/IAM-04.yaml", "statement:", "statment:", "statment"},
		"versions overlap":   {"controls/IAM-04.yaml", "to: \"2026-08-31\"", "to: 2026-09-30", "version 2 begins on 2026-09-01, but version 1 has not ended"},
		"an impossible date": {"controls/IAM-04.yaml", "to: \"2026-08-31\"", "to: 2026-08-32", "2026-08-32"},
		"an unknown node":    {"system.yaml", "to: b", "to: c", "one of them is no node"},
		"what data does":     {"system.yaml", "- processed", "- eaten", `"eaten" is not what data is`},
		"a method":           {"system.yaml", "carve_out", "carved", "expected carve_out or inclusive"},
		"a policy's head":    {"policies/access.md", "---\npolicy_id", "policy_id", "begins without a head"},
		"a policy's name":    {"policies/access.md", "policy_id: access", "policy_id: other", "the file is called access.md"},
		"a zone":             {"program.yaml", "Europe/Berlin", "Europe/Nowhere", "Nowhere"},
		"not YAML":           {"program.yaml", "name:", "name: [", "program.yaml"},
	} {
		files, err := sample(t).Files()
		if err != nil {
			t.Fatal(err)
		}
		text := string(files[c.file])
		if !strings.Contains(text, c.from) {
			t.Fatalf("%s: %s does not hold %q:\n%s", name, c.file, c.from, text)
		}
		files[c.file] = []byte(strings.Replace(text, c.from, c.to, 1))
		_, err = ReadFolder(files)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: ReadFolder = %v, want %s and %q", name, err, c.file, c.want)
		}
	}
	files, err := sample(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"notes.txt", "tests/IAM-09.txtar", "description/dc10.md", "controls/sub/IAM-04.yaml"} {
		files[name] = []byte("x")
		if _, err := ReadFolder(files); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("ReadFolder with %s = %v, want a refusal that names it", name, err)
		}
		delete(files, name)
	}
}

func FuzzFolder(f *testing.F) {
	files, err := sample(f).Files()
	if err != nil {
		f.Fatal(err)
	}
	for name, b := range files {
		f.Add(name, b)
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		files, err := sample(t).Files()
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
		got, err := ReadFolder(files)
		if err != nil {
			return
		}
		again, err := got.Files()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := ReadFolder(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if said, err := Diff(got, back); err != nil || len(said) > 0 {
			t.Fatalf("writing changed it: %q, %v", said, err)
		}
	})
}
