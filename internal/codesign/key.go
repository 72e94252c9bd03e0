package codesign

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"aead.dev/minisign"
)

// A KeyID tells keys apart. It is no secret and no proof: anyone can make a key with the id of another.
type KeyID uint64

// String returns 16 hexadecimal digits, as minisign prints them.
func (id KeyID) String() string { return fmt.Sprintf("%016X", uint64(id)) }

// MarshalText returns what String does.
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText returns.
func (id *KeyID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseKeyID(string(text))
	return err
}

// ParseKeyID reads what String returns.
func ParseKeyID(s string) (KeyID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 8 {
		return 0, errors.New("a key id has 16 hexadecimal digits")
	}
	return KeyID(binary.BigEndian.Uint64(b)), nil
}

// A PublicKey verifies signatures. The zero PublicKey verifies none.
type PublicKey struct {
	id  KeyID
	key [ed25519.PublicKeySize]byte
}

// ID returns the id of the key.
func (p PublicKey) ID() KeyID { return p.id }

// String returns the key as minisign's -P option takes it, in 56 characters.
func (p PublicKey) String() string {
	b := binary.LittleEndian.AppendUint64([]byte("Ed"), uint64(p.id))
	return base64.StdEncoding.EncodeToString(append(b, p.key[:]...))
}

// File returns the content of minisign's public key file.
func (p PublicKey) File() []byte {
	return []byte("untrusted comment: minisign public key " + p.id.String() + "\n" + p.String() + "\n")
}

// ParsePublicKey reads what String or File return, or what minisign writes.
func ParsePublicKey(s string) (PublicKey, error) {
	s = strings.TrimSpace(s)
	if comment, key, found := strings.Cut(s, "\n"); found && strings.HasPrefix(comment, "untrusted comment:") {
		s = strings.TrimSpace(key)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != 2+8+ed25519.PublicKeySize || string(b[:2]) != "Ed" {
		return PublicKey{}, errors.New("not a public key of minisign: 56 characters that begin with RW")
	}
	p := PublicKey{id: KeyID(binary.LittleEndian.Uint64(b[2:]))}
	copy(p.key[:], b[10:])
	return p, nil
}

func (p PublicKey) verify(message []byte, signature *[ed25519.SignatureSize]byte) bool {
	return ed25519.Verify(p.key[:], message, signature[:])
}

// A PrivateKey signs.
type PrivateKey struct {
	public PublicKey
	key    ed25519.PrivateKey
	file   minisign.PrivateKey
}

// GenerateKey makes a key.
func GenerateKey() (PrivateKey, error) {
	_, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		return PrivateKey{}, err
	}
	return fromMinisign(key)
}

func fromMinisign(file minisign.PrivateKey) (PrivateKey, error) {
	public, err := ParsePublicKey(file.Public().(minisign.PublicKey).String())
	if err != nil {
		return PrivateKey{}, err
	}
	text, err := file.MarshalText()
	if err != nil {
		return PrivateKey{}, err
	}
	_, encoded, _ := strings.Cut(string(text), "\n")
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || len(b) != 158 { // algorithms, salt and limits, key id, key, checksum
		return PrivateKey{}, errors.New("not a private key of minisign")
	}
	return PrivateKey{public: public, key: ed25519.PrivateKey(b[62:126]), file: file}, nil
}

// Public returns the public half.
func (k PrivateKey) Public() PublicKey { return k.public }

// File returns the content of minisign's secret key file, encrypted unless password is empty. Encrypting takes a GiB
// of memory and seconds, as in minisign.
func (k PrivateKey) File(password string) ([]byte, error) {
	if password == "" {
		text, err := k.file.MarshalText()
		return append(text, '\n'), err
	}
	text, err := minisign.EncryptKey(password, k.file)
	return append(text, '\n'), err
}

// ErrPassword is returned for an encrypted secret key if the password is not the right one.
var ErrPassword = errors.New("the secret key needs its password")

// Encrypted reports whether the content of a secret key file is encrypted.
func Encrypted(file []byte) bool { return minisign.IsEncrypted(file) }

// ParsePrivateKey reads the content of a secret key file, minisign's or [PrivateKey.File]'s. It fails with
// [ErrPassword] if the password is wrong, or missing.
func ParsePrivateKey(file []byte, password string) (PrivateKey, error) {
	if minisign.IsEncrypted(file) {
		key, err := minisign.DecryptKey(password, file)
		if err != nil {
			return PrivateKey{}, ErrPassword
		}
		return fromMinisign(key)
	}
	var key minisign.PrivateKey
	if err := key.UnmarshalText(file); err != nil {
		return PrivateKey{}, errors.New("not a secret key of minisign")
	}
	return fromMinisign(key)
}

func (k PrivateKey) sign(message []byte) (signature [ed25519.SignatureSize]byte) {
	copy(signature[:], ed25519.Sign(k.key, message))
	return signature
}
