// Package recount computes the example company's findings a second time: plain loops over its
// records, one short function for each test, without the rule language, without an engine and
// without a look at the story. What both agree on is the answer key.
//
// A function reads the control's pass rule, not the rule's code. It shares the keys of items and
// the letters of attributes with the library's test, and nothing else.
package recount
