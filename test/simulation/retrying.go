package simulation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
)

// retrying is the transport of a bad habit: it sends again what wasn't answered
// well.
type retrying struct{ below http.RoundTripper }

func (t retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		req.Body = io.NopCloser(bytes.NewReader(body))
		resp, err := t.below.RoundTrip(req)
		if err == nil && resp.StatusCode < 500 || try == 3 || errors.Is(err, context.Canceled) {
			return resp, err
		}
	}
}
