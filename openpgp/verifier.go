package openpgp

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/internal/wire"
)

// NewVerifier makes an [assist.Verifier] of OpenPGP signatures from Assist's
// public keys: one key or several, binary or armored, as many armored blocks as
// there are. The signer's key is whichever of them made the signature, so a new
// key is brought in by giving both for a while, and the old one taken out later.
// A key that can't be read, can't sign, is revoked or is a private one is refused
// with an [*assist.ValidationError], and so is one weaker than DSA of 1024 bits
// or RSA of 2048: nothing is left out silently.
//
// Assist signs with DSA of 1024 bits and SHA-1 (protocol §8), so these are
// admitted, although they are weak by today's measure. Nothing weaker is: no
// MD5, no RIPEMD-160. A SHA-1 signature holds against somebody who changes an
// answer, and not against somebody who can choose what Assist signs. A program
// that runs with GODEBUG=fips140=only may use neither, and is refused with an
// [*assist.ValidationError] too.
//
// The verifier wants a signature in every answer to a cancel and of the order
// services. It is believed when it is valid, of a key that was neither expired
// nor revoked at that moment, and its text is one of the five layouts of
// protocol §8, built from the answer's own fields as they were sent. A valid
// signature over another text is a forgery.
//
// What a signature does not cover:
//
//   - The short layout covers order number, amount, currency, state and packet
//     date: no operation, no response code. A change of them goes unseen.
//   - The nine fields cover one operation: billnumber, code, amount and
//     currency, but not its state or type. Of several operations the others are
//     not covered, and it isn't known which one Assist signs; any of them is
//     taken.
//   - A refusal without an order (codes or a fault) carries no signature at all,
//     and is believed without one.
//   - A whole answer of yesterday is as valid as one of today.
//   - Rows of [assist.Client.ResultsByDate] carry none (protocol §5), so they pass
//     by; a signature that is there must be right.
//
// So a signature stands beside TLS and not in its place. The verifier is safe
// for concurrent use; the keys are parsed and checked once.
func NewVerifier(binaryOrArmoredPublicKeys []byte) (assist.Verifier, error) {
	if err := allowed(); err != nil {
		return nil, &assist.ValidationError{Field: "GODEBUG", Reason: "fips140=only forbids the DSA and SHA-1 that Assist signs with: " +
			"take the verifier away, or run without it", Err: err}
	}
	keys, err := readKeys(binaryOrArmoredPublicKeys)
	if err != nil {
		return nil, &assist.ValidationError{Field: "PublicKeys", Reason: "must be OpenPGP public keys, binary or armored, that can sign", Err: err}
	}
	return &verifier{keys: keys}, nil
}

// allowed asks for SHA-1, which every OpenPGP key of Assist's kind needs for its
// fingerprint. Under GODEBUG=fips140=only the hash answers with an error; DSA
// and the sums of a whole text panic, so they are never begun.
func allowed() error {
	_, err := sha1.New().Write(nil)
	return err
}

// verifier keeps each key by itself: of two copies of a key, an old one and one
// with a longer life, the library would look at the first only. Nothing is
// written to a key after [settle].
type verifier struct{ keys []pgp.EntityList }

// Limits of a message. The longest that Assist can make is below 2 KiB: an order
// number has 128 characters.
const (
	maxSignature = 16 << 10 // as base64
	maxKeys      = 1 << 20
)

// Verify holds the signature of an answer against its texts.
func (v *verifier) Verify(a assist.SignedAnswer) error {
	text := strings.TrimSpace(a.Signature)
	switch {
	case text == "" && a.Service == wire.ResultByDate.String():
		return nil
	case text == "":
		return &assist.SignatureError{Reason: assist.SignatureMissing}
	}
	// A program may switch the rules of FIPS 140 off for the making of a verifier
	// alone.
	if err := allowed(); err != nil {
		return &assist.SignatureError{Reason: assist.VerifierRefused, Err: err}
	}
	message, err := messageOf(text)
	if err != nil {
		return &assist.SignatureError{Reason: assist.SignatureUnreadable, Err: err}
	}
	signed, err := v.open(message)
	if err != nil {
		return err
	}
	for text := range a.SignedTexts() {
		if signed == text {
			return nil
		}
	}
	return &assist.SignatureError{Reason: assist.SignatureOtherText}
}

// messageOf takes the message out of its base64, in which line breaks and
// spaces may stand anywhere.
func messageOf(text string) ([]byte, error) {
	if len(text) > maxSignature {
		return nil, errors.New("too large")
	}
	packed := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return r
	}, text)
	message, err := base64.StdEncoding.Strict().DecodeString(packed)
	if err != nil {
		// The decoder's own error tells only a position.
		return nil, err
	}
	return message, checkPackets(message)
}

// The packets of an Assist signature, by their OpenPGP tags.
const (
	tagOnePassSignature = 4
	tagLiteralData      = 11
	tagSignature        = 2
)

// checkPackets wants one-pass signature, literal data, signature, and the end.
// The library would open compressed data, try to decrypt, and pass over packets
// that it doesn't know; none of this can come from Assist.
func checkPackets(message []byte) error {
	reader := packet.NewOpaqueReader(bytes.NewReader(message))
	for _, want := range []uint8{tagOnePassSignature, tagLiteralData, tagSignature} {
		p, err := reader.Next()
		switch {
		case err != nil:
			return fmt.Errorf("cut short or no OpenPGP packets: %w", err)
		case p.Tag != want:
			return fmt.Errorf("an OpenPGP packet of kind %d instead of %d", p.Tag, want)
		}
	}
	if _, err := reader.Next(); err != io.EOF {
		return errors.New("something stands behind the message")
	}
	return nil
}

// open gives the text that one of the keys has signed.
func (v *verifier) open(message []byte) (string, error) {
	result := &assist.SignatureError{Reason: assist.SignatureUnknownKey}
	for _, key := range v.keys {
		signed, err := readSigned(message, key)
		if err == nil {
			return signed, nil
		}
		if !errors.Is(err, pgperrors.ErrUnknownIssuer) {
			result = &assist.SignatureError{Reason: assist.SignatureInvalid, Err: err}
		}
	}
	return "", result
}

// readSigned reads to the end first: the library has checked nothing before
// that.
func readSigned(message []byte, ring pgp.EntityList) (string, error) {
	md, err := pgp.ReadMessage(bytes.NewReader(message), ring, nil, assistCryptography)
	if err != nil {
		return "", err
	}
	signed, err := io.ReadAll(md.UnverifiedBody)
	switch {
	case err != nil:
		return "", err
	case md.SignatureError != nil:
		return "", md.SignatureError
	case !md.IsSigned || md.IsEncrypted || !md.IsVerified || md.Signature == nil || md.SignedBy == nil:
		return "", errors.New("not verified")
	case md.Signature.SigType != packet.SigTypeBinary:
		return "", errors.New("not a signature of a binary document")
	}
	if life := md.Signature.SigLifetimeSecs; life != nil && *life != 0 &&
		time.Now().After(md.Signature.CreationTime.Add(time.Duration(*life)*time.Second)) {
		return "", pgperrors.ErrSignatureExpired
	}
	return string(signed), nil
}

// assistCryptography admits what Assist signs with, and refuses all that is
// weaker. The maps replace the library's own, so they name all of theirs but
// DSA and SHA-1. Nothing writes to it.
var assistCryptography = &packet.Config{
	RejectPublicKeyAlgorithms:   map[packet.PublicKeyAlgorithm]bool{packet.PubKeyAlgoElGamal: true},
	RejectMessageHashAlgorithms: map[crypto.Hash]bool{crypto.MD5: true, crypto.RIPEMD160: true},
	RejectHashAlgorithms:        map[crypto.Hash]bool{crypto.MD5: true, crypto.RIPEMD160: true},
	// DSA keys of Assist's time often say nothing about what they are for.
	InsecureAllowAllKeyFlagsWhenMissing: true,
	// A zero time lets a signature be dated in our future: Assist's clock may
	// be ahead of ours, and a good answer must not become a doubt by that. Its
	// own end of life is checked in readSigned.
	Time: func() time.Time { return time.Time{} },
}
