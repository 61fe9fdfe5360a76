package sqlite

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/assayhq/assay/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings a database to the version of this program, one numbered step per
// transaction. There is no way back: an older program refuses a newer database.
func migrate(c *conn, file string) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	have := 0
	q, err := c.prepare("PRAGMA user_version")
	if err != nil {
		return err
	}
	if err := q.rows(func() error { have = int(q.colInt(0)); return nil }); err != nil {
		return err
	}
	if have > len(names) {
		return &fault.Error{
			Kind: fault.Refused, File: file,
			What: fmt.Sprintf("the database is of version %d, this program knows version %d", have, len(names)),
			Hint: "use the newer program that made it; nothing was changed",
		}
	}
	for i := have; i < len(names); i++ {
		script, err := migrations.ReadFile(names[i])
		if err != nil {
			return err
		}
		step := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT", script, i+1)
		if err := c.exec(step); err != nil {
			c.rollback()
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	return nil
}
