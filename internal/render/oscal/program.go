package oscal

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// builder holds what all documents of one program share.
type builder struct {
	f        report.Facts
	modified string // when the figures were known
}

func newBuilder(f report.Facts) (*builder, error) {
	if strings.TrimSpace(f.Organization) == "" {
		return nil, fault.Refuse("an OSCAL document needs the name of the organization")
	}
	at, err := civil.ParseInstant(f.Results.KnownAt)
	if err != nil || at == civil.Never {
		return nil, fault.Refuse("an OSCAL document needs the time at which its facts were known; %q is none", f.Results.KnownAt)
	}
	if f.System == "" {
		f.System = "the system of " + f.Organization
	}
	if f.Rows == 0 {
		f.Rows = 500
	}
	if f.Findings == nil {
		f.Findings = func(t assure.TestResult) string { return "findings/" + token(t.Test) + ".json" }
	}
	return &builder{f: f, modified: at.String()}, nil
}

// ComponentDefinition says which criteria each control of the program, and each system inside the boundary,
// serves. It refuses facts without an organization or a time.
func ComponentDefinition(f report.Facts) (*Document, error) {
	b, err := newBuilder(f)
	if err != nil {
		return nil, err
	}
	c := &Components{Metadata: b.metadata("Component definition"), BackMatter: &BackMatter{Resources: []Resource{b.criteria()}}}
	for _, ctl := range b.f.Controls {
		x := b.control(ctl)
		if rs := b.requirements(ctl); len(rs) > 0 {
			x.ControlImplementations = []ControlImplementation{{UUID: uuid("implementation", b.f.Organization, ctl.ID), Source: "#" + b.criteria().UUID,
				Description: "The criteria in scope that " + markup(ctl.ID) + " serves.", Requirements: rs}}
		}
		c.Components = append(c.Components, x)
	}
	c.Components = append(c.Components, b.systems()...)
	d := &Document{ComponentDefinition: c}
	c.UUID, err = identity(d)
	return d, err
}

// SSP is the system security plan, as far as the program knows the system. What it does not know it says.
// It refuses facts without a criterion, beside what ComponentDefinition refuses.
func SSP(f report.Facts) (*Document, error) {
	b, err := newBuilder(f)
	if err != nil {
		return nil, err
	}
	if len(f.Criteria) == 0 {
		return nil, fault.Refuse("a system security plan needs at least one criterion in scope").WithHint("choose the categories of the report")
	}
	p := &Plan{Metadata: b.metadata("System security plan"), ImportProfile: &Import{Href: "#" + b.criteria().UUID,
		Remarks: "The criteria in scope are named by their published identifiers; their text is not reproduced."},
		SystemCharacteristics: b.characteristics(), SystemImplementation: b.implementation(),
		ControlImplementation: &PlanControls{Description: "The controls of the program and the criteria they serve. Whether a control is implemented and operates is not stated here: the assessment results and the service auditor speak of that."},
		BackMatter:            &BackMatter{Resources: []Resource{b.criteria()}}}
	for _, cr := range b.f.Criteria {
		p.ControlImplementation.Requirements = append(p.ControlImplementation.Requirements, b.requirement(cr))
	}
	d := &Document{SystemSecurityPlan: p}
	p.UUID, err = identity(d)
	return d, err
}

// identity names a document by all of its content.
func identity(d *Document) (string, error) {
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		return "", err
	}
	return uuid("document", b.String()), nil
}

func (b *builder) metadata(what string) *Metadata {
	party := uuid("party", b.f.Organization)
	root := b.f.Results.Checkpoint.Root
	return &Metadata{
		Title: "DRAFT · " + what + " of " + markup(b.f.System), LastModified: b.modified, OSCALVersion: Version,
		Version: line("checkpoint " + strconv.FormatInt(b.f.Results.Checkpoint.Size, 10) + " " + root[:min(len(root), 12)]),
		Props: join(prop("draft", "true"), prop("checkpoint-size", strconv.FormatInt(b.f.Results.Checkpoint.Size, 10)), prop("checkpoint-root", root),
			prop("unanchored-records", strconv.FormatInt(b.f.Results.Unanchored, 10)), prop("when", b.when())),
		Roles:              []Role{{ID: "prepared-by", Title: "Prepared by"}},
		Parties:            []Party{{UUID: party, Type: "organization", Name: line(b.f.Organization)}},
		ResponsibleParties: []ResponsibleParty{{RoleID: "prepared-by", PartyUUIDs: []string{party}}},
		Remarks:            "DRAFT. No opinion has been issued.",
	}
}

func (b *builder) when() string {
	if b.f.When == nil {
		return ""
	}
	return b.f.When.Words()
}

// criteria is the resource that stands for the criteria in scope.
func (b *builder) criteria() Resource {
	ids := make([]string, len(b.f.Criteria))
	for i, c := range b.f.Criteria {
		ids[i] = c.ID
	}
	r := Resource{UUID: uuid("criteria", b.f.Organization, strings.Join(ids, "\n")), Title: "Criteria in scope",
		Description: "The criteria are named by their published identifiers. Their text belongs to its publisher and is not reproduced."}
	r.Props = append(r.Props, count("criteria", len(ids))...)
	for _, c := range b.f.Criteria {
		for _, p := range prop("criterion", c.ID) {
			p.Class = token(c.Framework)
			r.Props = append(r.Props, p)
		}
	}
	return r
}

// component is the name by which all documents know a control.
func (b *builder) component(control string) string { return uuid("control", b.f.Organization, control) }

func (b *builder) control(c assure.Control) Component {
	return Component{UUID: b.component(c.ID), Type: "process-procedure", Title: markup(strings.TrimSpace(c.ID + " " + c.Title)), Description: markup(c.Statement),
		Props: join(prop("control", c.ID), prop("owner", c.Owner), prop("frequency", string(c.Frequency)), prop("nature", c.Nature), prop("type", c.Type), prop("shape", string(c.Shape)))}
}

// requirements are the criteria in scope that a control serves, primary ones first.
func (b *builder) requirements(c assure.Control) []Requirement {
	var out []Requirement
	for i, id := range slices.Concat(c.Criteria, c.Supporting) {
		if !slices.ContainsFunc(b.f.Criteria, func(cr assure.Criterion) bool { return cr.ID == id }) {
			continue
		}
		out = append(out, Requirement{UUID: uuid("requirement", b.f.Organization, c.ID, id, strconv.Itoa(i)), ControlID: token(id),
			Description: markup(c.Statement), Props: prop("contribution", contribution(c, i))})
	}
	return out
}

func contribution(c assure.Control, i int) string {
	if i < len(c.Criteria) {
		return "primary"
	}
	return "supporting"
}

func (b *builder) systems() []Component {
	var out []Component
	for i, s := range b.f.Systems {
		kind := "software"
		if k := strings.ToLower(s.Kind); strings.Contains(k, "provider") || strings.Contains(k, "service") {
			kind = "service"
		}
		out = append(out, Component{UUID: uuid("system", b.f.Organization, s.Name, strconv.Itoa(i)), Type: kind, Title: markup(s.Name),
			Description: markup(fmt.Sprintf("%s, a system inside the boundary.", s.Name)),
			Props:       join(prop("kind", s.Kind), prop("owner", s.Owner), prop("environment", s.Environment))})
	}
	return out
}

func (b *builder) characteristics() *Characteristics {
	return &Characteristics{
		SystemIDs:  []SystemID{{IdentifierType: "http://ietf.org/rfc/rfc4122", ID: uuid("this-system", b.f.Organization, b.f.System)}},
		SystemName: line(b.f.System), Description: "What management says of the system stands in its description; this plan holds what the program knows.",
		Props: prop("categories", strings.Join(b.f.Categories, ", ")),
		SystemInformation: &Information{Types: []Described{{Title: "Information of the system",
			Description: "The program does not record the kinds of information."}}},
		Status:                &Status{State: "other", Remarks: "The program does not record the operating status of the system."},
		AuthorizationBoundary: &Described{Description: report.Plural(len(b.f.Systems), "system", "systems") + " inside the boundary, each listed as a component."},
	}
}

func (b *builder) implementation() *Implementation {
	here := Component{UUID: uuid("this-system", b.f.Organization, b.f.System, "component"), Type: "this-system", Title: markup(b.f.System), Description: "The system as a whole."}
	out := &Implementation{Components: []Component{here}}
	for _, c := range b.f.Controls {
		out.Components = append(out.Components, b.control(c))
		if c.Owner != "" && !slices.ContainsFunc(out.Users, func(u Described) bool { return u.UUID == uuid("role", b.f.Organization, c.Owner) }) {
			out.Users = append(out.Users, Described{UUID: uuid("role", b.f.Organization, c.Owner), Title: markup(c.Owner), Description: "Owns controls of the program."})
		}
	}
	out.Components = append(out.Components, b.systems()...)
	for i := range out.Components {
		out.Components[i].Status = &Status{State: "other", Remarks: "The program does not record an operating status."}
	}
	if len(out.Users) == 0 {
		out.Users = []Described{{UUID: uuid("role", b.f.Organization, ""), Description: "The program names no owner of a control."}}
	}
	return out
}

// requirement is a criterion with the controls that serve it, or the reason why none does.
func (b *builder) requirement(cr assure.Criterion) Requirement {
	r := Requirement{UUID: uuid("criterion", b.f.Organization, cr.Framework, cr.ID), ControlID: token(cr.ID), Props: prop("criterion", cr.ID)}
	for _, c := range b.f.Controls {
		for i, id := range slices.Concat(c.Criteria, c.Supporting) {
			if id == cr.ID {
				r.ByComponents = append(r.ByComponents, ByComponent{ComponentUUID: b.component(c.ID), UUID: uuid("by", b.f.Organization, c.ID, cr.ID, strconv.Itoa(i)),
					Description: markup(c.Statement), Props: join(prop("control", c.ID), prop("contribution", contribution(c, i)))})
			}
		}
	}
	switch reason, excused := b.f.Reasons[cr.ID]; {
	case len(r.ByComponents) > 0:
	case excused:
		r.Remarks = "Not relevant to the system: " + markup(reason)
	default:
		r.Remarks = "Neither a control nor a reason is recorded."
	}
	return r
}
