package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/operate"
)

// Task is an open instance of a control, with whose turn it is.
type Task struct {
	Control  string     `json:"control"`
	Title    string     `json:"title"`
	Key      string     `json:"key" doc:"The instance, such as a quarter"`
	Due      civil.Date `json:"due"`
	Late     bool       `json:"late"`
	Who      string     `json:"who" doc:"A person's address, or a title that nobody holds"`
	Why      string     `json:"why" enum:"owned,assigned,delegated"`
	From     string     `json:"from,omitempty" doc:"Who assigned or delegated it"`
	IfMissed string     `json:"if_missed,omitempty" doc:"What one day late would do to the report"`
}

type tasksIn struct {
	Here
	Until string `query:"until" required:"true" format:"date" doc:"Only what is due no later than this day"`
	Whose string `query:"whose" enum:"mine,all" default:"mine" doc:"Those of others only to whom results are shown"`
	Paged
}

// Deviation is an item that failed a test, with management's answer where there is one.
type Deviation struct {
	Control string   `json:"control"`
	Test    string   `json:"test"`
	Item    string   `json:"item"`
	Title   string   `json:"title"`
	Owner   string   `json:"owner"`
	Reason  string   `json:"reason"`
	Event   string   `json:"event_time"`
	Since   string   `json:"since" doc:"When it was first seen"`
	Answer  *Replied `json:"answer,omitempty"`
}

// Reply is management's answer to a deviation. It changes no verdict: the report prints both side by side.
type Reply struct {
	Position     string `json:"position" enum:"agreed,operated,not_applicable"`
	Cause        string `json:"cause" enum:"human_error,system_error,intentional,unclear_rule,evidence_lost,population_error"`
	Response     string `json:"response" minLength:"1" maxLength:"20000" doc:"As the report prints it"`
	Extent       string `json:"extent" enum:"isolated,systemic"`
	ExtentReason string `json:"extent_reason" minLength:"1" maxLength:"20000" doc:"What was looked at to say so"`
	Compensating string `json:"compensating_control,omitempty" maxLength:"64" doc:"The control that acted on the same risk when it happened"`
	Impact       string `json:"impact,omitempty" maxLength:"20000" doc:"Whether the risk came true"`
	Deficiency   string `json:"deficiency,omitempty" maxLength:"64" doc:"The deficiency that was opened for it"`
	DueOn        string `json:"due_on,omitempty" format:"date" doc:"By when what is done about it is done; what is systemic needs it"`
}

// Replied is an answer that was given.
type Replied struct {
	Version int    `json:"version"`
	By      string `json:"answered_by"`
	At      string `json:"answered_at"`
	Reply
}

type deviationsIn struct {
	Here
	Control    string `query:"control" maxLength:"64"`
	Unanswered bool   `query:"unanswered" doc:"Only those that nobody answered"`
	Paged
}

type replyIn struct {
	Here
	Body struct {
		Test    string `json:"test" minLength:"1" maxLength:"64"`
		Item    string `json:"item" minLength:"1" maxLength:"2000"`
		Version int    `json:"version" minimum:"0" doc:"Of the answer that this one takes the place of; 0 for the first"`
		Reply
	}
}

type repliesIn struct {
	Here
	Test string `query:"test" required:"true" maxLength:"64"`
	Item string `query:"item" required:"true" maxLength:"2000"`
}

type replies struct {
	Versions []Replied `json:"versions" nullable:"false" doc:"Every version, the first first"`
}

func (a *API) work() {
	serve(a, access.ReadHome, operation{id: "tasks", method: http.MethodGet, path: inOrg + "/tasks", tag: "Work", summary: "What is due, and whose turn it is"}, a.tasks)
	serve(a, access.ReadRecords, operation{id: "deviations", method: http.MethodGet, path: inOrg + "/deviations", tag: "Work", summary: "The items that deviate, with management's answers",
		text: "Keys and reasons may hold personal data, so that it asks for what single records ask for."}, a.deviations)
	serve(a, access.ReadRecords, operation{id: "deviation-answers", method: http.MethodGet, path: inOrg + "/deviation-answers", tag: "Work", summary: "Management's answer to one deviation, in all versions"},
		func(ctx context.Context, o *Organization, in *repliesIn) (*answer[replies], error) {
			if o.Desk == nil {
				return nil, missing("the desk where deviations are answered")
			}
			all, err := o.Desk.AnswerOf(ctx, o.ID, in.Test, in.Item)
			if err == nil && len(all) == 0 {
				err = fault.NotFound
			}
			out := replies{[]Replied{}}
			for _, x := range all {
				out.Versions = append(out.Versions, replied(x))
			}
			return &answer[replies]{out}, err
		})
	serve(a, access.AnswerDeviations, operation{id: "answer-deviation", method: http.MethodPost, path: inOrg + "/deviation-answers", tag: "Work", summary: "Answer a deviation",
		status: http.StatusCreated, errors: []int{412}, text: "Management's answer. It changes no verdict."}, a.reply)
}

func (a *API) tasks(ctx context.Context, o *Organization, in *tasksIn) (*answer[list[Task]], error) {
	if o.Tasks == nil {
		return nil, missing("the list of tasks")
	}
	v := access.From(ctx)
	if in.Whose == "all" {
		if err := access.Decide(access.ReadResults, v); err != nil {
			return nil, err
		}
	}
	until, err := civil.ParseDate(in.Until)
	if err != nil {
		return nil, refused("query.until", "%v", err)
	}
	query := signature("tasks", in.Until, in.Whose, v.Email)
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := o.Tasks.Tasks(ctx, o.ID, until)
	if err != nil {
		return nil, err
	}
	if in.Whose != "all" {
		all = operate.Of(all, v.Email)
	}
	all = slices.SortedStableFunc(slices.Values(all), func(x, y operate.Task) int {
		return cmp.Or(cmp.Compare(x.Due, y.Due), cmp.Compare(x.Control, y.Control), cmp.Compare(x.Key, y.Key))
	})
	out := make([]Task, len(all))
	for i, t := range all {
		out[i] = Task{t.Control, t.Title, t.Key, t.Due, t.Late, t.Who, string(t.Why), t.From, t.IfMissed}
	}
	return &answer[list[Task]]{pageOf(a, o, query, offset, in.Limit, out)}, nil
}

func (a *API) deviations(ctx context.Context, o *Organization, in *deviationsIn) (*answer[list[Deviation]], error) {
	if o.Deviations == nil || o.Answers == nil {
		return nil, missing("the list of deviations")
	}
	query := signature("deviations", in.Control, map[bool]string{true: "unanswered"}[in.Unanswered])
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := o.Deviations.Deviations(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	answers, err := o.Answers.Answers(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	var out []Deviation
	for _, x := range all {
		given, answered := answers[x.ID()]
		if in.Control != "" && x.Control != in.Control || in.Unanswered && answered {
			continue
		}
		d := Deviation{Control: x.Control, Test: x.Test, Item: x.Item, Title: x.Title, Owner: x.Owner, Reason: x.Reason, Event: x.Event, Since: x.Since.String()}
		if answered {
			r := replied(given)
			d.Answer = &r
		}
		out = append(out, d)
	}
	return &answer[list[Deviation]]{pageOf(a, o, query, offset, in.Limit, out)}, nil
}

func replied(x operate.Answer) Replied {
	r := Replied{x.Version, x.By, x.At.String(), Reply{Position: x.Position, Cause: x.Cause, Response: x.Response, Extent: x.Extent, ExtentReason: x.ExtentReason,
		Compensating: x.Compensating, Impact: x.Impact, Deficiency: x.Deficiency}}
	if x.DueOn != nil {
		r.DueOn = x.DueOn.String()
	}
	return r
}

// reply answers a deviation that there is: nobody answers what no test found.
func (a *API) reply(ctx context.Context, o *Organization, in *replyIn) (*answer[Replied], error) {
	if o.Desk == nil || o.Deviations == nil {
		return nil, missing("the desk where deviations are answered")
	}
	all, err := o.Deviations.Deviations(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	i := slices.IndexFunc(all, func(x operate.Deviation) bool { return x.Test == b.Test && x.Item == b.Item })
	if i < 0 {
		return nil, &fault.Error{Kind: fault.NotFound, What: "no such deviation among the latest results"}
	}
	x := operate.Answer{Control: all[i].Control, Test: b.Test, Item: b.Item, Version: b.Version, Position: b.Position, Cause: b.Cause, Response: b.Response, Extent: b.Extent,
		ExtentReason: b.ExtentReason, Compensating: b.Compensating, Impact: b.Impact, Deficiency: b.Deficiency}
	if b.DueOn != "" {
		d, err := civil.ParseDate(b.DueOn)
		if err != nil {
			return nil, refused("body.due_on", "%v", err)
		}
		x.DueOn = &d
	}
	if err := o.Desk.Answer(ctx, actor(ctx, o), x); err != nil {
		return nil, err
	}
	h, err := o.Desk.AnswerOf(ctx, o.ID, b.Test, b.Item)
	if err != nil {
		return nil, err
	}
	if len(h) == 0 {
		return nil, errors.New("api: an answer that was written cannot be read")
	}
	return &answer[Replied]{replied(h[len(h)-1])}, nil
}

func base64OfHex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}
