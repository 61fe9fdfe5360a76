package program

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// choice makes options of values and their names.
func choice(pairs ...string) func(context.Context, scope.System) []shell.Option {
	return func(ctx context.Context, _ scope.System) []shell.Option {
		var out []shell.Option
		for i := 0; i+1 < len(pairs); i += 2 {
			out = append(out, shell.Option{Value: pairs[i], Text: shell.T(ctx, pairs[i+1])})
		}
		return out
	}
}

// namedPart is a list of names with what they are.
func namedPart(id, title, about, back string, list func(*scope.System) *[]assure.Part) part {
	return part{ID: id, Title: title, About: about, Back: back,
		Columns: []column{{Name: "name", Label: phrase.Mark("Name"), Required: true}, {Name: "text", Label: phrase.Mark("What it is"), Type: "area"}},
		get: func(s scope.System) (rows []row, none string) {
			for _, x := range *list(&s) {
				rows = append(rows, row{"name": x.Name, "text": x.Text})
			}
			return rows, ""
		},
		set: func(s *scope.System, rows []row, _ string) error {
			var out []assure.Part
			for _, r := range rows {
				if err := r.need("name"); err != nil {
					return err
				}
				out = append(out, assure.Part{Name: r["name"], Text: r["text"]})
			}
			*list(s) = out
			return nil
		}}
}

// parts are the lists of facts about the system, in the order of the description criteria.
var parts = []part{
	namedPart("services", phrase.Mark("Services"), phrase.Mark("Which services the report covers, and to whom they are given (DC 1)."), "/description/dc1",
		func(s *scope.System) *[]assure.Part { return &s.Services }),
	{ID: "commitments", Title: phrase.Mark("Commitments and requirements"), Back: "/description/dc2",
		About: phrase.Mark("What is promised to users, and what the system must do for the promise to be kept (DC 2). Principal ones only: those that most users rest on."),
		Columns: []column{{Name: "text", Label: phrase.Mark("Text"), Type: "area", Required: true},
			{Name: "kind", Label: phrase.Mark("Kind"), Type: "select", Required: true, Options: choice("", phrase.Mark("Commitment to users"), "requirement", phrase.Mark("Requirement of the system"))}, criteriaColumn},
		get: getCommitments, set: setCommitments},
	{ID: "components", Title: phrase.Mark("Components"), Back: "/description/dc3",
		About: phrase.Mark("Infrastructure, software, people, procedures and data of which the system consists (DC 3)."),
		Columns: []column{{Name: "kind", Label: phrase.Mark("Kind"), Type: "select", Required: true, Options: choice("infrastructure", phrase.Mark("Infrastructure"), "software", phrase.Mark("Software"),
			"people", phrase.Mark("People"), "procedures", phrase.Mark("Procedures"), "data", phrase.Mark("Data"))},
			{Name: "name", Label: phrase.Mark("Name"), Required: true}, {Name: "text", Label: phrase.Mark("What it is"), Type: "area"}},
		get: getComponents, set: setComponents},
	namedPart("locations", phrase.Mark("Locations"), phrase.Mark("Offices, data centres and regions that the report covers."), "/scope",
		func(s *scope.System) *[]assure.Part { return &s.Locations }),
	{ID: "places", Title: phrase.Mark("Places where data is"), Back: "/scope",
		About: phrase.Mark("Each system, store or party in which users' data is created, processed, stored or from which it is transmitted. The picture is drawn from this list and the ways below it."),
		Columns: []column{{Name: "id", Label: phrase.Mark("Short name"), Help: phrase.Mark("Such as api or db: ways are named by it."), Required: true}, {Name: "name", Label: phrase.Mark("Name"), Required: true},
			{Name: "created", Label: phrase.Mark("Data is created here"), Type: "check"}, {Name: "processed", Label: phrase.Mark("processed"), Type: "check"},
			{Name: "stored", Label: phrase.Mark("stored"), Type: "check"}, {Name: "transmitted", Label: phrase.Mark("transmitted from here"), Type: "check"},
			{Name: "outside", Label: phrase.Mark("Outside of the boundary"), Type: "check"}, {Name: "system", Label: phrase.Mark("System on record")}},
		get: getNodes, set: setNodes},
	{ID: "ways", Title: phrase.Mark("Ways that data goes"), Back: "/scope", About: phrase.Mark("From where to where, which data, and how it is protected on the way."),
		Columns: []column{{Name: "from", Label: phrase.Mark("From"), Type: "select", Required: true, Options: nodeOptions}, {Name: "to", Label: phrase.Mark("To"), Type: "select", Required: true, Options: nodeOptions},
			{Name: "data", Label: phrase.Mark("Data"), Required: true}, {Name: "how", Label: phrase.Mark("How"), Help: phrase.Mark("Such as TLS 1.2 or later.")}},
		get: func(s scope.System) (rows []row, none string) {
			for _, e := range s.Flow.Edges {
				rows = append(rows, row{"from": e.From, "to": e.To, "data": e.Data, "how": e.How})
			}
			return rows, ""
		},
		set: func(s *scope.System, rows []row, _ string) error {
			s.Flow.Edges = nil
			for _, r := range rows {
				if err := r.need("from", "to", "data"); err != nil {
					return err
				}
				s.Flow.Edges = append(s.Flow.Edges, assure.Edge{From: r["from"], To: r["to"], Data: r["data"], How: r["how"]})
			}
			return nil
		}},
	{ID: "incidents", Title: phrase.Mark("Incidents to tell of"), Back: "/description/dc4", None: phrase.Mark("Why none is to be told"),
		About: phrase.Mark("For each incident that came from a control that failed, or that kept a commitment from being met, whether the description tells of it, and why (DC 4)."),
		Columns: []column{{Name: "id", Label: phrase.Mark("Incident"), Help: phrase.Mark("Its id in the register incidents."), Required: true},
			{Name: "disclose", Label: phrase.Mark("Decision"), Type: "select", Required: true, Options: choice("", phrase.Mark("Not told"), "yes", phrase.Mark("Told"))},
			{Name: "text", Label: phrase.Mark("Nature, timing, extent and effect"), Type: "area"}, {Name: "why", Label: phrase.Mark("Why it is not told"), Type: "area"},
			{Name: "by", Label: phrase.Mark("Decided by")}, {Name: "on", Label: phrase.Mark("Decided on"), Type: "date"}},
		get: getIncidents, set: setIncidents},
	{ID: "cuecs", Title: phrase.Mark("Complementary user entity controls"), Back: "/description/dc6", None: phrase.Mark("Why users need do nothing"),
		About: phrase.Mark("What users must do, or a criterion is not met by our controls alone (DC 6). Good advice is none of these."),
		Columns: []column{{Name: "id", Label: phrase.Mark("No."), Required: true}, {Name: "text", Label: phrase.Mark("What users do"), Type: "area", Required: true}, criteriaColumn,
			{Name: "communicated", Label: phrase.Mark("Told to users on"), Type: "date"}},
		get: getCUECs, set: setCUECs},
	{ID: "vendors", Title: phrase.Mark("Subservice organizations"), Back: "/scope", None: phrase.Mark("Why there is none"),
		About: phrase.Mark("Vendors whose controls are needed for a criterion to be met (DC 7). Carved out, their controls stay outside and those that are assumed are named; included, they are described and examined with ours, and they sign an assertion of their own."),
		Columns: []column{{Name: "name", Label: phrase.Mark("Name"), Required: true}, {Name: "services", Label: phrase.Mark("Services"), Required: true},
			{Name: "method", Label: phrase.Mark("Method"), Type: "select", Required: true, Options: choice("carve_out", phrase.Mark("Carve-out"), "inclusive", phrase.Mark("Inclusive"))},
			{Name: "csocs", Label: phrase.Mark("Controls that are assumed there"), Type: "area", Help: phrase.Mark("One a line, with its criteria after a bar: Guards its data centres | CC6.4")},
			{Name: "monitoring", Label: phrase.Mark("Monitored by our controls"), Help: phrase.Mark("Such as VEN-02.")},
			{Name: "report", Label: phrase.Mark("Its own report")}, {Name: "end", Label: phrase.Mark("Its report ends on"), Type: "date"},
			{Name: "opinion", Label: phrase.Mark("Opinion in it"), Type: "select", Options: choice("", phrase.Mark("Not known"), "unqualified", phrase.Mark("Unqualified"), "qualified", phrase.Mark("Qualified"),
				"adverse", phrase.Mark("Adverse"), "disclaimer", phrase.Mark("Disclaimer"))},
			{Name: "bridged", Label: phrase.Mark("Bridged to"), Type: "date"}, {Name: "judged", Label: phrase.Mark("Effect judged on"), Type: "date"}},
		get: getVendors, set: setVendors},
	{ID: "not-relevant", Title: phrase.Mark("Criteria that are not relevant"), Back: "/description/dc8",
		About:   phrase.Mark("A criterion in scope that does not apply to the system, with the reason (DC 8). Not being ready for it is no reason."),
		Columns: []column{{Name: "criterion", Label: phrase.Mark("Criterion"), Required: true}, {Name: "why", Label: phrase.Mark("Why"), Type: "area", Required: true}},
		get: func(s scope.System) (rows []row, none string) {
			for _, k := range slices.Sorted(maps.Keys(s.NotRelevant)) {
				rows = append(rows, row{"criterion": k, "why": s.NotRelevant[k]})
			}
			return rows, ""
		},
		set: func(s *scope.System, rows []row, _ string) error {
			s.NotRelevant = nil
			for _, r := range rows {
				if err := r.need("criterion", "why"); err != nil {
					return err
				}
				if s.NotRelevant == nil {
					s.NotRelevant = map[string]string{}
				}
				s.NotRelevant[r["criterion"]] = r["why"]
			}
			return nil
		}},
	{ID: "changes", Title: phrase.Mark("Significant changes"), Back: "/description/dc9", None: phrase.Mark("Why none is to be told"),
		About:   phrase.Mark("What changed in the system or its controls during the period so much that a user would want to know (DC 9). Versions of controls are told by themselves."),
		Columns: []column{{Name: "on", Label: phrase.Mark("On"), Type: "date", Required: true}, {Name: "text", Label: phrase.Mark("What changed"), Type: "area", Required: true}},
		get: func(s scope.System) (rows []row, none string) {
			for _, c := range s.Changes {
				rows = append(rows, row{"on": c.On.String(), "text": c.Text})
			}
			return rows, s.NoChanges
		},
		set: func(s *scope.System, rows []row, none string) error {
			s.Changes, s.NoChanges = nil, none
			for _, r := range rows {
				if err := r.need("on", "text"); err != nil {
					return err
				}
				on, err := r.day("on")
				if err != nil {
					return err
				}
				s.Changes = append(s.Changes, assure.SystemChange{On: *on, Text: r["text"]})
			}
			return nil
		}},
}

func getCommitments(s scope.System) (rows []row, none string) {
	for _, c := range s.Commitments {
		kind := ""
		if c.Requirement {
			kind = "requirement"
		}
		rows = append(rows, row{"text": c.Text, "kind": kind, "criteria": strings.Join(c.Criteria, ", ")})
	}
	return rows, ""
}

func setCommitments(s *scope.System, rows []row, _ string) error {
	s.Commitments = nil
	for _, r := range rows {
		if err := r.need("text"); err != nil {
			return err
		}
		s.Commitments = append(s.Commitments, assure.Commitment{Text: r["text"], Requirement: r["kind"] == "requirement", Criteria: some(items(r["criteria"], true))})
	}
	return nil
}

// some is a list, or none where it is empty: as the files of a program have it.
func some(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

func componentLists(c *assure.Components) map[string]*[]assure.Part {
	return map[string]*[]assure.Part{"infrastructure": &c.Infrastructure, "software": &c.Software, "people": &c.People, "procedures": &c.Procedures, "data": &c.Data}
}

func getComponents(s scope.System) (rows []row, none string) {
	lists := componentLists(&s.Components)
	for _, kind := range []string{"infrastructure", "software", "people", "procedures", "data"} {
		for _, x := range *lists[kind] {
			rows = append(rows, row{"kind": kind, "name": x.Name, "text": x.Text})
		}
	}
	return rows, ""
}

func setComponents(s *scope.System, rows []row, _ string) error {
	s.Components = assure.Components{}
	lists := componentLists(&s.Components)
	for _, r := range rows {
		if err := r.need("name"); err != nil {
			return err
		}
		list, ok := lists[r["kind"]]
		if !ok {
			return r.in("kind", "expected one of the kinds that are offered")
		}
		*list = append(*list, assure.Part{Name: r["name"], Text: r["text"]})
	}
	return nil
}

var does = []string{"created", "processed", "stored", "transmitted"}

func getNodes(s scope.System) (rows []row, none string) {
	for _, n := range s.Flow.Nodes {
		r := row{"id": n.ID, "name": n.Name, "system": n.System}
		for _, d := range n.Does {
			r[d] = "yes"
		}
		if n.Outside {
			r["outside"] = "yes"
		}
		rows = append(rows, r)
	}
	return rows, ""
}

func setNodes(s *scope.System, rows []row, _ string) error {
	edges := s.Flow.Edges
	s.Flow = assure.Flow{Edges: edges}
	there := map[string]bool{}
	for _, r := range rows {
		if err := r.need("id", "name"); err != nil {
			return err
		}
		if there[r["id"]] {
			return r.in("id", "stands twice")
		}
		there[r["id"]] = true
		n := assure.Node{ID: r["id"], Name: r["name"], Outside: r["outside"] == "yes", System: r["system"]}
		for _, d := range does {
			if r[d] == "yes" {
				n.Does = append(n.Does, d)
			}
		}
		s.Flow.Nodes = append(s.Flow.Nodes, n)
	}
	return nil
}

func nodeOptions(ctx context.Context, s scope.System) []shell.Option {
	out := []shell.Option{{Value: "", Text: shell.T(ctx, "Choose a place")}}
	for _, n := range s.Flow.Nodes {
		out = append(out, shell.Option{Value: n.ID, Text: n.Name})
	}
	return out
}

func getIncidents(s scope.System) (rows []row, none string) {
	for _, i := range s.Incidents {
		r := row{"id": i.ID, "text": i.Text, "why": i.Why, "by": i.DecidedBy, "on": dayText(i.DecidedOn)}
		if i.Disclose {
			r["disclose"] = "yes"
		}
		rows = append(rows, r)
	}
	return rows, s.NoIncidents
}

func setIncidents(s *scope.System, rows []row, none string) error {
	s.Incidents, s.NoIncidents = nil, none
	for _, r := range rows {
		needed := []string{"id", "why"}
		if r["disclose"] == "yes" {
			needed = []string{"id", "text"}
		}
		if err := r.need(needed...); err != nil {
			return err
		}
		on, err := r.day("on")
		if err != nil {
			return err
		}
		s.Incidents = append(s.Incidents, assure.Incident{ID: r["id"], Disclose: r["disclose"] == "yes", Text: r["text"], Why: r["why"], DecidedBy: r["by"], DecidedOn: on})
	}
	return nil
}

func dayText(d *civil.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

func getCUECs(s scope.System) (rows []row, none string) {
	for _, c := range s.CUECs {
		rows = append(rows, row{"id": c.ID, "text": c.Text, "criteria": strings.Join(c.Criteria, ", "), "communicated": dayText(c.Communicated)})
	}
	return rows, s.NoCUECs
}

func setCUECs(s *scope.System, rows []row, none string) error {
	s.CUECs, s.NoCUECs = nil, none
	for _, r := range rows {
		if err := r.need("id", "text", "criteria"); err != nil {
			return err
		}
		on, err := r.day("communicated")
		if err != nil {
			return err
		}
		s.CUECs = append(s.CUECs, assure.CUEC{ID: r["id"], Text: r["text"], Criteria: items(r["criteria"], true), Communicated: on})
	}
	return nil
}

func getVendors(s scope.System) (rows []row, none string) {
	for _, v := range s.Subservice {
		var csocs []string
		for _, c := range v.CSOCs {
			csocs = append(csocs, strings.TrimSuffix(c.Text+" | "+strings.Join(c.Criteria, ", "), " | "))
		}
		rows = append(rows, row{"name": v.Name, "services": v.Services, "method": v.Method, "csocs": strings.Join(csocs, "\n"), "monitoring": strings.Join(v.Monitoring, ", "),
			"report": v.Report, "end": dayText(v.ReportEnd), "opinion": v.Opinion, "bridged": dayText(v.BridgedTo), "judged": dayText(v.JudgedOn)})
	}
	return rows, s.NoSubservice
}

func setVendors(s *scope.System, rows []row, none string) error {
	s.Subservice, s.NoSubservice = nil, none
	for _, r := range rows {
		if err := r.need("name", "services", "method"); err != nil {
			return err
		}
		v := assure.Subservice{Name: r["name"], Services: r["services"], Method: r["method"], Monitoring: some(items(r["monitoring"], true)), Report: r["report"], Opinion: r["opinion"]}
		for column, into := range map[string]**civil.Date{"end": &v.ReportEnd, "bridged": &v.BridgedTo, "judged": &v.JudgedOn} {
			on, err := r.day(column)
			if err != nil {
				return err
			}
			*into = on
		}
		for _, line := range strings.Split(r["csocs"], "\n") {
			text, criteria, _ := strings.Cut(line, "|")
			if text = oneLine(text); text != "" {
				v.CSOCs = append(v.CSOCs, assure.CSOC{Text: text, Criteria: items(criteria, true)})
			}
		}
		s.Subservice = append(s.Subservice, v)
	}
	return nil
}
