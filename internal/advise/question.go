package advise

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// Question is one thing that the adviser asks. Kind says what an answer looks like: yes_no, one of Choices, many
// of Choices (none of them is an answer too), countries (ISO 3166-1 codes), number (whole), date (YYYY-MM-DD or none).
type Question struct {
	ID      string   `yaml:"id" json:"id"`
	Text    string   `yaml:"text" json:"text"`
	Help    string   `yaml:"help" json:"help,omitempty"`
	Kind    string   `yaml:"kind" json:"kind"`
	Role    string   `yaml:"role" json:"role,omitempty"` // optional: sharpens the advice; given: supplied by the caller
	Choices []Choice `yaml:"choices" json:"choices,omitempty"`
}

// Choice is one value that answers a question, with its wording.
type Choice struct {
	Value string   `yaml:"value" json:"value"`
	Text  string   `yaml:"text" json:"text"`
	Also  []string `yaml:"also" json:"-"` // other spellings of the value
}

// The roles of a question; most have none.
const (
	optional = "optional"
	given    = "given"
)

func (b *Book) loadQuestions(fsys fs.FS) error {
	const file = "questions.yaml"
	var y struct {
		Questions []Question `yaml:"questions"`
	}
	if err := decode(fsys, file, &y); err != nil {
		return err
	}
	for i, q := range y.Questions {
		var a Answers
		slot := a.slot(q.ID)
		switch {
		case slot == nil:
			return fault.At(file, 0, q.ID, "no rule reads the answer to this question")
		case slices.ContainsFunc(y.Questions[:i], func(p Question) bool { return p.ID == q.ID }):
			return fault.At(file, 0, q.ID, "the question stands twice")
		case !fits(slot, q.Kind):
			return fault.At(file, 0, q.ID, "kind %q does not fit what the rules expect", q.Kind)
		case (q.Kind == "one" || q.Kind == "many") != (len(q.Choices) > 0):
			return fault.At(file, 0, q.ID, "choices belong to the kinds one and many")
		}
		if q.Kind == "yes_no" {
			q.Choices = []Choice{{"yes", "yes", []string{"y", "true"}}, {"no", "no", []string{"n", "false"}}}
		}
		b.questions = append(b.questions, q)
	}
	return nil
}

// Questions lists what to ask, in order. Today is not among them: the caller knows it.
func (b *Book) Questions() []Question {
	return slices.DeleteFunc(slices.Clone(b.questions), func(q Question) bool { return q.Role == given })
}

func (b *Book) question(id string) (Question, bool) {
	i := slices.IndexFunc(b.questions, func(q Question) bool { return q.ID == id })
	if i < 0 {
		return Question{}, false
	}
	return b.questions[i], true
}

// choice finds the value that a spelling stands for: capitals, spaces and hyphens do not count.
func (q Question) choice(text string) (string, bool) {
	for _, c := range q.Choices {
		for _, s := range append([]string{c.Value}, c.Also...) {
			if plain(s) == plain(text) {
				return c.Value, true
			}
		}
	}
	return "", false
}

func plain(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(s))
}

func (q Question) values() []string {
	var out []string
	for _, c := range q.Choices {
		out = append(out, c.Value)
	}
	return out
}
