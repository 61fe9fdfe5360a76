package sqlite

import "context"

// Calendars are calendars that many sessions of tests share.
type Calendars = calendars

// NewCalendars keeps them in a folder.
func NewCalendars(dir string) *Calendars { return &calendars{dir: dir} }

// Lend gives a session of one connection a calendar that was laid out before.
func (c *calendars) Lend(ctx context.Context, s *Session) error { return c.lend(ctx, s) }
