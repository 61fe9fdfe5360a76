package app

import (
	"bytes"
	"context"
	"io"
	"iter"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	formatxlsx "github.com/assayhq/assay/internal/format/xlsx"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/render/xlsx"
)

// mostSheet bounds a workbook that comes back, in bytes.
const mostSheet = 64 << 20

// sheetFacts are what stands beside an item on a sheet.
var sheetFacts = []string{"Client's verdict", "Event", "Reason"}

// Sheet writes the work paper of a test as a workbook.
func (x *engaged) Sheet(ctx context.Context, engagement, control, test string, w io.Writer) error {
	s, err := x.sheet(ctx, engagement, control, test)
	if err != nil {
		return err
	}
	return xlsx.RenderPaper(w, s, xlsx.PaperOptions{Items: engage.ItemsSheet, About: engage.AboutSheet, Firm: x.o.org.Name, At: civil.InstantOf(x.in.app.Clock())})
}

func (x *engaged) sheet(ctx context.Context, engagement, control, test string) (engage.Sheet, error) {
	v, err := x.Control(ctx, engagement, control)
	if err != nil {
		return engage.Sheet{}, err
	}
	c, t, err := x.copyOf(ctx, engagement)
	if err != nil {
		return engage.Sheet{}, err
	}
	r, err := c.listed(ctx, t, test)
	if err != nil {
		return engage.Sheet{}, err
	}
	of := engage.SheetOf{Statement: v.Statement, Facts: sheetFacts, Of: func(item string) []string {
		i := itemView(r, item)
		return []string{i.Verdict, i.Event, i.Reason}
	}}
	for _, a := range r.Attributes {
		of.Attributes = append(of.Attributes, engage.SheetAttribute{ID: a.ID, Text: a.Text})
	}
	var s engage.Sheet
	err = x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		s, err = e.Sheet(control, test, of)
		return err
	})
	return s, err
}

// Fill reads a workbook that was filled in elsewhere against the paper as it stands now.
func (x *engaged) Fill(ctx context.Context, engagement, control, test string, r io.Reader) (engage.Filled, error) {
	raw, err := io.ReadAll(io.LimitReader(r, mostSheet+1))
	if err != nil {
		return engage.Filled{}, err
	}
	if len(raw) > mostSheet {
		return engage.Filled{}, fault.Refuse("the workbook is larger than %d MiB", mostSheet>>20)
	}
	rows := func(sheet string) iter.Seq2[register.Input, error] {
		return formatxlsx.Read(bytes.NewReader(raw), register.ReadOptions{File: "workbook", Sheet: sheet})
	}
	drawn, err := engage.ReadSheetDrawn(rows(engage.AboutSheet))
	if err != nil {
		return engage.Filled{}, err
	}
	s, err := x.sheet(ctx, engagement, control, test)
	if err != nil {
		return engage.Filled{}, err
	}
	list, err := s.SheetRows(rows(engage.ItemsSheet)) // all of it is read before the house is locked
	if err != nil {
		return engage.Filled{}, err
	}
	if s, err = x.sheet(ctx, engagement, control, test); err != nil {
		return engage.Filled{}, err
	}
	var out engage.Filled
	err = x.house.See(ctx, engagement, func(e *engage.Engagement) error {
		out, err = e.Fill(s, drawn, func(yield func(register.Input, error) bool) {
			for _, in := range list {
				if !yield(in, nil) {
					return
				}
			}
		})
		return err
	})
	return out, err
}
