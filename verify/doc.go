// Package verify checks an Assay package offline. It shares no code with the program that wrote
// the package: everything here follows the written format, so that a mistake on one side is
// found by the other.
//
// The chain of what is believed because of what, from the outside in:
//
//	key -> signature of checkpoint -> root of the tree -> every record and the seal
//	seal -> manifest.json -> every other entry, byte for byte and by name
//
// Texts that are signed or hashed have one spelling. Whatever is parsed is compared with its own
// canonical form, so that no second spelling of the same content passes.
package verify
