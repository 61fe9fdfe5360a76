package example

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/assayhq/assay/internal/civil"
)

// client is a company whose payroll Harbourline runs.
type client struct {
	id, name string
	users    []string // whom its list of authorised users names
	begins   string   // when it was paid for the first time, where that is in the period or near it
}

// clients are paid every two weeks. The last twelve begin in the period, or just outside it.
var clients = clientBook()

var clientNames = []string{"Abbot Mill Bakery", "Alder & Finch Law", "Basin Street Dental", "Beacon Hill Movers", "Birch Lake School",
	"Blue Heron Kennels", "Cantor Roofing", "Cedar Falls Clinic", "Chandler Boatworks", "Cobalt Print Shop", "Corner Hardware",
	"Dunmore Orchards", "East Pier Fisheries", "Elmhurst Care Homes", "Fairway Greens", "Ferris Machine Works", "Gable Architects",
	"Granite State Tiles", "Hollis Veterinary", "Ironbound Fitness", "Juniper Day Nursery", "Kettle Point Brewing", "Laurel Gardens",
	"Maple Row Grocers", "Mercer Street Theatre", "Northfield Plumbing", "Old Quarry Stone", "Orchard Lane Optics", "Pemaquid Ferries",
	"Quincy Upholstery", "Red Barn Dairy", "Rook & Tower Books", "Saltbox Builders", "Sparrow Cleaning", "Stonebridge Hotels",
	"Tern Island Tours", "Union Square Deli", "Westerly Taxi", "Willow Creek Church", "Yarrow Pharmacy"}

// beginnings are the first live runs of the last clients, Fridays but for the first and last days of the period.
var beginnings = []string{"2025-06-30", "2025-07-01", "2025-08-15", "2025-09-05", "2025-09-26", "2025-10-17", "2025-11-14", "2026-01-09",
	"2026-02-20", "2026-04-03", "2026-06-30", "2026-07-01"}

func clientBook() []client {
	list := make([]client, len(clientNames))
	for i, name := range clientNames {
		host := strings.ToLower(strings.ReplaceAll(strings.Fields(name)[0]+strings.Fields(name)[1], "&", "and")) + ".example"
		list[i] = client{id: fmt.Sprintf("cl-%03d", 101+i), name: name}
		for k := range 3 {
			first, last := firstNames[(i*5+k*7)%len(firstNames)], lastNames[(i*3+k*11)%len(lastNames)]
			list[i].users = append(list[i].users, strings.ToLower(first+"."+last)+"@"+host)
		}
		if k := i - (len(list) - len(beginnings)); k >= 0 {
			list[i].begins = beginnings[k]
		}
	}
	return list
}

// mail is one of the addresses that the client registered.
func (x client) mail(rng *rand.Rand) string { return among(rng, x.users) }

// served reports whether the client was live on the day.
func (x client) served(d civil.Date) bool { return x.begins == "" || d >= day(x.begins) }

// clientOn draws a client that was live on the day.
func clientOn(rng *rand.Rand, d civil.Date) client {
	for {
		if x := among(rng, clients); x.served(d) {
			return x
		}
	}
}
