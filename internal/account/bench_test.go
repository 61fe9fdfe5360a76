package account_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/account"
	"github.com/assayhq/assay/internal/store/accounts"
)

// BenchmarkIdentify is what every request costs: from memory, and from the file.
func BenchmarkIdentify(b *testing.B) {
	ctx := b.Context()
	store, err := accounts.Open(ctx, filepath.Join(b.TempDir(), "a.db"), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	s, err := account.New(account.Options{Store: store, Journal: &journal{}, Kind: kindOf, Clock: time.Now, Random: &chance{}, Key: [32]byte{1}, Cost: account.Cost{Memory: 64, Time: 1, Threads: 1}})
	if err != nil {
		b.Fatal(err)
	}
	token, err := s.FirstRun(ctx)
	if err != nil {
		b.Fatal(err)
	}
	session, err := s.EnrolByPassword(ctx, account.Newcomer{Link: token, Name: "Ann", Email: "ann@example.com"}, good, here)
	if err != nil {
		b.Fatal(err)
	}
	v, err := s.Identify(ctx, session)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Identify(ctx, session); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("file", func(b *testing.B) {
		for b.Loop() {
			s.Forget(v.Visitor.Person)
			if _, err := s.Identify(ctx, session); err != nil {
				b.Fatal(err)
			}
		}
	})
}
