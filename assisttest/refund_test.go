package assisttest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefund(t *testing.T) {
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{})
	server.Next(assisttest.DieAfter()) // the money moves, the answer is lost

	amount, _ := assist.ParseMoney("10.00", "RUB")
	_, err := server.Client().Cancel(t.Context(), order.CancelRequest(amount))

	if assist.OutcomeOf(err) != assist.Unknown {
		t.Error("an answer that is lost says nothing about the money")
	}
	if server.Moved(order.Billnumber) != amount {
		t.Error("the money has moved all the same")
	}
}

// The program in the package's doc and in its page is the test above.
func TestDocumentedProgramRuns(t *testing.T) {
	t.Parallel()
	here, err := os.ReadFile("refund_test.go")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(here), "\nfunc TestRefund(")
	require.True(t, ok)
	body, _, ok := strings.Cut(rest, "\n}\n")
	require.True(t, ok)
	program := "func TestRefund(" + body + "\n}"
	for _, file := range []string{"doc.go", "../docs/assisttest.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		plain := strings.ReplaceAll(strings.ReplaceAll(string(text), "//\t", ""), "//\n", "\n")
		assert.Contains(t, plain, program, file)
	}
}
