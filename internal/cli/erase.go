package cli

import (
	"fmt"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// Erased is what an erasure answers.
type Erased struct {
	Receipt  record.Receipt
	Files    []KeptFile // that hold, or may hold, what was erased
	Warnings []string   // where something of it stays
}

// KeptFile is a file that a pull kept; without a pull it is one that somebody named by its hash.
type KeptFile struct {
	Pull   id.Pull `json:"pull"`
	File   string  `json:"file"` // as the operator named it
	SHA256 string  `json:"sha256"`
	Erased bool    `json:"erased"`
}

func (f KeptFile) String() string {
	if f.Pull == "" {
		return f.SHA256
	}
	return fmt.Sprintf("%s (%s, SHA-256 %s)", f.File, f.Pull, f.SHA256)
}

type eraseCmd struct {
	Register  string   `arg:"" optional:"" help:"The register."`
	Key       string   `arg:"" optional:"" help:"The record's key: every version of it is erased, and with it the files kept by pulls that brought or may repeat it."`
	Reason    string   `help:"Why." required:""`
	Authority string   `help:"Who decided, and on what ground." required:""`
	Blob      []string `help:"Files to erase, by SHA-256; without a record only these." placeholder:"HASH"`
	KeepFiles bool     `help:"Leave the kept files, although they hold the record too: it then still leaves the house in every package."`
}

// Run erases a record.
func (c *eraseCmd) Run(r *run) error {
	switch {
	case c.Key == "" && c.Register != "":
		return fault.Refuse("expected REGISTER KEY: the key of the record in %s that is to be erased", c.Register)
	case c.Register == "" && len(c.Blob) == 0:
		return fault.Refuse("expected REGISTER KEY, or --blob HASH for files alone")
	}
	return r.enter(Write, func(o Office) error {
		got, err := o.Erase(r.ctx, record.Erasure{Register: c.Register, Key: c.Key, Reason: c.Reason, Authority: c.Authority, Blobs: c.Blob, KeepFiles: c.KeepFiles})
		if err != nil {
			return err
		}
		r.warn(got.Warnings)
		for _, f := range got.Files {
			if !f.Erased {
				r.warn([]string{fmt.Sprintf("the kept file %s still holds the record, and leaves the house in every package; assay erase --blob %s erases it", f, f.SHA256)})
			}
		}
		if r.g.JSON {
			return r.print(map[string]any{"register": c.Register, "key": c.Key, "checkpoint": got.Receipt.Checkpoint, "files": got.Files})
		}
		if c.Register != "" {
			r.say("Erased %s/%s. Its leaf and every proof stand; what it said is gone for good.", c.Register, c.Key)
		}
		gone := int64(0)
		for _, f := range got.Files {
			if f.Erased {
				gone++
				r.say("Erased the kept file %s.", f)
			}
		}
		if gone > 0 {
			r.say("The other records that came in a file erased stay as they are. Packages leave the file out and say so.")
		}
		return nil
	})
}
