package login

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const another = "staple correct battery"

// A session is of one person with one password: what is signed in by either ends when
// it does, also where somebody else gets the name.
func TestASessionEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(p *People) error
		status int
	}{
		"nothing":                        {func(*People) error { return nil }, 200},
		"another role":                   {func(p *People) error { return p.SetRole("anna", "viewer") }, 200},
		"somebody else comes":            {func(p *People) error { return p.Add(User{Name: "boris", Role: "admin"}, password) }, 200},
		"a new password":                 {func(p *People) error { return p.SetPassword("anna", another) }, 401},
		"the same password, set anew":    {func(p *People) error { return p.SetPassword("anna", password) }, 401},
		"removed":                        {func(p *People) error { return p.Remove("anna") }, 401},
		"the name is given away":         {giveAway(another), 401},
		"given away, the same password":  {giveAway(password), 401},
		"given away, without a password": {giveAway(""), 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := w.signIn("anna", password)
			require.Equal(t, 200, w.do(http.MethodGet, "/", nil, in.Cookies()).StatusCode)
			require.NoError(t, c.change(w.gate.People))
			assert.Equal(t, c.status, w.do(http.MethodGet, "/", nil, in.Cookies()).StatusCode)
		})
	}
}

func giveAway(password string) func(p *People) error {
	return func(p *People) error {
		if err := p.Remove("anna"); err != nil {
			return err
		}
		return p.Add(User{Name: "anna", Role: "admin"}, password)
	}
}

// However many names are tried, a bound holds for its minute.
func TestBoundsOnTriesOutliveManyNames(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for name, from := range map[string]func(int) string{
		"from one address":    func(int) string { return "from 192.0.2.1" },
		"from many addresses": func(i int) string { return fmt.Sprint("from 10.0.0.", i) },
	} {
		var s tries
		for range triesAMinute {
			require.True(t, s.allowed(now, "name anna", "from 192.0.2.1"))
		}
		for i := range 2 * mostTried {
			s.allowed(now, fmt.Sprint("name x", i), from(i))
		}
		assert.LessOrEqual(t, len(s.all), mostTried, name)
		assert.False(t, s.allowed(now, "name anna", "from 192.0.2.9"), name)
		assert.False(t, s.allowed(now.Add(59*time.Second), "name anna", "from 192.0.2.9"), name)
		assert.True(t, s.allowed(now.Add(time.Minute), "name anna", "from 192.0.2.9"), "%s: a minute later", name)
	}
	// A try that is refused doesn't make the wait longer, nor count for the other key.
	var s tries
	for range triesAMinute {
		require.True(t, s.allowed(now, "name anna", "from 192.0.2.1"))
	}
	for range 3 * triesAMinute {
		require.False(t, s.allowed(now.Add(30*time.Second), "name anna", "from 192.0.2.2"))
	}
	assert.True(t, s.allowed(now.Add(30*time.Second), "name boris", "from 192.0.2.2"))
	assert.True(t, s.allowed(now.Add(time.Minute), "name anna", "from 192.0.2.1"))
}
