package openpgp

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
)

// underFIPS tells the test's own second run.
const underFIPS = "ASSIST_TEST_UNDER_FIPS"

// The mode is chosen when a program starts, so the test starts itself again.
func TestUnderFIPS140Only(t *testing.T) {
	t.Parallel()
	if os.Getenv(underFIPS) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnderFIPS140Only$", "-test.v")
		again.Env = append(os.Environ(), "GODEBUG=fips140=only", underFIPS+"=1")
		out, err := again.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: TestUnderFIPS140Only/rubbish")
		return
	}
	for name, keys := range map[string][]byte{
		"DSA": file(t, "assist.gpg"), "armored": file(t, "assist.asc"), "RSA": file(t, "rsa.gpg"),
		"two keys": append(file(t, "assist.gpg"), file(t, "next.gpg")...), "none": nil, "rubbish": []byte("no key"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewVerifier(keys)
			var wrong *assist.ValidationError
			require.ErrorAs(t, err, &wrong)
			assert.Equal(t, "GODEBUG", wrong.Field)
			assert.Equal(t, assist.NotSent, assist.OutcomeOf(err))
		})
	}
	// A verifier that was made while the mode was not enforced.
	for _, message := range []string{"sha1_short.b64", "rsa_key.b64", "unsigned.b64"} {
		err := new(verifier).Verify(qiwiAnswerSigned(t, message))
		requireReason(t, err, assist.VerifierRefused)
	}
}
