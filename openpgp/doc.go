// Package openpgp verifies the OpenPGP signatures of Assist's answers (protocol
// §8), for [assist.WithVerifier]. It is a package of its own, so that the OpenPGP
// library it stands on reaches only the programs that verify signatures.
package openpgp
