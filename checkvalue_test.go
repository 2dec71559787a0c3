package assist

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// knownCheckValue is the known answer of protocol §8.
const knownCheckValue = "74DEB154081757F1E8097DDFAC35FC5C"

func knownCheckAnswer() SignedAnswer {
	return SignedAnswer{
		Service: "orderresult", OrderNumber: "ok", OrderAmount: "4.00", OrderCurrency: "RUB", OrderState: "Canceled",
		CheckValue: knownCheckValue,
	}
}

func checkValueVerifierOf(t testing.TB, secret, merchantID string) Verifier {
	t.Helper()
	v, err := NewCheckValueVerifier(NewSecret(secret), merchantID)
	require.NoError(t, err)
	return v
}

func TestCheckValue(t *testing.T) {
	t.Parallel()
	v := checkValueVerifierOf(t, "secret", "111111")
	tests := []struct {
		name   string
		change func(*SignedAnswer)
		want   SignatureReason // empty when it is taken
	}{
		{"the known answer", func(*SignedAnswer) {}, ""},
		{"order state", func(a *SignedAnswer) { a.Service = "orderstate" }, ""},
		{"result by date", func(a *SignedAnswer) { a.Service = "resultbydate" }, ""},
		{"in small letters", func(a *SignedAnswer) { a.CheckValue = strings.ToLower(a.CheckValue) }, ""},
		{"padded", func(a *SignedAnswer) { a.CheckValue = " " + a.CheckValue + "\n" }, ""},
		{"an amount of a JSON number", func(a *SignedAnswer) { a.OrderAmount = "4" }, ""},
		{"an amount with one decimal", func(a *SignedAnswer) { a.OrderAmount = "4.0" }, ""},
		{"what it doesn't cover", func(a *SignedAnswer) { a.PacketDate, a.Operations = "x", []SignedOperation{{Amount: "1"}} }, ""},
		{"a cancel passes by", func(a *SignedAnswer) { a.Service, a.CheckValue = "wscancel", "" }, ""},

		{"another order", func(a *SignedAnswer) { a.OrderNumber = "ko" }, CheckValueWrong},
		{"another amount", func(a *SignedAnswer) { a.OrderAmount = "4.01" }, CheckValueWrong},
		{"another currency", func(a *SignedAnswer) { a.OrderCurrency = "USD" }, CheckValueWrong},
		{"another state", func(a *SignedAnswer) { a.OrderState = "Approved" }, CheckValueWrong},
		{"a state in another case", func(a *SignedAnswer) { a.OrderState = "canceled" }, CheckValueWrong},
		{"cut", func(a *SignedAnswer) { a.CheckValue = a.CheckValue[:31] }, CheckValueWrong},
		{"longer", func(a *SignedAnswer) { a.CheckValue += "0" }, CheckValueWrong},
		{"none", func(a *SignedAnswer) { a.CheckValue = "" }, CheckValueMissing},
		{"blank", func(a *SignedAnswer) { a.CheckValue = " " }, CheckValueMissing},
		{"the operation's amount, which only a notification may use", func(a *SignedAnswer) {
			a.OrderAmount, a.Operations = "5.00", []SignedOperation{{Amount: "4.00", Currency: "RUB"}}
		}, CheckValueWrong},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := knownCheckAnswer()
			test.change(&a)
			err := v.Verify(a)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			requireReason(t, err, test.want)
		})
	}
	requireReason(t, checkValueVerifierOf(t, "Secret", "111111").Verify(knownCheckAnswer()), CheckValueWrong)
	requireReason(t, checkValueVerifierOf(t, "secret", "111112").Verify(knownCheckAnswer()), CheckValueWrong)

	a := knownCheckAnswer()
	for i := range a.CheckValue {
		flipped := a
		flipped.CheckValue = a.CheckValue[:i] + string(a.CheckValue[i]^1) + a.CheckValue[i+1:]
		requireReason(t, v.Verify(flipped), CheckValueWrong)
	}
}

// An amount that a JSON number stripped may also have been covered as it stands.
func TestCheckValueOfAnAmountAsItStands(t *testing.T) {
	t.Parallel()
	v := checkValueVerifierOf(t, "secret", "111111")
	a := knownCheckAnswer()
	a.OrderAmount = "4"
	a.CheckValue = checkValueOf(NewSecret("secret"), "111111ok4RUBCanceled")
	require.NoError(t, v.Verify(a))
	a.OrderAmount = "4.00"
	requireReason(t, v.Verify(a), CheckValueWrong)
}

func TestCheckValueVerifierRefusesItsSettings(t *testing.T) {
	t.Parallel()
	for field, err := range map[string]error{
		"Secret":     second(NewCheckValueVerifier(Secret{}, "111111")),
		"MerchantID": second(NewCheckValueVerifier(NewSecret("s"), "")),
	} {
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, field, wrong.Field)
	}
	assert.Error(t, second(NewCheckValueVerifier(NewSecret("s"), "11x")))
	assert.Error(t, second(NewCheckValueVerifier(NewSecret(""), "111111")))
	v := checkValueVerifierOf(t, planted, "111111")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", v, v, v), planted)
}

func second(_ Verifier, err error) error { return err }

func TestOrderServicesWantTheCheckValue(t *testing.T) {
	t.Parallel()
	v := checkValueVerifierOf(t, "secret", "515089")
	right := checkValueOf(NewSecret("secret"), "515089n-71.00RUBApproved")
	ask := func(checkValue string) error {
		c := asked(t, func(url.Values) string {
			return orderXML("5700027202722028", operationXML+"<checkvalue>"+checkValue+"</checkvalue>")
		}, WithVerifier(v))
		_, err := c.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
		return err
	}
	require.NoError(t, ask(right))
	requireReason(t, ask(knownCheckValue), CheckValueWrong)
	requireReason(t, ask(""), CheckValueMissing)

	from := time.Date(2013, 10, 23, 12, 0, 0, 0, time.UTC)
	byDate := func(checkValue string) error {
		c := asked(t, func(url.Values) string {
			return `<result firstcode="0" secondcode="0">` + strings.Replace(paymentXML, "</payment>", checkValue+"</payment>", 1) + `</result>`
		}, WithVerifier(v))
		_, err := c.ResultsByDate(t.Context(), PeriodQuery{From: from, To: from.Add(time.Hour)})
		return err
	}
	require.NoError(t, byDate("<checkvalue>"+right+"</checkvalue>"))
	requireReason(t, byDate(""), CheckValueMissing)

	_, err := mocked(t, answering(http.StatusOK, soapAnswer(cancelled())), WithVerifier(v)).Cancel(t.Context(), webMoneyRequest(t))
	require.NoError(t, err, "a cancel carries none and passes by")
}

// The mode is chosen when a program starts, so the test starts itself again.
func TestUnderFIPS140Only(t *testing.T) {
	t.Parallel()
	const underFIPS = "ASSIST_TEST_UNDER_FIPS"
	if os.Getenv(underFIPS) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnderFIPS140Only$", "-test.v")
		again.Env = append(os.Environ(), "GODEBUG=fips140=only", underFIPS+"=1")
		out, err := again.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: TestUnderFIPS140Only/a_cancel_without_a_verifier")
		return
	}
	t.Run("making a verifier", func(t *testing.T) {
		_, err := NewCheckValueVerifier(NewSecret("secret"), "111111")
		var wrong *ValidationError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, "GODEBUG", wrong.Field)
		assert.Equal(t, NotSent, OutcomeOf(err))
	})
	t.Run("a verifier made while the mode was not enforced", func(t *testing.T) {
		v := &checkValueVerifier{secret: NewSecret("secret"), merchantID: "111111"}
		requireReason(t, v.Verify(knownCheckAnswer()), VerifierRefused)
	})
	t.Run("a cancel without a verifier", func(t *testing.T) {
		x, err := mocked(t, answering(http.StatusOK, soapAnswer(cancelled()))).Cancel(t.Context(), webMoneyRequest(t))
		require.NoError(t, err)
		again, err := ParseIntent(x.Intent.Token())
		require.NoError(t, err)
		assert.Equal(t, x.Intent.ID, again.ID)
	})
}
