// Package pipenet is a network of one server, in memory, for tests. Unlike a
// socket, a pipe does not hold back the virtual time of testing/synctest.
package pipenet

import (
	"context"
	"net"
	"sync"
)

// Network is the server's listener, and what its clients dial. It is safe for
// concurrent use; make one with [New].
type Network struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// New makes a network that is open.
func New() *Network {
	return &Network{waiting: make(chan net.Conn), closed: make(chan struct{})}
}

// DialContext connects to the server, whatever the network and the address are
// called. It waits until the server accepts.
func (n *Network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.waiting <- server:
		return client, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Accept gives the server's end of the next connection.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.waiting:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listening. Connections that are made stay.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr names the network.
func (n *Network) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "pipe" }
func (address) String() string  { return "pipe" }
