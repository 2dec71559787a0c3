module github.com/assist-go/assist/desk

go 1.25.0

require (
	github.com/assist-go/assist v0.0.0
	github.com/assist-go/assist/refunds v0.0.0
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/text v0.41.0 // indirect
)

replace (
	github.com/assist-go/assist => ..
	github.com/assist-go/assist/refunds => ../refunds
)
