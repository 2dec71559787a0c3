package refunds_test

import (
	"database/sql"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
	"github.com/assist-go/assist/refunds"
	"github.com/assist-go/assist/refunds/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var readmes = []string{"README.md", "README.ru.md"}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)\n```")

// The code of both README files is that of example_readme_test.go, so it compiles.
func TestReadmeCode(t *testing.T) {
	t.Parallel()
	source := readText(t, "example_readme_test.go")
	_, rest, ok := strings.Cut(source, "\nfunc Example_firstProgram() {\n")
	require.True(t, ok)
	example, _, ok := strings.Cut(rest, "\n}\n")
	require.True(t, ok)
	for _, readme := range readmes {
		blocks := goBlock.FindAllStringSubmatch(readText(t, readme), -1)
		assert.Len(t, blocks, strings.Count(source, "\nfunc "), readme)
		for _, block := range blocks {
			program, isProgram := strings.CutPrefix(block[1], "package main\n")
			if !isProgram {
				assert.Contains(t, source, "\n"+block[1]+"\n", readme)
				continue
			}
			_, main, ok := strings.Cut(program, "\nfunc main() {\n")
			require.True(t, ok, readme)
			assert.Equal(t, example+"\n}", main, readme)
			requireImports(t, block[1])
		}
	}
}

// requireImports wants a program to import what it uses and nothing else.
func requireImports(t *testing.T, program string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", program, 0)
	require.NoError(t, err)
	var imported, used []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		imported = append(imported, path.Base(name))
	}
	for _, name := range file.Unresolved { // what Go and the file don't declare is a package
		if types.Universe.Lookup(name.Name) == nil && !slices.Contains(used, name.Name) {
			used = append(used, name.Name)
		}
	}
	assert.ElementsMatch(t, used, imported)
}

// The first program refunds once, however often it runs. It runs in a process of
// its own, since its carrier ends with the program.
func TestReadmeProgramRuns(t *testing.T) {
	const program = "ASSIST_TEST_FIRST_PROGRAM"
	if os.Getenv(program) != "" {
		Example_firstProgram()
		return
	}
	t.Parallel()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{OrderNumber: "card", Billnumber: "5100000000000001", PaidAt: time.Now().Add(-48 * time.Hour)})
	credentials := server.Credentials()
	dir := t.TempDir()
	for range 2 {
		run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReadmeProgramRuns$")
		run.Dir = dir
		run.Env = append(os.Environ(), program+"=1", "ASSIST_URL="+server.URL, "ASSIST_MERCHANT_ID="+credentials.MerchantID,
			"ASSIST_LOGIN="+credentials.Login, "ASSIST_PASSWORD="+credentials.Password.Reveal())
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), "done\n")
		assert.Equal(t, "10.00 RUB", server.Moved(order.Billnumber).String())
	}
}

// The row and the refund are both stored or neither, and the handler counts once.
func TestReadmeFunctions(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{PaidAt: time.Now().Add(-48 * time.Hour)})
	file := path.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(file)
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })
	require.NoError(t, refunds.Migrate(t.Context(), store))
	book, err := refunds.NewBook(t.Context(), store)
	require.NoError(t, err)
	carrier, err := refunds.NewCarrier(book, map[string]*assist.Client{server.Credentials().MerchantID: server.Client()}, refunds.Handle("shop", returned))
	require.NoError(t, err)
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	refund := refunds.Refund{Key: "one", MerchantID: server.Credentials().MerchantID, Request: order.CancelRequest(order.Amount)}
	require.Error(t, giveBack(t.Context(), db, book, order.Number, refund), "there is no such table")
	_, err = book.ByKey(t.Context(), refund.MerchantID, "one")
	require.ErrorIs(t, err, refunds.ErrNotFound)
	_, err = db.Exec(`CREATE TABLE returns (refund bigint PRIMARY KEY, number text NOT NULL, done bigint NOT NULL DEFAULT 0)`)
	require.NoError(t, err)
	require.NoError(t, giveBack(t.Context(), db, book, order.Number, refund))
	for range 2 {
		_, err = carrier.Step(t.Context())
		require.NoError(t, err)
	}
	var done int
	require.NoError(t, db.QueryRow(`SELECT done FROM returns WHERE number = $1`, order.Number).Scan(&done))
	assert.Equal(t, 1, done)
}

// Both say the same: as many headings, code blocks, rows, pictures and links in
// the same order, with the same names.
func TestReadmesSayTheSame(t *testing.T) {
	t.Parallel()
	shape := func(text string) (lines []string) {
		code := false
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			switch {
			case strings.HasPrefix(line, "```"):
				code = !code
				lines = append(lines, line)
			case code:
			case strings.HasPrefix(line, "#"):
				lines = append(lines, strings.SplitN(line, " ", 2)[0])
			case strings.HasPrefix(line, "|"):
				lines = append(lines, "| "+strings.Join(quoted.FindAllString(line, -1), " "))
			case strings.HasPrefix(line, "- "):
				lines = append(lines, "-")
			}
		}
		return lines
	}
	english, russian := readText(t, readmes[0]), readText(t, readmes[1])
	assert.Equal(t, shape(english), shape(russian))
	names := func(text string) []string {
		found := quoted.FindAllString(goBlock.ReplaceAllString(text, ""), -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	assert.Equal(t, names(english), names(russian))
}

var (
	quoted = regexp.MustCompile("`[^`\n]+`")
	link   = regexp.MustCompile(`\]\(([^)#]+)\)`)
)

func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	for _, readme := range readmes {
		for _, found := range link.FindAllStringSubmatch(readText(t, readme), -1) {
			if !strings.HasPrefix(found[1], "https://") {
				_, err := os.Stat(found[1])
				assert.NoError(t, err, readme)
			}
		}
	}
}
