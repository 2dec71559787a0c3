package assist

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func credentialsNumber(i int) Credentials {
	return Credentials{MerchantID: "515089", Login: fmt.Sprintf("login-%03d", i), Password: NewSecret(fmt.Sprintf("secret-%03d", i))}
}

func TestCredentialsAreAskedForEachRequest(t *testing.T) {
	t.Parallel()
	for _, protocol := range []Protocol{SOAP, JSON, Form(FormatCSV)} {
		t.Run(protocol.String(), func(t *testing.T) {
			t.Parallel()
			calls := 0
			var bodies []string
			client := reach(t, testBase, WithProtocol(protocol), WithCredentials(func(ctx context.Context) (Credentials, error) {
				calls++
				assert.Equal(t, "the call's", ctx.Value(contextKey{}))
				return credentialsNumber(calls), nil
			}), through(roundTripper(func(req *http.Request) (*http.Response, error) {
				bodies = append(bodies, bodyOf(t, req))
				return nil, errPlanned
			})))
			ctx := context.WithValue(t.Context(), contextKey{}, "the call's")
			_, _ = client.Cancel(ctx, webMoneyRequest(t))
			_, _ = client.OrderResult(ctx, OrderQuery{OrderNumber: "n-7"})
			_, _ = client.ResultsByDate(ctx, PeriodQuery{From: client.now().Add(-3600e9), To: client.now()})
			require.Len(t, bodies, 3)
			for i, body := range bodies {
				assert.Contains(t, body, fmt.Sprintf("login-%03d", i+1))
				assert.Contains(t, body, fmt.Sprintf("secret-%03d", i+1))
			}
		})
	}
}

type contextKey struct{}

// A rotation between the intent and the send, or during the send, changes nothing
// of the request.
func TestRequestKeepsItsCredentials(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := 1
	rotate := func() {
		mu.Lock()
		defer mu.Unlock()
		now++
	}
	client := reach(t, testBase, WithCredentials(func(context.Context) (Credentials, error) {
		mu.Lock()
		defer mu.Unlock()
		return credentialsNumber(now), nil
	}), through(roundTripper(func(req *http.Request) (*http.Response, error) {
		rotate()
		body := bodyOf(t, req)
		assert.Contains(t, body, "secret-001")
		// A late answer that repeats what it was sent.
		return respond(req, strings.Replace(codesFault(1, 1), "<faultstring>", "<faultstring>secret-001 login-001 secret-002", 1)), nil
	})))
	_, err := client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error {
		rotate()
		_, err := client.credentials(t.Context())
		return err
	}))
	assert.Equal(t, Unknown, OutcomeOf(err))
	assert.NotContains(t, err.Error(), "secret-00")
	assert.NotContains(t, err.Error(), "login-00")
}

func TestCredentialsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	mock := answering(http.StatusOK, soapAnswer(cancelled()))
	tests := []struct {
		name  string
		give  Credentials
		err   error
		field string
	}{
		{"an error", Credentials{}, fmt.Errorf("the vault is closed to %s: %w", planted, errPlanned), ""},
		{"nothing", Credentials{}, nil, "Credentials.MerchantID"},
		{"no password", Credentials{MerchantID: "515089", Login: "shop"}, nil, "Credentials.Password"},
		{"a broken login", Credentials{MerchantID: "515089", Login: "a\nb", Password: NewSecret("x")}, nil, "Credentials.Login"},
		{"another merchant's", Credentials{MerchantID: "515090", Login: "shop", Password: NewSecret("x")}, nil, "Credentials.MerchantID"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := reach(t, testBase, through(mock), WithCredentials(func(context.Context) (Credentials, error) { return test.give, test.err }))
			saved := 0
			_, err := client.Cancel(t.Context(), webMoneyRequest(t), SaveIntent(func(context.Context, Intent) error { saved++; return nil }))
			assert.Equal(t, NotSent, OutcomeOf(err))
			assert.Zero(t, saved, "no intent is made")
			assertDiscreet(t, err)
			_, asked := client.OrderResult(t.Context(), OrderQuery{OrderNumber: "n-7"})
			var follow *FollowError
			require.ErrorAs(t, asked, &follow)
			assertDiscreet(t, asked)
			if test.field != "" {
				var wrong *ValidationError
				require.ErrorAs(t, err, &wrong)
				assert.Equal(t, test.field, wrong.Field)
			}
			assert.True(t, client.payments.open("5700027202722028"))
		})
	}
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestCredentialsSeenAreRemembered(t *testing.T) {
	t.Parallel()
	var keys keyring
	for i := range 20 {
		keys.remember(credentialsNumber(i))
		keys.remember(credentialsNumber(i))
	}
	for i := range 20 {
		cred := credentialsNumber(i)
		assert.Equal(t, "[redacted] of [redacted]", keys.seen.Clean(cred.Password.Reveal()+" of "+cred.Login))
	}
}

// The credentials given to NewClient may be without login and password then, and
// only then.
func TestClientMadeWithoutAPassword(t *testing.T) {
	t.Parallel()
	merchant := Credentials{MerchantID: "515089"}
	_, err := NewClient(testBase, merchant)
	require.Error(t, err)
	source := WithCredentials(func(context.Context) (Credentials, error) { return testCredentials(), nil })
	c, err := NewClient(testBase, merchant, source)
	require.NoError(t, err)
	assert.Equal(t, "a text", c.keys.seen.Clean("a text"), "an empty password hides nothing")
	_, err = NewClient(testBase, Credentials{}, source)
	require.Error(t, err)
}
