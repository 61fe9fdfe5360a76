package advise

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// Fee is one published figure: a claim of its source, in whole units of the currency.
type Fee struct {
	Report   string     `json:"report"`
	Country  string     `json:"country"`
	Currency string     `json:"currency"` // ISO 4217
	Low      int64      `json:"low"`
	High     int64      `json:"high"`
	Basis    string     `json:"basis"` // what the figure is of, such as an audit fee
	Source   string     `json:"source"`
	AsOf     civil.Date `json:"as_of"`
	Note     string     `json:"note,omitempty"`
}

// Cost is what a report costs in a country by the published figures. Low and High span all Figures, which stand
// beside it one by one where they differ; nothing is averaged.
type Cost struct {
	Report   string   `json:"report"`
	Country  string   `json:"country"`
	Currency string   `json:"currency"`
	Low      int64    `json:"low"`
	High     int64    `json:"high"`
	Basis    string   `json:"basis"`
	PricedAs string   `json:"priced_as,omitempty"` // the report whose figures these are, where none is published for this one
	Sources  []string `json:"sources"`
	Figures  []Fee    `json:"figures"`
}

// Unpriced is a report that no source prices for the country.
type Unpriced struct {
	Report  string `json:"report"`
	Country string `json:"country,omitempty"`
	Why     string `json:"why"`
}

func (b *Book) loadFees(fsys fs.FS) error {
	const file = "costs.yaml"
	var y struct {
		Costs []struct {
			Report   string     `yaml:"report"`
			Country  string     `yaml:"country"`
			Currency string     `yaml:"currency"`
			Low      string     `yaml:"low"`
			High     string     `yaml:"high"`
			Basis    string     `yaml:"basis"`
			Source   string     `yaml:"source"`
			AsOf     civil.Date `yaml:"as_of"`
			Note     string     `yaml:"note"`
		} `yaml:"costs"`
		Nearest map[string]string `yaml:"nearest"`
		Besides []string          `yaml:"besides"`
		Drivers []string          `yaml:"drivers"`
	}
	if err := decode(fsys, file, &y); err != nil {
		return err
	}
	for _, c := range y.Costs {
		low, err := ParseAmount(c.Low, c.Currency)
		if err != nil {
			return &fault.Error{Kind: fault.Refused, File: file, Field: c.Report, What: "low", Err: err}
		}
		high, err := ParseAmount(c.High, c.Currency)
		if err != nil {
			return &fault.Error{Kind: fault.Refused, File: file, Field: c.Report, What: "high", Err: err}
		}
		if low > high || !b.countries[c.Country] || len(c.Currency) != 3 || c.Basis == "" {
			return fault.At(file, 0, c.Report, "expected a country, a currency, a basis, and a low figure not above the high one")
		}
		if err := b.cited(file, c.Source); err != nil {
			return err
		}
		if slices.ContainsFunc(b.fees, func(f Fee) bool {
			return f.Report == c.Report && f.Country == c.Country && f.Currency != c.Currency
		}) {
			return fault.At(file, 0, c.Report, "figures for %s are in two currencies, which no range can span", c.Country)
		}
		b.fees = append(b.fees, Fee{c.Report, c.Country, c.Currency, low, high, c.Basis, c.Source, c.AsOf, c.Note})
	}
	b.nearest, b.besides, b.drivers = y.Nearest, y.Besides, y.Drivers
	return nil
}

// cost prices each report for each country of the answers; without countries, for each country that has figures.
func (b *Book) cost(a Answers, reports []Recommendation) (priced []Cost, not []Unpriced) {
	priced, not = []Cost{}, []Unpriced{}
	for _, r := range reports {
		countries := a.Countries
		if len(countries) == 0 {
			countries = b.pricedIn(b.priceOf(r.Report))
		}
		if why := unpriceable(r.Report); why != "" {
			not = append(not, Unpriced{r.Report, "", why})
			continue
		}
		for _, country := range countries {
			if c, ok := b.price(r.Report, country); ok {
				priced = append(priced, c)
				continue
			}
			not = append(not, Unpriced{r.Report, country, "no published figure at hand; ask two or three firms there"})
		}
	}
	return priced, not
}

func unpriceable(report string) string {
	switch report {
	case "soc3":
		return "no published figure at hand; it comes from the work of the SOC 2 Type 2, so ask for both in one offer"
	case "iso27001":
		return "no published figure at hand; ask accredited certification bodies, for three years at once"
	case "soc-cybersecurity":
		return "no published figure at hand, and outside this product"
	}
	return ""
}

func (b *Book) priceOf(report string) string {
	if n, ok := b.nearest[report]; ok {
		return n
	}
	return report
}

func (b *Book) pricedIn(report string) []string {
	var out []string
	for _, f := range b.fees {
		if f.Report == report && !slices.Contains(out, f.Country) {
			out = append(out, f.Country)
		}
	}
	return out
}

func (b *Book) price(report, country string) (Cost, bool) {
	as := b.priceOf(report)
	c := Cost{Report: report, Country: country}
	for _, f := range b.fees {
		if f.Report != as || f.Country != country {
			continue
		}
		if c.Figures == nil {
			c.Low, c.High, c.Currency, c.Basis = f.Low, f.High, f.Currency, f.Basis
		}
		c.Low, c.High = min(c.Low, f.Low), max(c.High, f.High)
		c.Figures = append(c.Figures, f)
		c.Sources = append(c.Sources, f.Source)
	}
	if as != report {
		c.PricedAs = as
		c.Basis += " of a " + Title(as) + ", the nearest that has a published figure"
	}
	return c, c.Figures != nil
}

// beyond lists what the fees leave out and what moves them, as far as the answers tell.
func (b *Book) beyond(a Answers, categories []string) []string {
	out := []string{"Not in these fees: " + strings.Join(b.besides, "; ") + "."}
	moves := slices.Clone(b.drivers)
	if len(categories) > 1 {
		moves = append(moves, "here: "+strings.Join(categories, ", "))
	}
	if a.Subservice == "inclusive" {
		moves = append(moves, "here: a provider examined with you, whose controls are tested too (subservice: inclusive)")
	}
	return append(out, "What moves them: "+strings.Join(moves, "; ")+".")
}
