package assist

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/assist-go/assist/internal/wire"
)

// loggable are the names under which a text of an answer may be shown. All
// other texts are replaced, so that a field of tomorrow is not shown either. A
// mean number is left out: of a wallet it is a telephone number.
var loggable = func() map[string]bool {
	m := make(map[string]bool)
	for _, name := range strings.Fields(`
		billnumber ordernumber testmode orderamount ordercurrency rate orderdate orderstate
		operationtype operationstate amount currency operationdate meantype_id meantypename meansubtype
		issuebank bankcountry responsecode message customermessage recommendation recomendation
		approvalcode protocoltypename protocolname processingname slipno packetdate signature checkvalue
		faultcode faultstring firstcode secondcode count`) {
		m[name] = true
	}
	return m
}()

// maxLoggedBody bounds one record, in bytes.
const maxLoggedBody = 64 << 10

// logBody records an answer for [DangerouslyLogBodies], if it was read to its end.
func (c *Client) logBody(ctx context.Context, s wire.Service, r *reply) {
	body, status := r.text, r.status
	if !c.logBodies || r.received.IsZero() || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "assist answer body",
		slog.String("service", s.String()), slog.Int("http_status", status), slog.Int("bytes", len(body)),
		slog.String("body", c.redactedBody(body)))
}

// redactedBody writes an answer again from its parts. What can't be taken apart
// isn't shown, because nothing is known of what stands in it.
func (c *Client) redactedBody(body string) string {
	var shown string
	switch firstByte(body) {
	case '<':
		shown = redactedXML(body)
	case '{', '[':
		shown = redactedJSON(body)
	default:
		shown = fmt.Sprintf("[%d bytes, neither XML nor JSON]", len(body))
	}
	// A credential that the cut would go through is behind what is shown.
	shown = c.keys.seen.Clean(shown[:min(len(shown), maxLoggedBody+maxScrubbed)])
	if len(shown) > maxLoggedBody {
		shown = strings.ToValidUTF8(shown[:maxLoggedBody], "") + "…"
	}
	return shown
}

func redactedText(name, text string) string {
	if text == "" || loggable[strings.ToLower(name)] {
		return text
	}
	return redacted
}

func redactedXML(body string) string {
	decoder := xml.NewDecoder(strings.NewReader(body))
	decoder.Strict = false
	decoder.CharsetReader = func(charset string, input io.Reader) (io.Reader, error) {
		if !strings.EqualFold(charset, "windows-1251") {
			return nil, fmt.Errorf("%w: another encoding", ErrUnreadable)
		}
		return charmap.Windows1251.NewDecoder().Reader(input), nil
	}
	var b strings.Builder
	var open []string
	for {
		token, err := decoder.RawToken()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			b.WriteString("[unreadable from here]")
			return b.String()
		}
		switch t := token.(type) {
		case xml.StartElement:
			b.WriteString("<" + t.Name.Local)
			for _, a := range t.Attr {
				fmt.Fprintf(&b, " %s=%q", a.Name.Local, redactedText(a.Name.Local, a.Value))
			}
			b.WriteString(">")
			open = append(open, t.Name.Local)
		case xml.EndElement:
			b.WriteString("</" + t.Name.Local + ">")
			open = open[:max(len(open)-1, 0)]
		case xml.CharData:
			name := ""
			if len(open) > 0 {
				name = open[len(open)-1]
			}
			b.WriteString(redactedText(name, strings.TrimSpace(string(t))))
		}
	}
}

func redactedJSON(body string) string {
	var document any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return fmt.Sprintf("[%d bytes of broken JSON]", len(body))
	}
	text, err := json.Marshal(redactedValue("", document))
	if err != nil {
		return fmt.Sprintf("[%d bytes of JSON]", len(body))
	}
	return string(text)
}

// redactedValue replaces all values but those of loggable names. An object or
// an array under such a name hides its own.
func redactedValue(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = redactedValue(key, v[key])
		}
	case []any:
		for i := range v {
			v[i] = redactedValue("", v[i])
		}
	case string:
		return redactedText(name, v)
	case json.Number:
		return redactedText(name, v.String())
	}
	return value
}
