package sample

// Computed by other code: see TestGolden.
const (
	goldenPopulation = "a5781cbae52940656ffdb9fbcd1c7708457e2b61755c35e47e604ca9a553c600"
	goldenCommitment = "812243365e0d216c33897bf46bbe086f469dbee3008d10976017d05e7bdcf8c5"
	goldenSample     = "CHG-719 CHG-525 CHG-211 CHG-545 CHG-851"
)
