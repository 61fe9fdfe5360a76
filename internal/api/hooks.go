package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
)

// Hooks keeps the receivers of an organization's events. It refuses an address that nobody outside should be asked at.
type Hooks interface {
	Hooks(ctx context.Context) ([]Hook, error)
	// AddHook gives the new receiver, and the secret that its deliveries are signed with: the only time it is shown.
	AddHook(ctx context.Context, by string, n NewHook) (Hook, string, error)
	DropHook(ctx context.Context, key string) error
	Deliveries(ctx context.Context, key string, offset, limit int) (list []Delivery, total int, err error)
}

// NewHook is a receiver to be.
type NewHook struct {
	URL    string   `json:"url" format:"uri" maxLength:"2000" pattern:"^https://" doc:"Where events are posted; an address of the public internet"`
	Events []string `json:"events" minItems:"1" maxItems:"10" nullable:"false" enum:"deviation.opened,task.due,task.late,report.drafted,checkpoint.signed" doc:"Which events"`
	Form   string   `json:"form,omitempty" enum:"signed,chat" default:"signed" doc:"signed: by Standard Webhooks 1.0.0; chat: as chat systems take messages"`
}

// Hook is a receiver.
type Hook struct {
	ID      string   `json:"id"`
	URL     string   `json:"url" doc:"Without what stands behind its host: that may be a secret of the receiver"`
	Events  []string `json:"events" nullable:"false"`
	Form    string   `json:"form"`
	By      string   `json:"added_by"`
	At      string   `json:"added_at"`
	Stopped string   `json:"stopped,omitempty" doc:"Why nothing is sent any more"`
}

// Delivery is one attempt to hand an event over.
type Delivery struct {
	Event   string `json:"event"`
	ID      string `json:"id" doc:"Of the event: the same on every attempt"`
	At      string `json:"at"`
	Attempt int    `json:"attempt"`
	Status  int    `json:"status" doc:"Of HTTP; 0 where no answer came"`
	Problem string `json:"problem,omitempty"`
	Next    string `json:"next,omitempty" doc:"When it is tried again"`
}

// Event is what a receiver is sent. Times are RFC 3339, UTC.
type Event struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp" format:"date-time" doc:"When it happened"`
}

// DeviationOpened tells that the latest results hold a deviation that those before did not. It bears no personal data: the item's key is
// asked for by who may read it.
type DeviationOpened struct {
	Event
	Data struct {
		Organization string `json:"organization"`
		Control      string `json:"control"`
		Test         string `json:"test"`
		Deviations   int    `json:"deviations" doc:"How many are new"`
	} `json:"data"`
}

// TaskEvent tells that an instance of a control is due within a day, or late.
type TaskEvent struct {
	Event
	Data struct {
		Organization string     `json:"organization"`
		Control      string     `json:"control"`
		Key          string     `json:"key"`
		Due          civil.Date `json:"due"`
	} `json:"data"`
}

// ReportDrafted tells that a draft was drawn.
type ReportDrafted struct {
	Event
	Data struct {
		Organization string `json:"organization"`
		Kind         string `json:"kind"`
		Format       string `json:"format"`
	} `json:"data"`
}

// CheckpointSigned tells of a new state of the ledger, so that somebody outside can hold it.
type CheckpointSigned struct {
	Event
	Data struct {
		Organization string            `json:"organization"`
		Checkpoint   assure.Checkpoint `json:"checkpoint"`
		Note         string            `json:"note" doc:"The signed checkpoint, as text"`
	} `json:"data"`
}

// Events lists the events that a receiver can ask for.
func Events() []string {
	return []string{"deviation.opened", "task.due", "task.late", "report.drafted", "checkpoint.signed"}
}

type hookList struct {
	Hooks []Hook `json:"hooks" nullable:"false"`
}

type newHookIn struct {
	Here
	Body NewHook
}

type addedHook struct {
	Hook
	Secret string `json:"secret" doc:"What deliveries are signed with. It is not shown again."`
}

type HookIn struct {
	Here
	Hook string `path:"hook" maxLength:"64" doc:"The receiver"`
}

type deliveriesIn struct {
	HookIn
	Paged
}

func (a *API) hooks() {
	const path = inOrg + "/hooks"
	serve(a, access.ReadSources, operation{id: "hooks", method: http.MethodGet, path: path, tag: "Web hooks", summary: "The receivers of events"},
		func(ctx context.Context, o *Organization, _ *Here) (*answer[hookList], error) {
			if o.Hooks == nil {
				return nil, missing("the list of web hooks")
			}
			all, err := o.Hooks.Hooks(ctx)
			out := hookList{[]Hook{}}
			for _, h := range all {
				out.Hooks = append(out.Hooks, masked(h))
			}
			return &answer[hookList]{out}, err
		})
	serve(a, access.ManageSources, operation{id: "add-hook", secret: true, method: http.MethodPost, path: path, tag: "Web hooks", summary: "Add a receiver", status: http.StatusCreated,
		text: "Its secret is shown once. An address of a private network is refused."},
		func(ctx context.Context, o *Organization, in *newHookIn) (*answer[addedHook], error) {
			if o.Hooks == nil {
				return nil, missing("the list of web hooks")
			}
			n := in.Body
			n.Events = slices.Compact(slices.Sorted(slices.Values(n.Events)))
			if n.Form == "" {
				n.Form = "signed"
			}
			h, secret, err := o.Hooks.AddHook(ctx, access.From(ctx).Email, n)
			return &answer[addedHook]{addedHook{masked(h), secret}}, err
		})
	serve(a, access.ManageSources, operation{id: "drop-hook", method: http.MethodDelete, path: path + "/{hook}", tag: "Web hooks", summary: "Remove a receiver", status: http.StatusNoContent},
		func(ctx context.Context, o *Organization, in *HookIn) (*struct{}, error) {
			if o.Hooks == nil {
				return nil, missing("the list of web hooks")
			}
			return nil, o.Hooks.DropHook(ctx, in.Hook)
		})
	serve(a, access.ManageSources, operation{id: "deliveries", method: http.MethodGet, path: path + "/{hook}/deliveries", tag: "Web hooks", summary: "What was sent to a receiver",
		text: "Every attempt, the latest first."}, a.deliveries)
}

// masked shows of an address no more than whose it is: of chat systems the rest is the secret.
func masked(h Hook) Hook {
	u, err := url.Parse(h.URL)
	if err != nil {
		h.URL = ""
		return h
	}
	h.URL = (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
	return h
}

func (a *API) deliveries(ctx context.Context, o *Organization, in *deliveriesIn) (*answer[list[Delivery]], error) {
	if o.Hooks == nil {
		return nil, missing("the list of web hooks")
	}
	query := signature("deliveries", in.Hook)
	offset, err := a.cursors.read(o.ID, query, in.Cursor)
	if err != nil {
		return nil, err
	}
	page, total, err := o.Hooks.Deliveries(ctx, in.Hook, offset, in.Limit)
	if err != nil {
		return nil, err
	}
	if page == nil {
		page = []Delivery{}
	}
	return &answer[list[Delivery]]{list[Delivery]{page, int64(total), a.following(o.ID, query, offset, len(page), int64(total))}}, nil
}

// announce describes the events in the document.
func (a *API) announce(doc *huma.OpenAPI) {
	schemaOf := map[string]*huma.Schema{
		"deviation.opened": schemaFor[DeviationOpened](doc), "task.due": schemaFor[TaskEvent](doc), "task.late": schemaFor[TaskEvent](doc),
		"report.drafted": schemaFor[ReportDrafted](doc), "checkpoint.signed": schemaFor[CheckpointSigned](doc),
	}
	doc.Webhooks = map[string]*huma.PathItem{}
	for _, name := range Events() {
		doc.Webhooks[name] = &huma.PathItem{Post: &huma.Operation{OperationID: "on-" + name, Tags: []string{"Web hooks"}, Summary: name,
			Description: "Posted to receivers that ask for it, signed by Standard Webhooks 1.0.0: the headers webhook-id, webhook-timestamp and webhook-signature.",
			Security:    []map[string][]string{},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[name]}}},
			Responses:   map[string]*huma.Response{"2XX": {Description: "The receiver took it. Anything else is tried again, ten times over three days; 410 ends it."}}}}
	}
}
