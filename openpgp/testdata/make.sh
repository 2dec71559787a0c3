#!/usr/bin/env bash
# Makes the keys and messages of this folder with GnuPG 2.2. Every run makes
# new keys, so all files change together. Private keys are never kept.
set -euo pipefail
cd "$(dirname "$0")"
rm -f ./*.asc ./*.gpg ./*.b64

first=$(mktemp -d)
later=$(mktemp -d)
trap 'for home in "$first" "$later"; do gpgconf --homedir "$home" --kill all; rm -rf "$home"; done' EXIT
export GNUPGHOME=$first

# The clock of every run stands where the text says, so that a key can be old
# and a message can be dated.
quiet=(gpg --batch --quiet --no-tty --no-permission-warning --pinentry-mode loopback --passphrase '')
at() { local moment=$1; shift; "${quiet[@]}" --faked-system-time "$moment!" "$@"; }

key() { # name, lines of the parameters
  printf '%%no-protection\n%s\nName-Real: %s\n%%commit\n' "$2" "$1" | at 20130101T000000 --gen-key
}
dsa=$'Key-Type: DSA\nKey-Length: 1024\nKey-Usage: sign'
key 'Assist test key' "$dsa"
key 'Another test key' "$dsa"
key 'Next test key' "$dsa"
key 'Revoked test key' "$dsa"
key 'RSA test key' $'Key-Type: RSA\nKey-Length: 2048\nKey-Usage: sign\nSubkey-Type: RSA\nSubkey-Length: 2048\nSubkey-Usage: encrypt'
key 'Short RSA test key' $'Key-Type: RSA\nKey-Length: 1024\nKey-Usage: sign'

public() { at 20130102T000000 --export "=$1"; }
public 'Assist test key' > assist.gpg
at 20130102T000000 --armor --export '=Assist test key' > assist.asc
public 'Next test key' > next.gpg
at 20130102T000000 --armor --export '=Next test key' > next.asc
public 'RSA test key' > rsa.gpg
public 'Short RSA test key' > short_rsa.gpg

# A key revoked after it signed.
fingerprint=$(at 20130102T000000 --with-colons --list-keys '=Revoked test key' | awk -F: '/^fpr/ {print $10; exit}')

# The signed texts: the layouts of protocol §8 for qiwi_cancel.xml.
order=28042010_fffffffffffsd
date='28.01.2014 14:30:02'
short="${order}2.00RUBPartialCanceled$date"
nine() { # separator, amount
  local IFS=$1
  local fields=(5554143265883170.4 "$order" AS000 "$2" RUB 9213301111 '' PartialCanceled "$date")
  local joined=${fields[0]} field
  for field in "${fields[@]:1}"; do joined+="$1$field"; done
  printf '%s' "$joined"
}

# The packet layout of Assist: one-pass signature, literal data, signature.
moment=20140128T143002
sign() { # signer, digest, text, more options
  local signer=$1 digest=$2 text=$3
  shift 3
  printf '%s' "$text" | at "$moment" --local-user "=$signer" --digest-algo "$digest" --compress-algo none \
    --set-filename _CONSOLE "$@" --sign | base64
}
for digest in SHA1 SHA256; do
  name=$(tr '[:upper:]' '[:lower:]' <<<"$digest")
  sign 'Assist test key' "$digest" "$short" > "${name}_short.b64"
  sign 'Assist test key' "$digest" "$(nine , 0.11)" > "${name}_nine_comma_operation.b64"
  sign 'Assist test key' "$digest" "$(nine , 2.00)" > "${name}_nine_comma_order.b64"
  sign 'Assist test key' "$digest" "$(nine '' 0.11)" > "${name}_nine_operation.b64"
  sign 'Assist test key' "$digest" "$(nine '' 2.00)" > "${name}_nine_order.b64"
done
sign 'Next test key' SHA1 "$short" > next_key.b64
sign 'RSA test key' SHA256 "$short" > rsa_key.b64

# What must be refused.
sign 'Assist test key' SHA1 "${order}2.00RUBCanceled$date" > other_text.b64
sign 'Another test key' SHA1 "$short" > wrong_key.b64
sign 'Revoked test key' SHA1 "$short" > revoked_key.b64
sign 'Short RSA test key' SHA1 "$short" > short_rsa_key.b64
sign 'Assist test key' RIPEMD160 "$short" > ripemd160.b64
sign 'RSA test key' MD5 "$short" --allow-weak-digest-algos > md5.b64
sign 'Assist test key' SHA1 "$short" --compress-algo zip > compressed.b64
sign 'Assist test key' SHA1 "$short" --textmode > text_mode.b64
sign 'Assist test key' SHA1 "$short" --local-user '=Another test key' > two_signatures.b64
sign 'Assist test key' SHA1 "$short" --trust-model always --encrypt --recipient '=RSA test key' > encrypted.b64
sign 'Assist test key' SHA1 "$short" --armor > armored.b64
sign 'Assist test key' SHA1 "$short" --default-sig-expire 1d > expired_signature.b64
sign 'RSA test key' SHA256 "$(head -c 100000 /dev/zero | tr '\0' 0)" --compress-algo zip > bomb.b64
printf '%s' "$short" | at "$moment" --local-user '=Assist test key' --digest-algo SHA1 --detach-sign | base64 > detached.b64
printf '%s' "$short" | at "$moment" --local-user '=Assist test key' --digest-algo SHA1 --clear-sign | base64 > cleartext.b64
printf '%s' "$short" | at "$moment" --compress-algo none --set-filename _CONSOLE --store | base64 > unsigned.b64

# The same key as assist.gpg, but with an end of its life on 1 June 2013: the
# messages above were signed after that, signed_in_time.b64 before.
moment=20130301T000000 sign 'Assist test key' SHA1 "$short" > signed_in_time.b64
cp -r "$first"/. "$later"
rm -f "$later"/S.*
gpgconf --kill all
GNUPGHOME=$later
assist=$(at 20130102T000000 --with-colons --list-keys '=Assist test key' | awk -F: '/^fpr/ {print $10; exit}')
at 20130102T000000 --quick-set-expire "$assist" 20130601T000000
public 'Assist test key' > expired.gpg
sed 's/^:-----BEGIN/-----BEGIN/' "$later/openpgp-revocs.d/$fingerprint.rev" | at 20150101T000000 --import
at 20150101T000000 --export '=Revoked test key' > revoked.gpg
