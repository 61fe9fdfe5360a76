package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	enginesqlite "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// The registers of samples. Only the acts of this file and its neighbours write them; their source says so.
const (
	seedCommitments   = "seed_commitments"
	frozenPopulations = "frozen_populations"
	samples           = "samples"
)

// The sources of these records: a commitment is the auditor's word, the others are what this program worked out.
const (
	auditorSource = "auditor"
	ownSource     = "assay"
)

// seedCommitment is a record of seed_commitments.
type seedCommitment struct {
	Commitment string `json:"commitment"`
	By         string `json:"committed_by"`
	At         string `json:"committed_at"`
	SealedBy   string `json:"sealed_by,omitempty"`

	index int64
}

// sealable makes the draft of a record that an act writes. Its version is the one after the last that the caller saw, so that
// the store refuses what somebody else wrote in between. More are free fields beside the body.
func (o *office) sealable(ctx context.Context, name, source string, version int, body any, more ...register.Member) (record.Draft, error) {
	s := o.regs[name]
	if err := ensureOne(ctx, o.st, o.org.ID, s); err != nil {
		return record.Draft{}, err
	}
	b, err := json.Marshal(body)
	if err != nil {
		return record.Draft{}, err
	}
	v, err := register.ParseJSON(name, 0, b)
	if err != nil {
		return record.Draft{}, err
	}
	row, err := register.Convert(s, "", register.Input{Fields: append(v.Members, more...)})
	if err != nil {
		return record.Draft{}, err
	}
	row.Version = version
	return record.Draft{Row: row, Source: source}, nil
}

// sealed lists the current records of one of these registers that its source made.
func (o *office) sealed(ctx context.Context, name, source string, where []record.Match, each func(record.Known) error) error {
	return o.listed(ctx, name, source, record.Query{Where: where}, each)
}

// listed reads the latest version of each record that a source made, page by page.
func (o *office) listed(ctx context.Context, name, source string, q record.Query, each func(record.Known) error) error {
	for q.Limit = 1000; ; {
		list, total, err := o.st.List(ctx, o.org.ID, o.regs[name], q)
		if err != nil {
			return err
		}
		for _, k := range list {
			if k.Source != source {
				continue
			}
			if err := each(k); err != nil {
				return fmt.Errorf("read %s: %w", k.Name(), err)
			}
		}
		if q.Offset += len(list); len(list) == 0 || int64(q.Offset) >= total {
			return nil
		}
	}
}

// Commit seals an auditor's commitment to a seed.
func (o *office) Commit(ctx context.Context, c cli.Committing) (cli.Committed, error) {
	if b, err := hex.DecodeString(c.Commitment); err != nil || len(b) != 32 || c.Commitment != strings.ToLower(c.Commitment) {
		return cli.Committed{}, fault.Refuse("%q is no commitment; expected 64 hexadecimal digits in lower case", c.Commitment)
	}
	out := cli.Committed{Commitment: c.Commitment, By: c.By, At: civil.InstantOf(o.app.Clock()).String()}
	before, err := o.commitments(ctx)
	if err != nil {
		return out, err
	}
	if was, ok := before[c.Commitment]; ok {
		out.By, out.At = was.By, was.At
		cp, err := o.st.Checkpoint(ctx, o.org.ID)
		out.Checkpoint.Size, out.Checkpoint.Root = cp.Size, cp.RootHex()
		return out, err
	}
	d, err := o.sealable(ctx, seedCommitments, auditorSource, 1, seedCommitment{Commitment: c.Commitment, By: c.By, At: out.At, SealedBy: c.Operator})
	if err != nil {
		return out, err
	}
	receipt, err := o.st.Append(ctx, o.org.ID, "", []record.Draft{d})
	out.New, out.Checkpoint = err == nil, receipt.Checkpoint
	return out, err
}

// commitments are those that stand in the ledger.
func (o *office) commitments(ctx context.Context) (map[string]seedCommitment, error) {
	out := map[string]seedCommitment{}
	err := o.sealed(ctx, seedCommitments, auditorSource, nil, func(k record.Known) error {
		c := seedCommitment{index: k.Index}
		err := json.Unmarshal(k.Body, &c)
		out[k.Key] = c
		return err
	})
	return out, err
}

// opened are the commitments whose seeds were opened by a draw: whoever freezes a population now could know what they would select.
func (o *office) opened(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	err := o.sealed(ctx, samples, ownSource, nil, func(k record.Known) error {
		var s struct{ Commitment string }
		err := json.Unmarshal(k.Body, &s)
		out[s.Commitment] = true
		return err
	})
	return out, err
}

// unopened are the commitments to seeds that nobody has opened yet, sorted.
func (o *office) unopened(ctx context.Context) ([]string, error) {
	all, err := o.commitments(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := o.opened(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for c := range all {
		if !opened[c] {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out, nil
}

// asOfSize is the office with what the organization had declared when its ledger held so many records.
func (o *office) asOfSize(ctx context.Context, size int64) (*office, error) {
	past := &office{app: o.app, st: o.st, data: o.data, org: o.org, blobs: o.blobs, readOnly: o.readOnly}
	if err := past.loadAt(ctx, size); err != nil {
		return nil, err
	}
	past.engine = enginesqlite.New(o.st.Reader(), past.regs.Schema)
	return past, nil
}

// again runs units with all of their items, as known at a time for which a size of the ledger stands.
func (o *office) again(ctx context.Context, units []examine.Unit, p civil.Period, knownAt civil.Instant, size int64, progress func(string, int, int)) (examine.Request, error) {
	r := examine.Request{Org: o.org.ID, Name: o.org.Name, Period: p, KnownAt: knownAt, Size: size, Units: units, Items: true, Progress: progress}
	var err error
	if r.Holidays, err = o.holidays(ctx, size); err != nil {
		return r, err
	}
	if err := o.doubts(ctx, &r); err != nil {
		return r, err
	}
	cp, err := o.st.CheckpointAt(ctx, o.org.ID, size)
	r.Checkpoint.Size, r.Checkpoint.Root = cp.Size, cp.RootHex()
	return r, err
}

// resultsAt runs the tests of the program as it was, for the period and as known when results were made, and from the records of then.
func (o *office) resultsAt(ctx context.Context, was assure.Results, progress func(test string, done, of int)) (assure.Results, error) {
	past, err := o.asOfSize(ctx, was.Checkpoint.Size)
	if err != nil {
		return assure.Results{}, err
	}
	known, err := civil.ParseInstant(was.KnownAt)
	if err != nil {
		return assure.Results{}, err
	}
	r, err := past.again(ctx, past.units, was.Period, known, was.Checkpoint.Size, progress)
	if err != nil {
		return assure.Results{}, err
	}
	r.Items, r.Unanchored = false, was.Unanchored
	return past.examiner().Test(ctx, r)
}

func (o *office) examiner() *examine.Examiner {
	return &examine.Examiner{Engine: engine{o.engine}, Completeness: o.completeness(), Workers: workers}
}

// history gives the versions of a record that its source made; none where there is none.
func (o *office) history(ctx context.Context, name, source, key string) ([]record.Known, error) {
	list, err := o.st.History(ctx, o.org.ID, name, key)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	return slices.DeleteFunc(list, func(k record.Known) bool { return k.Source != source }), err
}

// erasedSince tells of erasures after a size of the ledger: what they took cannot be tested again.
func (o *office) erasedSince(ctx context.Context, size int64) (string, error) {
	now, err := o.st.Size(ctx, o.org.ID)
	if err != nil {
		return "", err
	}
	list, err := o.st.System(ctx, o.org.ID, record.Erasures, now)
	if err != nil {
		return "", err
	}
	var keys []string
	for _, k := range list {
		if k.Index >= size {
			keys = append(keys, k.Key)
		}
	}
	if len(keys) == 0 {
		return "keep this folder as it is, and run assay verify", nil
	}
	return fmt.Sprintf("records were erased since (%s); where these were items, the population cannot be made again: freeze it anew under a new commitment", strings.Join(keys, ", ")), nil
}
