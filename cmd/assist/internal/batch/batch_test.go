package batch_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/assist-go/assist/cmd/assist/internal/batch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "refunds.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFilesAsSpreadsheetsWriteThem(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"commas":     "order,amount,note,key\nA-1,490.00,n,k1\nA-2,\"1 490,00\",n,k2\n",
		"semicolons": "\xef\xbb\xbfOrder;Amount;Note;Key\r\nA-1;490,00;n;k1\r\nA-2;1490,00;n;k2\r\n",
		"tabs":       "key\tnote\tamount\torder\nk1\tn\t490\tA-1\nk2\tn\t1490.00\tA-2\n",
	} {
		s, err := batch.Scan(file(t, text), "RUB")
		require.NoError(t, err, name)
		assert.Equal(t, 2, s.Rows, name)
		assert.Equal(t, "1980.00 RUB", s.Sum.String(), name)
	}
}

func TestAFileWithOneWrongLineIsNone(t *testing.T) {
	t.Parallel()
	const head = "order;amount;note;key;billnumber;reason\n"
	for want, text := range map[string]string{
		"line 1: there is no line":                 "",
		`line 1: no column is called "sum"`:        "order;sum;note;key\n",
		`line 1: the column "key" is missing`:      "order;amount;note\n",
		`line 1: two columns are called "key"`:     "order;key;note;key\n",
		"line 2: amount: \"1,490\" can be read as": head + "A-1;1,490;n;k;;\n",
		"line 2: amount is zero":                   head + "A-1;0.00;n;k;;\n",
		"line 2: key is empty":                     head + "A-1;1.00;n;;;\n",
		"line 2: note is empty":                    head + "A-1;1.00;;k;;\n",
		"line 3: its key stands in line 2 already": head + "A-1;1.00;n;k;;\nA-2;1.00;n;k;;\n",
		"line 2: billnumber: not 15 or 16 digits":  head + "A-1;1.00;n;k;5.77527E+15;\n",
		"line 2: reason \"whim\" is none":          head + "A-1;1.00;n;k;;whim\n",
		"line 2: wrong number of fields":           head + "A-1;1.00;n;k\n",
		"line 2: note isn't in UTF-8":              head + "A-1;1.00;\xed\xe5;k;;\n",
	} {
		_, err := batch.Scan(file(t, text), "RUB")
		assert.ErrorContains(t, err, want)
	}
}

func TestAlikeRowsAreSeen(t *testing.T) {
	t.Parallel()
	s, err := batch.Scan(file(t, "order;amount;note;key\nA-1;1.00;n;k1\nA-1;2.00;n;k2\nA-1;1.00;n;k3\nA-2;full;n;k4\n"), "RUB")
	require.NoError(t, err)
	assert.Equal(t, []int{4}, s.Alike)
	assert.Equal(t, 1, s.Full)
}
