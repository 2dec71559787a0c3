package openpgp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// readKeys gives each key by itself, ready for use by several goroutines.
func readKeys(text []byte) ([]pgp.EntityList, error) {
	if len(text) > maxKeys {
		return nil, errors.New("too large")
	}
	binary, err := dearmored(text)
	if err != nil {
		return nil, err
	}
	var keys []pgp.EntityList
	for packets := packet.NewReader(bytes.NewReader(binary)); ; {
		entity, err := pgp.ReadEntity(packets)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := settle(entity); err != nil {
			return nil, err
		}
		if err := checkKey(entity); err != nil {
			return nil, fmt.Errorf("key %s: %w", entity.PrimaryKey.KeyIdString(), err)
		}
		keys = append(keys, pgp.EntityList{entity})
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
		if block.Type != pgp.PublicKeyType {
			return nil, fmt.Errorf("a block of another kind than %s", pgp.PublicKeyType)
		}
		packets, err := io.ReadAll(block.Body)
		if err != nil {
			return nil, err
		}
		binary = append(binary, packets...)
	}
	return binary, nil
}

func checkKey(e *pgp.Entity) error {
	if e.PrivateKey != nil {
		return errors.New("is a private key, which has no business here")
	}
	// The zero time asks whether the key could sign ever: an expired one still
	// verifies what it signed in its time.
	key, ok := e.SigningKey(time.Time{}, assistCryptography)
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

// settle has the library verify every certificate of a key at once. The library
// does that when it first meets one, notes the result in the key, and lets it
// depend on the moment of the message at hand: neither safe for concurrent use
// nor right for another message. With the zero time the result depends on the
// certificate alone, and once all are noted nothing is written any more. The
// ends of life are asked about anew for each message, outside of what is noted.
func settle(e *pgp.Entity) error {
	config, always := assistCryptography, time.Time{}
	unsettled := 0
	// One at a time: the library stops at the first that is good enough.
	each := func(certificates *[]*packet.VerifiableSignature, verify func()) {
		all := *certificates
		for i := range all {
			*certificates = all[i : i+1]
			verify()
			if all[i].Valid == nil {
				unsettled++
			}
		}
		*certificates = all
	}
	each(&e.Revocations, func() { e.Revoked(always) })
	each(&e.DirectSignatures, func() { _, _ = e.LatestValidDirectSignature(always, config) })
	for _, identity := range e.Identities {
		each(&identity.SelfCertifications, func() { _, _ = identity.LatestValidSelfCertification(always, config) })
		each(&identity.Revocations, func() { identity.Revoked(nil, always, config) })
	}
	for i := range e.Subkeys {
		subkey := &e.Subkeys[i]
		each(&subkey.Bindings, func() { _, _ = subkey.LatestValidBindingSignature(always, config) })
		each(&subkey.Revocations, func() { subkey.Revoked(nil, always) })
	}
	if unsettled > 0 {
		// A later version of the library may work otherwise.
		return errors.New("has certificates that can't be checked")
	}
	return nil
}
