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
	have, want, err := versions(c)
	if err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	if have > want {
		return &fault.Error{
			Kind: fault.Refused, File: file,
			What: fmt.Sprintf("the database is of version %d, this program knows version %d", have, want),
			Hint: "use the newer program that made it; nothing was changed",
		}
	}
	for i := have; i < want; i++ {
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

// versions are that of the database and that which this program knows.
func versions(c *conn) (have, want int, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, 0, err
	}
	q, err := c.prepare("PRAGMA user_version")
	if err != nil {
		return 0, 0, err
	}
	err = q.rows(func() error { have = int(q.colInt(0)); return nil })
	return have, len(names), err
}
