package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist/assisttest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The consoles of both READMEs are what the program shows.
func TestReadmesShowWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, page := range []struct{ name, locale string }{{"README.md", "en_GB.UTF-8"}, {"README.ru.md", "ru_RU.UTF-8"}} {
		t.Run(page.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.more = []string{"LANG=" + page.locale, "ASSIST_PERSON_NAME=Anna"}
			for _, order := range []struct {
				number string
				means  int
			}{{"card", 1}, {"webmoney", 30}} {
				s.pay(t, order.number, order.means, "100.00")
			}
			text, err := os.ReadFile(page.name)
			require.NoError(t, err)
			played := console.ReplaceAllStringFunc(string(text), func(block string) string { return s.play(t, block) })
			if os.Getenv("ASSIST_UPDATE") != "" {
				require.NoError(t, os.WriteFile(page.name, []byte(played), 0o644))
			}
			assert.Equal(t, undated(string(text)), undated(played))
		})
	}
}

var (
	console  = regexp.MustCompile("(?s)```console\n.*?```")
	moments  = regexp.MustCompile(`\d\d\.\d\d\.\d{4}( \d\d:\d\d(:\d\d)?)?`)
	carriers = regexp.MustCompile(`carrier-[A-Z2-7]{10}`)
)

// undated leaves out what differs from day to day.
func undated(text string) string {
	return carriers.ReplaceAllString(moments.ReplaceAllString(text, "DAY"), "carrier-7F2K9QW44O")
}

// play runs the commands of one console, and gives it with what they show.
func (s *shop) play(t *testing.T, block string) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("```console\n")
	code := 0
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		out.WriteString(line)
		if command == "echo $?\n" {
			out.WriteString(strconv.Itoa(code) + "\n")
			s.pass(5 * time.Minute)
			continue
		}
		if strings.Contains(command, "refund card") {
			s.Next(assisttest.DieAfter())
		}
		sh := exec.CommandContext(t.Context(), "sh", "-c", "assist() { '"+os.Args[0]+"' \"$@\"; }; "+command)
		sh.Env, sh.Dir = s.env(), s.dir
		shown, err := sh.CombinedOutput()
		code = exitOf(t, err)
		out.WriteString(undatedCarrier(string(shown)))
	}
	return out.String() + "```"
}

func undatedCarrier(text string) string {
	text = strings.ReplaceAll(text, "2035", "2026")
	return carriers.ReplaceAllString(text, "carrier-7F2K9QW44O")
}
