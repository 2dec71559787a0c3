package desk_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/desk"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Variables by which this test binary is the desk, as a process of its own.
const (
	asDesk   = "DESK_TEST_STORE"
	atAssist = "DESK_TEST_ASSIST"
	asWho    = "DESK_TEST_MERCHANT"
)

// deskProcess serves the desk until it is killed.
func deskProcess() error {
	ctx := context.Background()
	store, err := sqlite.Open(os.Getenv(asDesk))
	if err != nil {
		return err
	}
	if err := refunds.Migrate(ctx, store); err != nil {
		return err
	}
	limit, err := assist.ParseMoney("5000.00", "RUB")
	if err != nil {
		return err
	}
	book, err := refunds.NewBook(ctx, store, refunds.AloneUpTo(limit))
	if err != nil {
		return err
	}
	client, err := assist.NewClient(os.Getenv(atAssist), assist.Credentials{MerchantID: os.Getenv(asWho), Login: "login", Password: assist.NewSecret("password")})
	if err != nil {
		return err
	}
	d, err := desk.New(book, client, desk.AuthFunc(func(*http.Request) (desk.User, error) {
		return desk.User{ID: "1", Name: "Анна", Role: desk.Operator}, nil
	}), desk.PostsPerHour(1000))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, d)
}

func startDesk(t *testing.T, store, address, merchant string) (*exec.Cmd, string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asDesk+"="+store, atAssist+"="+address, asWho+"="+merchant)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return c, "http://" + strings.TrimSpace(line)
}

// S3: kill -9 of the desk, at any moment around the storing of a refund: sent
// again, the form is one refund, and the money moves once.
func TestS3Kill(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t, assisttest.WithMerchant(assist.Credentials{MerchantID: "515089", Login: "login", Password: assist.NewSecret("password")}))
	path := filepath.Join(t.TempDir(), "refunds.db")
	kills := 12
	if testing.Short() {
		kills = 4
	}
	var orders []assist.Order
	for i := range kills {
		o := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-72 * time.Hour)})
		orders = append(orders, o)
		body := form(o, fmt.Sprint(i), "30", "100.00").Encode()
		c, address := startDesk(t, path, server.URL, "515089")
		send := func(address string) (int, string) {
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: time.Minute}
			r, err := client.Post(address+"/new", "application/x-www-form-urlencoded", strings.NewReader(body))
			if err != nil {
				return 0, ""
			}
			defer r.Body.Close()
			_, _ = io.Copy(io.Discard, r.Body)
			return r.StatusCode, r.Header.Get("Location")
		}
		killed := make(chan struct{})
		go func() {
			time.Sleep(time.Duration(i*i) * time.Millisecond) // from before the order is asked for to after the answer
			_ = c.Process.Kill()
			close(killed)
		}()
		first, _ := send(address)
		<-killed
		_ = c.Wait()
		c, address = startDesk(t, path, server.URL, "515089")
		status, to := send(address)
		assert.Equal(t, http.StatusSeeOther, status, "kill %d: the first answer was %d", i, first)
		assert.Equal(t, fmt.Sprint("/refund/", i+1), to, "one refund for each form")
		require.NoError(t, c.Process.Kill())
		_ = c.Wait()
	}
	store, err := sqlite.Open(path)
	require.NoError(t, err)
	defer store.Close()
	book, err := refunds.NewBook(t.Context(), store)
	require.NoError(t, err)
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{"515089": server.Client()})
	require.NoError(t, err)
	for range 3 {
		_, err = carrier.Step(t.Context())
		require.NoError(t, err)
	}
	for i, o := range orders {
		assert.Equal(t, "30.00 RUB", server.Moved(o.Billnumber).String(), "order %d", i)
	}
}
