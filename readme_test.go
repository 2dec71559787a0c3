package assist_test

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"go/types"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/assist-go/assist"
	"github.com/assist-go/assist/assisttest"
)

var readmes = []string{"README.md", "README.ru.md"}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)\n```")

// The code of both README files is the code of example_readme_test.go, so it
// compiles, and the tests below run it.
func TestReadmeCode(t *testing.T) {
	t.Parallel()
	source := read(t, "example_readme_test.go")
	_, rest, ok := strings.Cut(source, "\nfunc Example() {\n")
	require.True(t, ok)
	example, _, ok := strings.Cut(rest, "\n}\n")
	require.True(t, ok)
	functions := strings.Count(source, "\nfunc ")
	for _, readme := range readmes {
		blocks := goBlock.FindAllStringSubmatch(read(t, readme), -1)
		assert.Len(t, blocks, functions, "%s shows all of the code", readme)
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
	// The parser resolves what the file declares; what is left is Go's own or a
	// package.
	for _, name := range file.Unresolved {
		if types.Universe.Lookup(name.Name) == nil && !slices.Contains(used, name.Name) {
			used = append(used, name.Name)
		}
	}
	assert.ElementsMatch(t, used, imported)
}

// The program runs, leaves a token by which the refund can be found, and sends
// nothing more when it is run again: neither after a refund nor after an Unknown.
func TestReadmeProgramRuns(t *testing.T) {
	for name, faults := range map[string][]assisttest.Fault{
		"in process":      nil,
		"the answer lost": {assisttest.DieAfter()},
	} {
		t.Run(name, func(t *testing.T) {
			server := runsReadmeProgram(t)
			server.Next(faults...)
			Example()
			token := read(t, "refund.token")
			Example()
			assert.Equal(t, token, read(t, "refund.token"))
			assert.Equal(t, roubles("0.10"), server.Pending(assisttest.DocumentedWebMoney))
			found, err := afterCrash(t.Context(), server.Client(), token)
			require.NoError(t, err)
			assert.Equal(t, assisttest.DocumentedWebMoney+".3", found.Operation.Billnumber)
		})
	}
}

// A run that could send nothing leaves no token, so that the next one can refund.
func TestReadmeProgramSendsNothing(t *testing.T) {
	server := runsReadmeProgram(t)
	var front *httptest.Server
	front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		front.Listener.Close() // the look is answered, the cancel finds nobody
		server.ServeHTTP(w, r)
	}))
	defer front.Close()
	t.Setenv("ASSIST_URL", front.URL)
	Example()
	assert.NoFileExists(t, "refund.token")

	t.Setenv("ASSIST_URL", server.URL)
	Example()
	assert.FileExists(t, "refund.token")
	assert.Equal(t, roubles("0.10"), server.Pending(assisttest.DocumentedWebMoney))
}

func runsReadmeProgram(t *testing.T) *assisttest.Server {
	t.Helper()
	server := assisttest.NewServer(t, assisttest.WithDocumentedOrders())
	cred := server.Credentials()
	t.Chdir(t.TempDir())
	t.Setenv("ASSIST_URL", server.URL)
	t.Setenv("ASSIST_MERCHANT_ID", cred.MerchantID)
	t.Setenv("ASSIST_LOGIN", cred.Login)
	t.Setenv("ASSIST_PASSWORD", cred.Password.Reveal())
	return server
}

func TestReadmeAfterCrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault assisttest.Fault
		want  assist.Outcome
	}{
		"performed":  {assisttest.DieAfter(), assist.Accepted},
		"declined":   {assisttest.DieAfter().And(assisttest.Decline("AS100")), assist.Rejected},
		"never seen": {assisttest.DieBefore(), assist.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := assisttest.NewServer(t, assisttest.InMemory())
				order := server.Pay(assisttest.Payment{})
				server.Next(test.fault)
				var token string
				_, err := server.Client().Cancel(t.Context(), order.CancelRequest(roubles("10.00")), assist.LookFirst(),
					assist.SaveIntent(func(_ context.Context, in assist.Intent) error { token = in.Token(); return nil }))
				require.Equal(t, assist.Unknown, assist.OutcomeOf(err))
				_, err = afterCrash(t.Context(), server.Client(), token)
				assert.Equal(t, test.want, assist.OutcomeOf(err), "%v", err)
			})
		})
	}
}

func TestReadmeGoOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after time.Duration
		code  string
		want  assist.Outcome
		kept  bool
	}{
		"done":       {time.Minute, "AS000", assist.Accepted, false},
		"declined":   {time.Minute, "AS100", assist.Rejected, false},
		"in process": {2 * time.Hour, "AS000", assist.Accepted, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := assisttest.NewServer(t, assisttest.InMemory())
				order := server.Pay(assisttest.Payment{})
				server.Next(assisttest.InProcess(test.after, test.code))
				x, err := server.Client().Cancel(t.Context(), order.CancelRequest(roubles("10.00")))
				require.NoError(t, err)
				var kept string
				err = goOn(t.Context(), server.Client(), x.Token(), func(token string) error { kept = token; return nil })
				assert.Equal(t, test.want, assist.OutcomeOf(err), "%v", err)
				assert.Equal(t, test.kept, kept != "")
			})
		})
	}
}

func TestReadmeClients(t *testing.T) {
	t.Parallel()
	server := assisttest.NewServer(t)
	order := server.Pay(assisttest.Payment{MeanTypeID: 36})
	client, err := walletClient(server.URL, server.Credentials())
	require.NoError(t, err)
	_, err = client.CancelFull(t.Context(), order.CancelRequest(assist.Money{}))
	assert.ErrorIs(t, err, assist.ErrQIWISameDay)

	client, err = verifyingClient(server.URL, server.Credentials(), []byte(read(t, "openpgp/testdata/assist.asc")))
	require.NoError(t, err)
	_, err = client.CancelFull(t.Context(), server.Pay(assisttest.Payment{}).CancelRequest(assist.Money{}))
	var unproved *assist.SignatureError
	require.ErrorAs(t, err, &unproved)
	assert.Equal(t, assist.Unknown, assist.OutcomeOf(err))
	client.CloseIdleConnections()
}

// cellsUnder gives the rows of the table that begins with a header cell.
func cellsUnder(t *testing.T, text string, headers ...string) [][]string {
	t.Helper()
	var rows [][]string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		switch {
		case slices.Contains(headers, cells[0]):
			inside = true
		case inside && !strings.HasPrefix(cells[0], "---"):
			rows = append(rows, cells)
		}
	}
	require.NotEmpty(t, rows)
	return rows
}

// Every row of the table is made to happen, in its order.
func TestReadmeTableOfOutcomes(t *testing.T) {
	t.Parallel()
	var want []string
	for _, happens := range readmeScenes() {
		synctest.Test(t, func(t *testing.T) {
			server := assisttest.NewServer(t, assisttest.InMemory())
			order := server.Pay(assisttest.Payment{})
			x, err := happens(t, server, order.CancelRequest(roubles("10.00")))
			outcome := map[assist.Outcome]string{
				assist.NotSent: "`NotSent`", assist.Rejected: "`Rejected`", assist.Accepted: "`Accepted`", assist.Unknown: "`Unknown`",
			}[assist.OutcomeOf(err)]
			switch {
			case err != nil:
				want = append(want, outcome+", `"+reflect.TypeOf(err).String()+"`")
			case x.Status == assist.Succeeded:
				want = append(want, outcome+", `Status`: `Succeeded`")
			default:
				want = append(want, outcome+", `Status`: `InProcess`")
			}
			if o := assist.OutcomeOf(err); o == assist.NotSent || o == assist.Rejected {
				assert.True(t, server.Moved(order.Billnumber).IsZero())
			}
		})
	}
	for _, readme := range readmes {
		rows := cellsUnder(t, read(t, readme), "what happens", "что случилось")
		// The last row is a process that dies: it gets no answer.
		require.Len(t, rows, len(want)+1, readme)
		for i, cell := range want {
			assert.Equal(t, cell, rows[i][1], "%s: %s", readme, rows[i][0])
		}
	}
}

type readmeScene func(*testing.T, *assisttest.Server, assist.CancelRequest) (*assist.Cancellation, error)

func readmeScenes() []readmeScene {
	with := func(faults ...assisttest.Fault) readmeScene {
		return func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			s.Next(faults...)
			return s.Client().Cancel(t.Context(), req)
		}
	}
	return []readmeScene{
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			return s.Client().CancelFull(t.Context(), req) // which takes no amount
		},
		func(t *testing.T, s *assisttest.Server, _ assist.CancelRequest) (*assist.Cancellation, error) {
			qiwi := s.Pay(assisttest.Payment{MeanTypeID: 36})
			return s.Client(assist.WithWalletRules(nil)).CancelFull(t.Context(), qiwi.CancelRequest(assist.Money{}), assist.LookFirst())
		},
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			s.Close()
			return s.Client().Cancel(t.Context(), req)
		},
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			return s.Client().Cancel(t.Context(), req, assist.SaveIntent(func(context.Context, assist.Intent) error {
				return errors.New("the disk is full")
			}))
		},
		with(assisttest.DieAfter()),
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			s.Next(assisttest.AnswerLate(time.Hour))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			return s.Client().Cancel(ctx, req)
		},
		with(assisttest.HTMLError(502)),
		with(assisttest.Claim("AS000", "Declined")),
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			s.Next(assisttest.DieBefore())
			client := s.Client()
			_, err := client.Cancel(t.Context(), req)
			require.Error(t, err)
			return client.Cancel(t.Context(), req)
		},
		with(assisttest.Refuse(15, 308)),
		with(assisttest.Decline("AS100")),
		with(assisttest.InProcess(time.Hour, "AS000")),
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			s.Next(assisttest.InProcess(time.Hour, "AS000"))
			client := s.Client()
			x, err := client.Cancel(t.Context(), req)
			require.NoError(t, err)
			return client.Wait(t.Context(), x, time.Minute)
		},
		func(t *testing.T, s *assisttest.Server, req assist.CancelRequest) (*assist.Cancellation, error) {
			s.Next(assisttest.InProcess(time.Hour, "AS000"))
			client := s.Client()
			x, err := client.Cancel(t.Context(), req)
			require.NoError(t, err)
			s.Close()
			return client.Refresh(t.Context(), x)
		},
		with(),
	}
}

func TestReadmeTableOfErrors(t *testing.T) {
	t.Parallel()
	known := map[string]error{}
	for _, err := range []error{
		&assist.ValidationError{}, &assist.NotSentError{}, &assist.TransportError{}, &assist.UnresolvedError{}, &assist.WalletRuleError{},
		&assist.APIError{First: 5, Second: 108}, &assist.DeclinedError{}, &assist.UnknownOutcomeError{}, &assist.WaitTimeoutError{Last: &assist.Cancellation{}},
		&assist.FollowError{}, &assist.OrderNotFoundError{}, &assist.DecisionError{}, &assist.HTTPError{}, &assist.SignatureError{},
	} {
		known["`"+strings.Replace(reflect.TypeOf(err).String(), "assist.", "", 1)+"`"] = err
	}
	names := map[assist.Outcome]string{assist.NotSent: "`NotSent`", assist.Rejected: "`Rejected`", assist.Unknown: "`Unknown`", assist.Accepted: "`Accepted`"}
	for _, readme := range readmes {
		rows := cellsUnder(t, read(t, readme), "error", "ошибка")
		require.Len(t, rows, len(known), readme)
		for _, row := range rows {
			err, ok := known[row[0]]
			require.True(t, ok, "%s: %s", readme, row[0])
			assert.Equal(t, names[assist.OutcomeOf(err)], row[1], "%s: %s", readme, row[0])
		}
	}
}

func TestReadmeTableOfProtocols(t *testing.T) {
	t.Parallel()
	names := []string{
		"`assist.SOAP`", "`assist.JSON`", "`assist.Form(assist.FormatSOAP)`", "`assist.Form(assist.FormatJSON)`",
		"`assist.Form(assist.FormatXML)`", "`assist.Form(assist.FormatCSV)`",
	}
	protocols := []assist.Protocol{
		assist.SOAP, assist.JSON, assist.Form(assist.FormatSOAP), assist.Form(assist.FormatJSON), assist.Form(assist.FormatXML), assist.Form(assist.FormatCSV),
	}
	for i, p := range protocols {
		server := assisttest.NewServer(t)
		_, err := server.Client(assist.WithProtocol(p)).CancelFull(t.Context(), server.Pay(assisttest.Payment{}).CancelRequest(assist.Money{}))
		require.NoError(t, err)
		for _, readme := range readmes {
			row := cellsUnder(t, read(t, readme), "protocol", "протокол")[i]
			assert.True(t, strings.HasPrefix(row[0], names[i]), row[0])
			assert.Equal(t, path.Base(server.Requests()[0].Path), row[3])
		}
	}
}

// Both files say the same: as many headings, code blocks, rows and links, in
// the same order, with the same names of the API.
func TestReadmesSayTheSame(t *testing.T) {
	t.Parallel()
	shape := func(text string) []string {
		var lines []string
		inCode := false
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			switch {
			case strings.HasPrefix(line, "```"):
				inCode = !inCode
				lines = append(lines, line)
			case inCode:
			case strings.HasPrefix(line, "#"):
				lines = append(lines, strings.Trim(strings.SplitN(line, " ", 2)[0], " "))
			case strings.HasPrefix(line, "|"):
				lines = append(lines, strconv.Itoa(strings.Count(line, "|"))+strings.Join(apiName.FindAllString(line, -1), ""))
			}
		}
		return lines
	}
	english, russian := read(t, readmes[0]), read(t, readmes[1])
	assert.Equal(t, shape(english), shape(russian))
	names := func(text string) []string {
		found := apiName.FindAllString(goBlock.ReplaceAllString(text, ""), -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	assert.Equal(t, names(english), names(russian))
	for _, text := range []string{english, russian} {
		assert.Contains(t, text, "\ngo run ./examples/refund ")
		assert.Contains(t, text, "\ngo test ./...\n")
	}
}

var (
	apiName = regexp.MustCompile("`[^`\n]+`")
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
)

// The list at the end has every page.
func TestReadmeListsEveryPage(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, readme := range readmes {
		_, list, ok := strings.Cut(read(t, readme), "\n- [docs/outcomes.md]")
		require.True(t, ok, readme)
		for _, page := range pages {
			if page := filepath.ToSlash(page); page != "docs/outcomes.md" {
				assert.Contains(t, list, "\n- ["+page+"]("+page+")", readme)
			}
		}
	}
}

func TestReadmeLinks(t *testing.T) {
	t.Parallel()
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	punctuation := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, readme := range readmes {
		for _, found := range link.FindAllStringSubmatch(read(t, readme), -1) {
			target, fragment, _ := strings.Cut(found[1], "#")
			if strings.HasPrefix(target, "https://") {
				continue
			}
			if target == "" {
				target = readme
			}
			text := read(t, target)
			if fragment == "" {
				continue
			}
			var anchors []string
			for _, h := range heading.FindAllStringSubmatch(text, -1) {
				anchors = append(anchors, strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
			}
			assert.Contains(t, anchors, fragment, "%s: %s", readme, found[1])
		}
	}
}
