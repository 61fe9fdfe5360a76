package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/assayhq/assay/internal/pgtest"
)

func TestStartGivesEachTestAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	first, second := pgtest.Start(t), pgtest.Start(t)
	if first == second {
		t.Fatalf("Start twice = %q both times, want two databases", first)
	}
	ctx := context.Background()
	for _, dsn := range []string{first, second} {
		c, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(ctx, "CREATE TABLE here (a int)"); err != nil {
			t.Errorf("CREATE TABLE in %s: %v", dsn, err)
		}
		var version int
		if err := c.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil || version < 150000 {
			t.Errorf("server_version_num = %d, %v, want at least 150000", version, err)
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}
