package assist

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// NewSignatureVerifier makes a [Verifier] of OpenPGP signatures from Assist's
// public keys: one key or several (a rotation), binary or armored, as many
// armored blocks as there are. The signer's key is whichever of them made the
// signature. A key that can't be read, can't sign, is revoked or is a private
// one is refused with a [*ValidationError], and so is one weaker than DSA of
// 1024 bits or RSA of 2048: nothing is left out silently.
//
// Assist signs with DSA of 1024 bits and SHA-1 (protocol §8), so these are
// admitted, although they are weak by today's measure. Nothing weaker is: no
// MD5, no RIPEMD-160. A SHA-1 signature holds against somebody who changes an
// answer, and not against somebody who can choose what Assist signs.
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
//   - Rows of [Client.ResultsByDate] carry none (protocol §5), so they pass by; a
//     signature that is there must be right.
//
// So a signature stands beside TLS and not in its place.
func NewSignatureVerifier(binaryOrArmoredPublicKeys []byte) (Verifier, error) {
	keys, err := readKeys(binaryOrArmoredPublicKeys)
	if err != nil {
		return nil, &ValidationError{Field: "PublicKeys", Reason: "must be OpenPGP public keys, binary or armored, that can sign", Err: err}
	}
	return &signatureVerifier{keys: keys}, nil
}

// signatureVerifier keeps the keys as bytes: the library notes in a parsed key
// what it found out about its certificates at one moment, which is neither safe
// for concurrent use nor right for another moment.
type signatureVerifier struct{ keys [][]byte }

// Limits of a message. The longest that Assist can make is below 2 KiB: an order
// number has 128 characters.
const (
	maxSignature = 16 << 10 // as base64
	maxKeys      = 1 << 20
)

// Verify holds the signature of an answer against its texts.
func (v *signatureVerifier) Verify(a SignedAnswer) error {
	text := strings.TrimSpace(a.Signature)
	switch {
	case text == "" && a.Service == serviceResultByDate:
		return nil
	case text == "":
		return &SignatureError{Reason: SignatureMissing}
	}
	message, err := messageOf(text)
	if err != nil {
		return &SignatureError{Reason: SignatureUnreadable, Err: err}
	}
	signed, err := v.open(message)
	if err != nil {
		return err
	}
	if !a.isSignedText(signed) {
		return &SignatureError{Reason: SignatureOtherText}
	}
	return nil
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
			return fmt.Errorf("an OpenPGP packet of kind %d in the place of %d", p.Tag, want)
		}
	}
	if _, err := reader.Next(); err != io.EOF {
		return errors.New("something stands behind the message")
	}
	return nil
}

// open gives the text that one of the keys has signed.
func (v *signatureVerifier) open(message []byte) (string, error) {
	result := &SignatureError{Reason: SignatureUnknownKey}
	for _, key := range v.keys {
		// One key at a time: of two copies of a key, an old one and one with a
		// longer life, the library would look at the first only.
		ring, err := openpgp.ReadKeyRing(bytes.NewReader(key))
		if err != nil {
			return "", &SignatureError{Reason: SignatureInvalid, Err: err}
		}
		signed, err := readSigned(message, ring)
		if err == nil {
			return signed, nil
		}
		if !errors.Is(err, pgperrors.ErrUnknownIssuer) {
			result = &SignatureError{Reason: SignatureInvalid, Err: err}
		}
	}
	return "", result
}

// readSigned reads to the end first: only then the library has checked
// anything.
func readSigned(message []byte, ring openpgp.EntityList) (string, error) {
	md, err := openpgp.ReadMessage(bytes.NewReader(message), ring, nil, assistCryptography())
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
// DSA and SHA-1.
func assistCryptography() *packet.Config {
	return &packet.Config{
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
}

// readKeys gives each key by itself, as bytes.
func readKeys(text []byte) ([][]byte, error) {
	if len(text) > maxKeys {
		return nil, errors.New("too large")
	}
	binary, err := dearmored(text)
	if err != nil {
		return nil, err
	}
	var keys [][]byte
	for packets := packet.NewReader(bytes.NewReader(binary)); ; {
		entity, err := openpgp.ReadEntity(packets)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := checkKey(entity); err != nil {
			return nil, fmt.Errorf("key %s: %w", entity.PrimaryKey.KeyIdString(), err)
		}
		var key bytes.Buffer
		if err := entity.Serialize(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key.Bytes())
	}
	if len(keys) == 0 {
		return nil, errors.New("no key")
	}
	return keys, nil
}

const armorStart = "-----BEGIN PGP"

// dearmored takes the packets out of all armored blocks. A text without any is
// binary already.
func dearmored(text []byte) ([]byte, error) {
	start := bytes.Index(text, []byte(armorStart))
	if start < 0 {
		return text, nil
	}
	var binary []byte
	for start >= 0 {
		text = text[start:]
		end := len(text)
		start = bytes.Index(text[1:], []byte(armorStart))
		if start >= 0 {
			start++
			end = start
		}
		block, err := armor.Decode(bytes.NewReader(text[:end]))
		if err != nil {
			return nil, err
		}
		if block.Type != openpgp.PublicKeyType {
			return nil, fmt.Errorf("a block of another kind than %s", openpgp.PublicKeyType)
		}
		packets, err := io.ReadAll(block.Body)
		if err != nil {
			return nil, err
		}
		binary = append(binary, packets...)
	}
	return binary, nil
}

func checkKey(e *openpgp.Entity) error {
	if e.PrivateKey != nil {
		return errors.New("is a private key, which has no business here")
	}
	// The zero time asks whether the key could sign ever: an expired one still
	// verifies what it signed in its time.
	key, ok := e.SigningKey(time.Time{}, assistCryptography())
	if !ok {
		return errors.New("can't sign, is revoked, or is too weak")
	}
	if isWeakDSA(e.PrimaryKey) || isWeakDSA(key.PublicKey) {
		return errors.New("is DSA of fewer than 1024 bits")
	}
	return nil
}

// isWeakDSA tells what the library doesn't: it has a least length for RSA only.
func isWeakDSA(key *packet.PublicKey) bool {
	if key.PubKeyAlgo != packet.PubKeyAlgoDSA {
		return false
	}
	bits, err := key.BitLength()
	return err != nil || bits < 1024
}
