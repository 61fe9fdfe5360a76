package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

type reportCmd struct {
	Kind   string `help:"Kind of report, if not the organization's." placeholder:"KIND"`
	Format string `help:"html, pdf, docx, json, xlsx (populations and exceptions), or oscal: oscal-results, oscal-plan, oscal-poam, oscal-ssp or oscal-component." default:"html" enum:"html,pdf,docx,json,xlsx,oscal,oscal-results,oscal-plan,oscal-poam,oscal-ssp,oscal-component"`
	Out    string `help:"File to write." required:"" type:"path" placeholder:"FILE"`
	Copy   string `help:"Whose copy it is; printed on each page." placeholder:"NAME"`
	Fonts  string `help:"PDF: folder with fonts for scripts that the built-in ones lack, such as Chinese." type:"path" placeholder:"DIR"`
	Paper  string `help:"PDF and DOCX: a4 or letter." default:"a4" enum:"a4,letter"`
}

func (c *reportCmd) Run(r *run) error {
	d := Document{Kind: c.Kind, Format: c.Format, Copy: c.Copy, Fonts: c.Fonts, Paper: c.Paper}
	return r.drafts(c.Out, d, "Wrote a DRAFT to %s. It holds no opinion: that is the auditor's.", func(o Office, w io.Writer) ([]string, error) { return o.Report(r.ctx, d, w) })
}

// drafts writes a document that is a draft to a file, and says so.
func (r *run) drafts(file string, d Document, said string, write func(o Office, w io.Writer) (warnings []string, err error)) error {
	return r.enter(Read, func(o Office) error {
		var warnings []string
		err := o.Create(file, func(w io.Writer) (err error) {
			warnings, err = write(o, w)
			return err
		})
		if err != nil {
			return err
		}
		r.warn(warnings)
		if r.g.JSON {
			return r.print(map[string]any{"file": file, "format": d.Format, "status": "draft", "warnings": full(warnings)})
		}
		r.say(said, file)
		return nil
	})
}

type bridgeCmd struct {
	Report      string `help:"The last report, such as 'SOC 2 Type 2 report'." required:"" placeholder:"TITLE"`
	From        string `help:"First day of its period; none where it was as of a date." placeholder:"DATE"`
	To          string `help:"Its last day." required:"" placeholder:"DATE"`
	Until       string `help:"Last day that the letter speaks of." required:"" placeholder:"DATE"`
	NoChanges   bool   `help:"Nothing material changed in that time."`
	NoIncidents bool   `help:"No incident of that time is to be told."`
	Override    string `help:"Why the letter reaches further than three months." placeholder:"REASON"`
	Format      string `help:"html, pdf, docx or json." default:"docx" enum:"html,pdf,docx,json"`
	Out         string `help:"File to write." required:"" type:"path" placeholder:"FILE"`
	Fonts       string `help:"PDF: folder with fonts for scripts that the built-in ones lack, such as Chinese." type:"path" placeholder:"DIR"`
	Paper       string `help:"PDF and DOCX: a4 or letter." default:"a4" enum:"a4,letter"`
}

func (c *bridgeCmd) Run(r *run) error {
	x := Bridging{Report: c.Report, NoChanges: c.NoChanges, NoIncidents: c.NoIncidents, Override: c.Override}
	from, to, err := dates(c.From, c.To)
	if err != nil {
		return err
	}
	until, err := date("--until", c.Until)
	if err != nil {
		return err
	}
	if to == nil || until == nil {
		return &fault.Error{Kind: fault.Refused, Field: "--to", What: "the last day of the report and that of the letter are not both given", Hint: "say --to and --until"}
	}
	x.From, x.To, x.Until = from, *to, *until
	d := Document{Format: c.Format, Fonts: c.Fonts, Paper: c.Paper}
	return r.drafts(c.Out, d, "Wrote a DRAFT of the bridge letter to %s. It is management's word: an officer completes and signs it, never the auditor.",
		func(o Office, w io.Writer) ([]string, error) { return o.Bridge(r.ctx, x, d, w) })
}

type packageCmd struct {
	Out string `help:"File to write." required:"" type:"path" placeholder:"FILE.zip"`
}

func (c *packageCmd) Run(r *run) error {
	return r.enter(Write, func(o Office) error {
		p := r.progress("packing")
		sealed, err := o.Package(r.ctx, c.Out, p.steps)
		p.done()
		if err != nil {
			return err
		}
		r.warn(sealed.Warnings)
		if r.g.JSON {
			return r.print(sealed)
		}
		r.say("Sealed %s into %s.", plural(sealed.Records, "record"), sealed.File)
		r.say("Checkpoint %d %s", sealed.Seal.Size, sealed.Seal.Root)
		r.say("%s", sealed.Window)
		r.say("Verify it with: assay-verify %s --key %q", sealed.File, sealed.Key)
		return nil
	})
}

type verifyCmd struct{}

func (c *verifyCmd) Run(r *run) error {
	return r.enter(Inspect, func(o Office) error {
		p := r.progress("verifying")
		v, err := o.Verify(r.ctx, p.rows64)
		p.done()
		if err != nil {
			return err
		}
		if r.g.JSON {
			if err := r.print(v); err != nil {
				return err
			}
		} else {
			for _, f := range v.Faults {
				r.say("FAULT  %s: %s", orDash(f.Record), f.What)
			}
			r.say("Checked %s, root %s.", plural(v.Size, "record"), v.Root)
			r.say("%d of them are covered by the checkpoint kept outside the database.", v.Kept)
			r.say("%s", v.Window)
			for _, n := range v.Notes {
				r.say("note: %s", n)
			}
		}
		if n := int64(len(v.Faults)) + v.Omitted; n > 0 {
			return &fault.Error{Kind: fault.Integrity, What: plural(n, "fault") + " found: what is stored is not what was sealed",
				Hint: "keep this folder as it is, and compare it with a backup and with the checkpoints that others hold"}
		}
		return nil
	})
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type serveCmd struct {
	Listen     string   `help:"Address to listen on." default:"127.0.0.1:8417" placeholder:"ADDR"`
	URL        string   `name:"url" help:"Address under which browsers reach it, where a proxy stands before it." env:"ASSAY_URL" placeholder:"https://HOST"`
	Proxies    []string `name:"trusted-proxy" help:"Network of proxies whose X-Forwarded-For is believed." env:"ASSAY_TRUSTED_PROXIES" placeholder:"CIDR"`
	Issuer     string   `name:"oidc-issuer" help:"OpenID Connect: the provider people may sign in with." env:"ASSAY_OIDC_ISSUER" placeholder:"URL"`
	ClientID   string   `name:"oidc-client" help:"OpenID Connect: the client's id." env:"ASSAY_OIDC_CLIENT" placeholder:"ID"`
	SecretFile string   `name:"oidc-secret-file" help:"OpenID Connect: a file with the client's secret." env:"ASSAY_OIDC_SECRET_FILE" placeholder:"FILE"`
	Domains    []string `name:"oidc-domain" help:"OpenID Connect: a domain of addresses that the provider vouches for." env:"ASSAY_OIDC_DOMAINS" placeholder:"DOMAIN"`
	Allow      []string `name:"allow-outbound" help:"Network inside the house that web hooks may reach; public addresses are reached by https alone." env:"ASSAY_ALLOW_OUTBOUND" placeholder:"CIDR"`
	SMTP       string   `name:"smtp" help:"Server that sends e-mail: smtp://user:password@host:587?from=assay@example.com." env:"ASSAY_SMTP" placeholder:"URL"`
}

func (c *serveCmd) Run(r *run) error {
	s := Serving{Listen: c.Listen, URL: c.URL, SMTP: c.SMTP, Proxies: c.Proxies, Allow: c.Allow, OIDC: OIDC{Issuer: c.Issuer, ClientID: c.ClientID, Domains: c.Domains}}
	if c.SecretFile != "" {
		b, err := r.h.ReadFile(c.SecretFile)
		if err != nil {
			return err
		}
		s.OIDC.Secret = strings.TrimSpace(string(b))
	}
	return r.h.Serve(r.ctx, r.g.Data, s, func(x Served) {
		r.say("Serving on %s (stop with Ctrl-C)", x.URL)
		if x.FirstRun != "" {
			r.say("Nobody has an account yet. This link makes the first one; it works once, for a day:\n%s", x.FirstRun)
		}
	})
}

type recoverCmd struct {
	Email string `arg:"" help:"The person's address."`
	URL   string `name:"url" help:"Address under which browsers reach the application." default:"http://127.0.0.1:8417" env:"ASSAY_URL" placeholder:"https://HOST"`
}

// Run prints the link. Whoever holds it becomes that person.
func (c *recoverCmd) Run(r *run) error {
	path, err := r.h.Recover(r.ctx, r.g.Data, c.Email)
	if err != nil {
		return err
	}
	link := strings.TrimSuffix(c.URL, "/") + path
	if r.g.JSON {
		return r.print(map[string]string{"link": link})
	}
	r.say("Hand this link to %s and to nobody else: it works once, for an hour, and ends all of their sessions and tokens.\n%s", c.Email, link)
	return nil
}

type demoCmd struct {
	NoServe bool   `help:"Print and stop; do not serve the pages."`
	Listen  string `help:"Address to listen on." default:"127.0.0.1:8417" placeholder:"ADDR"`
}

func (c *demoCmd) Run(r *run) (err error) {
	p := r.progress("")
	d, err := r.h.Demo(r.ctx, p.steps)
	p.done()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if r.g.JSON {
		if err := r.print(map[string]any{"results": d.Results, "report": d.Reports[0], "reports": d.Reports, "package": d.Package, "data": d.Data}); err != nil {
			return err
		}
	} else {
		r.summary(d.Results, false)
		fmt.Fprintf(r.s.Out, "\nThe company's data folder, for --data: %s\n", d.Data)
		fmt.Fprintf(r.s.Out, "\nDRAFT report in three formats, and the sealed package:\n%s\n%s\n", strings.Join(d.Reports, "\n"), d.Package)
	}
	if c.NoServe {
		return nil
	}
	return d.Serve(r.ctx, Serving{Listen: c.Listen, Demo: true}, func(x Served) { fmt.Fprintf(r.s.Err, "Serving on %s (stop with Ctrl-C)\n", x.URL) })
}
