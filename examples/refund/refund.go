package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/assist-go/assist"
)

func (s settings) client() (*assist.Client, error) {
	return assist.NewClient(s.url, s.credentials, assist.WithProtocol(s.protocol))
}

// refundOne makes the refund that the flags name, and follows it to its end.
func refundOne(ctx context.Context, s settings, out io.Writer) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	order, err := s.find(ctx, client)
	if err != nil {
		return &assist.NotSentError{Step: "looking for the order", Billnumber: s.billnumber, Err: err}
	}
	fmt.Fprintf(out, "order        %s  %s  %s  paid %s\n", order.Number, order.Amount, order.State, order.Date.Format(time.RFC3339))
	req := order.CancelRequest(s.amount)
	req.Billnumber = s.billnumber
	x, err := cancel(ctx, client, req, out)
	if err != nil {
		return err
	}
	return follow(ctx, client, x, s.wait, out)
}

// find asks for the order. Several bear one number when a payment was tried
// again, so the billnumber chooses.
func (s settings) find(ctx context.Context, client *assist.Client) (assist.Order, error) {
	orders, err := client.OrderResult(ctx, assist.OrderQuery{OrderNumber: s.order, From: s.from})
	if err != nil {
		return assist.Order{}, err
	}
	for _, order := range orders {
		if order.Billnumber == s.billnumber.Payment() {
			return order, nil
		}
	}
	return assist.Order{}, assist.ErrOrderNotFound
}

// goOn takes up an earlier refund by one of the two tokens that were printed.
func goOn(ctx context.Context, s settings, out io.Writer) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	if strings.HasPrefix(s.token, "assist-cancel-") {
		x, err := client.Resume(s.token)
		if err != nil {
			return err
		}
		return follow(ctx, client, x, s.wait, out)
	}
	in, err := assist.ParseIntent(s.token)
	if err != nil {
		return err
	}
	r, err := client.ResolveWait(ctx, in, s.wait)
	if err != nil {
		return err
	}
	switch r.Outcome {
	case assist.Accepted:
		printAnswer(out, r.Cancellation)
		return follow(ctx, client, r.Cancellation, s.wait, out)
	case assist.Rejected:
		return r.Err
	}
	for _, op := range r.Candidates {
		fmt.Fprintf(out, "perhaps      %s  %s  %s  of %s\n", op.Billnumber, op.Amount, op.ResponseCode, op.Date.Format(time.RFC3339))
	}
	return &assist.UnknownOutcomeError{Intent: in, Err: errors.New("it can't be told yet which operation of the order is this refund, if any")}
}

// cancel sends one cancel and prints what was sent and what was answered.
func cancel(ctx context.Context, client *assist.Client, req assist.CancelRequest, out io.Writer) (*assist.Cancellation, error) {
	// A program of your own writes the token where a crash can't take it along.
	// Here it goes to the terminal. An error keeps the cancel from being sent.
	save := func(_ context.Context, in assist.Intent) error {
		_, err := fmt.Fprintf(out, "sending      %s  %s  (order %s)\nkept first   %s\n",
			in.Request.Billnumber, in.Request.Amount, in.Request.OrderNumber, in.Token())
		return err
	}
	// By the look first, even a refusal whose answer is lost can be told.
	x, err := client.Cancel(ctx, req, assist.LookFirst(), assist.SaveIntent(save))
	if err != nil {
		return nil, err
	}
	printAnswer(out, x)
	return x, nil
}

func printAnswer(out io.Writer, x *assist.Cancellation) {
	op := x.Operation
	fmt.Fprintf(out, "answer       %s  %s  %s  %s\n", op.Billnumber, op.Amount, op.ResponseCode, x.Status)
}

// follow asks order results until a cancel in process is final.
func follow(ctx context.Context, client *assist.Client, x *assist.Cancellation, wait time.Duration, out io.Writer) error {
	if x.Status == assist.Succeeded {
		return nil
	}
	// Whoever stops here can go on in another process.
	fmt.Fprintf(out, "go on with   %s\n", x.Token())
	x, err := client.Wait(ctx, x, wait, assist.Observe(func(o assist.Observation) {
		if o.Next > 0 {
			fmt.Fprintf(out, "asked        still in process after %v, next question in %v\n", o.Elapsed.Round(time.Second), o.Next.Round(time.Second))
		}
	}))
	if err != nil {
		return err
	}
	op := x.Operation
	fmt.Fprintf(out, "result       %s  %s  %s  %s\n", op.Billnumber, op.Amount, op.ResponseCode, x.Status)
	return nil
}
