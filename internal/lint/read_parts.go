package lint

import (
	"regexp"
	"slices"
	"strings"
)

var (
	topicCUEC    = regexp.MustCompile(`(?i)\bcomplementary user[- ]entity controls?\b|\bCUECs?\b`)
	topicCSOC    = regexp.MustCompile(`(?i)\bcomplementary (sub-?service|subservice) organi[sz]ations?['’]? controls?\b|\bCSOCs?\b`)
	topicSub     = regexp.MustCompile(`(?i)\bsub-?service organi[sz]ations?\b`)
	criterionID  = regexp.MustCompile(`\b(CC\d\.\d+|A1\.\d|C1\.\d|PI1\.\d|P\d\.\d+|CO[- ]?\d+(\.\d+)?)\b|(?i:\bcontrol objective \d+)`)
	controlID    = regexp.MustCompile(`^\s*([A-Z][A-Z0-9]{0,6}[-.]?\d+(?:[.-]\d+)*[A-Za-z]?)\b`)
	headed       = regexp.MustCompile(`^([A-Z][A-Z0-9]{1,6}-\d+[A-Z]?)\s+\S`)
	carved       = regexp.MustCompile(`(?i)\bcarve[d]?[- ]out\b`)
	inclusive    = regexp.MustCompile(`(?i)\binclusive( method)?\b`)
	watches      = regexp.MustCompile(`(?i)\bmonitor\w*\b[^.]{0,160}\b(sub-?service|vendors?|providers?)\b|\b(sub-?service|vendors?|providers?)\b[^.]{0,200}\b(monitor\w*|reviews? (of )?[^.]{0,40}\breports?)\b|\breviews? [^.]{0,60}\bSOC ?[12] reports?\b`)
	notMonitored = "nothing is named"
	usesName     = regexp.MustCompile(`\buses ([A-Z][\w&.-]*(?: [A-Z][\w&.-]*)*)`)
)

// description reads section III: controls, duties of users, subservice organizations.
func (r *reader) description() {
	topic, under, head := "", "", []string(nil)
	last := 0
	var csocs []string
	for _, b := range r.parts[inDescription] {
		if b.Level > 0 || b.Style == "caption" {
			topic, under = topicOf(b, topic), strings.TrimSpace(b.Text)
			continue
		}
		entry, cells, criteria := "", b.Cells, []string(nil)
		if b.Table > 0 {
			if b.Table != last {
				last, head = b.Table, b.Cells
				continue
			}
			entry, criteria = longest(cells)
		} else if b.List {
			entry = strings.TrimSpace(b.Text)
		}
		if _, ok := columnsOf(head)["method"]; ok && b.Table > 0 && topic == "sub" {
			r.subserviceRow(columnsOf(head), cells)
			continue
		}
		switch {
		case entry == "":
			r.subserviceLine(topic, under, b)
		case topic == "cuec":
			r.p.Description.CUECs = append(r.p.Description.CUECs, Duty{entry, criteria})
		case topic == "csoc":
			csocs = append(csocs, entry)
			if n := len(r.p.Description.Subservice); n > 0 && strings.Contains(under, r.p.Description.Subservice[n-1].Name) {
				s := &r.p.Description.Subservice[n-1]
				s.CSOCs = append(s.CSOCs, entry)
			}
		}
	}
	r.controlsIn(inDescription)
	r.presumed(csocs)
}

func topicOf(b Block, now string) string {
	switch t := b.Text; {
	case topicCSOC.MatchString(t):
		return "csoc"
	case topicCUEC.MatchString(t):
		return "cuec"
	case topicSub.MatchString(t):
		return "sub"
	case b.Style != "caption" && b.Level >= 3 && (now == "sub" || now == "csoc"):
		return "sub" // a heading below: the organization's name
	}
	return ""
}

// longest is the cell that says most, and the criteria that the others name.
func longest(cells []string) (text string, criteria []string) {
	for _, c := range cells {
		if len(c) > len(text) {
			text = strings.TrimSpace(c)
		}
	}
	for _, c := range cells {
		if strings.TrimSpace(c) != text {
			criteria = append(criteria, ids.FindAllString(c, -1)...)
		}
	}
	return text, criteria
}

// subserviceLine reads a line of terms under the name of a subservice organization, as our reports have it.
func (r *reader) subserviceLine(topic, under string, b Block) {
	name, value, ok := strings.Cut(b.Text, "\t")
	if topic != "sub" || !ok || under == "" {
		return
	}
	list := &r.p.Description.Subservice
	switch strings.ToLower(name) {
	case "services":
		*list = append(*list, Subservice{Name: under})
	case "method":
		if n := len(*list); n > 0 {
			(*list)[n-1].Method = methodOf(value)
		}
	case "monitored by":
		if n := len(*list); n > 0 && !strings.Contains(value, notMonitored) {
			(*list)[n-1].Monitoring = strings.Split(value, ", ")
		}
	}
}

func methodOf(s string) string {
	switch {
	case carved.MatchString(s):
		return "carve_out"
	case inclusive.MatchString(s):
		return "inclusive"
	}
	return ""
}

// subserviceRow reads a row of a table of subservice organizations.
func (r *reader) subserviceRow(cols map[string]int, cells []string) {
	s := Subservice{Method: methodOf(cell(cells, cols, "method"))}
	if len(cells) > 0 {
		s.Name = strings.TrimSpace(cells[0])
	}
	if m := strings.TrimSpace(cell(cells, cols, "monitoring")); m != "" {
		s.Monitoring = []string{m}
	}
	if s.Name != "" {
		r.p.Description.Subservice = append(r.p.Description.Subservice, s)
	}
}

// presumed fills in what the text says of subservice organizations where no list does: that some are carved out, which
// controls are assumed at them, and that they are watched.
func (r *reader) presumed(csocs []string) {
	text := r.text(inDescription)
	list := &r.p.Description.Subservice
	if len(*list) == 0 && topicSub.MatchString(text) && carved.MatchString(text) {
		s := Subservice{Name: "the subservice organization", Method: "carve_out"}
		if m := usesName.FindStringSubmatch(text); m != nil {
			s.Name = strings.TrimRight(m[1], ".")
		}
		*list = append(*list, s)
	}
	watched := ""
	for _, p := range r.p.Passages {
		if m := watches.FindString(p.Text); p.Section == inDescription && m != "" && watched == "" {
			watched = clip(p.Text)
		}
	}
	for i := range *list {
		s := &(*list)[i]
		if len(s.CSOCs) == 0 && (len(*list) == 1 || !slices.ContainsFunc(*list, func(x Subservice) bool { return len(x.CSOCs) > 0 })) {
			s.CSOCs = csocs
		}
		if len(s.Monitoring) == 0 && watched != "" && !r.listed() {
			s.Monitoring = []string{watched}
		}
	}
}

// listed says that the description lists in terms or in a column by what each organization is watched: then an empty
// place is an answer.
func (r *reader) listed() bool {
	last := 0
	return slices.ContainsFunc(r.parts[inDescription], func(b Block) bool {
		head := b.Table > last
		last = max(last, b.Table)
		_, column := columnsOf(b.Cells)["monitoring"]
		return strings.HasPrefix(b.Text, "Monitored by\t") || head && column
	})
}

// columnNames recognise what a column holds by its title.
var columnNames = []struct {
	name  string
	words *regexp.Regexp
}{
	{"response", regexp.MustCompile(`(?i)\bresponse\b`)},
	{"frequency", regexp.MustCompile(`(?i)^(control )?frequency\b`)},
	{"population", regexp.MustCompile(`(?i)^population( size)?$`)},
	{"dates", regexp.MustCompile(`(?i)\bdates?\b.*\b(tested|sampled?|items?)\b|\bsample dates\b`)},
	{"sample", regexp.MustCompile(`(?i)^(sample( size)?|items tested)$`)},
	{"method", regexp.MustCompile(`(?i)^method\b|\b(carve-?out|inclusive)\b`)},
	{"monitoring", regexp.MustCompile(`(?i)\bmonitor`)},
	{"result", regexp.MustCompile(`(?i)\bresults?\b|^conclusion|^exceptions?\b`)},
	{"test", regexp.MustCompile(`(?i)^tests?\b|\btests? (performed|of)\b|\b(auditor|practitioner)['’]?s?['’]? (tests?|procedures?)\b|^procedures? performed`)},
	{"id", regexp.MustCompile(`(?i)^(control )?(#|no\.?|number|id|ref(erence)?\.?|identifier)$|^control (id|no|#|number|ref)`)},
	{"criteria", regexp.MustCompile(`(?i)\b(criteria|criterion|TSC|control objectives?)\b|^objectives?$`)},
	{"controls", regexp.MustCompile(`(?i)^(related |mapped )?controls$`)},
	{"statement", regexp.MustCompile(`(?i)^controls?\b.*|\bcontrol (activity|activities|description|statement)\b|\bdescription of controls?\b`)},
}

var testsAndResults = regexp.MustCompile(`(?i)\btest\w*\b.*\band\b.*\bresults?\b`)

// columnsOf says which column of a table holds what. One may hold tests and results together.
func columnsOf(head []string) map[string]int {
	out := map[string]int{}
	for i, title := range head {
		title = strings.Join(strings.Fields(title), " ")
		if testsAndResults.MatchString(title) {
			out["test"], out["result"] = i, i
			continue
		}
		for _, c := range columnNames {
			if c.words.MatchString(title) {
				if _, taken := out[c.name]; !taken {
					out[c.name] = i
				}
				break
			}
		}
	}
	return out
}

func cell(cells []string, cols map[string]int, name string) string {
	if i, ok := cols[name]; ok && i < len(cells) {
		return strings.TrimSpace(cells[i])
	}
	return ""
}

// controlsIn reads the controls of a section from tables with a column for their statements, and tests from those that
// have one for tests too.
func (r *reader) controlsIn(place string) {
	var cols map[string]int
	last, criterion := 0, ""
	for _, b := range r.parts[place] {
		if b.Table == 0 {
			if id := criterionID.FindString(b.Text); id != "" && (b.Level > 0 || strings.HasPrefix(strings.TrimSpace(b.Text), id)) && len(b.Text) < 400 {
				criterion = id
				if place == inTests && !headed.MatchString(b.Text) {
					r.criterion(Criterion{ID: id, Text: clip(strings.TrimSpace(strings.TrimPrefix(b.Text, id)))})
				}
			}
			continue
		}
		if b.Table != last {
			last, cols = b.Table, columnsOf(b.Cells)
			continue
		}
		r.tableRow(place, cols, b.Cells, criterion)
	}
}

// criterion notes a criterion once.
func (r *reader) criterion(x Criterion) {
	for i, c := range r.p.Criteria {
		if c.ID == x.ID {
			r.p.Criteria[i].Controls = append(c.Controls, x.Controls...)
			r.p.Criteria[i].Reason = first(c.Reason, x.Reason)
			return
		}
	}
	r.p.Criteria = append(r.p.Criteria, x)
}
