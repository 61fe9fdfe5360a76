package program

import (
	"net/http"

	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/web/shell"
)

// term explained: a heading with its id, and paragraphs in our own words.
type explanation struct {
	ID, Title string
	Text      []string
	Steps     []string // a list after the text
}

var explanations = []explanation{
	{"type-2", phrase.Mark("What a Type 2 is"), []string{
		phrase.Mark("A Type 1 says that controls were suitably designed and in place on one day. A Type 2 says that they operated over a period, usually six to twelve months, and shows how that was tested and what was found."),
		phrase.Mark("Nobody can make up for a period afterwards. A review that was not done in March stays not done, and what a Type 2 needs most is records that were made at the time."),
		phrase.Mark("A SOC report is the opinion of an independent auditor on management's description and controls. It is not a certificate, and nobody passes or fails: an opinion may be unqualified, qualified, adverse or disclaimed.")}, nil},
	{"reports", phrase.Mark("SOC 1, SOC 2 and SOC 3"), []string{
		phrase.Mark("SOC 1 is about controls that matter to the financial statements of your customers; their auditors read it. SOC 2 is about security and up to four further categories; customers' security people read it. SOC 3 is its short form that anybody may read."),
		phrase.Mark("ISAE 3402 is the international standard beside SOC 1. ISO/IEC 27001 is something else: a certificate for a management system.")}, nil},
	{"reading", phrase.Mark("How to read a report"), nil, []string{
		phrase.Mark("Opinion first: whose, on which system, for which days, and whether anything in it is qualified."),
		phrase.Mark("Then the scope: is the service that you use in it, and are the categories those that you need?"),
		phrase.Mark("Subservice organizations: what was carved out was not looked at. Ask for their reports."),
		phrase.Mark("Complementary user entity controls: what the report takes for granted that you do. Where you do not, its conclusions do not hold for you."),
		phrase.Mark("Tests and results: read each exception with management's answer, and ask whether another control makes up for it."),
		phrase.Mark("The days: a report that ended eight months ago says nothing about the eight months since. A bridge letter is management's word for the time between, and no auditor's.")}},
	{"four-levels", phrase.Mark("Deviation, exception, deficiency, qualification"), []string{
		phrase.Mark("Four levels, and nothing goes up a level by itself.")}, []string{
		phrase.Mark("A deviation is a fact about one item: this change has no approval. A test finds it."),
		phrase.Mark("An exception is what the auditor concludes to report: deviations that are not explained away. It stands in the report with management's answer."),
		phrase.Mark("A deficiency is a judgement about a control: it is not designed or does not operate well enough to do its part."),
		phrase.Mark("A qualification is part of the opinion: because of deficiencies, a criterion or an objective was not met.")}},
	{"completeness", phrase.Mark("Completeness"), []string{
		phrase.Mark("A test of all items proves nothing if items are missing from the list. So before a test counts, its population is shown to be whole: by counting it another way, by numbers that run without gaps, by totals that the source states itself."),
		phrase.Mark("Where nothing shows it, a figure keeps the words “not shown” wherever it stands. Zero findings in a population that may be half there are no result."),
		phrase.Mark("A population may be empty. That is told as such, and needs to be shown too: no terminations in a quarter is a statement that somebody has to prove.")}, nil},
	{"ledger", phrase.Mark("The ledger, and what is not anchored yet"), []string{
		phrase.Mark("Every record is sealed into a ledger: a tree of hashes in which nothing can be changed, taken out or put in before the end without every later checkpoint showing it."),
		phrase.Mark("A checkpoint binds us only once somebody outside holds it: a time stamp authority, a witness, your auditor. Until then, who runs this installation could replace its newest end. That end is the window that is not anchored, and pages show how long it is."),
		phrase.Mark("The ledger cannot know whether what was entered was true. It shows when we got it, and that it has not been changed since.")}, nil},
	{"cuecs", phrase.Mark("Complementary user entity controls"), []string{
		phrase.Mark("What the users of a service must do, or a criterion is not met by the service alone: take away the access of people who leave, review who may do what, keep keys to themselves."),
		phrase.Mark("Each is bound to the criterion that rests on it, and told to users. Good advice on which no criterion rests is not one of them: a long list reads like an excuse.")}, nil},
	{"subservice", phrase.Mark("Carve-out or inclusive"), []string{
		phrase.Mark("A subservice organization is a vendor whose controls are needed for a criterion to be met, such as the cloud that guards the servers."),
		phrase.Mark("Carved out, its controls stay outside of the report: the description names what it does, what is assumed of it, and how you watch it, usually by reading its own report. Included, its part is described and examined with yours, and it signs an assertion of its own. Most reports carve out.")}, nil},
	{"states", phrase.Mark("The states of a control"), nil, []string{
		phrase.Mark("Draft: written, and not in force yet."),
		phrase.Mark("Designed: in force on paper, and nobody has said that it is done."),
		phrase.Mark("Implemented: done since a day. A Type 1 asks for this; a walkthrough of one instance shows it."),
		phrase.Mark("Operating: records show it acting. Only this counts for a Type 2."),
		phrase.Mark("Retired: its last day is over. It stays in the report for the days on which it was in force.")}},
	{"two-people", phrase.Mark("Why a second person approves"), []string{
		phrase.Mark("Whoever may change what a control says could make it say what is easy. So a change of a statement, a test or the scope is prepared by one person and approved by another, and the ledger keeps both names, the reason, and the text before and after."),
		phrase.Mark("What is in force is not rewritten. A change makes a new version from a day on, and each day is tested by the version that was in force then.")}, nil},
}

func (p *Pages) explained(w http.ResponseWriter, r *http.Request) error {
	return shell.Page(w, r, http.StatusOK, explainedPage(explanations))
}
