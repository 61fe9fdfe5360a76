package ledger

import (
	"encoding/base64"
	"strconv"

	"github.com/assayhq/assay/internal/fault"
)

// parseCount reads a decimal without sign or leading zero.
func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fault.Refuse("%q is not a count", s)
	}
	return n, nil
}

// decodeBase64 accepts the one canonical spelling.
func decodeBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, fault.Refuse("%q is not canonical base64", s)
	}
	return b, nil
}

func canonicalBase64(s string) bool {
	_, err := decodeBase64(s)
	return err == nil
}
