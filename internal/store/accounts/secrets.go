package accounts

import (
	"context"
	"database/sql"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/id"
)

// Password gives the hash of a person's password, or fault.NotFound.
func (s *Store) Password(ctx context.Context, person id.Person) (string, error) {
	var hash string
	err := s.read.QueryRowContext(ctx, "SELECT hash FROM passwords WHERE person = ?", person).Scan(&hash)
	return hash, missing(err)
}

// SetPassword keeps the hash of a new password.
func (s *Store) SetPassword(ctx context.Context, person id.Person, hash string, now time.Time) error {
	return setPassword(ctx, s.write, person, hash, now)
}

func setPassword(ctx context.Context, e execer, person id.Person, hash string, now time.Time) error {
	return exec(ctx, e, "INSERT INTO passwords (person, hash, changed) VALUES (?, ?, ?) ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, changed = excluded.changed",
		person, hash, micro(now))
}

// DropPassword leaves the person with what else they sign in with.
func (s *Store) DropPassword(ctx context.Context, person id.Person) error {
	return one(ctx, s.write, "DELETE FROM passwords WHERE person = ?", person)
}

// TOTP gives a person's second factor, or fault.NotFound.
func (s *Store) TOTP(ctx context.Context, person id.Person) (access.TOTP, error) {
	var t access.TOTP
	err := s.read.QueryRowContext(ctx, "SELECT sealed, step, since FROM totp WHERE person = ?", person).Scan(&t.Sealed, &t.Step, at{&t.Since})
	return t, missing(err)
}

// SetTOTP keeps a confirmed second factor in place of any before.
func (s *Store) SetTOTP(ctx context.Context, person id.Person, f access.TOTP) error {
	return exec(ctx, s.write, "INSERT INTO totp (person, sealed, step, since) VALUES (?, ?, ?, ?) ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, step = excluded.step, since = excluded.since",
		person, f.Sealed, f.Step, micro(f.Since))
}

// UseStep marks a step as used, and all before it. One that is used already is fault.NotFound, whoever was faster.
func (s *Store) UseStep(ctx context.Context, person id.Person, step int64) error {
	return one(ctx, s.write, "UPDATE totp SET step = ? WHERE person = ? AND step < ?", step, person, step)
}

// DropTOTP ends the second factor and its recovery codes.
func (s *Store) DropTOTP(ctx context.Context, person id.Person) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := one(ctx, t, "DELETE FROM totp WHERE person = ?", person); err != nil {
			return err
		}
		return exec(ctx, t, "DELETE FROM codes WHERE person = ?", person)
	})
}

// SetCodes keeps recovery codes in place of all before.
func (s *Store) SetCodes(ctx context.Context, person id.Person, hashes [][]byte, now time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := exec(ctx, t, "DELETE FROM codes WHERE person = ?", person); err != nil {
			return err
		}
		for _, h := range hashes {
			if err := exec(ctx, t, "INSERT INTO codes (person, hash, made) VALUES (?, ?, ?)", person, h, micro(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// UseCode uses a code up; one that is unknown or used is fault.NotFound.
func (s *Store) UseCode(ctx context.Context, person id.Person, hash []byte, now time.Time) error {
	return one(ctx, s.write, "UPDATE codes SET used = ? WHERE person = ? AND hash = ? AND used IS NULL", micro(now), person, hash)
}

// CodesLeft counts the unused codes.
func (s *Store) CodesLeft(ctx context.Context, person id.Person) (int, error) {
	var n int
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM codes WHERE person = ? AND used IS NULL", person).Scan(&n)
	return n, err
}

// Passkeys lists a person's passkeys, the oldest first.
func (s *Store) Passkeys(ctx context.Context, person id.Person) ([]access.Passkey, error) {
	return list(ctx, s.read, func(r scanner) (access.Passkey, error) {
		var k access.Passkey
		var transports string
		err := r.Scan(&k.ID, &k.Person, &k.Name, &k.PublicKey, &k.SignCount, &k.Flags, &transports, &k.AAGUID, at{&k.Created}, maybe{&k.Used})
		k.Transports = split[string](transports)
		return k, err
	}, "SELECT id, person, name, public_key, sign_count, flags, transports, aaguid, created, used FROM passkeys WHERE person = ? ORDER BY created, id", person)
}

// AddPasskey keeps a new passkey.
func (s *Store) AddPasskey(ctx context.Context, k access.Passkey) error {
	return addPasskey(ctx, s.write, k)
}

func addPasskey(ctx context.Context, e execer, k access.Passkey) error {
	if k.AAGUID == nil {
		k.AAGUID = []byte{}
	}
	err := exec(ctx, e, "INSERT INTO passkeys (id, person, name, public_key, sign_count, flags, transports, aaguid, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		k.ID, k.Person, k.Name, k.PublicKey, k.SignCount, k.Flags, joined(k.Transports), k.AAGUID, micro(k.Created))
	return taken(err, "this passkey is known already")
}

// UsePasskey keeps counter and flags after a sign-in, if the counter has not gone back meanwhile; else fault.NotFound.
func (s *Store) UsePasskey(ctx context.Context, k access.Passkey) error {
	return one(ctx, s.write, "UPDATE passkeys SET sign_count = ?, flags = ?, used = ? WHERE id = ? AND person = ? AND (sign_count < ? OR sign_count = 0 AND ? = 0)",
		k.SignCount, k.Flags, microOf(k.Used), k.ID, k.Person, k.SignCount, k.SignCount)
}

// DropPasskey forgets one of a person's passkeys.
func (s *Store) DropPasskey(ctx context.Context, person id.Person, key []byte) error {
	return one(ctx, s.write, "DELETE FROM passkeys WHERE id = ? AND person = ?", key, person)
}

// External finds who a provider's word stands for, or fault.NotFound.
func (s *Store) External(ctx context.Context, issuer, subject string) (id.Person, error) {
	var p id.Person
	err := s.read.QueryRowContext(ctx, "SELECT person FROM externals WHERE issuer = ? AND subject = ?", issuer, subject).Scan(&p)
	return p, missing(err)
}

// Externals lists who a person is at providers.
func (s *Store) Externals(ctx context.Context, person id.Person) ([]access.External, error) {
	return list(ctx, s.read, func(r scanner) (access.External, error) {
		var x access.External
		return x, r.Scan(&x.Issuer, &x.Subject, &x.Person, at{&x.Created})
	}, "SELECT issuer, subject, person, created FROM externals WHERE person = ? ORDER BY created", person)
}

// AddExternal links a person to a provider's word.
func (s *Store) AddExternal(ctx context.Context, x access.External) error {
	return addExternal(ctx, s.write, x)
}

func addExternal(ctx context.Context, e execer, x access.External) error {
	err := exec(ctx, e, "INSERT INTO externals (issuer, subject, person, created) VALUES (?, ?, ?, ?)", x.Issuer, x.Subject, x.Person, micro(x.Created))
	return taken(err, "this identity belongs to an account already")
}

// DropExternal forgets who a person is at a provider, or fault.NotFound.
func (s *Store) DropExternal(ctx context.Context, person id.Person, issuer, subject string) error {
	return one(ctx, s.write, "DELETE FROM externals WHERE person = ? AND issuer = ? AND subject = ?", person, issuer, subject)
}
